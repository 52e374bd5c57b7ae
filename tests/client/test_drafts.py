"""Edits that wait for their answer: what the member sees, what is sent, and what becomes of it."""

import pytest

from logdrum_client.drafts import WINDOW, Drafts, Ordered
from logdrum_client.ops import delete, put, set_
from logdrum_client.view import RoomView, entered, folded
from logdrum_protocol.client_messages import Edit, Undo, VersionSave
from logdrum_protocol.document import Op
from logdrum_protocol.fold import Document, apply, document_of
from logdrum_protocol.hub_messages import Applied, Error, Rejected, Snapshot, Version
from tests.client.fake_hub import welcome
from tests.client.model_hub import ModelWorld

TRACK = put("track", "track-one", name="Drums")
CLIP = put("clip", "clip-alpha", track="track-one", start_tick=0, length_ticks=960)
HELD = apply(Document(), (TRACK, CLIP))


def edit(*ops: Op, op_id: str = "op1") -> Edit:
    return Edit(op_id=op_id, ops=ops)


def made(*messages: Ordered) -> Drafts:
    drafts = Drafts()
    for message in messages:
        drafts = drafts.added(message)
    return drafts


def sent(*messages: Ordered) -> Drafts:
    return made(*messages).due(0)[0]


def applied(op_id: str = "op1", by: str = "s1", seq: int = 1, *ops: Op) -> Applied:
    return Applied(seq=seq, op_id=op_id, by=by, ops=ops)


def rejected(op_id: str = "op1", code: str = "bad_reference") -> Rejected:
    return Rejected(op_id=op_id, code=code, message="No.")


def many(count: int) -> tuple[Edit, ...]:
    return tuple(edit(TRACK, op_id=f"op{number}") for number in range(count))


def at(document: Document) -> int | object:
    clip = document.get("clip", "clip-alpha")
    assert clip is not None
    return clip.props.start_tick


def test_d3_an_edit_shows_before_the_hub_has_answered() -> None:
    assert at(made(edit(set_("clip", "clip-alpha", start_tick=5))).over(HELD)) == 5


def test_d3_our_edit_stays_on_top_of_what_others_write_meanwhile() -> None:
    drafts = made(edit(set_("clip", "clip-alpha", start_tick=5)))
    others = apply(HELD, (set_("clip", "clip-alpha", start_tick=9, length_ticks=7),))
    clip = drafts.over(others).get("clip", "clip-alpha")
    assert clip is not None
    assert (clip.props.start_tick, clip.props.length_ticks) == (5, 7)


def test_d3_a_refused_edit_is_taken_away_again() -> None:
    drafts = sent(edit(set_("clip", "clip-alpha", start_tick=5))).heard(rejected(), "s1")
    assert (drafts.over(HELD), drafts.waiting) == (HELD, ())


def test_d5_an_edit_in_what_was_deleted_meanwhile_brings_nothing_back() -> None:
    drafts = made(edit(put("note", "note-one", clip="clip-alpha", tick=0, length_ticks=1, pitch=60)))
    gone = apply(HELD, (delete("clip", "clip-alpha"),))
    assert drafts.over(gone) == gone


def test_d2_an_edit_of_which_one_op_has_lost_its_object_is_not_shown_at_all() -> None:
    drafts = made(edit(set_("track", "track-one", name="X"), set_("clip", "clip-gone", start_tick=1)))
    assert drafts.over(HELD) == HELD


@pytest.mark.parametrize(
    "op",
    [
        put("clip", "clip-beta", track="track-two", start_tick=0, length_ticks=1),
        put("track", "clip-alpha"),
        set_("clip", "clip-alpha", track="track-two"),
        set_("track", "clip-alpha", name="X"),
    ],
)
def test_d5_what_the_hub_would_refuse_is_not_shown(op: Op) -> None:
    assert made(edit(op)).over(HELD) == HELD


def test_d3_what_others_have_applied_under_the_same_op_id_answers_nothing() -> None:
    assert len(sent(edit(TRACK)).heard(applied(by="s2"), "s1").waiting) == 1


@pytest.mark.parametrize(
    ("message", "answer"),
    [
        (edit(TRACK), applied()),
        (Undo(op_id="op1"), applied()),
        (Undo(op_id="op1"), Error(code="nothing_to_undo", message="", op_id="op1")),
        (
            VersionSave(op_id="op1", name="a"),
            Version(seq=1, version="v", name="a", by="s1", author="T", at_us=0, op_id="op1"),
        ),
    ],
)
def test_an_answer_takes_its_draft_away(message: Ordered, answer: Applied | Error | Version) -> None:
    assert sent(message).heard(answer, "s1").waiting == ()


