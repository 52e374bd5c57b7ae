"""The room that is edited, and the frames that edit it: every subject is given the same and comes to the same."""

import pytest

from .studio import CLIPS, clip_edited, percent_kept, tick_set, ticks_after, ticks_at_first
from .wires import WIRES, WireName
from .wires.logdrum import edit_of, op_id
from .wires.varint import prefixed, read_varint, varint
from .wires.yjs import MergedUpdateError, YjsDocument, YjsWire
from .writers import Plan, schedule

YJS: tuple[WireName, ...] = ("yjs", "hocuspocus")


def as_step_2(frame: bytes, wire: WireName) -> bytes:
    """The seed, which is an update, as the answer to a client that asked for all."""
    at = len(prefixed(b"bench")) if wire == "hocuspocus" else 0
    return frame[: at + 1] + b"\x01" + frame[at + 2 :]


def seeded(wire: WireName) -> YjsDocument:
    opened = WIRES[wire].open(as_step_2(WIRES[wire].seed()[0], wire))
    assert isinstance(opened, YjsDocument)
    return opened


def plan(seed: int = 1) -> Plan:
    return Plan(url="", wire="yjs", server_pid=0, writers=20, rate_hz=10, warm_up=0, edits=30, seed=seed)


@pytest.mark.parametrize("value", [0, 1, 127, 128, 300, 2**53 - 1])
def test_a_varint_is_read_back(value: int) -> None:
    assert read_varint(b"x" + varint(value), 1) == (value, 1 + len(varint(value)))


def test_an_edit_never_leaves_a_clip_as_it_was() -> None:
    before = ticks_at_first()
    assert all(tick_set(number) != before[clip_edited(3, number)] for number in range(10_000))


def test_the_last_edit_of_a_clip_is_the_one_that_counts() -> None:
    assert ticks_after(1, 101)[clip_edited(0, 0)] == tick_set(100)


def test_what_is_kept_is_counted_among_the_clips_that_were_edited() -> None:
    assert percent_kept(ticks_at_first(), 2, 50) == 0
    assert percent_kept(ticks_after(2, 25), 2, 50) == 50
    assert percent_kept(ticks_after(2, 50), 2, 50) == 100


def test_nothing_is_kept_in_an_empty_document() -> None:
    assert percent_kept({}, 1, 1) == 0


def test_an_op_id_says_whose_edit_it_is() -> None:
    assert edit_of(op_id(19, 9_999)) == (19, 9_999)


@pytest.mark.parametrize("wire", YJS)
def test_the_yjs_seed_is_the_room(wire: WireName) -> None:
    ticks = seeded(wire).ticks()
    assert len(ticks) == CLIPS
    assert ticks == ticks_at_first()


@pytest.mark.parametrize("wire", YJS)
def test_yjs_updates_come_to_what_they_should_in_whatever_order_writers_are_heard(wire: WireName) -> None:
    document = seeded(wire)
    for writer in (1, 0):
        for frame in WIRES[wire].script(writer, 120):
            document.take(frame)
    assert document.ticks() == ticks_after(2, 120)


@pytest.mark.parametrize("wire", YJS)
def test_an_update_says_by_its_head_which_edit_it_is(wire: WireName) -> None:
    frames = WIRES[wire].script(7, 130)
    assert [WIRES[wire].heard(frame) for frame in frames] == [(7, number) for number in range(130)]


@pytest.mark.parametrize("wire", WIRES)
def test_a_seed_is_nobodys_edit(wire: WireName) -> None:
    assert [WIRES[wire].heard(frame) for frame in WIRES[wire].seed()] == [None] * len(WIRES[wire].seed())


def test_an_update_that_merges_edits_is_not_taken_for_one() -> None:
    two = YjsWire().script(0, 1)[0][:3] + bytes([1, 2]) + varint(1000) + varint(0)
    with pytest.raises(MergedUpdateError):
        YjsWire().heard(two)


def test_every_edit_is_due_once_and_each_writers_in_order() -> None:
    due = schedule(plan())
    assert [moment for moment, _, _ in due] == sorted(moment for moment, _, _ in due)
    assert [number for _, writer, number in due if writer == 4] == list(range(30))
    assert len(due) == 20 * 30


def test_the_schedule_is_the_same_for_the_same_seed() -> None:
    assert schedule(plan(seed=2)) == schedule(plan(seed=2)) != schedule(plan(seed=3))
