"""What an undo may do (D6), judged from the log alone and by other means than the hub's."""

from collections import defaultdict
from collections.abc import Iterable

from logdrum_protocol.document import given
from logdrum_protocol.fold import Created, Document, Removed, Step, Wrote, step
from logdrum_protocol.hub_messages import Applied, Event


class UndoRules:
    """Goes along a log, and raises an AssertionError at an undo that touches what it may not."""

    def __init__(self) -> None:
        self._document = Document()
        self._writer: dict[tuple[str, str], str] = {}
        """Who wrote each property last."""
        self._handled: dict[str, set[str]] = defaultdict(set)
        """What each member has made or taken away."""
        self._taker: dict[str, str] = {}
        """Who took each thing away last."""
        self._made: dict[str, int] = {}
        """When each thing was made last, not counting an undo that brought it back."""

    def check(self, log: Iterable[Event]) -> None:
        for event in log:
            if isinstance(event, Applied):
                self._check(event)

    def _check(self, event: Applied) -> None:
        before = self._document
        for op in event.ops:
            self._document, steps = step(self._document, op)
            for change in steps:
                if event.via in ("undo", "redo"):
                    self._judge(event, op.id, change)
                self._note(event, change)
        if event.via in ("undo", "redo") and event.ops:
            assert self._document.entities != before.entities, f"{event.via} {event.op_id} changed nothing"

    def _judge(self, event: Applied, top: str, change: Step) -> None:
        match change:
            case Wrote(_, id, _, after):
                others = [name for name in given(after) if self._writer.get((id, name)) != event.by]
                assert not others, (
                    f"{event.via} {event.op_id} overwrote {others} of {id}, which someone else had written"
                )
            case Removed(entity):
                ours = entity.id in self._handled[event.by] or self._made[entity.id] < self._made[top]
                assert ours, f"{event.via} {event.op_id} took {entity.id}, which someone else had made"
            case Created(entity):
                ours = self._taker.get(entity.id) == event.by
                assert ours, f"{event.via} {event.op_id} brought {entity.id} back, which someone else had taken"

    def _note(self, event: Applied, change: Step) -> None:
        match change:
            case Wrote(_, id, _, after):
                self._writer |= {(id, name): event.by for name in given(after)}
            case Created(entity):
                self._handled[event.by].add(entity.id)
                if event.via in ("edit", "restore", "notes"):  # what is brought back by undo is as it was
                    self._made[entity.id] = event.seq
                    self._writer |= {(entity.id, name): event.by for name in given(entity.props)}
            case Removed(entity):
                self._handled[event.by].add(entity.id)
                self._taker[entity.id] = event.by
