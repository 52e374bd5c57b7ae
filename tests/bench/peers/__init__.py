"""The servers that Logdrum is measured beside, each in the idiom of its own documentation."""
