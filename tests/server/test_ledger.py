"""Between accepted and on disk (D7), and what a restart makes of the log (H2)."""

from logdrum_protocol import client_messages as c
from logdrum_protocol.codec import encode
from logdrum_protocol.errors import ErrorCode
from logdrum_protocol.hub_messages import Applied, Error, Rejected, Welcome
from logdrum_server.core import ledger
from logdrum_server.core.checkpoint import decode_entities, decode_history, encode_entities, encode_history, replayed
from logdrum_server.core.effects import Record, Tell
from logdrum_server.core.people import Door
from logdrum_server.core.state import reopened
from tests.server.documents import clip, document, ids, note, set_, track
from tests.server.rooms import TestRoom, all_of, one


def test_d7_what_the_disk_refuses_is_taken_back_and_said_to_its_authors() -> None:
    room = TestRoom()
    member, other = room.join(), room.join()
    room.edit(member, track())
    room.edit(member, track("track_02"), op_id="a", settle=False)
    room.edit(other, clip("clip_0001", track="track_02"), op_id="b", settle=False)
    room.send(other, c.SendChat(text="hi", op_id="c"), settle=False)
    refusals = room.take(ledger.refuse(room.state, ErrorCode.NO_SPACE, "Full."))
    assert [(told.session, told.message.op_id) for told in refusals if isinstance(told, Tell)] == [  # type: ignore[union-attr]
        (member, "a"),
        (other, "b"),
        (other, "c"),
    ]
    assert [kind.code for kind in (*all_of(refusals, Rejected), *all_of(refusals, Error))] == ["no_space"] * 3
    assert ids(room) == {"track_01"}
    assert room.state.history is room.state.settled


def test_d4_an_edit_that_the_disk_refused_stays_refused() -> None:
    room = TestRoom()
    member = room.join()
    room.edit(member, track(), op_id="a", settle=False)
    room.take(ledger.refuse(room.state, ErrorCode.NO_SPACE, "Full."))
    assert one(room.edit(member, track(), op_id="a"), Rejected).code == "no_space"
    assert one(room.edit(member, track(), op_id="b"), Applied).seq == 1


def test_h2_a_newcomer_is_told_only_what_is_on_disk() -> None:
    room = TestRoom()
    member = room.join()
    room.edit(member, track(), settle=False)
    room.join()
    welcome = one(room.effects, Welcome)
    assert welcome.snapshot is not None
    assert (welcome.seq, welcome.snapshot.entities) == (0, ())


def worked_in() -> tuple[TestRoom, str, list[bytes]]:
    """A room with a past of every sort, and its log."""
    room = TestRoom()
    member = room.join()
    log: list[bytes] = []

    def send(message: c.ClientMessage) -> None:
        effects = room.send(member, message)
        log.extend(encode(effect.event) for effect in effects if isinstance(effect, Record))

    send(c.Edit(op_id="1", ops=(track(), clip(), note())))
    send(c.Edit(op_id="2", ops=(set_("note", "note_0001", pitch=43),)))
    send(c.SendChat(text="sho", op_id="3"))
    send(c.VersionSave(op_id="4", name="One"))
    send(c.Undo(op_id="5"))
    send(c.Edit(op_id="6", ops=(track("track_02"),)))
    return room, member, log


def test_h2_a_replay_of_the_log_is_the_room() -> None:
    room, _, log = worked_in()
    assert replayed(None, log) == room.state.settled


def test_h2_a_checkpoint_and_the_log_after_it_are_the_room() -> None:
    room, _, log = worked_in()
    for cut in range(len(log) + 1):
        checkpoint = encode_history(replayed(None, log[:cut]))
        assert replayed(checkpoint, log[max(0, cut - 2) :]) == room.state.settled


def test_h2_a_checkpoint_holds_everything() -> None:
    room, _, _ = worked_in()
    assert decode_history(encode_history(room.state.settled)) == room.state.settled
    entities = document(room).listed()
    assert decode_entities(encode_entities(entities)) == entities


def test_d4_a_restart_does_not_make_an_edit_new() -> None:
    room, member, log = worked_in()
    restarted = TestRoom()
    restarted.state = reopened(restarted.state, replayed(None, log), room.state.transport, restarted.now_us)
    restarted.enter(Door(session=member, key="k"))
    assert one(restarted.edit(member, track("track_02"), op_id="6"), Applied).seq == 6
    assert one(restarted.send(member, c.Undo()), Applied).seq == 7


def test_t_a_restart_keeps_the_tempo_and_stops() -> None:
    room, member, _ = worked_in()
    room.set_transport(member, playing=True, bpm=118)
    again = reopened(TestRoom().state, room.state.settled, room.state.transport, room.now_us)
    assert (again.transport.playing, again.transport.bpm) == (False, 118)
    assert again.transport.rev > room.state.transport.rev
