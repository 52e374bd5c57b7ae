"""A room as a DAWproject: what the published schema asks for, and what a reader makes of it (X5)."""

import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any, Final
from zipfile import ZIP_STORED, ZipFile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from logdrum_protocol.document import Entity
from logdrum_server.exports.arrangement import Arrangement, Clip, Note, Stem, arrangement_of
from logdrum_server.exports.dawproject import write_dawproject
from tests.server.export_cases import (
    BAR,
    BEAT,
    KICK,
    SONG,
    SOUND,
    arrangement,
    asset_of,
    clip,
    folded,
    marker,
    note,
    track,
    transport,
    wav,
)

# The format's rules, for the elements that are written here: which children an element has, in this order (those of
# _ANY_ORDER in any), which attributes it must have, and which others it may have.
_NAMED: Final = {"name", "color", "comment"}
_REFERABLE: Final = {*_NAMED, "id"}
_TIMELINE: Final = {*_REFERABLE, "timeUnit", "track"}
_TIMELINES: Final = ["Lanes", "Notes", "Clips", "Audio", "Points"]
_ANY_ORDER: Final = {"Structure", "Lanes", "Clip"}
RULES: Final[dict[str, tuple[list[str], set[str], set[str]]]] = {
    "Project": (["Application", "Transport", "Structure", "Arrangement"], {"version"}, set()),
    "Application": ([], {"name", "version"}, set()),
    "Transport": (["Tempo", "TimeSignature"], set(), set()),
    "Tempo": ([], {"unit"}, {*_REFERABLE, "min", "max", "value"}),
    "Pan": ([], {"unit"}, {*_REFERABLE, "min", "max", "value"}),
    "Volume": ([], {"unit"}, {*_REFERABLE, "min", "max", "value"}),
    "Mute": ([], set(), {*_REFERABLE, "value"}),
    "TimeSignature": ([], {"numerator", "denominator"}, _REFERABLE),
    "Structure": (["Track"], set(), set()),
    "Track": (["Channel"], set(), {*_REFERABLE, "contentType", "loaded"}),
    "Channel": (["Mute", "Pan", "Volume"], set(), {*_REFERABLE, "audioChannels", "destination", "role", "solo"}),
    "Arrangement": (["Lanes", "Markers"], set(), _REFERABLE),
    "Lanes": (_TIMELINES, set(), _TIMELINE),
    "Clips": (["Clip"], set(), _TIMELINE),
    "Clip": (_TIMELINES, {"time"}, {*_NAMED, "duration", "contentTimeUnit", "playStart"}),
    "Notes": (["Note"], set(), _TIMELINE),
    "Note": ([], {"time", "duration", "channel", "key"}, {"vel", "rel"}),
    "Audio": (["File"], {"duration", "channels", "sampleRate"}, {*_TIMELINE, "algorithm"}),
    "File": ([], {"path"}, {"external"}),
    "Points": (["Target", "RealPoint"], set(), {*_TIMELINE, "unit"}),
    "Target": ([], set(), {"expression"}),
    "RealPoint": ([], {"time", "value"}, {"interpolation"}),
    "Markers": (["Marker"], set(), _TIMELINE),
    "Marker": ([], {"time"}, _NAMED),
}
CHOICES: Final = {
    "unit": {"linear", "normalized", "bpm"},
    "timeUnit": {"beats", "seconds"},
    "contentTimeUnit": {"beats", "seconds"},
    "role": {"regular", "master"},
    "interpolation": {"hold", "linear"},
    "expression": {"gain", "pan"},
    "value": None,
}


def check_schema(root: ET.Element) -> None:
    ids: list[str] = []
    for element in root.iter():
        children, required, optional = RULES[element.tag]
        tags = [child.tag for child in element]
        assert set(tags) <= set(children), element.tag
        if element.tag not in _ANY_ORDER:
            assert tags == sorted(tags, key=children.index), f"{element.tag} has its children in another order"
        assert required <= set(element.attrib) <= required | optional, element.attrib
        for name, choices in CHOICES.items():
            assert choices is None or element.get(name) is None or element.get(name) in choices
        if element.tag in ("Clip", "Markers"):
            assert len(element) == 1 if element.tag == "Clip" else len(element) >= 1
        ids += [element.attrib["id"]] if "id" in element.attrib else []
    assert len(ids) == len(set(ids)), "ids are unique"
    references = {value for one in root.iter() for name in ("track", "destination") if (value := one.get(name))}
    assert references <= set(ids)
    assert all(id[0].isalpha() and " " not in id for id in ids), "an id is a name"


