"""A room to play in: `async with join(url, room, name) as room:` and everything a member can do there."""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Awaitable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Literal, TypeVar, cast

from msgspec import UNSET, UnsetType

from logdrum_client.address import checked_room, parse_address
from logdrum_client.clock import HubClock
from logdrum_client.drafts import Ordered
from logdrum_client.errors import RequestRefused
from logdrum_client.feed import Feed
from logdrum_client.fetch import RoomFiles
from logdrum_client.job import JobHandle
from logdrum_client.ops import checked, new_op_id
from logdrum_client.pending import Asked
from logdrum_client.session import Place, Session
from logdrum_client.transport import Position
from logdrum_client.view import RoomView
from logdrum_protocol import bounds as b
from logdrum_protocol.client_messages import (
    Hello,
    JobNotes,
    JobSubmit,
    PlayNote,
    Redo,
    SendChat,
    SetPresence,
    SettingsSet,
    TransportSet,
    Undo,
    VersionDelete,
    VersionList,
    VersionRestore,
    VersionSave,
)
from logdrum_protocol.document import Op
from logdrum_protocol.errors import ErrorCode
from logdrum_protocol.fold import Document
from logdrum_protocol.hub_messages import (
    Applied,
    Asset,
    Chat,
    HubMessage,
    Job,
    RoomSettings,
    Transport,
    Version,
    VersionDeleted,
    Versions,
)
from logdrum_protocol.records import JobParams, Loop, Member, PresenceState

M = TypeVar("M", bound=HubMessage)

_SYNC_TIMEOUT_S: Final = 2.0


