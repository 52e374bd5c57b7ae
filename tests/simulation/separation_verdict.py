"""What must hold of separations once everything is quiet: all is there, once, and everybody heard it (J3, J11, Q10)."""

import asyncio
from collections.abc import Iterator

from logdrum_client.audio import Audio, StemReader, stem_audio
from logdrum_client.errors import AudioGone
from logdrum_client.feed import Feed
from logdrum_client.line import StreamEvent
from logdrum_protocol import bounds as b
from logdrum_protocol.hub_messages import StreamEpoch
from logdrum_server.core.state import LIVE, MIX, JobRecord, RoomState
from logdrum_server.tape import Tape
from tests.simulation.ears import Ear
from tests.simulation.hub import SimulatedHub
from tests.simulation.story import Story


def judge_separations(story: Story) -> None:
    """Raise an AssertionError where the separations of a story are not as they should be."""
    hub = story.hub
    assert hub is not None
    assert hub.engine is not None
    jobs = [job for job in hub.state.jobs.values() if job.view.kind == "separate"]
    for job in jobs:
        _check_state(hub.state, job)
        _check_engine(hub, job)
        _check_stored(hub, job)
        _check_fed(hub, job)
    left = set(hub.engine.separations.under_way) - {job.job for job in jobs}
    assert not left, f"the engine separates what nobody has asked for any more: {left}"
    begun = {job.job for job in jobs if job.view.state in LIVE and job.attempts}
    assert hub.folders.standing == begun, f"there are folders of {hub.folders.standing}, and {begun} are under way"
    for job in hub.state.jobs.values():
        for stem in job.stems:
            _check_heard(story, hub, job, stem)


def _check_state(state: RoomState, job: JobRecord) -> None:
    source = state.jobs.get(str(job.view.params.job))
    assert 0 <= job.view.progress <= 1, f"{job.job} has come to {job.view.progress}"
    if job.waits:
        assert job.view.state == "queued", f"{job.job} waits, and is {job.view.state}"
        assert source is not None, f"{job.job} waits for what is gone"
        assert source.view.state in LIVE, f"{job.job} waits for {source.job}, which is {source.view.state}"
        assert not source.endless or not source.stems, f"{job.job} waits for {source.job}, which has begun"
    elif job.is_fed:
        goes_on = source is not None and source.view.state in LIVE
        assert goes_on == (job.view.state == "running"), f"{job.job} is {job.view.state}, and its source not"
        _check_place(job, source)
    else:
        assert job.view.state == "done", f"{job.job} is {job.view.state}, and should be done"
        assert job.heads == dict.fromkeys(job.stems, job.course.end), f"{job.job} is done, and has {job.heads}"


def _check_place(job: JobRecord, source: JobRecord | None) -> None:
    if source is None or source.view.state != "running":
        return
    assert (job.anchor_tick, job.bpm) == (source.anchor_tick, source.bpm), f"{job.job} lies beside {source.job}"
    assert max(job.heads.values()) <= source.head, f"{job.job} is further than {source.job}: {job.heads}"


def _check_engine(hub: SimulatedHub, job: JobRecord) -> None:
    """What the engine was last told is what the room has settled on."""
    assert hub.engine is not None
    separation = hub.engine.separations.under_way.get(job.job)
    assert (job.view.state == "running") == (separation is not None), (
        f"{job.job} is {job.view.state}, not so the engine's"
    )
    if separation is None:
        return
    assert separation.epoch == job.epoch, f"{job.job} is in {job.epoch}, the engine in {separation.epoch}"
    assert separation.heads == job.heads, f"{job.job} lacks audio: {job.heads}, not {separation.heads}"
    source = hub.state.jobs[str(job.view.params.job)]
    fed = {stem: until for stem, (_, until) in separation.fed.items()}
    there = {stem: head for stem, head in source.heads.items() if head > job.first}
    assert all(fed.get(stem) == head for stem, head in there.items()), (
        f"{job.job} is fed up to {fed}, of {source.heads}"
    )


def _check_fed(hub: SimulatedHub, job: JobRecord) -> None:
    """What a separation was fed in its present epoch is its source as that has settled (Q10)."""
    for (name, epoch, stem), pieces in hub.fed.items():
        if (name, epoch) != (job.job, job.epoch):
            continue
        for piece in pieces:
            settled = hub.turns.sound(str(job.view.params.job), stem, piece.start_sample, piece.samples)
            assert piece.data == settled, f"{name} has heard of {stem} what is void, at {piece.start_sample}"


