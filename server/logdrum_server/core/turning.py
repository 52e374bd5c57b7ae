"""A new epoch of a job's streams, for the tapes and for everybody (A3)."""

from logdrum_protocol import bounds as b
from logdrum_protocol.hub_messages import StreamEpoch
from logdrum_server.core.effects import Effect, RewindTape, TellAll
from logdrum_server.core.state import JobRecord


def new_epoch(job: JobRecord, sample: b.Sample, *, clear: bool) -> list[Effect]:
    """Void a job's audio from `sample` on, all of it where `clear`."""
    effects: list[Effect] = []
    start = job.course.address(sample)
    for stem in job.stems:
        stream = job.stream_id(stem)
        effects.append(RewindTape(stream, job.epoch, sample, clear))
        effects.append(TellAll(StreamEpoch(stream=stream, epoch=job.epoch, start_sample=start, bpm=job.bpm)))
    return effects
