"""Bytes that were a message, and are no more: each wound is one that a decoder could mind (C2)."""

import json
import random
from collections.abc import Callable
from typing import Any, Final

from tests.protocol.examples import VECTORS

Wound = Callable[[random.Random, bytes], bytes]


def golden(file: str) -> list[bytes]:
    """The frames of one of `protocol/vectors`."""
    entries: list[dict[str, Any]] = json.loads((VECTORS / file).read_text(encoding="utf-8"))
    return [bytes.fromhex(entry["hex"]) for entry in entries]


def damaged(dice: random.Random, frame: bytes) -> bytes:
    """The frame with one to three things done to it."""
    for _ in range(dice.randint(1, 3)):
        frame = dice.choice(_WOUNDS)(dice, frame)
    return frame


def _flip_bit(dice: random.Random, frame: bytes) -> bytes:
    at = _place(dice, frame)
    return frame[:at] + bytes(byte ^ (1 << dice.randrange(8)) for byte in frame[at : at + 1]) + frame[at + 1 :]


def _set_byte(dice: random.Random, frame: bytes) -> bytes:
    at = _place(dice, frame)
    return frame[:at] + bytes((dice.randrange(256),)) + frame[at + 1 :]


def _cut(dice: random.Random, frame: bytes) -> bytes:
    return frame[: _place(dice, frame)]


def _double(dice: random.Random, frame: bytes) -> bytes:
    """A span twice: a key twice in a map, a value too many, two messages in one frame."""
    start = _place(dice, frame)
    end = dice.randint(start, len(frame))
    return frame[:end] + frame[start:end] + frame[end:]


def _drop_span(dice: random.Random, frame: bytes) -> bytes:
    start = _place(dice, frame)
    return frame[:start] + frame[start + dice.randint(1, 8) :]


_NUMBERS: Final = (
    b"\xca\x7f\xc0\x00\x00",  # NaN, as float 32
    b"\xcb\x7f\xf0" + bytes(6),  # infinity
    b"\xcf" + b"\xff" * 8,  # 2^64 - 1
    b"\xd3\x80" + bytes(7),  # -2^63
    b"\xcb\x43\x40" + bytes(6),  # 2^53, as a float
    b"\xc0",
    b"\xc2",
)


def _swap_value(dice: random.Random, frame: bytes) -> bytes:
    """What begins here is a number out of any bounds, or of another type."""
    at = _place(dice, frame)
    return frame[:at] + dice.choice(_NUMBERS) + frame[at + 1 :]


_LIES: Final = (b"\xd9", b"\xda", b"\xdb", b"\xc4", b"\xc6", b"\xdc", b"\xdd", b"\xde", b"\xdf", b"\xc9")
_SIZES: Final = {b"\xd9": 1, b"\xc4": 1, b"\xda": 2, b"\xdc": 2, b"\xde": 2}


def _lie_about_length(dice: random.Random, frame: bytes) -> bytes:
    """A text, a map or an array says that it is longer than the frame, by up to 4 GiB."""
    head = dice.choice(_LIES)
    size = dice.choice((2**32 - 1, 2**31, 2**24, 2**16 - 1, 255, len(frame))).to_bytes(4, "big")
    at = _place(dice, frame)
    return frame[:at] + head + size[-_SIZES.get(head, 4) :] + frame[at + 1 :]


def _nest(dice: random.Random, frame: bytes) -> bytes:
    at = _place(dice, frame)
    return frame[:at] + dice.choice((b"\x91", b"\x81\xa1a")) * dice.choice((3, 300, 60_000)) + frame[at:]


def _blow_up(dice: random.Random, frame: bytes) -> bytes:
    """A text in it is as long as a frame may be."""
    at = _place(dice, frame)
    text = dice.choice((b"x", "🥁".encode(), b"\xff")) * dice.choice((100, 50_000))
    return frame[:at] + b"\xdb" + len(text).to_bytes(4, "big") + text + frame[at + 1 :]


def _place(dice: random.Random, frame: bytes) -> int:
    return dice.randrange(len(frame)) if frame else 0


_WOUNDS: Final[tuple[Wound, ...]] = (
    _flip_bit,
    _set_byte,
    _cut,
    _double,
    _drop_span,
    _swap_value,
    _lie_about_length,
    _nest,
    _blow_up,
)
