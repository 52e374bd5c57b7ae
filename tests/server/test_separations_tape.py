"""Streams that begin within their length: what readers, files and HTTP get of them (A2, A4, A6, Q10)."""

import random
import wave
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from logdrum_protocol.bounds import SAMPLE_RATE
from logdrum_protocol.hub_messages import Chunk, StreamClose, StreamGap, StreamOpen
from logdrum_server.core.course import Course
from logdrum_server.recorder import Recorder
from logdrum_server.tape import KEPT_SAMPLES, Tape
from tests.server.test_lanes import STEP, Ears, chunk

SONG = 60 * SAMPLE_RATE
ENTRY = 20 * SAMPLE_RATE

_courses = st.integers(1, 1000).flatmap(lambda length: st.builds(Course, st.integers(0, length - 1), st.just(length)))


@given(course=_courses, share=st.floats(0, 1, exclude_max=True))
def test_a2_every_sample_of_the_sound_has_one_place(course: Course, share: float) -> None:
    assert course.length is not None
    sample = int(share * course.length)
    place = course.place(sample)
    assert course.address(place) == sample
    assert course.entry <= place < course.entry + course.length


@given(course=_courses, shares=st.tuples(st.floats(0, 1), st.floats(0, 1)))
def test_a4_a_run_of_the_sound_is_found_whole_and_in_order(course: Course, shares: tuple[float, float]) -> None:
    assert course.length is not None
    start, end = sorted(int(share * course.length) for share in shares)
    places = [place for begin, stop in course.spans(start, end) for place in range(begin, stop)]
    assert [course.address(place) for place in places] == [*range(start, end)]


@given(at=st.integers(0, 2**50), length=st.one_of(st.none(), st.integers(0, 2**50)))
def test_a2_what_begins_with_its_first_sample_goes_straight_on(at: int, length: int | None) -> None:
    course = Course(0, length)
    assert (course.address(at), course.place(at), course.spans(at, at + 9)) == (at, at, [(at, at + 9)])


def song(path: Path = Path("none"), *, entry: int = ENTRY, length: int = SONG) -> Tape:
    """A tape of a separation that begins within its sound."""
    stream = replace(_opened(), start_sample=entry, samples=length)
    return Tape(stream, endless=False, path=path)


def go_on(tape: Tape, samples: int) -> None:
    """Have the engine deliver the next samples, in blocks that end where the sound does."""
    end = tape.head + samples
    while tape.head < end:
        turn = tape.course.turn if tape.head < tape.course.turn else end
        tape.append(chunk(tape.head, int(min(STEP, end - tape.head, turn - tape.head)), tape.epoch))


def places(tape: Tape, ears: Ears) -> list[tuple[int, int]]:
    """What was heard, and said to be missed, by its place."""
    told = []
    for message in ears.wire.messages():
        if isinstance(message, Chunk):
            told.append((tape.course.place(message.start_sample), message.samples))
        elif isinstance(message, StreamGap):
            told.append((tape.course.place(message.from_sample), message.to_sample - message.from_sample))
    return told


def test_a2_behind_its_last_sample_a_stream_goes_on_with_its_first() -> None:
    ears, tape = Ears(), song(entry=SONG - STEP)
    ears.lanes.follow(tape)
    go_on(tape, 3 * STEP)
    assert ears.heard() == [(SONG - STEP, SONG), (0, STEP), (STEP, 2 * STEP)]


def test_a2_random_readers_get_every_sample_once_and_in_the_order_of_its_course() -> None:
    for seed in range(60):
        dice = random.Random(seed)
        length = dice.randrange(2, 120) * STEP + dice.randrange(STEP)
        tape = song(entry=dice.randrange(length), length=length)
        readers = [Ears() for _ in range(4)]
        late = [Ears() for _ in range(2)]
        for ears in readers:
            ears.lanes.follow(tape)
        assert tape.course.end is not None
        while tape.head < tape.course.end:
            left = int(tape.course.turn - tape.head if tape.head < tape.course.turn else tape.course.end - tape.head)
            tape.append(chunk(tape.head, dice.randrange(1, min(left, STEP) + 1), fill=0))
            ears = dice.choice(readers)
            ears.wire.stalled = dice.random() < 0.3
            if not ears.wire.stalled:
                ears.drain()
            if dice.random() < 0.02 and late:
                joined = late.pop()
                joined.lanes.follow(tape)
                readers.append(joined)
            tape.saved = tape.head
            tape.set_playhead(dice.randrange(length + STEP))
        tape.close(StreamClose(stream="j.drums", samples=tape.samples, asset=None))
        for number, ears in enumerate(readers):
            ears.drain()
            told = places(tape, ears)
            assert all(at + samples == start for (at, samples), (start, _) in pairwise(told)), f"seed {seed}"
            assert number >= 4 or told[0][0] == tape.course.entry, f"seed {seed}"
            assert not told or sum(told[-1]) == tape.course.end, f"seed {seed}"
            closed = ears.wire.messages()[-1]
            assert closed == StreamClose(stream="j.drums", samples=length, asset=None), f"seed {seed}"


