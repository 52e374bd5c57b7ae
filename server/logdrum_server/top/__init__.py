"""`logdrum top`: a hub at a glance, once a second, from its admin API."""

from logdrum_server.top.watch import watch

__all__ = ["watch"]
