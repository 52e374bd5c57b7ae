"""Benchmarks of the hub, the client and the groove engine beside their peers; `python -m tests.bench --help`."""
