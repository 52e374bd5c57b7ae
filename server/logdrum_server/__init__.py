"""Logdrum's hub: rooms, transport, lanes, jobs and HTTP on one port."""

from importlib.metadata import version

__version__ = version("logdrum")
