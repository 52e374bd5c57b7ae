"""The payload of every broadcast: when it was sent, its number, and a body; the same bytes for every subject."""

import struct
import time
from typing import Final

PAYLOAD_BYTES: Final = 20_480
STAMP: Final = struct.Struct("<qq")
"""Nanoseconds of CLOCK_MONOTONIC, then the number of the message; sender and receiver share the clock."""

_BODY: Final = bytes((i * 37 + 11) & 0xFF for i in range(PAYLOAD_BYTES - STAMP.size))


def stamped(number: int) -> bytes:
    """Return payload `number`, stamped with this moment."""
    return STAMP.pack(time.monotonic_ns(), number) + _BODY
