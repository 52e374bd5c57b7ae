"""The codec against bytes and messages of chance: a message or a `ProtocolError`, in bounded memory (C2, C3, C5)."""

import random
import tracemalloc
from collections.abc import Callable
from typing import Any, Final

import msgpack
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from logdrum_protocol import ProtocolError, decode_client_message, decode_hub_message, encode
from logdrum_protocol.bounds import MAX_MESSAGE_BYTES
from logdrum_protocol.client_messages import ClientMessage
from logdrum_protocol.codec import decode_from_engine, decode_to_engine
from logdrum_protocol.engine_messages import FromEngine, ToEngine
from logdrum_protocol.framing import MAX_FRAME_BYTES, FrameSplitter
from logdrum_protocol.hub_messages import HubMessage
from tests.fuzz.damage import damaged, golden
from tests.fuzz.shapes import message, spoiled, structs_of

DECODERS: Final[dict[str, Any]] = {
    "client": decode_client_message,
    "hub": decode_hub_message,
    "to_engine": decode_to_engine,
    "from_engine": decode_from_engine,
}
UNIONS: Final = {"client": ClientMessage, "hub": HubMessage, "to_engine": ToEngine, "from_engine": FromEngine}
FRAMES: Final = golden("client.json") + golden("hub.json") + golden("invalid.json")

_PER_BYTE: Final = 24
"""Bytes of memory for a byte of frame. The dearest there is takes 17: an array of empty strings is a pointer of 8 bytes
for each, as a list first and then as a tuple."""
_FIXED: Final = 64 * 1024
"""For what does not depend on the frame: the error, its traceback, its sentence."""

seeds = st.integers(0, 2**32 - 1)


def roundtrip(direction: str, frame: bytes) -> bool:
    """Decode a frame; what is a message must encode, and decode to the same again. False where it is none."""
    decode = DECODERS[direction]
    try:
        decoded = decode(frame)
    except ProtocolError:
        return False
    assert decode(encode(decoded), max_bytes=2**26) == decoded
    return True


def peak_of(act: Callable[[], object]) -> int:
    """Bytes that were allocated at one time while something was done."""
    tracemalloc.start()
    try:
        act()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def in_bounded_memory(direction: str, frame: bytes) -> None:
    def decode() -> None:
        try:
            DECODERS[direction](frame)
        except ProtocolError:
            pass

    assert peak_of(decode) < _FIXED + _PER_BYTE * len(frame)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(list(DECODERS)), st.binary(max_size=400))
@example("client", b"\xc1")
@example("hub", b"")
def test_c2_bytes_of_chance_are_refused_or_a_message(direction: str, frame: bytes) -> None:
    roundtrip(direction, frame)


@settings(max_examples=1200, deadline=None)
@given(st.sampled_from(list(DECODERS)), st.sampled_from(FRAMES), seeds)
def test_c2_a_damaged_vector_is_refused_or_a_message(direction: str, frame: bytes, seed: int) -> None:
    roundtrip(direction, damaged(random.Random(seed), frame))


@pytest.mark.parametrize("direction", DECODERS)
@settings(max_examples=250, deadline=None)
@given(seed=seeds)
def test_c5_a_message_within_its_bounds_is_taken(direction: str, seed: int) -> None:
    dice = random.Random(seed)
    fields = message(dice, dice.choice(list(structs_of(UNIONS[direction]).values())))
    frame = msgpack.packb(fields)
    if not _has_backward_loop(fields):
        assert roundtrip(direction, frame), f"refused: {fields}"


def _has_backward_loop(fields: dict[str, Any]) -> bool:
    """The one rule that no single bound says: a loop ends after it starts (T1)."""
    loops = [inner for inner in _maps(fields) if "end_tick" in inner]
    return any(loop["end_tick"] <= loop["start_tick"] for loop in loops)


def _maps(value: object) -> list[dict[str, Any]]:
    if isinstance(value, dict):
        return [value, *(inner for part in value.values() for inner in _maps(part))]
    return [inner for part in value for inner in _maps(part)] if isinstance(value, list) else []


@pytest.mark.parametrize("direction", DECODERS)
@settings(max_examples=250, deadline=None)
@given(seed=seeds)
def test_c5_a_message_with_something_wrong_is_refused_or_a_message(direction: str, seed: int) -> None:
    dice = random.Random(seed)
    fields = message(dice, dice.choice(list(structs_of(UNIONS[direction]).values())))
    roundtrip(direction, msgpack.packb(spoiled(dice, fields)))


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(list(DECODERS)), st.sampled_from(FRAMES), seeds)
def test_c2_no_frame_takes_memory_beyond_its_size(direction: str, frame: bytes, seed: int) -> None:
    in_bounded_memory(direction, damaged(random.Random(seed), frame))


_FULL: Final = MAX_MESSAGE_BYTES - 100
_NOTE: Final = {"op": "put", "kind": "note", "id": "n" * 8, "props": {"clip": "c" * 8, "tick": 1}}


@pytest.mark.parametrize(
    ("direction", "fields"),
    [
        ("client", {"type": "hello", "name": "x", "codecs": [""] * _FULL}),
        ("client", {"type": "presence", "state": {"a": [""] * (_FULL - 50)}}),
        ("client", {"type": "chat", "text": "x" * (_FULL - 50)}),
        ("client", {"type": "edit", "op_id": "e", "ops": [_NOTE] * 1024}),
        ("client", {"type": "undo", "mood": [{}] * (_FULL - 50)}),
        ("client", {"type": "x" * _FULL}),
        ("hub", {"type": "applied", "seq": 1, "op_id": "e", "by": "s", "ops": [_NOTE] * 3500}),
        ("hub", {"type": "version.list", "op_id": "l", "versions": [[]] * (_FULL - 50)}),
        ("from_engine", {"type": "engine.ready", "pid": 1, "version": "", "generators": [""] * (_FULL - 90)}),
    ],
    ids=["codecs", "presence", "chat", "edit", "ignored", "type", "applied", "versions", "generators"],
)
def test_c2_a_full_frame_takes_memory_in_proportion(direction: str, fields: dict[str, object]) -> None:
    frame = msgpack.packb(fields)
    assert len(frame) <= MAX_MESSAGE_BYTES
    in_bounded_memory(direction, frame)


@settings(max_examples=200, deadline=None)
@given(seeds)
def test_q_a_stream_of_chance_is_cut_into_frames_or_refused(seed: int) -> None:
    dice = random.Random(seed)
    stream = b"".join(
        dice.choice((len(part), len(part), dice.randrange(2**32))).to_bytes(4, "big") + part
        for part in (dice.choice(FRAMES) for _ in range(4))
    )
    splitter = FrameSplitter()
    try:
        for at in range(0, len(stream), 100):
            for payload in splitter.feed(stream[at : at + 100]):
                assert len(payload) <= MAX_FRAME_BYTES
                roundtrip("from_engine", payload)
    except ProtocolError:
        pass  # a length beyond the limit