def test_an_undo_leaves_behind_the_edits_that_were_made_before_it() -> None:
    messages = (edit(TRACK), Undo(op_id="op2"), edit(CLIP, op_id="op3"))
    assert made(*messages).due(0)[1] == messages


def test_at_most_32_are_unanswered_and_the_rest_waits_its_turn() -> None:
    messages = many(40)
    drafts, first = made(*messages).due(0)
    assert first == messages[:WINDOW]
    assert drafts.due(0)[1] == ()
    assert drafts.wait_us(0) is None
    drafts, then = drafts.heard(applied("op0"), "s1").due(0)
    assert then == messages[WINDOW : WINDOW + 1]


def test_c6_what_is_sent_stays_under_what_the_hub_takes() -> None:
    drafts, sent_in_all = made(*many(3000)), 0
    for now_us in range(0, 10_000_000, 50_000):
        drafts, due = drafts.due(now_us)
        sent_in_all += len(due)
        for message in due:
            drafts = drafts.heard(applied(message.op_id), "s1")  # type: ignore[arg-type]  # an edit has one
    assert 300 + 9.9 * 85 < sent_in_all < 300 + 10 * 100


def test_d10_what_came_too_fast_goes_again_under_its_op_id_after_a_pause() -> None:
    drafts = sent(edit(TRACK)).heard(rejected(code="rate_limited"), "s1")
    wait_us = drafts.wait_us(0)
    assert drafts.due(0)[1] == ()
    assert wait_us is not None
    assert wait_us > 100_000
    assert drafts.due(wait_us)[1] == (edit(TRACK),)


def test_d10_an_undo_that_came_too_fast_goes_again_too() -> None:
    drafts = sent(Undo(op_id="op1")).heard(Error(code="rate_limited", message="", op_id="op1"), "s1")
    assert drafts.due(1_000_000)[1] == (Undo(op_id="op1"),)


def test_d10_what_was_refused_for_want_of_an_edit_that_came_too_fast_goes_again_behind_it() -> None:
    messages = (edit(TRACK), edit(CLIP, op_id="op2"))
    drafts = sent(*messages).heard(rejected(code="rate_limited"), "s1").heard(rejected("op2"), "s1")
    assert drafts.due(1_000_000)[1] == messages


def test_d4_after_a_reconnect_all_that_wait_go_again_in_order() -> None:
    messages = many(3)
    assert sent(*messages).again().due(0)[1] == messages


def entered_at(seq: int, document: Document) -> RoomView:
    return entered(welcome(seq=seq, snapshot=Snapshot(entities=document.listed())))


def test_d4_an_answer_whose_seq_is_in_the_snapshot_is_not_folded_again() -> None:
    late = applied("op1", "s1", 4, set_("clip", "clip-alpha", start_tick=5))
    view = folded(entered_at(9, HELD), late, 0.0)
    assert (view.document, view.seq) == (HELD, 9)


def test_h2_a_snapshot_takes_the_place_of_the_document_and_the_drafts_stay() -> None:
    drafts = sent(edit(set_("clip", "clip-alpha", start_tick=5))).again()
    other = document_of([*HELD.listed(), *apply(Document(), (put("marker", "marker-one", tick=3),)).listed()])
    shown = drafts.over(entered_at(9, other).document)
    assert at(shown) == 5
    assert shown.get("marker", "marker-one") is not None


SEEDS = range(150)


@pytest.mark.parametrize("rate_limits", [False, True])
def test_every_client_ends_with_the_hubs_document_and_each_edit_has_happened_once(*, rate_limits: bool) -> None:
    for seed in SEEDS:
        world = ModelWorld(seed, rate_limits=rate_limits)
        world.run(120)
        happened = [(event.by, event.op_id) for event in world.hub.log]
        assert len(happened) == len(set(happened)), f"seed {seed}"
        for client in world.clients:
            assert client.view is not None
            assert client.view.document.entities == world.hub.document.entities, f"seed {seed}"
            assert client.drafts.over(client.view.document) is client.view.document, f"seed {seed}"
            mine = {op_id for by, op_id in happened if by == client.session}
            assert mine | client.refused == set(client.made), f"seed {seed}"
            assert not mine & client.refused, f"seed {seed}"


def test_edits_happen_in_the_order_in_which_they_were_made() -> None:
    for seed in SEEDS:
        world = ModelWorld(seed)
        world.run(120)
        for client in world.clients:
            happened = [str(event.op_id) for event in world.hub.log if event.by == client.session]
            assert happened == sorted(happened, key=client.made.index), f"seed {seed}"


def test_the_story_of_a_seed_is_always_the_same() -> None:
    stories = [ModelWorld(7) for _ in range(2)]
    for story in stories:
        story.run(120)
    assert stories[0].hub.log == stories[1].hub.log
