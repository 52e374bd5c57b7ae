"""What one connection hears of each stream: in order, each sample once, and the samples that were rendered (A2, A3)."""

from logdrum_client.line import StreamEvent
from logdrum_client.view import StreamView
from logdrum_protocol import bounds as b
from logdrum_protocol.hub_messages import Chunk, HubMessage, StreamClose, StreamEpoch, StreamGap, StreamOpen, Welcome
from tests.simulation.sound import sound


class Ear:
    """Hears one stream."""

    def __init__(self, opened: StreamOpen, *, is_whole: bool) -> None:
        self.stream = StreamView(opened=opened, head_sample=opened.start_sample, complete=True)
        self.is_whole = is_whole
        """Whether it has heard the stream since it opened."""
        self.events: list[StreamEvent] = []
        self.nexts: set[b.Sample] | None = None
        """Where what comes next may begin; None before anything came."""
        self._epoch = opened.epoch

    def take(self, message: StreamEvent | StreamGap) -> None:
        """Hear what comes, and check it."""
        match message:
            case Chunk():
                self._hear(message)
            case StreamGap():
                start = self._counted(message.from_sample)
                self._need(self.nexts is None or start in self.nexts, f"a gap at {start}, not {self.nexts}")
                self.nexts = {start + message.to_sample - message.from_sample}
            case StreamEpoch():
                self._need(message.epoch > self._epoch, f"epoch {message.epoch} after {self._epoch}")
                self._epoch, start = message.epoch, self.place(message.start_sample)
                if self.nexts is not None:
                    self.nexts = {start, *(min(start, other) for other in self.nexts)}
            case StreamClose():
                pass
        if not isinstance(message, StreamGap):
            self.events.append(message)

    def _hear(self, chunk: Chunk) -> None:
        opened, start = self.stream.opened, self._counted(chunk.start_sample)
        end = start + chunk.samples
        self._need(self.nexts is None or start in self.nexts, f"a chunk at {start}, not {self.nexts}")
        self._need(chunk.epoch <= self._epoch, f"epoch {chunk.epoch} before it was told of, in {self._epoch}")
        if (way := self.stream.round) is not None:
            self._need(chunk.start_sample < way.samples, f"a chunk at {chunk.start_sample}, behind the sound's end")
            self._need(not start < way.samples < end <= way.end, f"a chunk from {start} to {end} of {way}")
        # What is cut where a new epoch begins is of the newest epoch before that, whichever it was rendered in.
        rendered = (sound(opened.job, opened.stem, epoch, start, chunk.samples) for epoch in range(chunk.epoch, -1, -1))
        self._need(chunk.data in rendered, f"other samples than were rendered, at {start} in {chunk.epoch}")
        self.nexts = {end}

    def _counted(self, sample: b.Sample) -> b.Sample:
        return self.stream.count(sample)

    def place(self, sample: b.Sample) -> b.Sample:
        """Count a sample that may be the very end."""
        way = self.stream.round
        return way.end if way is not None and sample >= way.samples else self._counted(sample)

    def _need(self, holds: bool, sentence: str) -> None:
        assert holds, f"{self.stream.opened.stream}: {sentence}"


class Ears:
    """Hears every stream of a room."""

    def __init__(self, welcome: Welcome | None = None) -> None:
        streams = () if welcome is None else welcome.streams
        self.ears = {opened.stream: Ear(opened, is_whole=False) for opened in streams}

    def take(self, message: HubMessage) -> None:
        """Hear a message, if it is of a stream."""
        match message:
            case StreamOpen(stream=stream):
                self.ears[stream] = Ear(message, is_whole=True)
            case Chunk(stream=stream) | StreamGap(stream=stream):
                assert stream in self.ears, f"{stream} is heard, and nobody was told of it"
                self.ears[stream].take(message)
            case StreamEpoch(stream=stream) | StreamClose(stream=stream) if stream in self.ears:
                self.ears[stream].take(message)
            case _:
                pass
