"""One example of every message, and bytes that are none: the source of `protocol/vectors/` (`make vectors`)."""

import json
import math
from pathlib import Path
from typing import Any

import msgpack
import msgspec

from logdrum_protocol import client_messages as c
from logdrum_protocol import hub_messages as h
from logdrum_protocol.codec import encode
from logdrum_protocol.document import Entity, Op, Props
from logdrum_protocol.records import (
    Choice,
    Component,
    Conformance,
    Failure,
    JobParams,
    Limits,
    Loop,
    Member,
    ResumePoint,
)
from logdrum_protocol.timeline import position_at
from tests.protocol.histories import histories

VECTORS = Path(__file__).parents[2] / "protocol" / "vectors"
NOW_US = 1_795_358_354_776_555
ASSET = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
MEMBER = Member(session="s-thandi", name="Thandi 🥁", color="#2fbf9b", role="owner")
TRANSPORT = h.Transport(
    rev=7,
    playing=True,
    anchor_tick=3840,
    anchor_us=NOW_US,
    bpm=112.5,
    numerator=4,
    denominator=4,
    loop=Loop(start_tick=0, end_tick=15_360),
    by="s-thandi",
)
STOPPED = msgspec.structs.replace(TRANSPORT, playing=False, loop=None, by=None)
NOTE = Op(
    op="put",
    kind="note",
    id="note_0001",
    props=Props(clip="clip_0001", tick=240, length_ticks=120, pitch=41, velocity=100),
)
JOB = h.Job(
    job="j-1",
    kind="generate",
    by="s-thandi",
    state="running",
    progress=0.25,
    params=JobParams(prompt="private school, 112", bars=8, seed=4_294_967_295, start="bar", stems=True),
    op_id="op-2",
)
FAILED = msgspec.structs.replace(
    JOB, state="failed", error=Failure(code="engine_lost", message="The engine stopped twice.")
)
CHOSEN = msgspec.structs.replace(
    JOB,
    choices=(
        Choice(what="style", value="private school", why='you said "private school"'),
        Choice(what="added", value="airy pads", why="the genre's space (melodigging)"),
    ),
)
SCORED = h.Job(
    job="j-2",
    kind="score",
    by="s-thandi",
    state="done",
    progress=1.0,
    params=JobParams(asset=ASSET),
    conformance=Conformance(
        value=0.71,
        low=0.58,
        high=0.83,
        version="1",
        genre="amapiano",
        fitted_on="renders of a synthesiser",
        components=(Component(name="tempo", value=1.0, weight=0.1, reason="112.0 BPM, within 108 to 115"),),
    ),
    verdict="accept",
)
STREAM = h.StreamOpen(
    stream="j-1.log_drum",
    job="j-1",
    stem="log_drum",
    sample_rate=48_000,
    channels=2,
    codec="pcm_s16le",
    anchor_tick=3840,
    bpm=112.5,
    epoch=0,
    start_sample=0,
)
CHAT = h.Chat(seq=12, session="s-thandi", name="Thandi 🥁", text="Ngiyabonga, that log drum!", at_us=NOW_US)

SOUND = h.Asset(seq=11, asset=ASSET, name="vocals.flac", samples=96_000, sample_rate=44_100, channels=2, by=None)
VERSION = h.Version(
    seq=16, version="v-1", name="Before the drop", by="s-thandi", author="Thandi 🥁", at_us=NOW_US, op_id="op-7"
)

