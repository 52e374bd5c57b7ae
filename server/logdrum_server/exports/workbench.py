"""Carries out tasks, without the hub: bytes and files in, bytes and files out (X2 to X6)."""

import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Final, assert_never

import msgspec

from logdrum_protocol.codec import encode
from logdrum_protocol.errors import ErrorCode
from logdrum_protocol.hub_messages import Event
from logdrum_server.assets import no_space
from logdrum_server.core.checkpoint import DamagedBody, decode_entities, encode_entities, encode_history, replayed
from logdrum_server.core.history import History
from logdrum_server.errors import RequestError
from logdrum_server.exports.arrangement import Arrangement, Stem, arrangement_of
from logdrum_server.exports.dawproject import write_dawproject
from logdrum_server.exports.midi import write_midi
from logdrum_server.exports.mix_order import check_stems, order_mix, order_stems, plan_mix, stem_names
from logdrum_server.exports.room_file import Head, RoomFileWriter
from logdrum_server.exports.room_reading import RoomFile
from logdrum_server.exports.tasks import (
    Kept,
    KeptVersion,
    ListVersions,
    MakeDawproject,
    MakeMidi,
    MakeRoomFile,
    MixAccount,
    Outcome,
    PlanMix,
    Planned,
    ReadRoomFile,
    Refused,
    Task,
    Verified,
    Versions,
    Written,
)
from logdrum_server.storage.contract import KEPT_EVENTS

_SPARE_BYTES: Final = 512 * 1024 * 1024
"""What an export leaves of the disk to the rooms."""

_events: Final = msgspec.msgpack.Decoder[Event](Event)


def carry_out(task: Task) -> Outcome:
    """Do a task; what is wrong is in the outcome."""
    try:
        return _done(task)
    except RequestError as fault:
        return Refused(fault.status, fault.code, fault.message)
    except FileNotFoundError:
        return Refused(500, ErrorCode.INTERNAL, "A sound of this room is missing on the hub's disk.")
    except OSError as fault:
        refusal = no_space(fault)
        return Refused(refusal.status, refusal.code, refusal.message)


def _done(task: Task) -> Outcome:
    match task:
        case MakeMidi():
            write_midi(_arrangement(task.kept), Path(task.out))
            return Written()
        case MakeDawproject():
            return _make_dawproject(task)
        case MakeRoomFile():
            return _make_room_file(task)
        case ListVersions():
            return Versions(tuple(_history(task.kept).versions))
        case PlanMix():
            return _plan_mix(task)
        case ReadRoomFile():
            return _read_room_file(task)
        case _:
            assert_never(task)


def _history(kept: Kept) -> History:
    try:
        return replayed(kept.checkpoint, kept.events)
    except DamagedBody as fault:
        raise RequestError(503, ErrorCode.INTERNAL, "This room cannot be read from the hub's disk.") from fault


def _arrangement(kept: Kept) -> Arrangement:
    history = _history(kept)
    stems = (
        Stem(id=it.id, name=it.name, asset=history.assets[it.asset], anchor_tick=it.anchor_tick, bpm=it.bpm)
        for it in kept.stems
        if it.asset in history.assets
    )
    return arrangement_of(kept.room, history.document, history.assets, kept.transport, stems)


def _make_dawproject(task: MakeDawproject) -> Written:
    arrangement, sounds = _arrangement(task.kept), Path(task.kept.sounds)
    assets = {clip.asset.asset for track in arrangement.tracks for clip in track.clips if clip.asset}
    _check_space(Path(task.out), _size(sounds / asset for asset in assets))
    write_dawproject(arrangement, sounds, Path(task.out))
    return Written()


def _make_room_file(task: MakeRoomFile) -> Written:
    kept, history, sounds = task.kept, _history(task.kept), Path(task.kept.sounds)
    _check_space(Path(task.out), _size(sounds / asset for asset in history.assets))
    writer = RoomFileWriter(Path(task.out))
    try:
        for version in task.versions:
            if version.version in history.versions:
                entities = decode_entities(Path(version.path).read_bytes())
                writer.add_version(history.versions[version.version], entities)
        newest = tuple(_events.decode(body) for body in kept.events[-KEPT_EVENTS:])
        writer.add_history(Head(room=kept.room, epoch=kept.epoch, seq=history.seq), history, kept.transport, newest)
        for asset in history.assets.values():
            writer.add_sound(asset, sounds / asset.asset)
    finally:
        writer.close()
    return Written()


def _plan_mix(task: PlanMix) -> Planned:
    plan, folder, sounds = plan_mix(_arrangement(task.kept)), Path(task.folder), Path(task.kept.sounds)
    names = stem_names(plan.tracks, task.format) if task.stems else []
    if task.stems:
        check_stems(plan)
        order = order_stems(plan, task.mix, sounds, [folder / name for name in names], task.format)
    else:
        order = order_mix(plan, task.mix, sounds, folder / "mix", task.format)
    _check_space(folder / "mix", plan.mix_bytes * (len(names) + 1))
    account = MixAccount(
        bpm=plan.arrangement.bpm,
        samples=plan.samples,
        tracks=tuple(track.name for track in plan.tracks),
        files=tuple(names),
        silenced=tuple(track.name for track in plan.silenced),
    )
    return Planned(order=order, account=account)


def _read_room_file(task: ReadRoomFile) -> Verified:
    file, folder = RoomFile(Path(task.path), task.limits), Path(task.folder)
    try:
        for asset in file.snapshot.assets:
            file.unpack(asset, folder / asset.asset)
        versions = tuple(_lay_out(file, folder, number) for number in range(1, len(file.snapshot.versions) + 1))
    finally:
        file.close()
    checkpoint = folder / "checkpoint"
    checkpoint.write_bytes(encode_history(file.history))
    return Verified(
        seq=file.head.seq,
        transport=file.transport,
        events=tuple(encode(event) for event in file.events),
        checkpoint=str(checkpoint),
        versions=versions,
        assets=file.snapshot.assets,
        tracks=file.history.document.count("track"),
        clips=file.history.document.count("clip"),
        notes=file.history.document.count("note"),
    )


def _lay_out(file: RoomFile, folder: Path, number: int) -> KeptVersion:
    path = folder / f"version-{number}"
    path.write_bytes(encode_entities(file.version(number)))
    return KeptVersion(file.snapshot.versions[number - 1].version, str(path))


def _size(files: Iterable[Path]) -> int:
    return sum(file.stat().st_size for file in files)


def _check_space(out: Path, needed_bytes: int) -> None:
    if shutil.disk_usage(out.parent).free < needed_bytes + _SPARE_BYTES:
        raise RequestError(507, ErrorCode.NO_SPACE, "The hub's disk has no room to make this file.")
