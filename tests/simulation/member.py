"""The real client core without its network: a view, drafts, and lines of chat that are said until they are heard."""

from msgspec import UNSET, UnsetType
from msgspec.structs import replace

from logdrum_client.drafts import Drafts, Ordered
from logdrum_client.view import RoomView, entered, folded
from logdrum_protocol.client_messages import ClientMessage, Hello, JobNotes, SendChat, SettingsSet, VersionDelete
from logdrum_protocol.errors import ErrorCode
from logdrum_protocol.fold import Document
from logdrum_protocol.hub_messages import (
    Applied,
    Asset,
    Chat,
    Error,
    Event,
    HubMessage,
    Rejected,
    RoomSettings,
    Version,
    VersionDeleted,
    Welcome,
)
from logdrum_protocol.records import ResumePoint
from tests.simulation.ears import Ears
from tests.simulation.link import Link

_NOWHERE = 2**53 - 1
"""No hub can go on from here: who has lost the document needs all of it."""

EVENTS = Applied | Chat | Asset | Version | VersionDeleted | RoomSettings

Asked = SendChat | VersionDelete | JobNotes | SettingsSet
"""What is asked again until it is answered (D4)."""


class Member:
    """Someone who edits, or listens."""

    def __init__(self, name: str, *, listens: bool) -> None:
        self.name = name
        self.listens = listens
        self.link: Link | None = None
        self.view: RoomView | None = None
        self._resume: ResumePoint | UnsetType = UNSET
        self.drafts = Drafts()
        self.asks: dict[str, Asked] = {}
        self.made: list[str] = []
        """Every op_id of what has its place in the order of edits, oldest first."""
        self.asked: list[str] = []
        self._repeated: set[str] = set()
        self.refused: dict[str, str] = {}
        """What the hub refused for good, and by which code."""
        self.acknowledged: dict[str, int] = {}
        """What the hub said it has, and at which seq."""
        self.forgotten: set[str] = set()
        """What had no answer when the page was loaded anew: it may have happened or not."""
        self.is_in = False
        self.ears = Ears()

    @property
    def document(self) -> Document:
        """What the member sees."""
        return Document() if self.view is None else self.drafts.over(self.view.document)

    @property
    def versions(self) -> list[str]:
        """The versions that the member knows of."""
        return [] if self.view is None else list(self.view.versions)

    @property
    def waits(self) -> bool:
        return bool(self.drafts.waiting or self.asks)

    def connect(self, link: Link) -> None:
        self.link, self.is_in = link, False
        resume = self._resume if self.view is None else self.view.resume_point
        link.send(Hello(name=self.name, resume=resume))

    def lose(self) -> None:
        self.link, self.is_in = None, False

    def forget(self, *, keeps_key: bool) -> None:
        """Lose everything, as a page does that is loaded anew, but perhaps the key of the session."""
        self.lose()
        self._resume = UNSET
        if keeps_key and self.view is not None:
            self._resume = replace(self.view.resume_point, seq=_NOWHERE)
        self.forgotten |= {str(draft.message.op_id) for draft in self.drafts.waiting} | set(self.asks)
        self.view, self.drafts, self.asks = None, Drafts(), {}

    def make(self, message: Ordered) -> None:
        self.made.append(str(message.op_id))
        self.drafts = self.drafts.added(message)

    def ask(self, message: Asked) -> None:
        self.asks[str(message.op_id)] = message
        self.asked.append(str(message.op_id))
        self.say(message)

    def say(self, message: ClientMessage) -> None:
        """Send what is lost where the member is not there."""
        if self.is_in and self.link is not None:
            self.link.send(message)

    def send(self, now_us: int) -> None:
        """Send what is due."""
        if self.is_in and self.link is not None:
            self.drafts, due = self.drafts.due(now_us)
            for message in due:
                self.link.send(message)

    def take(self, message: HubMessage) -> None:
        """Hear one message."""
        if isinstance(message, Welcome):
            self._enter(message)
            return
        assert self.view is not None, "a welcome comes first"
        self.ears.take(message)
        if isinstance(message, EVENTS):
            self._check_turn(message)
        self.view = folded(self.view, message, 0.0)
        before, self.drafts = self.drafts, self.drafts.heard(message, self.view.session)
        self._note(message, answers=len(self.drafts.waiting) < len(before.waiting))

    def _enter(self, welcome: Welcome) -> None:
        self.view = entered(welcome, self.view)
        self.drafts = self.drafts.again()
        self.is_in, self.ears = True, Ears(welcome)
        assert self.link is not None
        for ask in self.asks.values():
            self.link.send(ask)
        self._repeated |= set(self.asks)

    def _give_up(self, op_id: str) -> None:
        """One that was sent before may have been accepted then, and came too fast now: nobody waits for ever."""
        if op_id in self.asks:
            del self.asks[op_id]
            self.forgotten.add(op_id)

    def _check_turn(self, event: Event) -> None:
        assert self.view is not None
        assert event.seq <= self.view.seq + 1, f"{self.name} heard event {event.seq} after {self.view.seq}"

    def _note(self, message: HubMessage, *, answers: bool) -> None:
        assert self.view is not None
        op_id = getattr(message, "op_id", None)
        answers = answers or (op_id in self.asks and _author(message) in (None, self.view.session))
        if not answers or not isinstance(op_id, str):
            return
        if isinstance(message, Error) and message.code == ErrorCode.RATE_LIMITED and op_id in self._repeated:
            self._give_up(op_id)
            return
        self.asks.pop(op_id, None)
        if isinstance(message, Rejected | Error):
            self.refused[op_id] = message.code
        elif isinstance(message, EVENTS):
            self.acknowledged[op_id] = message.seq


def _author(message: HubMessage) -> str | None:
    return message.session if isinstance(message, Chat) else getattr(message, "by", None)