CLIENT: dict[str, c.ClientMessage] = {
    "hello": c.Hello(name="Thandi 🥁", codecs=("pcm_s16le", "flac"), color="#2fbf9b", buffer_ms=4000),
    "hello that resumes": c.Hello(
        name="Thandi", token="t", resume=ResumePoint(session="s-thandi", key="k", epoch=3, seq=11)
    ),
    "clock.ping with a fraction": c.ClockPing(t0=1234.5678),
    "clock.ping with an integer": c.ClockPing(t0=-(2**53)),
    "transport.set plays on the bar": c.TransportSet(op_id="op-1", playing=True, tick=0, bpm=112.5, quantum="bar"),
    "transport.set clears the loop": c.TransportSet(op_id="op-1", loop=None),
    "transport.set loops in 6/8": c.TransportSet(
        op_id="op-1", numerator=6, denominator=8, loop=Loop(start_tick=0, end_tick=11_520)
    ),
    "edit": c.Edit(op_id="op-3", ops=(NOTE, Op(op="delete", kind="marker", id="marker_1"))),
    "edit sets a gain": c.Edit(
        op_id="op-4", ops=(Op(op="set", kind="track", id="track_01", props=Props(gain_db=-6.0)),)
    ),
    "undo": c.Undo(),
    "undo that may be asked again": c.Undo(op_id="op-6"),
    "redo": c.Redo(),
    "version.save": c.VersionSave(op_id="op-7", name="Before the drop"),
    "version.list": c.VersionList(op_id="op-8"),
    "version.restore": c.VersionRestore(op_id="op-9", version="v-1"),
    "version.delete": c.VersionDelete(op_id="op-10", version="v-1"),
    "presence": c.SetPresence(state={"tick": 960, "focus": None, "selection": ("clip_0001",), "y": 0.5, "live": True}),
    "chat": c.SendChat(text="Ngiyabonga, that log drum!"),
    "chat that may be said again": c.SendChat(text="Ngiyabonga!", op_id="op-11"),
    "note.live": c.PlayNote(track="track_01", pitch=41, velocity=100, at_us=NOW_US),
    "job.submit generate": c.JobSubmit(
        op_id="op-2",
        kind="generate",
        params=JobParams(prompt="private school, 112", bars=8, key="F minor", start="bar"),
    ),
    "job.submit generate at a tick": c.JobSubmit(
        op_id="op-2", kind="generate", params=JobParams(prompt="", start=7680, stems=False)
    ),
    "job.submit separate": c.JobSubmit(
        op_id="op-5", kind="separate", params=JobParams(asset=ASSET, stems=("drums", "log_drum"))
    ),
    "job.submit separate what is made": c.JobSubmit(
        op_id="op-5", kind="separate", params=JobParams(job="job-1", model="htdemucs", shifts=2, overlap=0.25)
    ),
    "job.submit generate with what the genre adds": c.JobSubmit(
        op_id="op-2",
        kind="generate",
        params=JobParams(prompt="jazzy", section="drop", genre="amapiano", level="fusion", enrich=False),
    ),
    "job.submit generate that plays a clip": c.JobSubmit(
        op_id="op-2", kind="generate", params=JobParams(clip="clip_0001")
    ),
    "job.submit generate that plays all clips": c.JobSubmit(
        op_id="op-2", kind="generate", params=JobParams(model="groove", clip="*")
    ),
    "job.submit score": c.JobSubmit(op_id="op-12", kind="score", params=JobParams(asset=ASSET)),
    "job.notes": c.JobNotes(op_id="op-13", job="j-1"),
    "job.notes at a tick": c.JobNotes(op_id="op-13", job="j-1", tick=30_720),
    "settings.set": c.SettingsSet(op_id="op-14", threshold=0.6),
    "job.cancel": c.JobCancel(job="j-1"),
    "job.steer": c.JobSteer(job="j-1", params=JobParams(prompt="darker")),
}

