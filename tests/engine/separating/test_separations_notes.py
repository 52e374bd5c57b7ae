"""What was heard of a log drum, as notes of the room (J12, Q9)."""

from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace

from logdrum_engine.separating.desk import FINISHED_LIMIT, Desk
from logdrum_engine.separating.written import Heard, written
from logdrum_engine.separation.interface import LogDrumNote
from logdrum_protocol import bounds as b
from logdrum_protocol.codec import encode
from logdrum_protocol.engine_messages import NotesWritten, StopJob, WriteNotes
from logdrum_protocol.framing import MAX_FRAME_BYTES
from logdrum_protocol.records import Part, PlayedNote
from tests.engine.separating.band_split import note
from tests.engine.separating.room_jobs import RATE, Fifths, noise, order, rest_of, shelf, wav

QUESTION = WriteNotes(job="s1", op_id="q1", tick=0)


def heard(*notes: LogDrumNote, anchor_tick: int = 0, bpm: float = 120.0, is_whole: bool = False) -> Heard:
    return Heard(
        stems=("log_drum", "other"),
        notes=notes,
        anchor_tick=anchor_tick,
        bpm=bpm,
        numerator=4,
        denominator=4,
        is_whole=is_whole,
    )


def test_j12_a_note_has_the_nearest_key_and_its_place_in_the_room() -> None:
    answer = written(QUESTION, heard(note(1.25, f0_hz=56.0)))
    assert answer.notation.parts == (Part(instrument="log_drum"),)
    assert answer.notation.notes == (PlayedNote(0, 2_400, 384, 33, 102),)
    assert (answer.start_tick, answer.length_ticks, answer.error) == (0, 3_840, None)


def test_j12_the_clip_begins_with_the_bar_of_its_first_note() -> None:
    answer = written(QUESTION, heard(note(9.0), note(13.0), anchor_tick=1_000))
    assert answer.start_tick == 15_360
    assert [each.tick for each in answer.notation.notes] == [1_000 + 17_280 - 15_360, 1_000 + 24_960 - 15_360]
    assert answer.length_ticks == 3 * 3_840


def test_j12_a_whole_sounds_clip_begins_with_it_whatever_is_heard_first() -> None:
    late = written(QUESTION, heard(note(9.0), anchor_tick=5_000, is_whole=True))
    both = written(QUESTION, heard(note(1.0), note(9.0), anchor_tick=5_000, is_whole=True))
    assert late.start_tick == both.start_tick == 3_840
    assert late.notation.notes[0] == both.notation.notes[1]


def test_j12_a_glide_is_a_second_note_without_a_gap() -> None:
    first, second = written(QUESTION, heard(note(0.0, f0_hz=55.0, glide_hz=82.4))).notation.notes
    assert (first.pitch, second.pitch) == (33, 40)
    assert second.tick == 192
    assert first.tick + first.length_ticks > second.tick  # so that it is played as a glide again (J8)
    assert second.tick + second.length_ticks == 384


def test_j12_what_is_not_probable_is_left_out() -> None:
    unsure = replace(note(0.5), probability=0.49)
    assert [each.tick for each in written(QUESTION, heard(unsure, note(1.0))).notation.notes] == [1_920]
    answer = written(QUESTION, heard(unsure))
    assert "No log drum" in str(answer.error)
    assert answer.notation.notes == ()


def test_q9_without_a_log_drum_among_the_stems_it_says_so() -> None:
    answer = written(QUESTION, replace(heard(note(1.0)), stems=("vocals", "other")))
    assert "log_drum" in str(answer.error)


def test_j12_notes_follow_each_other_as_of_one_drum() -> None:
    notes = written(QUESTION, heard(note(0.0), note(0.1), note(0.1), note(0.15))).notation.notes
    assert [(each.tick, each.length_ticks) for each in notes] == [(0, 192), (192, 96), (288, 384)]


def test_more_notes_than_a_message_may_have_are_left_out() -> None:
    answer = written(QUESTION, heard(*(note(at * 0.1, glide_hz=80.0) for at in range(b.MAX_PLAYED_NOTES))))
    assert len(answer.notation.notes) == b.MAX_PLAYED_NOTES
    assert len(encode(answer)) < MAX_FRAME_BYTES


@pytest.mark.parametrize("velocity", [0.0, 1.0, 3.0])
def test_velocities_are_such_as_can_be_heard(velocity: float) -> None:
    (one,) = written(QUESTION, heard(replace(note(0.0), velocity=velocity))).notation.notes
    assert one.velocity == max(1, min(127, round(velocity * 127)))


@pytest.fixture
def song(tmp_path: Path) -> str:
    return wav(tmp_path / "song.wav", noise(5 * RATE))


def ticks(desk: Desk) -> list[int]:
    (answer,) = desk.handle(QUESTION)
    assert isinstance(answer, NotesWritten)
    return [each.tick for each in answer.notation.notes]


def test_j12_what_was_heard_so_far_is_written_and_the_rest_later(song: str) -> None:
    desk = Desk(shelf(Fifths(note(0.5), note(4.0))))
    desk.handle(order(song, credit=2 * RATE))
    rest_of(desk)
    assert ticks(desk) == [960]
    desk.handle(order(song))
    rest_of(desk)
    assert ticks(desk) == [960, 7_680]  # and it is done by now


def test_j12_notes_of_a_sound_that_is_entered_in_its_middle_are_at_their_places(song: str) -> None:
    desk = Desk(shelf(Fifths(note(0.5), note(3.5))))
    desk.handle(order(song, entry=4 * RATE))
    rest_of(desk)
    # The leg from the entry on began to hear a second into the sound; what it hears in its first three is not its own.
    assert ticks(desk) == [960, 960 * 7, 960 * 9]


def test_q9_of_many_finished_separations_the_newest_are_known(tmp_path: Path) -> None:
    desk = Desk(shelf(Fifths(note(0.0))))
    short = wav(tmp_path / "short.wav", np.zeros((480, 2), np.float32))
    for number in range(FINISHED_LIMIT + 1):
        desk.handle(order(short, job=f"s{number}"))
        rest_of(desk)
    first, second = (desk.handle(replace(QUESTION, job=job)) for job in ("s0", "s1"))
    assert [str(each.error)[:10] for each in first if isinstance(each, NotesWritten)] == ["The engine"]
    assert [each.error for each in second if isinstance(each, NotesWritten)] == [None]
    desk.handle(StopJob(job="s1"))
    (gone,) = desk.handle(QUESTION)
    assert isinstance(gone, NotesWritten)
    assert gone.error
