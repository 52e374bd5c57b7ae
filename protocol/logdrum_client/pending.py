"""What was asked of the hub and is not answered yet; it is asked again after a reconnect, under the same op_id."""

import asyncio
from collections.abc import Callable, Iterator
from typing import Final

from logdrum_client.errors import LogdrumError, RequestRefused, RequestTimeout
from logdrum_protocol.client_messages import (
    JobCancel,
    JobNotes,
    JobSubmit,
    SendChat,
    SettingsSet,
    TransportSet,
    VersionDelete,
    VersionList,
)
from logdrum_protocol.errors import ErrorCode
from logdrum_protocol.hub_messages import Error, HubMessage, Transport

REQUEST_TIMEOUT_S: Final = 15.0
"""Long enough for a connection to break and come back."""

Asked = TransportSet | JobSubmit | JobNotes | SendChat | SettingsSet | VersionList | VersionDelete
"""What has an `op_id`; the answers to all but `transport.set` carry it, too."""

Request = Asked | JobCancel
Answers = Callable[[HubMessage], bool]


class PendingRequest:
    """One request and the answer that is waited for."""

    def __init__(self, request: Request, answers: Answers) -> None:
        self.request = request
        self.repeated = False
        self._answers = answers
        self._answer: asyncio.Future[HubMessage] = asyncio.get_running_loop().create_future()

    async def answer(self) -> HubMessage:
        """Wait for the hub's answer; raises `RequestRefused` where it is no."""
        try:
            async with asyncio.timeout(REQUEST_TIMEOUT_S):
                return await self._answer
        except TimeoutError:
            raise RequestTimeout("The hub has not answered in time.") from None

    @property
    def answered(self) -> bool:
        """Whether the wait is over."""
        return self._answer.done()

    def hear(self, message: HubMessage) -> None:
        """Take a message for the answer, if it is one."""
        if self._answer.done():
            return
        if isinstance(message, Error) and self._is_refused(message):
            self._answer.set_exception(RequestRefused(message.code, message.message))
        elif self._answers(message) or (self.repeated and self._is_repeat(message)):
            self._answer.set_result(message)

    def fail(self, fault: LogdrumError) -> None:
        """There will be no answer."""
        if not self._answer.done():
            self._answer.set_exception(fault)

    def _is_repeat(self, message: HubMessage) -> bool:
        # T6: the present transport answers one that was sent before.
        return isinstance(self.request, TransportSet) and isinstance(message, Transport)

    def _is_refused(self, error: Error) -> bool:
        if isinstance(self.request, JobCancel):  # the one request without an op_id
            return error.op_id is None and error.code == ErrorCode.NOT_FOUND
        # D4: one that was sent before may have been accepted then, however fast it came this time.
        is_no_proof = self.repeated and error.code == ErrorCode.RATE_LIMITED
        return error.op_id == self.request.op_id and not is_no_proof


class PendingRequests:
    """All requests that wait, oldest first."""

    def __init__(self) -> None:
        self._waiting: list[PendingRequest] = []

    def __iter__(self) -> Iterator[PendingRequest]:
        return iter(tuple(self._waiting))

    def add(self, pending: PendingRequest) -> None:
        """Begin to wait."""
        self._waiting.append(pending)

    def remove(self, pending: PendingRequest) -> None:
        """Wait no more."""
        self._waiting.remove(pending)

    def hear(self, message: HubMessage) -> None:
        """Look whether a message answers something."""
        for pending in self:
            pending.hear(message)

    def fail(self, fault: LogdrumError) -> None:
        """Nothing will be answered any more."""
        for pending in self:
            pending.fail(fault)
