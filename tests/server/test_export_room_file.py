"""The room file: what is written comes back, and what is no room file is refused in a sentence (X2, X3)."""

import hashlib
import json
import struct
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from logdrum_protocol.hub_messages import Event, Version
from logdrum_protocol.records import Limits
from logdrum_server.core.history import History
from logdrum_server.errors import RequestError
from logdrum_server.exports import room_reading
from logdrum_server.exports.room_file import Head, RoomFileWriter
from logdrum_server.exports.room_reading import RoomFile
from tests.server.export_cases import KICK, SONG, SOUND, clip, folded, note, puts, says, track, transport, wav

Entries = dict[str, bytes]


def written(path: Path, events: Iterable[Event] = SONG, sounds: Iterable[bytes] = (SOUND,)) -> Path:
    """Write a room file as an export does."""
    events = tuple(events)
    history = folded(events)
    writer = RoomFileWriter(path)
    for event in events:
        if isinstance(event, Version):
            writer.add_version(event, folded(events[: event.seq]).document.listed())
    head = Head(room="sunset", epoch=7, seq=history.seq)
    writer.add_history(head, history, transport(), events[-1_000:])
    for sound in sounds:
        stored = path.with_name(hashlib.sha256(sound).hexdigest())
        stored.write_bytes(sound)
        writer.add_sound(history.assets[stored.name], stored)
    writer.close()
    return path


def read(path: Path, limits: Limits | None = None) -> RoomFile:
    file = RoomFile(path, limits or Limits())
    file.close()
    return file


def entries(path: Path) -> Entries:
    with ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def zipped(path: Path, content: Entries) -> Path:
    with ZipFile(path, "w") as archive:
        for name, body in content.items():
            archive.writestr(name, body, ZIP_STORED if name.startswith("assets/") else ZIP_DEFLATED)
    return path


def changed(tmp_path: Path, change: Callable[[Entries], object]) -> Path:
    content = entries(written(tmp_path / "whole"))
    change(content)
    return zipped(tmp_path / "changed", content)


def refusal(path: Path, limits: Limits | None = None) -> RequestError:
    with pytest.raises(RequestError) as refused:
        read(path, limits)
    assert refused.value.message.endswith(".")
    assert str(path.parent) not in refused.value.message
    return refused.value


def edit_json(content: Entries, name: str, change: Callable[[Any], object]) -> None:
    loaded = json.loads(content[name])
    change(loaded)
    content[name] = json.dumps(loaded).encode()


def test_x2_what_is_written_comes_back(tmp_path: Path) -> None:
    file = RoomFile(written(tmp_path / "room"), Limits())
    history = folded(SONG)
    came = file.history
    assert (came.seq, came.document, came.assets, came.chat) == (8, history.document, history.assets, history.chat)
    assert came.versions == history.versions
    assert file.events == SONG
    assert file.version(1) == folded(SONG[:5]).document.listed()
    assert file.transport == replace(transport(), rev=0, anchor_us=0)
    file.unpack(KICK, tmp_path / "sound")
    assert (tmp_path / "sound").read_bytes() == SOUND
    file.close()


def test_x2_the_same_room_gives_the_same_bytes(tmp_path: Path) -> None:
    assert written(tmp_path / "one").read_bytes() == written(tmp_path / "two").read_bytes()


def test_x2_the_file_is_plain_json_that_anyone_can_read(tmp_path: Path) -> None:
    content = entries(written(tmp_path / "room"))
    head = json.loads(content["room.json"])
    assert (head["format"], head["version"], head["room"], head["seq"]) == ("logdrum-room", 1, "sunset", 8)
    assert head["written_by"].startswith("logdrum ")
    assert [json.loads(line)["seq"] for line in content["events.jsonl"].splitlines()] == [*range(1, 9)]


def test_x2_nothing_of_a_sessions_own_is_in_it(tmp_path: Path) -> None:
    text = b"".join(body for name, body in entries(written(tmp_path / "room")).items() if name.endswith("json"))
    assert not {b"key", b"undo", b"writings"} & {word.strip(b'"') for word in text.split(b":")}


