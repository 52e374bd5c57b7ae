"""A room with its connections and tapes (H4, A6)."""

from pathlib import Path

import pytest

from logdrum_protocol import client_messages as c
from logdrum_protocol.engine_messages import JobStarted
from logdrum_protocol.errors import CloseCode, ErrorCode
from logdrum_protocol.records import JobParams, Limits, ResumePoint
from logdrum_server.committer import Committer
from logdrum_server.config import Config
from logdrum_server.core.jobs import Ticket
from logdrum_server.core.state import new_room
from logdrum_server.counts import Counts
from logdrum_server.doors.doors import open_doors
from logdrum_server.doors.tokens import Pass
from logdrum_server.errors import RequestError
from logdrum_server.live_room import LiveRoom
from logdrum_server.recorder import Recorder
from logdrum_server.services import Services
from logdrum_server.storage.memory import MemoryStorage
from tests.server.rooms import READY, SOUND, START_US, STEMS
from tests.server.test_lanes import Ears


class FakePeer:
    """A connection that remembers why it was ended."""

    def __init__(self) -> None:
        self.lanes = Ears().lanes
        self.code: CloseCode | None = None

    def end(self, code: CloseCode, reason: str) -> None:
        self.code = code


def services(folder: Path, again: list[LiveRoom] | None = None) -> Services:
    """What a room needs of its hub, without one."""
    again = [] if again is None else again
    return Services(
        recorder=Recorder(folder),
        committer=Committer(MemoryStorage()),
        doors=open_doors(Config(data=folder)),
        counts=Counts(),
        draw=lambda: Ticket("t", 0),
        command=lambda _: None,
        unsent=lambda: 0,
        finish=lambda *_: None,
        forget_files=lambda _: None,
        load_version=lambda *_: None,
        read_again=again.append,
    )


async def test_h4_a_connection_that_was_replaced_follows_no_stream_any_more(tmp_path: Path) -> None:
    state = new_room("sunset", epoch=5, now_us=START_US, limits=Limits(), has_engine=True)
    room = LiveRoom(state, services(tmp_path))
    room.hear_engine(READY, START_US)
    old, new = FakePeer(), FakePeer()
    anyone = Pass(None, None, "sunset")
    session = room.join(old, c.Hello(name="Thandi"), anyone, START_US)
    assert session is not None
    room.receive(session, c.JobSubmit(op_id="a", kind="generate", params=JobParams(prompt="x")), START_US)
    room.hear_engine(JobStarted(job=next(iter(room.state.jobs)), stems=STEMS, samples=None), START_US)
    key = room.services.doors.resume_key("sunset", session, 5)
    resume = ResumePoint(session=session, key=key, epoch=5, seq=0)
    room.join(new, c.Hello(name="Thandi", resume=resume), anyone, START_US)
    room.part(old, session, START_US, None)
    assert old.code is CloseCode.REPLACED
    assert [[reader.lanes for reader in tape.readers] for tape in room.tapes.values()] == [[new.lanes]] * len(STEMS)


@pytest.mark.parametrize(("code", "doubtful"), [(ErrorCode.NO_SPACE, False), (ErrorCode.INTERNAL, True)])
async def test_d7_a_room_is_read_again_where_nobody_knows_what_the_disk_has(
    tmp_path: Path, code: ErrorCode, doubtful: bool
) -> None:
    again: list[LiveRoom] = []
    state = new_room("sunset", epoch=5, now_us=START_US, limits=Limits(), has_engine=False)
    room = LiveRoom(state, services(tmp_path, again))
    session = room.join(FakePeer(), c.Hello(name="Thandi"), Pass(None, None, "sunset"), START_US)
    assert session is not None
    room.receive(session, c.SendChat(text="sho"), START_US)
    room.not_committed(code, "No.")
    assert (room.state.history == room.state.settled) is not doubtful
    assert again == ([room] if doubtful else [])


async def test_d7_nothing_is_stored_into_a_room_that_was_let_go(tmp_path: Path) -> None:
    state = new_room("sunset", epoch=5, now_us=START_US, limits=Limits(), has_engine=False)
    room = LiveRoom(state, services(tmp_path))
    room.clear()
    with pytest.raises(RequestError):
        await room.record_asset(SOUND)
    assert room.state.history.seq == 0