class Room:
    """A room that has been joined; made by `join`.

    Whatever waits for the hub waits through a reconnect, and raises a `LogdrumError` once the stay is over for good.
    """

    def __init__(self, session: Session, files: RoomFiles) -> None:
        self._session = session
        self._files = files

    @property
    def view(self) -> RoomView:
        """Everything that is known of the room, as it stands; a new object after each change."""
        return self._session.view

    @property
    def clock(self) -> HubClock:
        """The hub's clock."""
        return self._session.clock

    @property
    def connected(self) -> bool:
        """Whether the connection stands; where it does not, it is being taken up again."""
        return self._session.connected

    @property
    def session(self) -> str:
        """Our own session's id."""
        return self.view.session

    @property
    def members(self) -> Mapping[str, Member]:
        """Who is here, ourselves included."""
        return self.view.members

    @property
    def jobs(self) -> Mapping[str, "JobHandle"]:
        """The jobs that the room knows."""
        return {job: self.job(job) for job in self.view.jobs}

    @property
    def document(self) -> Document:
        """The document as we see it: our own edits are in it from the moment on at which we make them."""
        return self._session.desk.over(self.view.document)

    @property
    def confirmed(self) -> Document:
        """The document as everybody has it: without those of our edits that the hub has not answered yet."""
        return self.view.document

    @property
    def assets(self) -> Mapping[str, Asset]:
        """The sounds that are stored in the room."""
        return self.view.assets

    @property
    def transport(self) -> Transport:
        """The transport in force now (T5)."""
        return self.view.transports.at(self.clock.now_us())

    def position(self) -> Position:
        """Where the music is now (T2)."""
        return self.view.transports.position(self.clock.now_us())

    async def set_transport(
        self,
        *,
        playing: bool | UnsetType = UNSET,
        tick: int | UnsetType = UNSET,
        bpm: float | UnsetType = UNSET,
        numerator: int | UnsetType = UNSET,
        denominator: b.Denominator | UnsetType = UNSET,
        loop: Loop | UnsetType | None = UNSET,
        quantum: b.Quantum = "none",
    ) -> Transport:
        """Play, stop, seek, change tempo, metre or loop; what is not given stays (T3). Returns what came of it."""
        rev = self.view.transports.newest.rev
        request = TransportSet(
            op_id=new_op_id(),
            playing=playing,
            tick=tick,
            bpm=bpm,
            numerator=numerator,
            denominator=denominator,
            loop=loop,
            quantum=quantum,
        )

        def answers(message: HubMessage) -> bool:
            return isinstance(message, Transport) and message.by == self.session and message.rev > rev

        answer = await self._session.request(request, answers)
        assert isinstance(answer, Transport)
        return answer

    async def generate(
        self,
        prompt: str,
        *,
        bars: int | None = None,
        seed: int | UnsetType = UNSET,
        key: str | UnsetType = UNSET,
        start: Literal["now", "bar"] | int | UnsetType = UNSET,
        model: str | UnsetType = UNSET,
        stems: bool | UnsetType = UNSET,
        section: b.SectionName | UnsetType = UNSET,
        level: b.Level | UnsetType = UNSET,
        enrich: bool | UnsetType = UNSET,
    ) -> JobHandle:
        """Ask for music; without `bars` it goes on until cancelled (J2). What came of it is in the job's `choices`."""
        params = JobParams(
            prompt=prompt,
            bars=UNSET if bars is None else bars,
            seed=seed,
            key=key,
            start=start,
            model=model,
            stems=stems,
            section=section,
            level=level,
            enrich=enrich,
        )
        return await self.submit("generate", params)

    async def play_notes(self, clip: str = "*") -> JobHandle:
        """Have a clip's notes played, or all that are written, and follow every edit until cancelled (J8)."""
        return await self.submit("generate", JobParams(clip=clip))

    async def write_notes(self, job: str, tick: int | UnsetType = UNSET) -> Applied:
        """Write the section that a generation plays at `tick`, or now, into the document (J9)."""
        return await self._ask(JobNotes(op_id=new_op_id(), job=job, tick=tick), Applied)

    async def score(self, asset: str, *, genre: str | UnsetType = UNSET) -> JobHandle:
        """Ask how far a stored sound follows a genre's conventions; the answer is in the job's `conformance` (J10)."""
        return await self.submit("score", JobParams(asset=asset, genre=genre))

    async def set_threshold(self, threshold: float) -> RoomSettings:
        """Set what a score has to reach; for the room's owner (J10)."""
        return await self._ask(SettingsSet(op_id=new_op_id(), threshold=threshold), RoomSettings)

    async def separate(
        self,
        asset: str | UnsetType = UNSET,
        *,
        job: str | UnsetType = UNSET,
        clip: str | UnsetType = UNSET,
        stems: Sequence[str] | UnsetType = UNSET,
        start: Literal["now", "bar"] | int | UnsetType = UNSET,
        model: str | UnsetType = UNSET,
        shifts: int | UnsetType = UNSET,
        overlap: float | UnsetType = UNSET,
    ) -> JobHandle:
        """Ask for the stems of a stored sound, of a generation or of what a clip plays (J3)."""
        params = JobParams(
            asset=asset,
            job=job,
            clip=clip,
            stems=stems if isinstance(stems, UnsetType) else tuple(stems),
            start=start,
            model=model,
            shifts=shifts,
            overlap=overlap,
        )
        return await self.submit("separate", params)

    async def submit(self, kind: b.JobKind, params: JobParams) -> JobHandle:
        """Submit a job, and return when the hub has taken it on (J1)."""
        answer = await self._ask(JobSubmit(op_id=new_op_id(), kind=kind, params=params), Job)
        return self.job(answer.job)

    def job(self, job: str) -> JobHandle:
        """A handle on a job, whoever submitted it."""
        return JobHandle(job, self._session, self._files.span)

    def edit(self, *ops: Op) -> Awaitable[Applied]:
        """Change the document: here at once, everywhere when the hub has it. Nobody has to await that (D2, D3).

        Edits are sent in the order of the calls, and again after a reconnect, however long that takes. Where the hub
        refuses, the change vanishes from `document`, and who waits gets a `RequestRefused`.
        """
        edit = checked(ops, self.view.limits.max_message_bytes)
        return cast("Awaitable[Applied]", self._session.draft(edit))

    async def undo(self) -> Applied:
        """Take back our own last edit, as far as nobody has changed it since (D6)."""
        return await self._in_order(Undo(op_id=new_op_id()), Applied)

    async def redo(self) -> Applied:
        """Make our last undone edit again (D6)."""
        return await self._in_order(Redo(op_id=new_op_id()), Applied)

    async def save_version(self, name: str) -> Version:
        """Keep the document under a name, with our own edits up to here (V1)."""
        return await self._in_order(VersionSave(op_id=new_op_id(), name=name), Version)

    async def restore(self, version: str) -> Applied:
        """Make the document what it was in a version, as one edit that can be undone (V3)."""
        return await self._in_order(VersionRestore(op_id=new_op_id(), version=version), Applied)

    async def versions(self) -> tuple[Version, ...]:
        """Ask the hub which versions there are, the oldest first (V2)."""
        return (await self._ask(VersionList(op_id=new_op_id()), Versions)).versions

    async def delete_version(self, version: str) -> None:
        """Forget a version (V4)."""
        await self._ask(VersionDelete(op_id=new_op_id(), version=version), VersionDeleted)

    async def upload(self, path: Path) -> Asset:
        """Store a sound in the room: WAV, FLAC, MP3 or Ogg (A5). Raises OSError where the file cannot be read."""
        max_bytes = self.view.limits.max_asset_bytes
        if path.stat().st_size > max_bytes:
            raise RequestRefused(ErrorCode.TOO_LARGE, f"A sound may have {max_bytes // 1024 // 1024} MiB.")
        welcome = self.view.welcome
        member = {"X-Logdrum-Session": welcome.session, "X-Logdrum-Key": welcome.key}
        asset = await self._files.store(path, member)
        return (await self._session.until(lambda view: asset in view.assets)).assets[asset]

    async def chat(self, text: str) -> Chat:
        """Say something to everybody: once, whatever becomes of the connection meanwhile (P3)."""
        return await self._ask(SendChat(text=text, op_id=new_op_id()), Chat)

    async def _in_order(self, message: Ordered, kind: type[M]) -> M:
        answer = await self._session.draft(message)
        assert isinstance(answer, kind)
        return answer

    async def _ask(self, request: Asked, kind: type[M]) -> M:
        def answers(message: HubMessage) -> bool:
            return isinstance(message, kind) and getattr(message, "op_id", None) == request.op_id

        answer = await self._session.request(request, answers)
        assert isinstance(answer, kind)
        return answer

    async def show(self, state: PresenceState) -> None:
        """Show the others where we are looking; dropped while the connection is broken (P1)."""
        await self._session.send_now(SetPresence(state=state))

    async def play_note(self, track: str, pitch: int, velocity: int, at_us: int | None = None) -> None:
        """Play a note for the others, now unless said; velocity 0 releases (P4). Dropped while disconnected."""
        moment = self.clock.now_us() if at_us is None else at_us
        await self._session.send_now(PlayNote(track=track, pitch=pitch, velocity=velocity, at_us=moment))

    @contextlib.contextmanager
    def listen(self, *kinds: type[M]) -> Iterator[Feed[M]]:
        """Hear messages of some kinds as they come, until the stay ends: `with room.listen(Chat) as chats`.

        `Welcome` tells of every reconnect. Who falls a thousand messages behind loses the oldest: `feed.dropped`.
        """
        feed: Feed[Any] = Feed(accepts=lambda message: isinstance(message, kinds))
        self._session.listeners.add(feed)
        try:
            yield feed
        finally:
            self._session.listeners.remove(feed)

    async def until_closed(self) -> None:
        """Wait until the stay is over, and raise why."""
        await self._session.until(lambda _: False)