def test_x2_of_a_long_history_the_newest_thousand_events_are_in_it(tmp_path: Path) -> None:
    events = [says(seq) for seq in range(1, 2_501)]
    file = read(written(tmp_path / "room", events, ()))
    assert [event.seq for event in file.events] == [*range(1_501, 2_501)]
    assert file.history.seq == 2_500
    assert len(file.history.chat) == 500


def test_x2_an_empty_room_is_one_too(tmp_path: Path) -> None:
    assert read(written(tmp_path / "room", (), ())).history == History()


_lines = st.lists(st.text(st.characters(codec="utf-8"), min_size=1, max_size=50), max_size=5)


@given(_lines, st.text(st.characters(codec="utf-8"), max_size=50), st.floats(-90, 24), st.integers(0, 2**40))
@settings(max_examples=40, deadline=None)
def test_x2_any_words_and_numbers_come_back_as_they_were(
    tmp_path_factory: pytest.TempPathFactory, lines: list[str], name: str, gain_db: float, start: int
) -> None:
    events = [
        puts(1, track(name=name, gain_db=gain_db), clip(start=start), note("note-001", tick=start)),
        *(says(seq, line) for seq, line in enumerate(lines, 2)),
    ]
    file = read(written(tmp_path_factory.mktemp("room") / "room", events, ()))
    assert file.history.document == folded(events).document
    assert file.events == tuple(events)


