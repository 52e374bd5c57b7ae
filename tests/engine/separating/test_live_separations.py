"""Generations that are separated while they are made: fed, turned and ended (J3, Q10)."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
import soundfile

from logdrum_engine.separating.desk import Desk
from logdrum_engine.separation.interface import STEMS
from logdrum_protocol.engine_messages import (
    EndFeed,
    FeedJob,
    FromEngine,
    JobDone,
    JobFailed,
    JobStarted,
    NotesWritten,
    RenderFrom,
    WriteNotes,
)
from logdrum_protocol.records import JobParams
from tests.engine.separating.band_split import BandSplit, note
from tests.engine.separating.room_jobs import RATE, Fifths, audio, done, order, rest_of, shelf, stream, total

PIECE = 4_800
SOURCE = ("low", "high")


def made(stem: str, samples: int, peak: int = 8_000) -> np.ndarray:
    """What a generation plays on one of its streams."""
    seed = SOURCE.index(stem)
    return np.random.default_rng(seed).integers(-peak, peak, (samples, 2)).astype("<i2")


def piece(stem: str, start: int, samples: int = PIECE, epoch: int = 0, peak: int = 8_000) -> FeedJob:
    sound = made(stem, start + samples, peak)[start:]
    return FeedJob(job="s1", stem=stem, epoch=epoch, start_sample=start, samples=samples, data=sound.tobytes())


def pieces(start: int, end: int, epoch: int = 0, peak: int = 8_000) -> Iterator[FeedJob]:
    for at in range(start, end, PIECE):
        for stem in SOURCE:
            yield piece(stem, at, min(PIECE, end - at), epoch, peak)


def tell(desk: Desk, *messages: FeedJob | EndFeed | RenderFrom) -> list[FromEngine]:
    return [answer for message in messages for answer in desk.handle(message) + rest_of(desk)]


def end(sample: int, epoch: int = 0) -> EndFeed:
    return EndFeed(job="s1", epoch=epoch, end_sample=sample)


def turn(sample: int, epoch: int = 1, bpm: float = 120.0) -> RenderFrom:
    return RenderFrom(
        job="s1",
        epoch=epoch,
        start_sample=sample,
        credit_sample=10**9,
        params=JobParams(job="g1"),
        bpm=bpm,
        numerator=4,
        denominator=4,
    )


def whole(samples: int, peak: int = 8_000) -> np.ndarray:
    return np.sum([made(stem, samples, peak).astype(int) for stem in SOURCE], axis=0)


def begun(start: int = 0, files: Path | None = None, separator: BandSplit | Fifths | None = None) -> Desk:
    desk = Desk(shelf(separator or BandSplit(block_samples=4_410)))
    assert desk.handle(order(start=start, files=files, is_fed=True)) == [
        JobStarted(job="s1", stems=STEMS, samples=None)
    ]
    return desk


def test_q10_the_stems_sum_to_the_streams_that_were_fed() -> None:
    loud = 30_000  # the streams' sum is more than 16 bits hold, and so is that of the stems
    messages = tell(begun(), *pieces(0, RATE, peak=loud), end(RATE))
    assert np.array_equal(total(messages), whole(RATE, loud))
    assert done(messages) == [JobDone(job="s1")]


def test_q10_stems_come_while_the_music_is_made() -> None:
    heard = tell(begun(), *pieces(0, RATE))
    assert len(stream(heard, "other")) > RATE - PIECE - 4_800 - 3_000 * 2  # a block and what the separator holds back


def test_q10_what_came_before_is_heard_and_not_given_out() -> None:
    straight = tell(begun(), *pieces(0, 4 * RATE), end(4 * RATE))
    entered = tell(begun(2 * RATE), *pieces(RATE, 4 * RATE), end(4 * RATE))
    assert audio(entered)[0].start_sample == 2 * RATE
    for stem in STEMS:
        assert abs(stream(entered, stem) - stream(straight, stem)[2 * RATE :]).max() <= 4


def test_q10_what_is_missing_at_the_start_is_silence() -> None:
    messages = tell(begun(RATE), *pieces(2 * RATE, 3 * RATE), end(3 * RATE))
    assert audio(messages)[0].start_sample == RATE
    assert not total(messages)[:RATE].any()
    assert np.array_equal(total(messages)[RATE:], whole(3 * RATE)[2 * RATE :])


def test_q10_nothing_is_heard_before_every_stream_has_it() -> None:
    desk = begun()
    tell(desk, piece("low", 0), piece("high", 0))
    tell(desk, *(piece("low", at) for at in range(PIECE, RATE, PIECE)))
    late = tell(desk, *(piece("high", at) for at in range(PIECE, RATE, PIECE)), end(RATE))
    assert np.array_equal(total(late), whole(RATE))


def test_q10_at_the_end_what_a_stream_lacks_is_silence() -> None:
    messages = tell(begun(), *pieces(0, RATE), piece("low", RATE), end(RATE + PIECE))
    assert np.array_equal(total(messages)[RATE:], made("low", RATE + PIECE)[RATE:])


def test_q10_a_turn_begins_an_epoch_that_forgets_what_was_fed() -> None:
    desk = begun()
    tell(desk, *pieces(0, RATE))
    messages = tell(desk, turn(RATE // 2), *pieces(0, 2 * RATE, epoch=1), end(2 * RATE, epoch=1))
    assert {each.epoch for each in audio(messages)} == {1}
    assert audio(messages)[0].start_sample == RATE // 2
    assert np.array_equal(total(messages), whole(2 * RATE)[RATE // 2 :])
    assert done(messages) == [JobDone(job="s1", epoch=1)]


def test_q4_what_is_fed_for_another_epoch_is_void() -> None:
    desk = begun()
    tell(desk, turn(0))
    messages = tell(desk, *pieces(0, RATE), end(RATE), *pieces(0, RATE, epoch=1), end(RATE, epoch=1))
    assert np.array_equal(total(messages), whole(RATE))


def test_q10_a_source_that_was_lost_ends_its_separation_at_once() -> None:
    assert tell(begun(RATE), end(RATE)) == [JobDone(job="s1")]


def test_j11_sample_0_of_a_file_is_the_streams(tmp_path: Path) -> None:
    desk = begun(RATE, tmp_path)
    messages = tell(desk, *pieces(0, 2 * RATE), end(2 * RATE))
    assert [each.samples for each in done(messages)[0].files] == [2 * RATE] * 5
    kept = sum(soundfile.read(tmp_path / f"{stem}.flac", dtype="float32")[0] for stem in STEMS)
    assert not kept[:RATE].any()
    assert abs(kept[RATE:] * 32_767 - whole(2 * RATE)[RATE:]).max() < 0.1


def test_a3_a_turn_to_another_tempo_voids_what_was_kept(tmp_path: Path) -> None:
    desk = begun(0, tmp_path)
    tell(desk, *pieces(0, RATE))
    again = pieces(RATE // 2, RATE, epoch=1)
    messages = tell(desk, turn(RATE // 2, bpm=100.0), *again, end(RATE, epoch=1))
    kept = soundfile.read(tmp_path / "other.flac", dtype="float32")[0]
    assert len(done(messages)[0].files) == 5
    assert not kept[: RATE // 2].any()
    assert kept[RATE // 2 :].any()


def test_j4_after_a_lost_engine_the_file_goes_on(tmp_path: Path) -> None:
    tell(begun(0, tmp_path), *pieces(0, RATE))
    again = begun(RATE // 2, tmp_path)
    tell(again, *pieces(0, RATE), end(RATE))
    kept = sum(soundfile.read(tmp_path / f"{stem}.flac", dtype="float32")[0] for stem in STEMS)
    assert abs(kept * 32_767 - whole(RATE)).max() < 0.1


def test_a_separator_that_cannot_keep_up_fails_its_job_and_not_the_memory() -> None:
    desk = begun()
    desk.handle(piece("low", 0))
    answers: Sequence[FromEngine] = desk.handle(piece("low", 61 * RATE, 2))
    assert [each.code for each in answers if isinstance(each, JobFailed)] == ["engine_error"]
    assert desk.handle(piece("low", PIECE)) == []


def test_j12_notes_of_a_turn_replace_those_that_they_void() -> None:
    desk = begun(separator=Fifths(note(0.25), note(0.75)))
    tell(desk, *pieces(0, RATE))
    tell(desk, turn(RATE // 2), *pieces(0, RATE // 4 * 3, epoch=1))
    (answer,) = desk.handle(WriteNotes(job="s1", op_id="q1", tick=0))
    assert isinstance(answer, NotesWritten)
    assert [each.tick for each in answer.notation.notes] == [480]


@pytest.mark.parametrize("sizes", [(PIECE,), (1_000, 7_000, 333)])
def test_q10_how_the_streams_were_cut_makes_no_difference(sizes: tuple[int, ...]) -> None:
    fed: list[FeedJob] = []
    for stem in SOURCE:
        at, number = 0, SOURCE.index(stem)
        while at < RATE:
            samples = min(sizes[number % len(sizes)], RATE - at)
            fed.append(piece(stem, at, samples))
            at, number = at + samples, number + 1
    fed.sort(key=lambda each: each.start_sample)
    assert np.array_equal(total(tell(begun(), *fed, end(RATE))), whole(RATE))