def saved(room: Arrangement, folder: Path, *sounds: bytes) -> tuple[ET.Element, dict[str, bytes]]:
    for sound in sounds:
        (folder / asset_of(sound).asset).write_bytes(sound)
    write_dawproject(room, folder, folder / "room.dawproject")
    with ZipFile(folder / "room.dawproject") as archive:
        assert archive.testzip() is None
        files = {info.filename: archive.read(info) for info in archive.infolist()}
        assert all(i.compress_type == ZIP_STORED for i in archive.infolist() if i.filename.startswith("audio/"))
    assert ET.fromstring(files["metadata.xml"]).tag == "MetaData"
    root = ET.fromstring(files["project.xml"])
    check_schema(root)
    return root, files


def number(element: ET.Element | None, name: str = "value") -> float:
    assert element is not None
    return float(element.attrib[name])


def ticks(element: ET.Element, name: str) -> int:
    exact = number(element, name) * BEAT
    assert abs(exact - round(exact)) < 1e-6, "a tick is a tick"
    return round(exact)


def read_clip(element: ET.Element) -> dict[str, Any]:
    """What an importer would place: its span, and its notes or its sound."""
    read: dict[str, Any] = {"at": (ticks(element, "time"), ticks(element, "duration")), "name": element.get("name", "")}
    notes = element.find("Notes")
    if notes is not None:
        read["notes"] = [
            Note(ticks(n, "time"), ticks(n, "duration"), int(n.attrib["key"]), round(number(n, "vel") * 127))
            for n in notes
        ]
        return read
    inner, audio, file = element.find(".//Clips/Clip"), element.find(".//Audio"), element.find(".//File")
    assert inner is not None
    assert audio is not None
    assert file is not None
    assert (inner.attrib["contentTimeUnit"], number(inner, "time")) == ("seconds", 0)
    gain = element.find(".//RealPoint")
    read["sound"] = (file.attrib["path"], number(inner, "playStart"), 1.0 if gain is None else number(gain))
    read["sounding"] = number(inner, "duration")
    return read


def read_tracks(root: ET.Element) -> list[tuple[ET.Element, list[dict[str, Any]]]]:
    lanes = {lane.get("track"): lane for lane in root.findall("./Arrangement/Lanes/Lanes")}
    tracks = root.findall("./Structure/Track")
    assert [one.get("name") for one in tracks[-1:]] == ["Master"]
    return [(one, [read_clip(clip) for clip in lanes[one.get("id")].findall("./Clips/Clip")]) for one in tracks[:-1]]


def expected_clips(clips: tuple[Clip, ...]) -> list[tuple[tuple[int, int], str, list[Note] | None]]:
    sounds = [((one.start_tick, one.length_ticks), one.name, None) for one in clips if one.asset]
    notes = [
        ((one.start_tick, one.length_ticks), one.name, [*one.notes]) for one in clips if one.notes or not one.asset
    ]
    return [*sounds, *notes]


def check_read_back(room: Arrangement, root: ET.Element) -> None:
    """The independent reader's view of the file is the document."""
    assert number(root.find("./Transport/Tempo")) == room.bpm
    assert root.find("./Transport/TimeSignature").attrib["numerator"] == str(room.numerator)  # type: ignore[union-attr]
    for (element, clips), one in zip(read_tracks(root), room.tracks, strict=True):
        assert (element.get("name"), element.get("color")) == (one.name, one.color)
        channel = element.find("Channel")
        assert channel is not None
        assert number(channel.find("Pan")) * 2 - 1 == pytest.approx(one.pan)
        silent = one.gain_db <= -90
        assert number(channel.find("Volume")) == pytest.approx(0 if silent else 10 ** (one.gain_db / 20))
        assert channel.find("Mute").get("value") == str(one.mute).lower()  # type: ignore[union-attr]
        assert channel.get("solo") == str(one.solo).lower()
        read = [(clip["at"], clip["name"], clip.get("notes")) for clip in clips]
        assert sorted(read, key=str) == sorted(expected_clips(one.clips), key=str)
    markers = [(ticks(one, "time"), one.get("name")) for one in root.findall("./Arrangement/Markers/Marker")]
    assert markers == [(one.tick, one.text) for one in room.markers]


def test_x5_a_song_follows_the_schema_and_reads_back_as_it_is(tmp_path: Path) -> None:
    history = folded(SONG)
    room = arrangement_of("sunset", history.document, history.assets, transport())
    root, files = saved(room, tmp_path, SOUND)
    check_read_back(room, root)
    name = f"audio/Kick 808 deep {KICK.asset[:8]}.wav"
    assert files[name] == SOUND
    assert set(files) == {"metadata.xml", "project.xml", name}
    (_, first), (_, second) = read_tracks(root)
    path, play_start, gain = next(one["sound"] for one in first if "sound" in one)
    assert (path, play_start) == (name, 0.05)
    assert gain == pytest.approx(10 ** (-6 / 20))
    assert [one["sound"] for one in second if "sound" in one] == [(name, 0.0, 1.0)]


def test_x5_a_sound_that_is_shorter_than_its_clip_ends_where_it_ends(tmp_path: Path) -> None:
    room = arrangement(track(), clip(asset=KICK.asset, offset_samples=12_000), assets=[KICK], bpm=120)
    root, _ = saved(room, tmp_path, SOUND)
    ((_, (read,)),) = read_tracks(root)
    assert read["sounding"] == pytest.approx(0.25 * 2), "a quarter of a second at 120"


