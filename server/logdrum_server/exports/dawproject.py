"""A room as a DAWproject, the open exchange format that Bitwig, Cubase and Studio One read (X5).

`project.xml` follows the format's published schema, version 1.0: times are quarter notes, a volume is an amplitude, a
pan goes from 0 to 1. The schema has no place for the transport's loop; it is said in the arrangement's comment.
"""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from itertools import count
from pathlib import Path
from typing import IO, Final
from xml.sax.saxutils import XMLGenerator
from xml.sax.xmlreader import AttributesImpl
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile

from logdrum_protocol import bounds as b
from logdrum_protocol.hub_messages import Asset
from logdrum_server import __version__
from logdrum_server.exports.archive import add_file, entry
from logdrum_server.exports.arrangement import Arrangement, Clip, Track
from logdrum_server.exports.names import extension, file_name

_SILENT_DB: Final = -90.0
_LOUDEST_DB: Final = 24.0
_MASTER: Final = "master"

Value = str | int | float | bool | None
Element = AbstractContextManager[None]


def write_dawproject(arrangement: Arrangement, sounds: Path, path: Path) -> None:
    """Write the file, with every sound that a clip plays; raises OSError."""
    assets = {clip.asset.asset: clip.asset for track in arrangement.tracks for clip in track.clips if clip.asset}
    files = {id: _place(asset, sounds / id) for id, asset in assets.items()}
    with ZipFile(path, "w") as archive:
        with archive.open(entry("metadata.xml", ZIP_DEFLATED), "w") as out:
            _write_metadata(arrangement, out)
        with archive.open(entry("project.xml", ZIP_DEFLATED), "w") as out:
            _Project(arrangement, files, out).write()
        for id, name in files.items():
            add_file(archive, entry(name, ZIP_STORED), sounds / id)


def _place(asset: Asset, path: Path) -> str:
    """Where a sound goes: its name for people, and the beginning of its id so that no two are one."""
    title = asset.name.rpartition(".")[0] or asset.name
    return f"audio/{file_name(title) or 'sound'} {asset.asset[:8]}.{extension(path)}"


def amplitude(db: float) -> float:
    """What a gain multiplies by; the lowest fader is silence."""
    return 0.0 if db <= _SILENT_DB else float(10 ** (db / 20))


def beats(ticks: float) -> float:
    """Quarter notes in ticks."""
    return ticks / b.TICKS_PER_QUARTER


class _Xml:
    """Writes elements as they come, so that a hundred thousand notes are never all in memory."""

    def __init__(self, out: IO[bytes]) -> None:
        self._sax = XMLGenerator(out, "UTF-8", short_empty_elements=True)
        self._sax.startDocument()

    @contextmanager
    def element(self, tag: str, /, **attributes: Value) -> Iterator[None]:
        """Open an element, and close it behind what is written within."""
        said = {name: _text(value) for name, value in attributes.items() if value is not None}
        self._sax.startElement(tag, AttributesImpl(said))
        yield
        self._sax.endElement(tag)

    def leaf(self, tag: str, /, **attributes: Value) -> None:
        """Write an element that holds nothing."""
        with self.element(tag, **attributes):
            pass

    def text(self, tag: str, text: str) -> None:
        """Write an element that holds a text."""
        with self.element(tag):
            self._sax.characters(_text(text))