@contextlib.asynccontextmanager
async def join(
    url: str,
    room: str,
    name: str,
    *,
    color: str | UnsetType = UNSET,
    token: str | UnsetType = UNSET,
    buffer_ms: int = 10_000,
) -> AsyncIterator[Room]:
    """Join a room of the hub at `url` (ws, wss, http or https), and leave it at the end of the block.

    Raises `JoinRefused` where the hub says no, `HubUnreachable` where there is none. A connection that breaks later is
    taken up again; what cannot be taken up again is raised by whatever waits for the hub, not into the block.
    """
    address = parse_address(url)
    hello = Hello(name=name, color=color, token=token, buffer_ms=buffer_ms)
    place = Place(address=address, url=url, room=checked_room(room), hello=hello)
    session = Session(place, HubClock(), random.Random())  # noqa: S311  # spreads reconnects, guards nothing
    fault: Exception | None = None
    async with asyncio.TaskGroup() as tasks:
        stay = tasks.create_task(session.run())
        try:
            await session.until(lambda _: session.connected)
            await _first_sync(session)
            yield Room(session, RoomFiles(address, room, None if token is UNSET else token))
        except Exception as raised:  # kept out of the group, which would wrap it
            fault = raised
        finally:
            stay.cancel()
    if fault is not None:
        raise fault


async def _first_sync(session: Session) -> None:
    """Wait for the clock, but not long: a hub that is slow to answer is still a hub."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_SYNC_TIMEOUT_S):
            await session.until(lambda _: session.clock.synced)
