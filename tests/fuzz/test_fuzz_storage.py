"""What is read from disk, damaged: `DamagedBody`, which the hub turns into a refusal, or a history (H2, V3)."""

import random
from collections.abc import Callable
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from logdrum_server.core.checkpoint import DamagedBody, decode_entities, decode_history, encode_history, replayed
from tests.fuzz.bodies import Bodies, bodies
from tests.fuzz.damage import damaged

_KEPT: Final = [bodies(seed) for seed in range(4)]
seeds = st.integers(0, 2**32 - 1)


def _reread(kept: Bodies, dice: random.Random) -> None:
    """Read everything of a room, something of it damaged."""
    events = list(kept.events)
    at = dice.randrange(len(events))
    match dice.choice(("checkpoint", "event", "twice", "missing", "order", "version")):
        case "checkpoint":
            assert encode_history(replayed(damaged(dice, kept.checkpoint), ()))
        case "version":
            decode_entities(damaged(dice, kept.version))
        case "event":
            events[at] = damaged(dice, events[at])
        case "twice":
            events.insert(at, events[at])
        case "missing":
            del events[at]
        case "order":
            dice.shuffle(events)
    replayed(kept.checkpoint, events)


@settings(max_examples=600, deadline=None)
@given(st.sampled_from(_KEPT), seeds)
def test_h2_a_damaged_room_is_refused_or_read(kept: Bodies, seed: int) -> None:
    try:
        _reread(kept, random.Random(seed))
    except DamagedBody:
        pass


def test_h2_what_is_whole_is_read() -> None:
    for kept in _KEPT:
        history = replayed(kept.checkpoint, kept.events)
        assert history.document.listed() == decode_entities(kept.version)
        assert replayed(encode_history(history), kept.events) == history


_DEEP: Final = b"\xa1x" + b"\x91" * 5000
_BODIES: Final[dict[str, tuple[Callable[[bytes], object], bytes]]] = {
    "version, nested": (decode_entities, b"\x91\x81" + _DEEP),
    "version, no UTF-8": (decode_entities, b"\x91\x81\xa2id\xa8" + b"\xff" * 8),
    "checkpoint, nested": (decode_history, b"\x81" + _DEEP),
    "checkpoint, no UTF-8": (decode_history, b"\x81\xa7authors\x81\xa2\xff\xff\x80"),
    "event, nested": (lambda body: replayed(None, [body]), b"\x82\xa4type\xa7applied" + _DEEP),
    "event, no UTF-8": (lambda body: replayed(None, [body]), b"\x82\xa4type\xa7applied\xa5op_id\xa2\xff\xff"),
}


@pytest.mark.parametrize("name", _BODIES)
def test_what_is_no_body_is_said_to_be_none(name: str) -> None:
    decode, body = _BODIES[name]
    with pytest.raises(DamagedBody):
        decode(body)


def test_h2_a_log_with_a_gap_is_no_history() -> None:
    with pytest.raises(DamagedBody):
        replayed(_KEPT[0].checkpoint, _KEPT[0].events[1:])
