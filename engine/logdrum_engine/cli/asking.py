"""What every command shares: arguments that are refused, and faults that are told, in one sentence."""

import argparse
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, NoReturn

USAGE_ERROR: Final = 2
FAILURE: Final = 1


class Parser(argparse.ArgumentParser):
    """Says what is wrong in one sentence, without the usage."""

    def error(self, message: str) -> NoReturn:
        """Leave with one sentence."""
        self.exit(USAGE_ERROR, f"{self.prog}: {message}; see {self.prog} --help.\n")


def complain(sentence: str, status: int) -> int:
    """Say on stderr what went wrong, and return the exit status."""
    sys.stderr.write(f"logdrum-engine: {sentence}\n")
    return status


def reason(fault: Exception) -> str:
    """Return what a fault says, as the end of a sentence."""
    text = fault.strerror if isinstance(fault, OSError) and fault.strerror else str(fault)
    return text.strip().rstrip(".")


def whole(text: str, low: int, high: int) -> int:
    """Read a whole number."""
    if not text.isascii() or not text.isdigit() or not low <= int(text) <= high:
        raise argparse.ArgumentTypeError(f"'{text}' is no whole number from {low} to {high}")
    return int(text)


@contextmanager
def terminable() -> Iterator[None]:
    """Let SIGTERM end the work as Ctrl-C does, so that it clears away what is half written."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