@pytest.mark.parametrize("content", [b"", b"this is no room", SOUND, b"PK", b"{}" * 1_000], ids=str)
def test_x3_what_is_no_archive_is_said_to_be_none(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "beat.logdrum"
    path.write_bytes(content)
    refused = refusal(path)
    assert (refused.status, refused.code) == (415, "unsupported_media")
    assert "room file" in refused.message


def test_x3_another_archive_is_no_room_file(tmp_path: Path) -> None:
    path = zipped(tmp_path / "other", {"readme.txt": b"hello"})
    assert refusal(path).message == "This is no Logdrum room file (.logdrum)."


@pytest.mark.parametrize("part", [0.1, 0.5, 0.9, 0.999])
def test_x3_a_file_that_breaks_off_is_refused(tmp_path: Path, part: float) -> None:
    path = written(tmp_path / "room")
    path.write_bytes(path.read_bytes()[: round(path.stat().st_size * part)])
    assert refusal(path).message.startswith("This is no whole room file")


@given(at=st.floats(0, 1, exclude_max=True), value=st.integers(0, 255))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_x3_a_file_with_a_byte_changed_is_the_same_room_or_refused(tmp_path: Path, at: float, value: int) -> None:
    whole = written(tmp_path / "room").read_bytes()
    damaged = bytearray(whole)
    damaged[int(at * len(whole))] = value
    (tmp_path / "damaged").write_bytes(damaged)
    try:
        file = RoomFile(tmp_path / "damaged", Limits())
        for asset in file.snapshot.assets:
            file.unpack(asset, tmp_path / "sound")
            assert (tmp_path / "sound").read_bytes() == SOUND
    except RequestError:
        return
    file.close()
    assert file.history.document == folded(SONG).document
    assert file.events == SONG


def test_x3_a_file_of_a_later_version_is_told_apart_from_a_bad_one(tmp_path: Path) -> None:
    path = changed(
        tmp_path, lambda content: edit_json(content, "room.json", lambda head: head.update(version=9, new=1))
    )
    assert refusal(path).message == "This room file is of version 9, and this hub reads version 1: update the hub."


@pytest.mark.parametrize(
    "name", ["../../etc/cron", "/etc/passwd", "assets/../x", "assets/", "C:\\x", "versions/0002.json"]
)
def test_x3_no_entry_leads_anywhere_else(tmp_path: Path, name: str) -> None:
    path = changed(tmp_path, lambda content: content.update({name: b""}))
    assert refusal(path).message.startswith("The file holds '")


@pytest.mark.parametrize(
    "name", ["transport.json", "snapshot.json", "events.jsonl", "versions/0001.json", f"assets/{KICK.asset}"]
)
def test_x3_what_is_missing_is_named(tmp_path: Path, name: str) -> None:
    path = changed(tmp_path, lambda content: content.pop(name))
    assert refusal(path).message == f"The file lacks '{name}'."


def test_x3_an_entry_may_not_be_there_twice(tmp_path: Path) -> None:
    path = written(tmp_path / "room")
    with ZipFile(path, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("room.json", b"{}")
    assert refusal(path).message == "The file holds 'room.json' twice."


def test_x3_a_sound_that_is_another_is_found_out(tmp_path: Path) -> None:
    path = changed(tmp_path, lambda content: content.update({f"assets/{KICK.asset}": wav(0.4)}))
    file = RoomFile(path, Limits())
    with pytest.raises(RequestError, match="its checksum differs"):
        file.unpack(KICK, tmp_path / "sound")
    file.close()


def test_x3_a_packed_sound_is_refused_for_it_could_be_a_bomb(tmp_path: Path) -> None:
    content = entries(written(tmp_path / "room"))
    with ZipFile(tmp_path / "bomb", "w", ZIP_DEFLATED) as archive:
        for name, body in content.items():
            archive.writestr(name, body)
    assert "is packed" in refusal(tmp_path / "bomb").message


def test_x3_a_bomb_is_refused_by_what_it_says_of_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(room_reading.MAX_BYTES, "snapshot.json", 100_000)
    path = changed(tmp_path, lambda content: content.update({"snapshot.json": b" " * 10_000_000}))
    assert path.stat().st_size < 100_000
    refused = refusal(path)
    assert (refused.status, refused.code) == (413, "too_large")


def _patched(path: Path, name: str, field: int, value: int) -> None:
    """Change a number of an entry's directory record, and of its own head: `field` counts from the checksum on."""
    data = bytearray(path.read_bytes())
    for mark, offset, name_at in ((b"PK\x01\x02", 16, 46), (b"PK\x03\x04", 14, 30)):
        at = next(
            i for i in range(len(data)) if data[i : i + 4] == mark and data[i + name_at :].startswith(name.encode())
        )
        struct.pack_into("<I", data, at + offset + 4 * field, value)
    path.write_bytes(data)


def test_x3_a_bomb_that_says_less_than_it_unpacks_to_is_cut_off_and_refused(tmp_path: Path) -> None:
    path = changed(tmp_path, lambda content: content.update({"events.jsonl": b"\n" * 50_000_000}))
    _patched(path, "events.jsonl", 2, 1_000)
    assert refusal(path).message.startswith("This is no whole room file")


def test_x3_entries_that_overlap_are_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "room")
    size = path.stat().st_size
    _patched(path, f"assets/{KICK.asset}", 1, size)
    _patched(path, f"assets/{KICK.asset}", 2, size)
    assert refusal(path).message in ("Parts of the archive overlap.", room_reading._BROKEN)


def test_x3_a_directory_that_would_fill_the_memory_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room_reading, "_DIRECTORY_BYTES", 70_000)
    path = zipped(tmp_path / "many", {f"{number:05}": b"" for number in range(2_000)})
    assert refusal(path).message.startswith("This is no whole room file")


def test_x3_an_encrypted_entry_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "room")
    data = bytearray(path.read_bytes())
    at = data.index(b"PK\x01\x02")
    data[at + 8] |= 1
    path.write_bytes(data)
    assert "encrypted" in refusal(path).message


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda s: s["entities"].append(s["entities"][0]), "two things of one id"),
        (lambda s: s["entities"][0]["props"].update(gain_db=1e9), "snapshot.json is not as it should be"),
        (lambda s: s["entities"].append({"kind": "clip", "id": "clip-new1", "props": {}}), "without 'track'"),
        (lambda s: s["entities"].pop(0), "that is not there"),
        (lambda s: s["entities"].append({"kind": "drum", "id": "drum-0001"}), "is not as it should be"),
        (lambda s: s["assets"].append(s["assets"][0]), "lists a sound twice"),
        (lambda s: s["versions"].append(s["versions"][0]), "lists a version twice"),
        (lambda s: s["chat"].append(s["chat"][0]), "chat is not in order"),
        (lambda s: s["assets"][0].update(asset="../../etc"), "is not as it should be"),
        (lambda s: s["assets"][0].update(seq=99), "is from event 99"),
    ],
)  # fmt: skip
def test_x3_a_document_that_no_hub_could_have_is_refused(
    tmp_path: Path, change: Callable[[Any], object], words: str
) -> None:
    path = changed(tmp_path, lambda content: edit_json(content, "snapshot.json", change))
    assert words in refusal(path).message


