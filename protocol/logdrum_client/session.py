"""One member's stay in a room: connects, keeps the view and the clock, comes back when the connection breaks (H)."""

import asyncio
import logging
import random
from collections.abc import Callable, Mapping
from typing import Final

import msgspec
from msgspec import UNSET
from msgspec.structs import replace

from logdrum_client.address import HubAddress
from logdrum_client.backoff import Backoff
from logdrum_client.clock import HubClock, Pinger
from logdrum_client.connection import Connection, open_connection
from logdrum_client.desk import Desk
from logdrum_client.drafts import Ordered
from logdrum_client.errors import Disconnected, HubUnreachable, JoinRefused, LogdrumError, RequestTimeout
from logdrum_client.feed import Feeds
from logdrum_client.pending import REQUEST_TIMEOUT_S, Answers, PendingRequest, PendingRequests, Request
from logdrum_client.routes import StreamRoutes
from logdrum_client.view import RoomView, entered, folded
from logdrum_protocol.client_messages import ClientMessage, Hello
from logdrum_protocol.errors import CloseCode, ErrorCode
from logdrum_protocol.hub_messages import Chunk, ClockPong, Error, HubMessage, Job, Welcome

log = logging.getLogger(__name__)

WELCOME_TIMEOUT_S: Final = 10.0

