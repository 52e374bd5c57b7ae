"""The command line: what may be asked, and one sentence on stderr where it cannot be done."""

from .main import run_command

__all__ = ["run_command"]