HUB: dict[str, h.HubMessage] = {
    "welcome": h.Welcome(
        session="s-thandi",
        key="k",
        room="sunset",
        role="owner",
        epoch=3,
        seq=12,
        now_us=NOW_US,
        recovered=False,
        transport=TRANSPORT,
        members=(MEMBER,),
        jobs=(JOB,),
        streams=(STREAM,),
        limits=Limits(),
        snapshot=h.Snapshot(
            entities=(Entity(kind="track", id="track_01", props=Props(name="Keys")),),
            assets=(SOUND,),
            versions=(VERSION,),
            chat=(CHAT,),
            settings=h.RoomSettings(seq=10, by="s-thandi", threshold=0.6),
        ),
    ),
    "welcome that recovered": h.Welcome(
        session="s-thandi",
        key="k",
        room="sunset",
        role="editor",
        epoch=3,
        seq=12,
        now_us=NOW_US,
        recovered=True,
        transport=STOPPED,
        members=(),
        jobs=(),
        streams=(),
        limits=Limits(),
    ),
    "clock.pong": h.ClockPong(t0=1234.5678, received_us=NOW_US, sent_us=NOW_US + 12),
    "transport": TRANSPORT,
    "transport stopped": STOPPED,
    "member.joined": h.MemberJoined(member=MEMBER),
    "member.left": h.MemberLeft(session="s-thandi", reason="lost"),
    "presence": h.Presence(session="s-thandi", state={"tick": 960}),
    "chat": CHAT,
    "note.live": h.NoteLive(session="s-thandi", track="track_01", pitch=41, velocity=0, at_us=NOW_US),
    "applied": h.Applied(seq=13, op_id="op-3", by="s-thandi", ops=(NOTE,)),
    "applied undo": h.Applied(
        seq=14, op_id="undo-14", by="s-thandi", ops=(Op(op="delete", kind="note", id="note_0001"),), via="undo"
    ),
    "applied restore that changes nothing": h.Applied(
        seq=15, op_id="op-9", by="s-thandi", ops=(), via="restore", version="v-1"
    ),
    "applied notes": h.Applied(seq=18, op_id="op-13", by="s-thandi", ops=(NOTE,), via="notes"),
    "settings": h.RoomSettings(seq=19, by="s-thandi", threshold=0.6, op_id="op-14"),
    "job with its choices": CHOSEN,
    "job scored": SCORED,
    "version": VERSION,
    "version.list": h.Versions(op_id="op-8", versions=(VERSION,)),
    "version.deleted": h.VersionDeleted(seq=17, version="v-1", by="s-thandi", op_id="op-10"),
    "rejected": h.Rejected(op_id="op-3", code="bad_reference", message="There is no clip 'clip_0001'."),
    "job": JOB,
    "job failed": FAILED,
    "stream.open": STREAM,
    "chunk": h.Chunk(
        stream="j-1.log_drum", epoch=0, start_sample=4800, samples=2, data=bytes.fromhex("00010002ff7f0080")
    ),
    "stream.epoch": h.StreamEpoch(stream="j-1.log_drum", epoch=1, start_sample=102_400, bpm=118.0),
    "stream.gap": h.StreamGap(stream="j-1.log_drum", from_sample=4800, to_sample=9600),
    "stream.close": h.StreamClose(stream="j-1.log_drum", samples=822_857, asset=ASSET),
    "stream.close without an asset": h.StreamClose(stream="j-1.log_drum", samples=0, asset=None),
    "asset": SOUND,
    "error": h.Error(code="bad_message", message="Bad 'chat' message: Expected `str` - at `$.text`", op_id="op-9"),
    "error without an operation": h.Error(code="rate_limited", message="Too many messages; the last was dropped."),
}

_DEEP = b"\x82\xa4type\xa4undo\xa1x" + b"\x91" * 2000 + b"\xc0"

