"""Where drafts lie until they are sent, and callers wait for what becomes of them."""

import asyncio
from collections.abc import Awaitable, Callable

from logdrum_client.clock import LocalClock
from logdrum_client.drafts import Drafts, Ordered
from logdrum_client.errors import LogdrumError, RequestRefused
from logdrum_protocol.bounds import OpId, SessionId
from logdrum_protocol.fold import Document
from logdrum_protocol.hub_messages import Error, HubMessage, Rejected


class Desk:
    """Holds the drafts of one stay."""

    def __init__(self, local: LocalClock) -> None:
        self.drafts = Drafts()
        self._local = local
        self._answers: dict[OpId, asyncio.Future[HubMessage]] = {}
        self._news = asyncio.Event()
        self._seen: tuple[Drafts, Document, Document] | None = None

    def add(self, message: Ordered) -> asyncio.Future[HubMessage]:
        """Take on a draft; the future is its answer, and nobody has to wait for it."""
        assert isinstance(message.op_id, str)
        answer: asyncio.Future[HubMessage] = asyncio.get_running_loop().create_future()
        answer.add_done_callback(_look_at)
        self._answers[message.op_id] = answer
        self.drafts = self.drafts.added(message)
        self._news.set()
        return answer

    def over(self, document: Document) -> Document:
        """The document with the drafts on top; the same object as long as neither has changed."""
        if self._seen is None or self._seen[0] is not self.drafts or self._seen[1] is not document:
            self._seen = self.drafts, document, self.drafts.over(document)
        return self._seen[2]

    def hear(self, message: HubMessage, session: SessionId) -> None:
        """Look whether a message answers a draft."""
        before, self.drafts = self.drafts, self.drafts.heard(message, session)
        if self.drafts is before:
            return
        self._news.set()
        if len(self.drafts.waiting) < len(before.waiting):
            self._settle(message)

    async def send_all(self, send: Callable[[Ordered], Awaitable[None]]) -> None:
        """Send the drafts over a connection that has just been opened, and what is added; never returns."""
        self.drafts = self.drafts.again()
        while True:
            self._news.clear()
            self.drafts, due = self.drafts.due(self._local())
            for message in due:
                await send(message)
            await self._until_due()

    async def _until_due(self) -> None:
        wait_us = self.drafts.wait_us(self._local())
        try:
            async with asyncio.timeout(None if wait_us is None else wait_us / 1e6):
                await self._news.wait()
        except TimeoutError:
            return

    def _settle(self, message: HubMessage) -> None:
        answer = self._answers.pop(getattr(message, "op_id", ""))
        if answer.done():  # who waited was cancelled
            return
        if isinstance(message, Rejected | Error):
            answer.set_exception(RequestRefused(message.code, message.message))
        else:
            answer.set_result(message)

    def fail(self, fault: LogdrumError) -> None:
        """There will be no answers any more."""
        for answer in self._answers.values():
            if not answer.done():
                answer.set_exception(fault)
        self._answers.clear()


def _look_at(answer: asyncio.Future[HubMessage]) -> None:
    """Keep asyncio from complaining of a refusal that nobody waited for: what was refused is gone from the document."""
    if not answer.cancelled():
        answer.exception()
