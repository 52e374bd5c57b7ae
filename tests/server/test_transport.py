"""The musical transport (T)."""

import math
import random

import pytest
from msgspec.structs import replace

from logdrum_protocol.client_messages import TransportSet
from logdrum_protocol.hub_messages import Transport
from logdrum_protocol.records import Loop
from logdrum_protocol.timeline import effective, position_at
from logdrum_server.core.state import LEAD_US
from logdrum_server.core.transport import change
from tests.server.rooms import TestRoom, all_of, one

PLAYING = Transport(
    rev=1, playing=True, anchor_tick=0, anchor_us=0, bpm=120.0, numerator=4, denominator=4, loop=None, by=None
)
SECOND_TICKS = 1920  # at 120 BPM


def test_t3_a_change_takes_effect_after_the_lead() -> None:
    room = TestRoom()
    transport = one(room.set_transport(room.join(), playing=True), Transport)
    assert transport.anchor_us == room.now_us + LEAD_US


def test_t4_rev_grows_by_one() -> None:
    room = TestRoom()
    member = room.join()
    revs = [one(room.set_transport(member, tick=tick), Transport).rev for tick in (960, 1920, 0)]
    assert revs == [1, 2, 3]


def test_t3_a_tempo_change_alone_keeps_the_position() -> None:
    changed = change(PLAYING, TransportSet(op_id="a", bpm=87.3), None, 1_000_123)
    at_us = changed.anchor_us
    assert position_at(changed, at_us) == pytest.approx(position_at(PLAYING, at_us), abs=0.01)


def test_t3_stop_holds_where_play_had_come() -> None:
    stopped = change(PLAYING, TransportSet(op_id="a", playing=False), None, 1_000_000)
    assert stopped.anchor_tick == pytest.approx((1 + LEAD_US / 1e6) * SECOND_TICKS, abs=1)


@pytest.mark.parametrize(("quantum", "grid"), [("beat", 960), ("bar", 3840)])
def test_t3_a_quantum_waits_for_its_line(quantum: str, grid: int) -> None:
    request = TransportSet(op_id="a", bpm=100, quantum=quantum)  # type: ignore[arg-type]  # one of its values
    changed = change(PLAYING, request, None, 1_000_000)
    assert changed.anchor_tick % grid == 0
    assert position_at(PLAYING, changed.anchor_us) == pytest.approx(changed.anchor_tick, abs=0.01)


def test_t3_a_loops_wrap_counts_as_a_line() -> None:
    looping = replace(PLAYING, loop=Loop(start_tick=0, end_tick=2000))
    changed = change(looping, TransportSet(op_id="a", bpm=100, quantum="bar"), None, 500_000)
    assert changed.anchor_tick == 0
    assert changed.anchor_us == math.ceil(2000 / SECOND_TICKS * 1e6)


def test_t3_a_seek_while_playing_lands_on_the_tick_asked_for() -> None:
    changed = change(PLAYING, TransportSet(op_id="a", tick=7680, quantum="bar"), None, 0)
    assert position_at(changed, changed.anchor_us) == 7680


def test_t3_a_loop_is_kept_set_and_cleared() -> None:
    loop = Loop(start_tick=0, end_tick=960)
    looping = change(PLAYING, TransportSet(op_id="a", loop=loop), None, 0)
    kept = change(looping, TransportSet(op_id="b", bpm=100), None, 0)
    cleared = change(kept, TransportSet(op_id="c", loop=None), None, 0)
    assert (looping.loop, kept.loop, cleared.loop) == (loop, loop, None)


def test_t5_anchors_never_go_back_under_random_commands() -> None:
    for seed in range(200):
        dice = random.Random(seed)
        transport, now_us = PLAYING, 0
        for _ in range(20):
            now_us += dice.randrange(500_000)
            request = TransportSet(
                op_id="a",
                playing=dice.random() < 0.7,
                bpm=dice.uniform(20, 999),
                quantum=dice.choice(["none", "beat", "bar"]),
                loop=dice.choice([None, Loop(start_tick=960, end_tick=9600)]),
            )
            changed = change(transport, request, None, now_us)
            assert changed.anchor_us >= max(transport.anchor_us, now_us + LEAD_US), f"seed {seed}"
            transport = changed


def test_t5_a_pending_change_does_not_move_the_present() -> None:
    room = TestRoom()
    member = room.join()
    room.set_transport(member, playing=True)
    room.after(2)
    before = position_at(effective(room.state.transports, room.now_us), room.now_us)
    room.set_transport(member, tick=0, bpm=60)
    assert position_at(effective(room.state.transports, room.now_us), room.now_us) == before


def test_t6_the_same_operation_is_carried_out_once() -> None:
    room = TestRoom()
    member = room.join()
    message = TransportSet(op_id="same", tick=960)
    first = one(room.send(member, message), Transport)
    assert all_of(room.send(member, message), Transport) == [first]
