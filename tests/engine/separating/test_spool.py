"""What a separation leaves on disk, and goes on from (Q10)."""

import logging
from pathlib import Path

import numpy as np
import pytest
import soundfile

from logdrum_engine.separating.desk import Desk
from logdrum_engine.separating.spool import Spool
from logdrum_engine.separation.interface import STEMS
from logdrum_protocol.engine_messages import JobDone, NotesWritten, StemFile, WriteNotes
from tests.engine.separating.band_split import BandSplit, note
from tests.engine.separating.room_jobs import (
    RATE,
    Fifths,
    audio,
    credit,
    done,
    noise,
    order,
    rest_of,
    shelf,
    stream,
    wav,
)

SAMPLES = 4 * RATE


@pytest.fixture
def song(tmp_path: Path) -> str:
    return wav(tmp_path / "song.wav", noise(SAMPLES))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "s1"
    made.mkdir()
    return made


def kept(folder: Path) -> dict[str, np.ndarray]:
    return {stem: soundfile.read(folder / f"{stem}.flac", dtype="float32")[0] for stem in STEMS}


def separated(song: str, folder: Path, entry: int = 0) -> JobDone:
    desk = Desk(shelf(BandSplit()))
    desk.handle(order(song, entry=entry, files=folder))
    (answer,) = done(rest_of(desk))
    return answer


@pytest.mark.parametrize("entry", [0, 2 * RATE])
def test_q10_finished_stems_are_flac_of_24_bits_that_sum_to_the_sound(song: str, folder: Path, entry: int) -> None:
    answer = separated(song, folder, entry)
    assert answer.files == tuple(
        StemFile(stem=stem, name=f"{stem}.flac", samples=SAMPLES, sample_rate=RATE, channels=2) for stem in STEMS
    )
    assert soundfile.info(folder / "drums.flac").subtype == "PCM_24"
    assert abs(sum(kept(folder).values()) - noise(SAMPLES)).max() < 10 ** (-120 / 20)


def test_only_the_finished_stems_stay(song: str, folder: Path) -> None:
    separated(song, folder)
    assert {path.name for path in folder.glob("*.f*")} == {f"{stem}.flac" for stem in STEMS}


def test_q10_what_is_sent_is_what_is_kept(song: str, folder: Path) -> None:
    desk = Desk(shelf(BandSplit()))
    desk.handle(order(song, files=folder))
    messages = rest_of(desk)
    assert abs(stream(messages, "bass") - kept(folder)["bass"] * 32_767).max() <= 0.51


@pytest.mark.parametrize("lost_at", [RATE // 2, 5 * RATE // 2, SAMPLES])
def test_j4_after_a_lost_engine_stems_go_on_without_a_jump(
    song: str, tmp_path: Path, folder: Path, lost_at: int
) -> None:
    entry = 2 * RATE
    lost = Desk(shelf(BandSplit()))
    lost.handle(order(song, entry=entry, files=folder, credit=entry + lost_at))
    rest_of(lost)  # and it is never heard of again
    desk = Desk(shelf(BandSplit()))
    desk.handle(order(song, entry=entry, start=entry + lost_at, files=folder))
    messages = rest_of(desk)
    assert len(done(messages)[0].files) == 5
    assert [piece.start_sample for piece in audio(messages)][:1] == [entry + lost_at][: len(audio(messages))]
    (tmp_path / "whole").mkdir()
    separated(song, tmp_path / "whole", entry)
    for stem, whole in kept(tmp_path / "whole").items():
        assert abs(kept(folder)[stem] - whole).max() < 1e-4


def test_j4_where_the_disk_forgot_too_no_file_with_a_hole_is_given(song: str, folder: Path) -> None:
    desk = Desk(shelf(BandSplit()))
    desk.handle(order(song, start=RATE, files=folder))
    messages = rest_of(desk)
    assert done(messages)[0].files == ()
    assert len(stream(messages, "drums")) == SAMPLES - RATE


def test_j12_notes_that_were_heard_before_the_engine_was_lost_are_known_after(song: str, folder: Path) -> None:
    lost = Desk(shelf(Fifths(note(0.5))))
    lost.handle(order(song, files=folder, credit=3 * RATE))
    rest_of(lost)
    (folder / "notes.jsonl").open("ab").write(b'{"onset_s":1')  # it was in the middle of something
    desk = Desk(shelf(Fifths(note(3.5))))
    desk.handle(order(song, start=3 * RATE, files=folder))
    rest_of(desk)
    (answer,) = desk.handle(WriteNotes(job="s1", op_id="q1", tick=0))
    assert isinstance(answer, NotesWritten)
    assert [each.tick for each in answer.notation.notes] == [960, 6_720]


def test_without_a_folder_a_job_is_done_without_files(song: str) -> None:
    desk = Desk(shelf(BandSplit()))
    desk.handle(order(song))
    assert [each.files for each in done(rest_of(desk))] == [()]


def test_a_folder_that_cannot_be_written_costs_the_files_and_nothing_else(
    song: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    desk = Desk(shelf(BandSplit()))
    desk.handle(order(song, files=tmp_path / "missing"))
    messages = rest_of(desk)
    assert done(messages)[0].files == ()
    assert len(stream(messages, "other")) == SAMPLES
    assert [record.message for record in caplog.records] == ["stems cannot be kept"]


@pytest.mark.parametrize("full", ["bass.f32", "bass.flac"])
def test_a_full_disk_costs_the_files_and_nothing_else(song: str, folder: Path, full: str) -> None:
    (folder / full).symlink_to("/dev/full")
    desk = Desk(shelf(BandSplit()))
    desk.handle(order(song, files=folder))
    messages = rest_of(desk)
    assert done(messages)[0].files == ()
    assert len(stream(messages, "other")) == SAMPLES
    assert not list(folder.glob("vocals.f32"))  # what room there was is given back


def test_a_stem_is_encoded_block_by_block(folder: Path) -> None:
    spool = Spool(str(folder), ("drums", "other"), goes_on=False)
    spool.write(0, np.zeros((2, 2, 25 * RATE), np.float32))
    assert len(list(spool.encode(25 * RATE))) == 2 * 3
    assert [each.samples for each in spool.finished] == [25 * RATE] * 2


def test_the_disk_is_not_asked_for_what_has_not_settled(folder: Path) -> None:
    spool = Spool(str(folder), ("other",), goes_on=False)
    spool.write(600 * RATE, np.ones((1, 2, RATE), np.float32))
    spool.close()
    assert (folder / "other.f32").stat().st_blocks * 512 < 1_000_000


def test_credit_that_comes_after_the_files_still_sends_everything(song: str, folder: Path) -> None:
    desk = Desk(shelf(Fifths()))
    desk.handle(order(song, files=folder, credit=0))
    assert rest_of(desk) == []
    desk.handle(credit(SAMPLES))
    messages = rest_of(desk)
    assert [len(stream(messages, "mix")), len(done(messages)[0].files)] == [SAMPLES, 5]