# Coming back would meet the same answer, or put out whoever has taken over.
_FINAL: Final = {
    CloseCode.NORMAL,
    CloseCode.NOT_BINARY,
    CloseCode.MESSAGE_TOO_BIG,
    CloseCode.BAD_MESSAGES,
    CloseCode.HELLO_EXPECTED,
    CloseCode.BAD_TOKEN,
    CloseCode.REPLACED,
    CloseCode.PUT_OUT,
    CloseCode.TOO_MANY,
}
_REFUSALS: Final[Mapping[int, ErrorCode]] = {
    CloseCode.BAD_TOKEN: ErrorCode.BAD_TOKEN,
    CloseCode.TOO_MANY: ErrorCode.ROOM_FULL,
    CloseCode.HELLO_EXPECTED: ErrorCode.HELLO_EXPECTED,
}


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where to join, and as whom."""

    address: HubAddress
    url: str
    room: str
    hello: Hello


def comes_back(fault: LogdrumError, *, has_been_in: bool) -> bool:
    """Whether to try again by ourselves; a first join that fails is for the caller to know at once (H3)."""
    match fault:
        case Disconnected(code=CloseCode.DRAINING):
            return True
        case Disconnected(code=code):
            return has_been_in and code not in _FINAL
        case HubUnreachable():
            return has_been_in
        case _:
            return False


class Session:
    """Runs a stay; `run` returns when it is over for good, and `fault` says why."""

    def __init__(self, place: Place, clock: HubClock, rng: random.Random) -> None:
        self.clock = clock
        self.desk = Desk(clock.local_us)
        self.listeners: Feeds[HubMessage] = Feeds()
        self.streams = StreamRoutes()
        self.fault: LogdrumError | None = None
        self.is_over = False
        self._place = place
        self._rng = rng
        self._view: RoomView | None = None
        self._connection: Connection | None = None
        self._pending = PendingRequests()
        self._watchers: list[asyncio.Future[None]] = []

    @property
    def view(self) -> RoomView:
        """The room as it stands."""
        assert self._view is not None, "only after `welcomed`"
        return self._view

    @property
    def connected(self) -> bool:
        """Whether messages reach the hub at present."""
        return self._connection is not None

    async def run(self) -> None:
        """Stay in the room until cancelled or turned out."""
        backoff = Backoff()
        try:
            while True:
                began_us = self.clock.local_us()
                fault = await self._stay()
                if not comes_back(fault, has_been_in=self._view is not None):
                    self.fault = fault
                    return
                backoff = backoff.after(self.clock.local_us() - began_us)
                log.info("connection lost", extra={"room": self._place.room, "reason": str(fault)})
                await asyncio.sleep(backoff.delay_s(self._rng))
        finally:
            self._end()

    async def until(self, holds: Callable[[RoomView], bool]) -> RoomView:
        """Wait until the view is as wanted; raises what ended the stay, if that comes first."""
        while self._view is None or not holds(self._view):
            self._check()
            watcher: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._watchers.append(watcher)
            await watcher
        return self._view

    async def send(self, message: ClientMessage) -> None:
        """Send a message; while the connection is broken, wait for the next one."""
        try:
            async with asyncio.timeout(REQUEST_TIMEOUT_S):
                while not await self.send_now(message):
                    await self.until(lambda _: self.connected)
        except TimeoutError:
            raise RequestTimeout("The hub cannot be reached at present.") from None

    async def send_now(self, message: ClientMessage) -> bool:
        """Send a message if the connection stands; False means that it does not, and the message is dropped."""
        self._check()
        connection = self._connection
        if connection is None:
            return False
        try:
            await connection.send(message)
        except Disconnected:
            if self._connection is connection:  # it is over, though `_live` has not heard of it yet
                self._connection = None
            return False
        return True

    async def request(self, request: Request, answers: Answers) -> HubMessage:
        """Send a request and return what answers it, across reconnects."""
        pending = PendingRequest(request, answers)
        self._pending.add(pending)
        try:
            await self.send_now(request)  # where it cannot be sent now, it is after the next welcome
            return await pending.answer()
        finally:
            self._pending.remove(pending)

    def draft(self, message: Ordered) -> asyncio.Future[HubMessage]:
        """Ask for what has its place in the order of our edits; the answer comes whenever the hub can give it."""
        self._check()
        return self.desk.add(message)

    async def _stay(self) -> LogdrumError:
        """Be connected once; return what ended it."""
        try:
            async with open_connection(self._place.url, self._place.room) as connection:
                asked_us = self.clock.local_us()
                self._enter(await self._greet(connection), asked_us)
                return await self._live(connection)
        except LogdrumError as fault:
            return fault

    async def _greet(self, connection: Connection) -> Welcome:
        resume = self._view.resume_point if self._view else UNSET
        try:
            async with asyncio.timeout(WELCOME_TIMEOUT_S):
                await connection.send(replace(self._place.hello, resume=resume))
                return await _welcomed(connection)
        except TimeoutError:
            raise HubUnreachable("The hub does not answer a hello.") from None

    def _enter(self, welcome: Welcome, asked_us: int) -> None:
        before = self._view
        same_clock = self.clock.welcome(welcome.now_us, asked_us)
        self._view = entered(welcome, before, same_clock=same_clock)
        if before is not None:
            self.streams.reenter(before, self._view)

    async def _live(self, connection: Connection) -> LogdrumError:
        faults: list[LogdrumError] = []
        pinger = Pinger(self.clock, connection.send)
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._receive(connection, pinger))
                tasks.create_task(self._keep_time(pinger))
                tasks.create_task(self._ask_again(connection))
                tasks.create_task(self.desk.send_all(connection.send))
        except* LogdrumError as group:
            faults += [fault for fault in group.exceptions if isinstance(fault, LogdrumError)]
        finally:
            self._connection = None
        return faults[0]

    async def _receive(self, connection: Connection, pinger: Pinger) -> None:
        while True:
            message = await connection.receive()
            if isinstance(message, ClockPong):
                pinger.answered(message)
            else:
                self._hear(message)

    def _hear(self, message: HubMessage) -> None:
        self._view = folded(self.view, message, self.clock.now_us())
        self._pending.hear(message)
        self.desk.hear(message, self.view.session)
        self.streams.put(message)
        if isinstance(message, Job):
            self.streams.prune(self.view)
        if not isinstance(message, Chunk):
            self.listeners.put(message)
        self._wake()

    async def _keep_time(self, pinger: Pinger) -> None:
        while True:
            await pinger.burst()
            self._wake()
            await asyncio.sleep(_gap_s(self.clock.bursts))

    async def _ask_again(self, connection: Connection) -> None:
        """Begin to send: first what was asked before and has no answer (J1 and T6 make that harmless)."""
        known: tuple[HubMessage, ...] = (*self.view.jobs.values(), *self.view.chat)
        for pending in self._pending:
            pending.repeated = True
            for message in known:
                pending.hear(message)
            if not pending.answered:
                await connection.send(pending.request)
        self._connection = connection
        self.listeners.put(self.view.welcome)
        self._wake()

    def _wake(self) -> None:
        for watcher in self._watchers:
            if not watcher.done():
                watcher.set_result(None)
        self._watchers.clear()

    def _check(self) -> None:
        if self.is_over:
            raise self.fault or Disconnected(CloseCode.NORMAL, "The room has been left.")

    def _end(self) -> None:
        self.is_over = True
        fault = self.fault or Disconnected(CloseCode.NORMAL, "The room has been left.")
        self._pending.fail(fault)
        self.desk.fail(fault)
        self.listeners.end(self.fault)
        self.streams.end(self.fault)
        self._wake()


async def _welcomed(connection: Connection) -> Welcome:
    """Wait for the welcome; say what the hub said where there is none."""
    refusal: Error | None = None
    while True:
        try:
            message = await connection.receive()
        except Disconnected as end:
            raise _refused(end, refusal) from end
        match message:
            case Welcome():
                return message
            case Error():
                refusal = message
            case _:
                log.debug("message before welcome")


def _refused(end: Disconnected, refusal: Error | None) -> LogdrumError:
    if refusal is not None and end.code in _FINAL:
        return JoinRefused(refusal.code, refusal.message)
    code = _REFUSALS.get(end.code)
    return end if code is None else JoinRefused(code, str(end))


def _gap_s(bursts: int) -> float:
    """Dense at first, until the estimate is good; then only what drift asks for."""
    return 0.25 if bursts < 8 else 1.0 if bursts < 16 else 5.0
