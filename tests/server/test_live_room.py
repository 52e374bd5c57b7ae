"""A room with its connections and tapes (H4, A6)."""

from pathlib import Path

from logdrum_protocol import client_messages as c
from logdrum_protocol.engine_messages import JobStarted
from logdrum_protocol.errors import CloseCode
from logdrum_protocol.records import JobParams, Limits, ResumePoint
from logdrum_server.core.state import new_room
from logdrum_server.live_room import LiveRoom
from logdrum_server.recorder import Recorder
from tests.server.rooms import READY, START_US, STEMS
from tests.server.test_lanes import Ears


class FakePeer:
    """A connection that remembers why it was ended."""

    def __init__(self) -> None:
        self.lanes = Ears().lanes
        self.code: CloseCode | None = None

    def end(self, code: CloseCode, reason: str) -> None:
        self.code = code


async def test_h4_a_connection_that_was_replaced_follows_no_stream_any_more(tmp_path: Path) -> None:
    state = new_room("sunset", epoch=5, now_us=START_US, limits=Limits(), has_engine=True)
    room = LiveRoom(state, Recorder(tmp_path), command=lambda _: None, finish=lambda *_: None)
    room.hear_engine(READY, START_US)
    old, new = FakePeer(), FakePeer()
    session = room.join(old, c.Hello(name="Thandi"), START_US)
    assert session is not None
    room.receive(session, c.JobSubmit(op_id="a", kind="generate", params=JobParams(prompt="x")), START_US)
    room.hear_engine(JobStarted(job=next(iter(room.state.jobs)), stems=STEMS, samples=None), START_US)
    resume = ResumePoint(session=session, key=room.state.sessions[session].key, epoch=5, seq=0)
    room.join(new, c.Hello(name="Thandi", resume=resume), START_US)
    room.part(old, session, START_US, None)
    assert old.code is CloseCode.REPLACED
    assert [[reader.lanes for reader in tape.readers] for tape in room.tapes.values()] == [[new.lanes]] * len(STEMS)