def test_a4_a_gap_across_the_end_of_the_sound_is_said_in_its_own_samples() -> None:
    stalled, tape = Ears(), song(entry=SONG - 10 * SAMPLE_RATE)
    stalled.wire.stalled = True
    stalled.lanes.follow(tape)
    go_on(tape, 50 * SAMPLE_RATE)
    tape.saved = tape.head
    tape.set_playhead(0)  # thirty seconds stay in memory: from the sound's 10 s on
    stalled.drain()
    gaps = [(m.from_sample, m.to_sample) for m in stalled.wire.messages() if isinstance(m, StreamGap)]
    assert [end for _, end in gaps] == [SONG, 10 * SAMPLE_RATE]
    assert gaps[1][0] == 0
    assert stalled.heard()[-1][1] == 40 * SAMPLE_RATE


@pytest.mark.parametrize(("playhead_s", "first_s"), [(25, 25), (3, 3), (40, 30), (61, None)])
def test_a6_a_late_joiner_hears_from_the_playhead_on_then_the_rest_of_the_course(
    playhead_s: int, first_s: int | None
) -> None:
    ears, tape = Ears(), song(entry=ENTRY)
    go_on(tape, 10 * SAMPLE_RATE if playhead_s == 40 else 45 * SAMPLE_RATE)
    tape.set_playhead(playhead_s * SAMPLE_RATE)
    ears.lanes.follow(tape)
    ears.lanes.pump()
    heard_before = ears.heard()
    go_on(tape, STEP)
    first = None if first_s is None or playhead_s == 40 else first_s * SAMPLE_RATE
    assert (heard_before[0][0] if heard_before else None) == first
    assert ears.heard()[-1][1] == tape.course.address(tape.head)


def test_a3_an_engine_that_comes_back_goes_on_where_the_tape_ends() -> None:
    ears, tape = Ears(), song(entry=SONG - STEP)
    ears.lanes.follow(tape)
    go_on(tape, 3 * STEP)
    tape.rewind(1, SONG + STEP + 100, clear=False)
    go_on(tape, STEP)
    last = ears.wire.messages()[-1]
    assert isinstance(last, Chunk)
    assert (last.start_sample, last.epoch) == (STEP + 100, 1)
    assert tape.held == (SONG - STEP, SONG)


def test_a4_what_is_there_is_the_whole_sound_once_it_is_done() -> None:
    tape = song()
    go_on(tape, SONG - 1)
    assert (tape.is_whole, tape.held) == (False, (ENTRY, SONG))
    go_on(tape, 1)
    assert (tape.is_whole, tape.held, tape.samples) == (True, (0, SONG), SONG)


def test_a4_of_a_great_sound_the_newest_quarter_of_an_hour_is_there() -> None:
    tape = song(entry=ENTRY, length=SONG)
    tape.append(chunk(ENTRY))
    assert tape.held == (ENTRY, ENTRY + STEP)
    tape.first, tape.head = SONG + 5, SONG + 105
    assert tape.held == (5, 105)
    assert KEPT_SAMPLES > SONG


async def test_j11_what_the_hub_kept_is_stored_in_the_order_of_the_sound(tmp_path: Path) -> None:
    recorder, tape = Recorder(tmp_path), song(tmp_path / "tape", entry=2 * STEP, length=5 * STEP)
    go_on(tape, 5 * STEP)
    asset = await recorder.to_wav(tape, tmp_path)
    with wave.open(str(tmp_path / asset)) as file:
        stored = file.readframes(10 * STEP)
    pieces = [bytes(tape.pieces[place].pcm) for place in (5 * STEP, 6 * STEP, 2 * STEP, 3 * STEP, 4 * STEP)]
    assert stored == b"".join(pieces)


def test_a_tape_of_an_endless_stream_that_began_late_is_no_whole(tmp_path: Path) -> None:
    stream = replace(_opened(), start_sample=ENTRY, samples=None)
    tape = Tape(stream, endless=True, path=tmp_path / "tape")
    tape.append(chunk(ENTRY))
    assert (tape.is_whole, tape.held) == (False, (ENTRY, ENTRY + STEP))


def _opened() -> StreamOpen:
    return StreamOpen(
        stream="j.drums",
        job="j",
        stem="drums",
        sample_rate=SAMPLE_RATE,
        channels=2,
        codec="pcm_s16le",
        anchor_tick=0,
        bpm=112.0,
        epoch=0,
    )
