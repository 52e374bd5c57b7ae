"""Where an export begins: a room as it is kept, with what only a room in memory knows (X1)."""

from collections.abc import Collection, Iterator

from logdrum_protocol import bounds as b
from logdrum_protocol.errors import ErrorCode
from logdrum_protocol.hub_messages import Transport
from logdrum_protocol.records import Limits
from logdrum_server.core.sources import source_job
from logdrum_server.core.state import MIX, JobRecord, RoomState, new_room
from logdrum_server.errors import RequestError
from logdrum_server.exports.tasks import Kept, StemPlace
from logdrum_server.hub import Hub, decode_transport
from logdrum_server.live_room import LiveRoom
from logdrum_server.storage.contract import StoredRoom


async def read_kept(hub: Hub, room: b.RoomId) -> Kept:
    """Return a room with everything that its members have been told (D7); raises `RequestError` where there is none."""
    live, stored = hub.rooms.get(room), await hub.read(hub.storage.read_room(room), room)
    if live is not None:
        epoch, transport, stems = live.state.epoch, live.state.transport, tuple(_stems(live))
    elif stored is not None:
        epoch, transport, stems = stored.epoch, _transport(room, stored), ()
    else:
        raise RequestError(404, ErrorCode.NOT_FOUND, "There is no such room.")
    return Kept(
        room=room,
        epoch=epoch,
        checkpoint=None if stored is None else stored.checkpoint,
        events=() if stored is None else stored.events,
        transport=transport,
        stems=stems,
        sounds=str(hub.assets.folder.resolve()),  # in full, for an engine that was started elsewhere
    )


def _transport(room: b.RoomId, stored: StoredRoom) -> Transport:
    transport = None if stored.transport is None else decode_transport(stored.transport)
    return transport or new_room(room, epoch=0, now_us=0, limits=Limits(), has_engine=False).transport


def _stems(live: LiveRoom) -> Iterator[StemPlace]:
    """The finished streams on the timeline of which a whole was kept, and nothing twice (A4, J11)."""
    kept = {job.job: tuple(_kept(live, job)) for job in live.state.jobs.values()}
    left_out = _said_twice(live.state, [name for name, stems in kept.items() if stems])
    for name, stems in kept.items():
        yield from () if name in left_out else stems


def _kept(live: LiveRoom, job: JobRecord) -> Iterator[StemPlace]:
    for stem in job.stems:
        stream = job.stream_id(stem)
        tape = live.tapes.get(stream)
        asset = None if tape is None else tape.asset
        if asset is not None:
            name = job.title(stem)
            yield StemPlace(id=stream, name=name, asset=asset, anchor_tick=job.anchor_tick, bpm=job.bpm)


def _said_twice(state: RoomState, kept: Collection[b.JobId]) -> set[b.JobId]:
    """Separations of what is exported as well, or what they separate where they have all of it (J11)."""
    left_out = set[b.JobId]()
    for name in kept:
        job = state.jobs[name]
        if job.view.kind != "separate":
            continue
        source = source_job(state, job)
        has_clip = (
            isinstance(clip := job.view.params.clip, str) and state.settled.document.get("clip", clip) is not None
        )
        if has_clip or (source is not None and source.job in left_out):
            left_out.add(name)
        elif source is not None and source.job in kept:
            left_out.add(source.job if _is_complete(job) else name)
    return left_out


def _is_complete(job: JobRecord) -> bool:
    """Whether the stems of a separation hold everything that was separated."""
    stems = [stem for stem in job.stems if stem != MIX]
    return not (job.is_fed and job.first) and all(job.stored.get(stem) for stem in stems)