def test_x3_a_clip_may_not_play_a_sound_that_is_not_there(tmp_path: Path) -> None:
    def drop(content: Entries) -> None:
        edit_json(content, "snapshot.json", lambda snapshot: snapshot["assets"].clear())
        del content[f"assets/{KICK.asset}"]

    assert "that the room does not have" in refusal(changed(tmp_path, drop)).message


def test_x3_a_version_is_checked_as_the_document_is(tmp_path: Path) -> None:
    orphan = {
        "kind": "note",
        "id": "note-new1",
        "props": {"clip": "none-none", "tick": 0, "length_ticks": 1, "pitch": 1},
    }
    path = changed(tmp_path, lambda content: edit_json(content, "versions/0001.json", lambda v: v.append(orphan)))
    assert refusal(path).message == "The version 'First mix' has a note 'note-new1' in a clip that is not there."


def _lines_of(content: Entries, change: Callable[[list[bytes]], object]) -> None:
    lines = content["events.jsonl"].splitlines(keepends=True)
    change(lines)
    content["events.jsonl"] = b"".join(lines)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda lines: lines.pop(3), "gap"),
        (lambda lines: lines.pop(), "gap"),
        (lambda lines: lines.pop(0), "lacks events"),
        (lambda lines: lines.reverse(), "gap"),
        (lambda lines: lines.insert(2, b"{}\n"), "events.jsonl, line 3, is not as it should be"),
        (lambda lines: lines.insert(2, b'{"type":"clock.ping"}\n'), "events.jsonl, line 3, is not as it should be"),
        (lambda lines: lines.insert(2, b"\xff\n"), "events.jsonl, line 3, is not as it should be"),
        (lambda lines: lines.insert(2, b"[" * 100_000 + b"\n"), "events.jsonl, line 3, is not as it should be"),
        (lambda lines: lines.extend(lines * 200), "1000 are kept"),
    ],
)
def test_x3_a_history_that_is_not_whole_is_refused(
    tmp_path: Path, change: Callable[[list[bytes]], object], words: str
) -> None:
    path = changed(tmp_path, lambda content: _lines_of(content, change))
    assert words in refusal(path).message


def test_x3_a_history_of_nothing_holds_nothing(tmp_path: Path) -> None:
    def cut(content: Entries) -> None:
        edit_json(content, "room.json", lambda head: head.update(seq=0))
        content["events.jsonl"] = b""

    assert "history of nothing" in refusal(changed(tmp_path, cut)).message


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        (Limits(max_tracks=1), "2 tracks; 1"), (Limits(max_clips=2), "3 clips; 2"), (Limits(max_notes=2), "3 notes; 2"),
        (Limits(max_markers=0), "1 markers; 0"), (Limits(max_assets=0), "1 sounds; 0"),
        (Limits(max_versions=0), "1 versions; 0"), (Limits(max_asset_bytes=100), "it may be 100"),
    ],
)  # fmt: skip
def test_x3_what_is_beyond_this_hubs_limits_is_too_large(tmp_path: Path, limits: Limits, words: str) -> None:
    refused = refusal(written(tmp_path / "room"), limits)
    assert (refused.status, refused.code) == (413, "too_large")
    assert words in refused.message


def test_x3_a_history_longer_than_can_be_taken_is_too_large(tmp_path: Path) -> None:
    path = changed(tmp_path, lambda content: edit_json(content, "room.json", lambda head: head.update(seq=2**50)))
    assert refusal(path).status == 413
