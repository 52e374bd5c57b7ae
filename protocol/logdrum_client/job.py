"""A job as a member holds it: its state, its audio, and the ways to change it (J, A)."""

from collections.abc import AsyncIterator
from contextlib import ExitStack
from typing import Final

from msgspec import UNSET, UnsetType

from logdrum_client.audio import Audio, StemReader, mixed_audio, stem_audio
from logdrum_client.errors import JobFailedError, RequestRefused
from logdrum_client.fetch import FetchSpan
from logdrum_client.session import Session
from logdrum_client.view import RoomView, StreamView
from logdrum_protocol.bounds import JobState, SectionName
from logdrum_protocol.client_messages import JobCancel, JobSteer
from logdrum_protocol.errors import ErrorCode
from logdrum_protocol.hub_messages import HubMessage, Job
from logdrum_protocol.records import JobParams

_FINAL: Final = ("done", "failed", "cancelled")
_OFF: Final = ("failed", "cancelled")


class JobHandle:
    """One job of the room; `job.audio()` is what it sounds like."""

    def __init__(self, job: str, session: Session, fetch: FetchSpan) -> None:
        self.id = job
        self._session = session
        self._fetch = fetch

    @property
    def state(self) -> JobState:
        """Where the job stands; one that the room does not know any more counts as cancelled."""
        view = self.view
        return "cancelled" if view is None else view.state

    @property
    def progress(self) -> float:
        """How much of it is done, 0 to 1."""
        return self.view.progress if self.view else 0.0

    @property
    def view(self) -> Job | None:
        """The job as the hub last told of it."""
        return self._session.view.jobs.get(self.id)

    @property
    def stems(self) -> tuple[str, ...]:
        """The stems that it gives; empty until it runs."""
        return tuple(stream.opened.stem for stream in self._session.view.streams_of(self.id))

    async def wait(self, *states: JobState) -> JobState:
        """Wait until the job is in one of these states, or in one that it cannot leave."""
        wanted = {*states, *_OFF} if states else set(_FINAL)
        await self._session.until(lambda _: self.state in wanted)
        return self.state

    async def done(self) -> None:
        """Wait until all of it has been made; raises `JobFailedError` where it never will be."""
        if await self.wait() == "done":
            return
        failure = self.view.error if self.view else None
        if failure is not None:
            raise JobFailedError(failure.code, failure.message)
        raise JobFailedError("cancelled", "The job was cancelled.")

    async def cancel(self) -> None:
        """Stop it, or take it off the timeline where it is done (J5); one that is over already stays so."""
        if self.state in _OFF:
            return
        try:
            await self._session.request(JobCancel(job=self.id), self._is_off)
        except RequestRefused as refusal:
            if refusal.code != ErrorCode.NOT_FOUND:  # somebody else was faster
                raise

    async def steer(
        self,
        prompt: str | UnsetType = UNSET,
        *,
        key: str | UnsetType = UNSET,
        seed: int | UnsetType = UNSET,
        section: SectionName | UnsetType = UNSET,
        enrich: bool | UnsetType = UNSET,
    ) -> None:
        """Change a running generation from its next bar on (J1, J2); what is not given stays."""
        params = JobParams(prompt=prompt, key=key, seed=seed, section=section, enrich=enrich)
        await self._session.send(JobSteer(job=self.id, params=params))

    async def audio(
        self, stem: str | None = None, *, from_sample: int | None = None, live: bool = False
    ) -> AsyncIterator[Audio]:
        """Yield what the job sounds like, all stems added up unless one is named, until its streams close.

        What is separated (`mix`) is the sum of its stems, so it is not added to them (J11). A separation that began
        within a sound goes on with the sound's beginning behind its end.

        It begins at the first sample, at `from_sample`, or with `live` at what comes next. Addresses follow one
        another without a gap: what did not come is fetched. Only where `epoch` changes they may jump, back too: what
        was yielded from there on is void (A3). Raises `AudioGone` where the hub keeps what is missing no more.
        """
        view = await self._session.until(lambda view: self._is_heard(view, live))
        streams = [stream for stream in view.streams_of(self.id) if self._is_asked_for(stream.opened.stem, stem)]
        if not streams:
            self._check_stem(view, stem)
            return
        start = _start(streams, live) if from_sample is None else streams[0].count(from_sample)
        with ExitStack() as stack:
            readers = [self._reader(stream, start, stack) for stream in streams]
            async for audio in mixed_audio(readers) if stem is None else stem_audio(readers[0]):
                yield audio

    def _is_asked_for(self, stem: str, wanted: str | None) -> bool:
        is_source = stem == "mix" and self.view is not None and self.view.kind == "separate"
        return stem == wanted or (wanted is None and not is_source)

    def _reader(self, stream: StreamView, start: int, stack: ExitStack) -> StemReader:
        routes, name = self._session.streams, stream.opened.stream
        feed, is_whole = routes.open(name)
        stack.callback(routes.close, name, feed)
        return StemReader(stream, feed, self._fetch, start, is_whole=is_whole)

    def _is_off(self, message: HubMessage) -> bool:
        return isinstance(message, Job) and message.job == self.id and message.state in _OFF

    def _is_heard(self, view: RoomView, live: bool) -> bool:
        streams = view.streams_of(self.id)
        job = view.jobs.get(self.id)
        if job is None or job.state in _OFF:
            return True
        return bool(streams) and (all if live else any)(stream.heard if live else stream.started for stream in streams)

    def _check_stem(self, view: RoomView, stem: str | None) -> None:
        if view.streams_of(self.id):
            names = ", ".join(self.stems)
            raise RequestRefused(ErrorCode.NOT_FOUND, f"This job has no stem '{stem}'; it has {names}.")


def _start(streams: list[StreamView], live: bool) -> int:
    if live:
        return max(stream.head_sample for stream in streams)
    return min(stream.opened.start_sample for stream in streams)
