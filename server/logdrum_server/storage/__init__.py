"""Where rooms outlive the process: an append-only log each, checkpoints of it, and named versions (D7)."""
