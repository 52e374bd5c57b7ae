import random
from collections.abc import Iterable

import pytest

from logdrum_client.line import Hole, Piece, Span, StreamEvent, StreamLine
from logdrum_protocol.hub_messages import StreamClose, StreamEpoch
from tests.client.fake_hub import chunk, samples


def turn(epoch: int, start: int, bpm: float = 120.0) -> StreamEpoch:
    return StreamEpoch(stream="j1.drums", epoch=epoch, start_sample=start, bpm=bpm)


def close(at: int) -> StreamClose:
    return StreamClose(stream="j1.drums", samples=at, asset=None)


def line(at: int = 0, epoch: int = 0) -> StreamLine:
    return StreamLine(epoch, 120.0, at)


def places(pieces: Iterable[Piece]) -> list[tuple[str, int, int, int]]:
    """What each piece is: its kind, its epoch, its first sample and its end."""
    return [
        ("hole", piece.epoch, piece.from_sample, piece.to_sample)
        if isinstance(piece, Hole)
        else ("span", piece.epoch, piece.start_sample, piece.end_sample)
        for piece in pieces
    ]


def fed(made: StreamLine, *events: StreamEvent) -> list[tuple[str, int, int, int]]:
    return [place for event in events for place in places(made.take(event))]


def test_a2_consecutive_chunks_join() -> None:
    assert fed(line(), chunk(0, 10), chunk(10, 20)) == [("span", 0, 0, 10), ("span", 0, 10, 20)]


def test_a2_an_overlap_is_cut_off() -> None:
    made = line()
    fed(made, chunk(0, 10))
    (span,) = made.take(chunk(5, 15))
    assert span == Span(0, 10, samples(10, 15))


def test_a2_what_came_before_is_not_told_again() -> None:
    assert fed(line(20), chunk(0, 10), chunk(10, 20)) == []


def test_a4_what_is_left_out_is_a_hole() -> None:
    assert fed(line(), chunk(0, 10), chunk(30, 40))[1:] == [("hole", 0, 10, 30), ("span", 0, 30, 40)]


def test_a3_a_turn_leads_back_to_where_the_new_epoch_begins() -> None:
    assert fed(line(), chunk(0, 40), turn(1, 25), chunk(25, 35, epoch=1))[1:] == [("span", 1, 25, 35)]


def test_a3_audio_of_the_old_epoch_counts_up_to_the_turn() -> None:
    pieces = fed(line(), chunk(0, 10), turn(1, 25), chunk(10, 30), chunk(25, 40, epoch=1))
    assert pieces[1:] == [("span", 0, 10, 25), ("span", 1, 25, 40)]


def test_a3_audio_of_the_old_epoch_from_the_turn_on_is_void() -> None:
    assert fed(line(), turn(1, 25), chunk(25, 35)) == []


def test_a3_at_another_tempo_everything_before_is_void() -> None:
    pieces = fed(line(), chunk(0, 10), turn(1, 500, bpm=90.0), chunk(10, 20), chunk(500, 510, epoch=1))
    assert pieces[1:] == [("span", 1, 500, 510)]


def test_a3_an_older_turn_changes_nothing() -> None:
    assert fed(line(epoch=3), turn(2, 0), chunk(0, 10, epoch=3)) == [("span", 3, 0, 10)]


def test_a3_a_turn_that_was_lost_with_a_connection_shows_in_the_chunk() -> None:
    assert fed(line(), chunk(0, 40), chunk(30, 50, epoch=1))[1:] == [("span", 1, 30, 50)]


def test_a3_what_is_missing_before_a_jump_may_never_have_been() -> None:
    made = line()
    list(made.take(turn(1, 1000)))
    hole, _ = made.take(chunk(1000, 1010, epoch=1))
    assert hole == Hole(0, 0, 1000, optional=True)


def test_a6_a_late_joiner_takes_older_epochs_that_the_hub_still_sends() -> None:
    assert fed(line(epoch=2), chunk(0, 10, epoch=1), chunk(10, 20, epoch=2)) == [
        ("span", 2, 0, 10),
        ("span", 2, 10, 20),
    ]


def test_a8_a_close_ends_the_line_with_what_is_missing() -> None:
    made = line()
    assert fed(made, chunk(0, 10), close(25))[1:] == [("hole", 0, 10, 25)]
    assert made.ended


def test_a8_a_close_before_the_end_asks_for_nothing() -> None:
    assert fed(line(), chunk(0, 40), close(25))[1:] == []


@pytest.mark.parametrize("seed", range(20))
def test_a2_whatever_is_lost_or_repeated_the_addresses_join(seed: int) -> None:
    """The seed is in the test's name; failing ones stay in this list."""
    rng = random.Random(seed)
    made, heard = line(), bytearray()
    sent = [chunk(at, at + 10) for at in range(0, 500, 10)]
    kept = [each for each in sent if rng.random() < 0.7]
    again = [rng.choice(sent[:i]) for i in range(1, 50)]
    events: list[StreamEvent] = sorted([*kept, *again], key=lambda each: each.start_sample + rng.randrange(30))
    for event in [*events, close(500)]:
        for piece in made.take(event):
            if isinstance(piece, Hole):
                heard += samples(piece.from_sample, piece.to_sample)
            else:
                heard += piece.data
    assert bytes(heard) == samples(0, 500)


@pytest.mark.parametrize("seed", range(20))
def test_a3_two_stems_agree_on_the_epoch_of_every_address(seed: int) -> None:
    rng = random.Random(seed)
    turns = [turn(n + 1, rng.randrange(400)) for n in range(3)]
    owners: list[dict[int, int]] = []
    for _ in range(2):
        made, owner, epoch, at = line(), {}, 0, 0
        for each in turns:
            for piece in places(event for event in made.take(chunk(at, at + rng.randrange(1, 200), epoch=epoch))):
                owner.update(dict.fromkeys(range(piece[2], piece[3]), piece[1]))
            list(made.take(each))
            epoch, at = each.epoch, each.start_sample
        for piece in places(made.take(chunk(at, 600, epoch=epoch))):
            owner.update(dict.fromkeys(range(piece[2], piece[3]), piece[1]))
        owners.append(owner)
    tail = range(turns[-1].start_sample, 600)
    assert [owners[0][at] for at in tail] == [owners[1][at] for at in tail]
