"""The real hub, killed for real: what was acknowledged is there afterwards, once (D4, D7, H2)."""