INVALID: list[tuple[str, str, bytes, str]] = [
    ("no bytes", "client", b"", "bad_message"),
    ("a number", "client", b"\x07", "bad_message"),
    ("an array", "client", msgpack.packb(["chat"]), "bad_message"),
    ("a map without a type", "client", msgpack.packb({"text": "hi"}), "bad_message"),
    ("a type that is no text", "client", msgpack.packb({"type": 7}), "bad_message"),
    ("a truncated map", "client", msgpack.packb({"type": "chat", "text": "hi"})[:-1], "bad_message"),
    ("bytes after the map", "client", msgpack.packb({"type": "undo"}) + b"\xc0", "bad_message"),
    ("bad UTF-8", "client", b"\x82\xa4type\xa4chat\xa4text\xa2\xff\xfe", "bad_message"),
    ("bad UTF-8 in the type", "client", b"\x81\xa4type\xa2\xff\xfe", "bad_message"),
    ("an array of 4 billion", "client", b"\x82\xa4type\xa4undo\xa1x\xdd\xff\xff\xff\xff", "bad_message"),
    ("nesting 2,000 deep", "client", _DEEP, "bad_message"),
    ("an unknown type", "client", msgpack.packb({"type": "dance"}), "unknown_type"),
    ("a hub's message", "client", msgpack.packb({"type": "welcome"}), "unknown_type"),
    ("a missing field", "client", msgpack.packb({"type": "chat"}), "bad_message"),
    ("a wrong type", "client", msgpack.packb({"type": "chat", "text": 7}), "bad_message"),
    ("an empty chat", "client", msgpack.packb({"type": "chat", "text": ""}), "bad_message"),
    ("NaN", "client", msgpack.packb({"type": "clock.ping", "t0": math.nan}), "bad_message"),
    ("infinity", "client", msgpack.packb({"type": "transport.set", "op_id": "a", "bpm": math.inf}), "bad_message"),
    ("19 BPM", "client", msgpack.packb({"type": "transport.set", "op_id": "a", "bpm": 19.9}), "bad_message"),
    (
        "a bar of thirds",
        "client",
        msgpack.packb({"type": "transport.set", "op_id": "a", "denominator": 3}),
        "bad_message",
    ),
    (
        "a loop that ends before it starts",
        "client",
        msgpack.packb({"type": "transport.set", "op_id": "a", "loop": {"start_tick": 960, "end_tick": 960}}),
        "bad_message",
    ),
    (
        "a short entity id",
        "client",
        msgpack.packb({"type": "edit", "op_id": "a", "ops": [{"op": "delete", "kind": "clip", "id": "x"}]}),
        "bad_message",
    ),
    ("a client's message", "hub", msgpack.packb({"type": "hello", "name": "x"}), "unknown_type"),
    (
        "a chunk without data",
        "hub",
        msgpack.packb({"type": "chunk", "stream": "s", "epoch": 0, "start_sample": 0, "samples": 0}),
        "bad_message",
    ),
]


def build() -> dict[str, list[dict[str, Any]]]:
    """Return every vector file by name."""
    return {
        "client.json": [_entry("client", name, message) for name, message in CLIENT.items()],
        "hub.json": [_entry("hub", name, message) for name, message in HUB.items()],
        "invalid.json": [
            {"name": name, "direction": direction, "hex": frame.hex(), "error": error}
            for name, direction, frame, error in INVALID
        ],
        "timeline.json": [_timeline(name, transport) for name, transport in _TRANSPORTS.items()],
        "documents.json": histories(),
    }


def _entry(direction: str, name: str, message: c.ClientMessage | h.HubMessage) -> dict[str, Any]:
    frame = encode(message)
    plain = msgpack.unpackb(frame)
    return {"name": name, "direction": direction, "hex": frame.hex(), "message": _jsonable(plain)}


def _jsonable(value: Any) -> Any:
    if isinstance(value, bytes):
        return {"$bytes": value.hex()}
    if isinstance(value, dict):
        return {key: _jsonable(item) for key, item in value.items()}
    return [_jsonable(item) for item in value] if isinstance(value, list) else value


_TRANSPORTS = {
    "stopped": STOPPED,
    "looping": TRANSPORT,
    "free": msgspec.structs.replace(TRANSPORT, loop=None),
    "past the loop's end": msgspec.structs.replace(TRANSPORT, anchor_tick=20_000),
    "before a loop further on": msgspec.structs.replace(TRANSPORT, loop=Loop(start_tick=7680, end_tick=9600)),
}


def _timeline(name: str, transport: h.Transport) -> dict[str, Any]:
    moments = [
        NOW_US + offset for offset in (-1_000_000, 0, 1, 500_000, 2_133_333, 6_399_999, 6_400_000, 3_600_000_000)
    ]
    cases = [{"at_us": at_us, "tick": position_at(transport, at_us)} for at_us in moments]
    return {"name": name, "transport": msgpack.unpackb(encode(transport)), "cases": cases}


def text(entries: list[dict[str, Any]]) -> str:
    """Return a vector file's text, an entry a line."""
    rows = ",\n".join(json.dumps(entry, ensure_ascii=False) for entry in entries)
    return f"[\n{rows}\n]\n"


if __name__ == "__main__":
    for file, entries in build().items():
        (VECTORS / file).write_text(text(entries), encoding="utf-8")