def _text(value: Value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "".join(character for character in str(value) if _is_xml(character))


def _is_xml(character: str) -> bool:
    """Whether XML 1.0 knows a character at all."""
    code = ord(character)
    return character in "\t\n\r" or 0x20 <= code < 0xD800 or 0xE000 <= code < 0xFFFE or code > 0xFFFF


def _write_metadata(arrangement: Arrangement, out: IO[bytes]) -> None:
    xml = _Xml(out)
    with xml.element("MetaData"):
        xml.text("Title", arrangement.room)
        xml.text("Comment", "Exported from a Logdrum room.")


class _Project:
    """`project.xml` of one arrangement."""

    def __init__(self, arrangement: Arrangement, files: Mapping[b.AssetId, str], out: IO[bytes]) -> None:
        self._arrangement = arrangement
        self._files = files
        self._xml = _Xml(out)
        self._numbers = count()

    def _id(self) -> str:
        return f"id{next(self._numbers)}"

    def _timeline(self, tag: str, **attributes: Value) -> Element:
        return self._xml.element(tag, id=self._id(), **attributes)

    def write(self) -> None:
        """Write all of it."""
        with self._xml.element("Project", version="1.0"):
            self._xml.leaf("Application", name="Logdrum", version=__version__)
            self._transport()
            with self._xml.element("Structure"):
                for track in self._arrangement.tracks:
                    self._track(track)
                self._master()
            self._timelines()

    def _transport(self) -> None:
        arrangement = self._arrangement
        with self._xml.element("Transport"):
            self._real("Tempo", arrangement.bpm, 20.0, 999.0, "bpm")
            signature = {"numerator": arrangement.numerator, "denominator": arrangement.denominator}
            self._xml.leaf("TimeSignature", id=self._id(), **signature)

    def _real(self, name: str, value: float, least: float, most: float, unit: str) -> None:
        self._xml.leaf(name, id=self._id(), name=name, min=least, max=most, value=value, unit=unit)

    def _track(self, track: Track) -> None:
        names = {"id": f"track-{track.id}", "name": track.name, "color": track.color}
        channel: dict[str, Value] = {"id": f"channel-{track.id}", "destination": _MASTER, "solo": track.solo}
        with self._xml.element("Track", contentType=_content(track), loaded=True, **names):
            self._channel("regular", track.mute, track.pan, track.gain_db, **channel)

    def _master(self) -> None:
        with self._xml.element("Track", contentType="audio notes", loaded=True, id="master-track", name="Master"):
            self._channel("master", False, 0.0, 0.0, id=_MASTER, solo=False)

    def _channel(self, role: str, mute: bool, pan: float, gain_db: float, **attributes: Value) -> None:
        with self._xml.element("Channel", audioChannels=2, role=role, **attributes):
            self._xml.leaf("Mute", id=self._id(), name="Mute", value=mute)
            self._real("Pan", (pan + 1) / 2, 0.0, 1.0, "normalized")
            self._real("Volume", amplitude(gain_db), 0.0, amplitude(_LOUDEST_DB), "linear")

    def _timelines(self) -> None:
        loop = self._arrangement.loop
        comment = f"Loop: beats {beats(loop.start_tick):g} to {beats(loop.end_tick):g}." if loop else None
        with self._timeline("Arrangement", comment=comment):
            with self._timeline("Lanes", timeUnit="beats"):
                for track in self._arrangement.tracks:
                    self._lane(track)
            if self._arrangement.markers:
                self._markers()

    def _markers(self) -> None:
        with self._timeline("Markers", timeUnit="beats"):
            for marker in self._arrangement.markers:
                self._xml.leaf("Marker", time=beats(marker.tick), name=marker.text)

    def _lane(self, track: Track) -> None:
        with self._timeline("Lanes", track=f"track-{track.id}"), self._timeline("Clips"):
            for clip in track.clips:
                if clip.asset is not None:
                    self._audio_clip(clip, clip.asset)
                if clip.notes or clip.asset is None:
                    self._note_clip(clip)

    def _clip(self, clip: Clip) -> Element:
        place = {"time": beats(clip.start_tick), "duration": beats(clip.length_ticks)}
        return self._xml.element("Clip", name=clip.name or None, playStart=0.0, **place)

    def _note_clip(self, clip: Clip) -> None:
        with self._clip(clip), self._timeline("Notes"):
            for note in clip.notes:
                place = {"time": beats(note.tick), "duration": beats(note.length_ticks)}
                velocity = note.velocity / 127
                self._xml.leaf("Note", channel=0, key=note.pitch, vel=velocity, rel=velocity, **place)

    def _audio_clip(self, clip: Clip, asset: Asset) -> None:
        """An event within a clip, as the DAWs write it themselves; a gain lies over it as a point that holds."""
        with self._clip(clip):
            if clip.gain_db == 0:
                self._sound(clip, asset)
                return
            with self._timeline("Lanes"):
                self._sound(clip, asset)
                with self._timeline("Points", unit="linear"):
                    self._xml.leaf("Target", expression="gain")
                    self._xml.leaf("RealPoint", time=0.0, value=amplitude(clip.gain_db), interpolation="hold")

    def _sound(self, clip: Clip, asset: Asset) -> None:
        offset_s = clip.offset_samples / asset.sample_rate
        whole_s = asset.samples / asset.sample_rate
        left_beats = max(0.0, whole_s - offset_s) * self._arrangement.bpm / 60
        length = {"time": 0.0, "duration": min(beats(clip.length_ticks), left_beats)}
        media = {"duration": whole_s, "channels": asset.channels, "sampleRate": asset.sample_rate}
        with (
            self._timeline("Clips"),
            self._xml.element("Clip", contentTimeUnit="seconds", playStart=offset_s, **length),
            self._timeline("Audio", timeUnit="seconds", algorithm="raw", **media),
        ):
            self._xml.leaf("File", path=self._files[asset.asset], external=False)


def _content(track: Track) -> str:
    kinds = [kind for kind, is_there in (("audio", track.has_audio), ("notes", track.has_notes)) if is_there]
    return " ".join(kinds) or "audio notes"
