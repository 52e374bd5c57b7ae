"""What stories found about separations and what is stored of them, each as small as it can be said (A2, A8, D7, J3)."""

import random
from collections.abc import Iterator

import pytest

from logdrum_protocol.bounds import SAMPLE_RATE
from logdrum_protocol.client_messages import ClientMessage, JobSubmit, SendChat, TransportSet
from logdrum_protocol.engine_messages import JobAudio, JobStarted
from logdrum_protocol.hub_messages import Asset
from logdrum_protocol.records import JobParams
from logdrum_server.core.ledger import record
from tests.simulation.disk import Disk
from tests.simulation.hub import SimulatedDoors, SimulatedHub, decode_event
from tests.simulation.link import Link
from tests.simulation.member import Member
from tests.simulation.run import small_world
from tests.simulation.sound import sound

NOW_US = 1_000_000_000
STEMS = ("mix", "vocals", "other")
TICK = 1_792
P = SAMPLE_RATE
N = 2 * SAMPLE_RATE
SOUND = Asset(seq=1, asset="a" * 64, name="song.mp3", samples=N, sample_rate=SAMPLE_RATE, channels=2, by=None)
"""It is entered with its sample `P`, which sounds at `TICK`."""


class Studio:
    """A hub, a disk and one member, who is there."""

    def __init__(self) -> None:
        self.disk = Disk(decode_event)
        self.hub = SimulatedHub(self.disk, SimulatedDoors(), random.Random(4), NOW_US)
        self.hub.start_engine(NOW_US)
        self.member, self.link = Member("Thandi", listens=False), Link(NOW_US)
        self.member.connect(self.link)
        self.pass_on()

    def say(self, message: ClientMessage) -> None:
        """Have the member say something, which the hub hears; the engine does nothing."""
        self.member.say(message)
        while self.link.up:
            self.hub.take(self.link, NOW_US, listens=False)
        self.hear()

    def hear(self) -> None:
        """Have the member hear what was said."""
        while self.link.wire.frames:
            self.member.take(self.link.receive())

    def pass_on(self) -> None:
        """Carry everything up and down, and have the engine do all that it may."""
        for _ in range(50):
            while self.link.up:
                self.hub.take(self.link, NOW_US, listens=False)
            assert self.hub.engine is not None
            self.hub.engine.obey()
            self.hub.engine.render()
            message = self.hub.engine.say()
            if message is not None:
                self.hub.hear_engine(message, NOW_US)
            self.hear()


@pytest.fixture
def studio() -> Iterator[Studio]:
    with small_world(0):
        made = Studio()
        yield made
        made.hub.close()


@pytest.mark.parametrize("keeps", [True, False])
def test_d7_nothing_is_stored_into_a_room_that_was_let_go(studio: Studio, keeps: bool) -> None:
    studio.member.say(JobSubmit(op_id="g", kind="generate", params=JobParams(prompt="deep", bars=1)))
    studio.pass_on()
    assert [job.view.state for job in studio.hub.state.jobs.values()] == ["done"]
    studio.member.say(SendChat(op_id="c", text="what the disk fails over"))
    studio.pass_on()
    studio.disk.fail(keeps=keeps)
    studio.hub.store()
    studio.disk.write()
    studio.disk.announce()
    assert len(studio.disk.log) == keeps


def test_a2_an_engine_that_is_lost_behind_the_last_sample_voids_next_to_nothing(studio: Studio) -> None:
    job = separated_from_within(studio)
    studio.hub.lose_engine()
    studio.hub.start_engine(NOW_US)
    studio.hub.hear_engine(JobStarted(job=job, stems=STEMS, samples=N), NOW_US)
    studio.hear()
    for stem in STEMS:
        stream = studio.member.view.streams[f"{job}.{stem}"]
        assert stream.head_sample >= P + N - 1


def test_a3_who_joins_while_a_job_is_queued_again_hears_of_its_next_epoch(studio: Studio) -> None:
    job = separated_from_within(studio)
    studio.hub.lose_engine()
    late, link = Member("Sipho", listens=False), Link(NOW_US)
    late.connect(link)
    studio.hub.take(link, NOW_US, listens=False)
    studio.hub.start_engine(NOW_US)
    assert late.view is None
    late.take(link.receive())
    assert late.view is not None
    assert late.view.streams[f"{job}.vocals"].opened.epoch < studio.hub.room.tapes[f"{job}.vocals"].epoch


def separated_from_within(studio: Studio) -> str:
    """A sound that was separated from within, all of it; that it is done the engine is yet to say."""
    studio.hub.room.apply(record(studio.hub.state, SOUND))
    studio.disk.write()
    studio.disk.announce()
    studio.say(TransportSet(op_id="t", tick=TICK))
    studio.say(JobSubmit(op_id="s", kind="separate", params=JobParams(asset=SOUND.asset, start=0)))
    (job,) = studio.hub.state.jobs
    assert studio.hub.state.jobs[job].first == P
    studio.hub.hear_engine(JobStarted(job=job, stems=STEMS, samples=N), NOW_US)
    for stem in STEMS:
        for start, samples in ((P, N - P), (N, P)):
            data = sound(job, stem, 0, start, samples)
            message = JobAudio(job=job, stem=stem, epoch=0, start_sample=start, samples=samples, data=data)
            studio.hub.hear_engine(message, NOW_US)
    studio.hear()
    return job