def _check_stored(hub: SimulatedHub, job: JobRecord) -> None:
    """What is done is a sound of the room, but for what could not be kept."""
    if job.view.state != "done":
        assert not job.stored, f"{job.job} is {job.view.state}, and stored"
        return
    assert set(job.stored) == set(job.stems), f"{job.job} is done, and only {set(job.stored)} is closed"
    assert job.stored.get(MIX) is None, f"{job.job} stores its source once more"
    for asset in job.stored.values():
        if asset is not None:
            assert asset in hub.state.settled.assets, f"{job.job} is stored as what the room does not have"


def _check_heard(story: Story, hub: SimulatedHub, job: JobRecord, stem: b.Stem) -> None:
    stream = job.stream_id(stem)
    tape = hub.room.tapes[stream]
    for number, member in enumerate(story.members):
        ear = member.ears.ears.get(stream)
        assert ear is not None, f"{member.name} does not know {stream}"
        if job.view.kind != "separate":
            continue
        is_late = ear.nexts is not None and job.heads[stem] not in ear.nexts and not job.endless
        assert not is_late, f"{member.name} has heard {stream} up to {ear.nexts}, and it is at {job.heads}"
        if number < 2:
            _check_whole(hub, job, tape, ear, member.name)


def _check_whole(hub: SimulatedHub, job: JobRecord, tape: Tape, ear: Ear, name: str) -> None:
    """Whoever reads on by the addresses, and fetches what did not come, has all of it, in order and once (A2, A4)."""
    stem = ear.stream.opened.stem
    heard: list[tuple[b.Sample, bytes]] = []
    for start, data in _read(hub, tape, ear):
        if not data:
            continue
        heard = [_cut(*one, start) for one in heard if one[0] < start]
        heard.append((start, data))
    # An epoch may end where it begins, and begin far from where the one before it ended (A9).
    heard = [_cut(*one, tape.head) for one in heard if one[0] < tape.head and one[0] + len(one[1]) > job.first]
    at = None
    for start, data in heard:
        assert at is None or start == at, f"{name} has {tape.stream} up to {at}, then from {start}"
        at = start + len(data)
        rendered = hub.turns.sound(job.job, stem, start, len(data))
        assert data == rendered, f"{name} has other samples of {tape.stream} from {start} to {at}"
    if job.endless:
        return  # it is sent as it is heard (A7)
    end = job.heads[stem]
    assert at in (None, end), f"{name} has {tape.stream} up to {at}, and it ends at {end}"
    if job.course.length:
        assert heard, f"{name} has nothing of {tape.stream}"
        assert heard[0][0] == job.first, f"{name} has {tape.stream} from {heard[0][0]}, and it begins at {job.first}"


def _cut(start: b.Sample, data: bytes, end: b.Sample) -> tuple[b.Sample, bytes]:
    return start, data[: end - start]


def _unvoided(ear: Ear, audio: Audio) -> tuple[b.Sample, bytes]:
    """What of some audio no later epoch has made void, whether or not anything of that has come."""
    start = ear.stream.count(audio.start_sample)
    turns = [event for event in ear.events if isinstance(event, StreamEpoch) and event.epoch > audio.epoch]
    end = min((ear.place(turn.start_sample) for turn in turns), default=start + len(audio.data))
    return _cut(start, audio.data, max(start, end))


def _read(hub: SimulatedHub, tape: Tape, ear: Ear) -> Iterator[tuple[b.Sample, bytes]]:
    events: Feed[StreamEvent] = Feed(limit=2**30)
    for event in ear.events:
        events.put(event)
    events.end()

    async def fetch(stream: str, start: int, end: int) -> bytes:
        places = tape.course.spans(start, end)
        if start >= end or any(first < tape.first or last > tape.head for first, last in places):
            raise AudioGone("")
        return b"".join([await hub.recorder.read(tape, *place) for place in places])

    opened = ear.stream.opened
    reader = StemReader(ear.stream, events, fetch, opened.start_sample, is_whole=ear.is_whole)

    async def read() -> list[tuple[b.Sample, bytes]]:
        return [_unvoided(ear, audio) async for audio in stem_audio(reader)]

    loop = asyncio.new_event_loop()
    try:
        yield from loop.run_until_complete(read())
    except AudioGone:
        assert tape.endless, f"{tape.stream} cannot be fetched"  # read at a story's end, what a seek has voided is gone
    finally:
        loop.close()
