"""Where a room listens in its tapes, and how far its listeners have come (A6, A7)."""

from collections.abc import Mapping

from logdrum_protocol import bounds as b
from logdrum_protocol.timeline import effective
from logdrum_server.core import pace
from logdrum_server.core.state import RoomState
from logdrum_server.tape import Tape

Tapes = Mapping[b.StreamId, Tape]


def place(tapes: Tapes, state: RoomState, now_us: int) -> None:
    """Tell every tape where the room listens."""
    transport = effective(state.transports, now_us + pace.HORIZON_US)  # a seek's target is sent for before it
    for job in state.jobs.values():
        playhead = pace.playhead_sample(transport, job, now_us)
        for stem in job.stems:
            tapes[job.stream_id(stem)].set_playhead(playhead)


def quickest(tapes: Tapes, state: RoomState) -> Mapping[b.JobId, b.Sample]:
    """How far the quickest reader of each bounded job has come; a job without readers is not held back."""
    furthest: dict[b.JobId, b.Sample] = {}
    for job in state.jobs.values():
        if job.endless or job.view.state != "running":
            continue
        readers = [reader.next for stem in job.stems for reader in tapes[job.stream_id(stem)].readers]
        if readers:
            furthest[job.job] = max(readers)
    return furthest
