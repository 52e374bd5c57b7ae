"""Named versions of the document (V)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logdrum_protocol import client_messages as c
from logdrum_protocol.document import Entity, Op
from logdrum_protocol.fold import Document, apply
from logdrum_protocol.hub_messages import Applied, Error, Version, VersionDeleted, Versions
from logdrum_protocol.records import Limits
from logdrum_server.core import versions
from logdrum_server.core.effects import Effect, LoadVersion, Tell
from tests.server.documents import clip, delete, document, note, put, set_, track
from tests.server.rooms import TestRoom, one


def filled(**limits: int) -> tuple[TestRoom, str]:
    room = TestRoom(limits=Limits(**limits))
    member = room.join()
    room.edit(member, track(), clip(), note())
    return room, member


def save(room: TestRoom, member: str, name: str = "Before the drop", op_id: str = "v") -> list[Effect]:
    return room.send(member, c.VersionSave(op_id=op_id, name=name))


def restore(room: TestRoom, member: str, version: Version, kept: tuple[Entity, ...] | None) -> list[Effect]:
    """Ask for a version, and hand the room what the disk gives."""
    message = c.VersionRestore(op_id="r", version=version.version)
    (load,) = room.send(member, message)
    assert load == LoadVersion(member, message)
    room.take(versions.restore(room.state, member, message, kept))
    return room.settle()


def test_v1_everybody_hears_of_a_saved_version() -> None:
    room, member = filled()
    saved = one(save(room, member), Version)
    assert (saved.name, saved.author, saved.seq, saved.op_id) == ("Before the drop", "Thandi", 2, "v")


def test_v1_a_room_keeps_so_many_versions() -> None:
    room, member = filled(max_versions=1)
    save(room, member)
    assert one(save(room, member, op_id="v2"), Error).code == "too_many"


def test_v2_versions_are_listed_to_who_asks() -> None:
    room, member = filled()
    saved = one(save(room, member), Version)
    (answer,) = room.send(member, c.VersionList(op_id="l"))
    assert answer == Tell(member, Versions(op_id="l", versions=(saved,)))


def test_v3_a_restore_is_an_edit_that_can_be_undone() -> None:
    room, member = filled()
    saved = one(save(room, member), Version)
    then = document(room)
    room.edit(member, delete("clip", "clip_0001"), track("track_02"))
    now = document(room)
    told = one(restore(room, member, saved, then.listed()), Applied)
    assert (told.via, told.version) == ("restore", saved.version)
    assert document(room).entities == then.entities
    room.send(member, c.Undo())
    assert document(room).entities == now.entities


def test_v3_a_version_that_cannot_be_read_is_not_found() -> None:
    room, member = filled()
    saved = one(save(room, member), Version)
    assert one(restore(room, member, saved, None), Error).code == "not_found"


def test_v3_an_unknown_version_is_not_found() -> None:
    room, member = filled()
    assert one(room.send(member, c.VersionRestore(op_id="r", version="x")), Error).op_id == "r"


def test_v3_who_left_meanwhile_restores_nothing() -> None:
    room, member = filled()
    message = c.VersionRestore(op_id="r", version="x")
    assert versions.restore(room.state, "gone", message, ()) == (room.state, [])
    assert member in room.state.sessions


def test_d4_a_restore_that_is_asked_twice_is_done_once() -> None:
    room, member = filled()
    saved = one(save(room, member), Version)
    entities = document(room).listed()
    message = c.VersionRestore(op_id="r", version=saved.version)
    for _ in range(2):
        room.take(versions.restore(room.state, member, message, entities))
        room.settle()
    assert room.state.settled.seq == saved.seq + 1


def test_v4_a_deleted_version_is_forgotten() -> None:
    room, member = filled()
    saved = one(save(room, member), Version)
    gone = room.send(member, c.VersionDelete(op_id="d", version=saved.version))
    assert one(gone, VersionDeleted).version == saved.version
    assert room.state.settled.versions == {}


_IDS = [f"entity_{number}" for number in range(6)]
_ids = st.sampled_from(_IDS)
_ops = st.one_of(
    st.builds(lambda id, name: track(id, name=name), _ids, st.sampled_from(["a", "b"])),
    st.builds(lambda id, parent, start: clip(id, parent, start_tick=start), _ids, _ids, st.integers(0, 2)),
    st.builds(lambda id, parent, pitch: note(id, parent, pitch=pitch), _ids, _ids, st.integers(0, 2)),
    st.builds(lambda id, tick: put("marker", id, tick=tick), _ids, st.integers(0, 2)),
    st.builds(lambda id, parent: set_("clip", id, track=parent), _ids, _ids),
    st.builds(delete, st.sampled_from(["track", "clip", "note", "marker"]), _ids),
)


def _valid(document: Document) -> bool:
    parents = {"clip": "track", "note": "clip"}
    return all(
        document.get(parents[entity.kind], getattr(entity.props, parents[entity.kind])) is not None  # type: ignore[arg-type]
        for entity in document.entities.values()
        if entity.kind in parents
    )


@given(st.lists(_ops, max_size=12), st.lists(_ops, max_size=12))
def test_v3_a_difference_leads_from_any_document_to_any_other(before: list[Op], after: list[Op]) -> None:
    start, target = _grown(before), _grown(after)
    assert apply(start, versions.difference(start, target)).entities == target.entities


def _grown(ops: list[Op]) -> Document:
    """A document that the ops lead to, those left out that a hub would refuse."""
    document = Document()
    for op in ops:
        tried = apply(document, (op,))
        document = tried if _valid(tried) else document
    return document


@pytest.mark.parametrize("target", [Document(), apply(Document(), (track(), clip()))])
def test_v3_what_is_there_already_needs_no_operations(target: Document) -> None:
    assert versions.difference(target, target) == ()
