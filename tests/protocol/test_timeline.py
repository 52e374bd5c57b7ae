"""Musical positions (T2, T5, A1)."""

import math

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from logdrum_protocol.records import Loop
from logdrum_protocol.timeline import (
    effective,
    moment_of,
    next_boundary,
    position_at,
    sample_of,
    tick_of,
    unwrapped_at,
)
from tests.protocol.examples import NOW_US, TRANSPORT

FREE = replace(TRANSPORT, loop=None)
bpms = st.floats(20, 999)
offsets = st.integers(0, 10**11)


@given(bpms, offsets)
def test_t2_position_grows_by_the_tempo(bpm: float, offset_us: int) -> None:
    position = position_at(replace(FREE, bpm=bpm), NOW_US + offset_us)
    assert math.isclose(position - FREE.anchor_tick, offset_us * bpm * 960 / 60e6, abs_tol=1e-3)


@given(offsets)
def test_t2_a_stopped_transport_stands_still(offset_us: int) -> None:
    assert position_at(replace(FREE, playing=False), NOW_US + offset_us) == FREE.anchor_tick


@given(offsets, st.integers(0, 20_000), st.integers(1, 40_000))
def test_t2_a_loop_keeps_play_inside_it(offset_us: int, start: int, length: int) -> None:
    loop = Loop(start_tick=start, end_tick=start + length)
    position = position_at(replace(TRANSPORT, anchor_tick=start, loop=loop), NOW_US + offset_us)
    assert loop.start_tick <= position < loop.end_tick


@given(offsets)
def test_t2_play_from_past_the_loop_does_not_wrap(offset_us: int) -> None:
    beyond = replace(TRANSPORT, anchor_tick=TRANSPORT.loop.end_tick if TRANSPORT.loop else 0)
    assert position_at(beyond, NOW_US + offset_us) == position_at(replace(beyond, loop=None), NOW_US + offset_us)


@given(bpms, st.integers(0, 10**8))
def test_t2_moment_and_position_are_inverse(bpm: float, ticks: int) -> None:
    transport = replace(FREE, bpm=bpm)
    tick = FREE.anchor_tick + ticks
    assert math.isclose(unwrapped_at(transport, moment_of(transport, tick)), tick, rel_tol=1e-9, abs_tol=0.01)


def test_t5_the_newest_transport_whose_anchor_has_come_rules() -> None:
    later = replace(FREE, rev=8, anchor_us=NOW_US + 10)
    assert effective((FREE, later), NOW_US + 9) is FREE
    assert effective((FREE, later), NOW_US + 10) is later


def test_t5_before_every_anchor_the_oldest_rules() -> None:
    assert effective((FREE,), NOW_US - 1) is FREE


@given(bpms, st.integers(0, 10**9), st.integers(0, 10**6))
def test_a1_samples_and_ticks_are_inverse(bpm: float, sample: int, anchor: int) -> None:
    assert math.isclose(sample_of(tick_of(sample, anchor, bpm), anchor, bpm), sample, rel_tol=1e-9, abs_tol=0.01)


@given(st.floats(0, 1e9), st.integers(1, 10_000))
def test_t3_a_boundary_is_the_first_grid_line_not_before(tick: float, grid: int) -> None:
    line = next_boundary(tick, grid)
    assert line % grid == 0
    assert line - grid - 1e-6 <= tick <= line + 1e-6