def test_x5_tracks_come_in_the_rooms_order_and_the_finished_streams_behind_them(tmp_path: Path) -> None:
    entities = [track("track-02", name="Second", order="b"), track("track-01", name="First", order="a")]
    stem = Stem(id="job-1.bass", name="jazzy bass", asset=KICK, anchor_tick=BAR, bpm=112)
    room = arrangement_of("sunset", folded(()).document, {}, transport(), [stem])
    assert [one.name for one in arrangement(*entities).tracks] == ["First", "Second"]
    root, _ = saved(room, tmp_path, SOUND)
    ((element, (read,)),) = read_tracks(root)
    assert (element.get("name"), read["at"][0]) == ("jazzy bass", BAR)


def test_x5_the_kinds_of_a_track_are_what_lies_on_it(tmp_path: Path) -> None:
    room = arrangement(
        track("track-01", order="1"), track("track-02", order="2"), track("track-03", order="3"),
        clip("clip-0001", "track-01", asset=KICK.asset), clip("clip-0002", "track-02"), note("note-001", "clip-0002"),
        assets=[KICK],
    )  # fmt: skip
    root, _ = saved(room, tmp_path, SOUND)
    kinds = [one.get("contentType") for one in root.findall("./Structure/Track")]
    assert kinds == ["audio", "notes", "audio notes", "audio notes"]


def test_x5_the_loop_is_said_where_the_schema_lets_it_be_said(tmp_path: Path) -> None:
    root, _ = saved(arrangement(), tmp_path)
    assert root.find("Arrangement").get("comment") == "Loop: beats 0 to 16."  # type: ignore[union-attr]
    root, _ = saved(arrangement(loop=None), tmp_path)
    assert root.find("Arrangement").get("comment") is None  # type: ignore[union-attr]


def test_x5_sounds_of_one_name_are_two_files_and_names_are_harmless(tmp_path: Path) -> None:
    other = wav(0.1)
    first, second = asset_of(SOUND, "../../etc/kick.wav"), asset_of(other, "kick\x00.wav", seconds=0.1)
    room = arrangement(
        track(), clip("clip-0001", asset=first.asset), clip("clip-0002", asset=second.asset), assets=[first, second]
    )
    _, files = saved(room, tmp_path, SOUND, other)
    assert sorted(files)[:2] == sorted([f"audio/etc kick {first.asset[:8]}.wav", f"audio/kick {second.asset[:8]}.wav"])


_text = st.text(st.characters(codec="utf-8"), max_size=20)
_xml_text = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs"), exclude_characters="\ufffe\uffff"))


@st.composite
def rooms(draw: st.DrawFn) -> list[Entity]:
    entities: list[Entity] = []
    for t in range(draw(st.integers(0, 3))):
        props = {
            "name": draw(_xml_text), "gain_db": draw(st.floats(-90, 24)), "pan": draw(st.floats(-1, 1)),
            "mute": draw(st.booleans()), "solo": draw(st.booleans()), "order": draw(st.sampled_from("abc")),
        }  # fmt: skip
        entities.append(track(f"track-{t:02}", **props))
        for c in range(draw(st.integers(0, 3))):
            sound = KICK.asset if draw(st.booleans()) else None
            start, length = draw(st.integers(0, 2**30)), draw(st.integers(1, 2**20))
            entities.append(clip(f"clip-{t}{c:03}", f"track-{t:02}", start, length, name=draw(_xml_text), asset=sound))
            for n in range(draw(st.integers(0, 3))):
                place = (draw(st.integers(0, 2**20)), draw(st.integers(1, 2**20)), draw(st.integers(0, 127)))
                entities.append(note(f"note-{t}{c}{n}0", f"clip-{t}{c:03}", *place, velocity=draw(st.integers(0, 127))))
    entities += [marker(f"mark-{m:03}", draw(st.integers(0, 2**30)), draw(_xml_text)) for m in range(2)]
    return entities


@given(rooms(), st.floats(20, 999))
@settings(max_examples=60, deadline=None)
def test_x5_any_room_follows_the_schema_and_reads_back_as_it_is(
    tmp_path_factory: pytest.TempPathFactory, entities: list[Entity], bpm: float
) -> None:
    room = arrangement(*entities, assets=[KICK], bpm=bpm)
    root, _ = saved(room, tmp_path_factory.mktemp("daw"), SOUND)
    check_read_back(room, root)


@given(_text)
@settings(max_examples=50, deadline=None)
def test_x5_any_name_at_all_makes_a_file_that_can_be_read(tmp_path_factory: pytest.TempPathFactory, name: str) -> None:
    saved(arrangement(track(name=name), marker("mark-001", 0, name)), tmp_path_factory.mktemp("daw"))
