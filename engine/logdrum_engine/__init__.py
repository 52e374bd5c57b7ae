"""Logdrum's engine: generators, the process that runs them for a hub, and the command line."""
