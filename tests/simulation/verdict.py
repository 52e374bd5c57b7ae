"""What must hold at the end of every story."""

from collections import Counter
from functools import reduce

from logdrum_protocol.document import Entity
from logdrum_protocol.errors import ErrorCode
from logdrum_protocol.fold import Document
from logdrum_protocol.hub_messages import Asset, Chat, Event
from logdrum_server.core.checkpoint import decode_entities
from logdrum_server.core.history import History, fold
from tests.simulation.hub import ROOM, stored_history
from tests.simulation.member import Member
from tests.simulation.story import Story
from tests.simulation.undo_rules import UndoRules

_IN_DOUBT = (ErrorCode.GONE, ErrorCode.INTERNAL)
"""What may be said of something that happened: a version that was deleted before its author heard that it was saved,
and what a disk has kept that said it had failed."""


def judge(story: Story) -> None:
    """Raise an AssertionError where a story did not end well."""
    log = story.disk.log
    assert [event.seq for event in log] == list(range(1, len(log) + 1)), "the log has a gap"
    _check_histories(story)
    _check_versions(story)
    _check_once(log)
    for member in story.members:
        _check_member(story, member)
        _check_answers(story, member)
        _check_order(story, member)
    UndoRules().check(log)


def _check_histories(story: Story) -> None:
    assert story.hub is not None
    whole = reduce(fold, story.disk.log, History())
    for name, history in (
        ("accepted", story.hub.state.history),
        ("settled", story.hub.state.settled),
        ("stored", stored_history(story.disk)),
    ):
        for field in History.__struct_fields__:
            ours, replayed = getattr(history, field), getattr(whole, field)
            if isinstance(ours, Document):
                ours, replayed = _canonical(ours), _canonical(replayed)
            assert ours == replayed, f"what is {name} is not what the log says of {field}"


def _canonical(document: Document) -> tuple[object, ...]:
    return document.listed(), document.inside, {kind: count for kind, count in document.counts.items() if count}


def _check_versions(story: Story) -> None:
    """A version that is kept is the document of its moment."""
    assert story.hub is not None
    kept = {version.seq: version.version for version in story.hub.state.settled.versions.values()}
    history = History()
    for event in story.disk.log:
        history = fold(history, event)
        if event.seq in kept:
            body = story.disk.read_version(ROOM, kept[event.seq])
            assert body is not None, f"version {kept[event.seq]} is not on disk"
            assert _by_id(decode_entities(body)) == _by_id(history.document.listed()), "a version is another document"


def _by_id(entities: tuple[Entity, ...]) -> dict[str, Entity]:
    return {entity.id: entity for entity in entities}


def _author(event: Event) -> str | None:
    return event.session if isinstance(event, Chat) else event.by


def _op_id(event: Event) -> str | None:
    return None if isinstance(event, Asset) else event.op_id


def _check_once(log: list[Event]) -> None:
    times = Counter((_author(event), _op_id(event)) for event in log if not isinstance(event, Asset))
    twice = [name for name, count in times.items() if count > 1]
    assert not twice, f"happened twice: {twice[:3]}"


def _check_member(story: Story, member: Member) -> None:
    """What a member knows is what the hub knows."""
    assert story.hub is not None
    assert member.view is not None
    settled, view = story.hub.state.settled, member.view
    assert view.seq == settled.seq, f"{member.name} is at {view.seq} of {settled.seq}"
    assert _canonical(view.document) == _canonical(settled.document), f"{member.name} has another document"
    assert member.document is view.document, f"{member.name} sees another document"
    assert set(view.members) == set(story.hub.state.sessions), f"{member.name} sees other people"
    assert view.versions == settled.versions, f"{member.name} knows other versions"
    assert view.assets == settled.assets, f"{member.name} knows other sounds"
    assert view.chat[-len(settled.chat) :] == settled.chat, f"{member.name} has heard other lines"


def _check_answers(story: Story, member: Member) -> None:
    """What was acknowledged is there, what was refused is not, and what was made is one of the two."""
    at = {_op_id(event): event.seq for event in story.disk.log}
    for op_id, seq in member.acknowledged.items():
        assert at.get(op_id) == seq, f"{op_id} of {member.name} was acknowledged at {seq}, and is at {at.get(op_id)}"
    for op_id, code in member.refused.items():
        assert op_id not in at or code in _IN_DOUBT, f"{op_id} of {member.name} was refused ({code}), and happened"
    made = {*member.made, *member.asked}
    answered = {*member.acknowledged, *member.refused, *member.forgotten}
    assert made == answered, f"{member.name} was not answered"
    if member.listens:
        assert not set(member.made) & set(at), f"{member.name} only listens"


def _check_order(story: Story, member: Member) -> None:
    """Edits happen in the order in which they were made.

    One that was refused, by a hub that has forgotten that, by a disk that has room again or because it came too fast,
    may happen later.
    """
    if story.disk.refusals or story.forgotten or story.is_hasty:
        return
    at = {_op_id(event): event.seq for event in story.disk.log}
    order = [op_id for op_id in member.made if op_id in at]
    seqs = [at[op_id] for op_id in order]
    turned = [pair for pair in zip(order, order[1:], seqs, seqs[1:], strict=False) if pair[2] > pair[3]]
    assert not turned, f"edits of {member.name} happened out of order: {turned}"
