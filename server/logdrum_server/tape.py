"""A stream's audio as the hub keeps it: framed pieces in memory for the lanes, a circular file for the rest."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from msgspec.structs import replace

from logdrum_protocol.bounds import CHANNELS, SAMPLE_RATE, AssetId, Epoch, Sample, StreamId
from logdrum_protocol.codec import encode
from logdrum_protocol.hub_messages import Chunk, StreamClose, StreamOpen
from logdrum_server.core.course import Course, Span
from logdrum_server.lanes import HIGH_WATER_BYTES, Reader, ws_frame

BYTES_PER_SAMPLE: Final = 2 * CHANNELS
KEPT_SAMPLES: Final = 15 * 60 * SAMPLE_RATE
"""The newest of a stream that stays fetchable (A4)."""

_MEMORY_SAMPLES: Final = 30 * SAMPLE_RATE
_BEHIND_SAMPLES: Final = 2 * SAMPLE_RATE
_LATE_SAMPLES: Final = SAMPLE_RATE // 2


class Piece(NamedTuple):
    """One chunk as it goes over the wire, the same bytes to everyone."""

    start: Sample
    end: Sample
    frame: bytes

    @property
    def pcm(self) -> memoryview:
        """The chunk's samples: the data is a chunk's last field, so they are the frame's tail."""
        return memoryview(self.frame)[-(self.end - self.start) * BYTES_PER_SAMPLE :]


class Tape:
    """One stream's audio; always one contiguous span `[first, head)` of places on its course."""

    def __init__(self, stream: StreamOpen, *, endless: bool, path: Path) -> None:
        self.stream: StreamId = stream.stream
        self.anchor_tick = stream.anchor_tick
        self.bpm = stream.bpm
        self.endless = endless
        self.course = Course() if stream.samples is None else Course(stream.start_sample, stream.samples)
        self.path = path
        self.epoch: Epoch = stream.epoch
        self.first: Sample = stream.start_sample
        self.head: Sample = stream.start_sample
        self.saved: Sample = stream.start_sample
        self.playhead: Sample = stream.start_sample
        self.floor: Sample = stream.start_sample
        self.pieces: dict[Sample, Piece] = {}
        self.readers: list[Reader] = []
        self.close_frame: bytes | None = None
        self.asset: AssetId | None = None
        """What a whole and finished stream is stored as."""

    def append(self, chunk: Chunk) -> None:
        """Keep a chunk, and send it at once to every reader that has all before it."""
        piece = Piece(chunk.start_sample, chunk.start_sample + chunk.samples, self._framed(chunk))
        self.pieces[piece.start] = piece
        self.head = piece.end
        self.first = max(self.first, self.head - KEPT_SAMPLES)
        self._broadcast(*piece)

    def _framed(self, chunk: Chunk) -> bytes:
        """A chunk as members are sent it: addressed by the sound's own samples (A2)."""
        return ws_frame(encode(replace(chunk, start_sample=self.course.address(chunk.start_sample))))

    def _broadcast(self, start: Sample, end: Sample, frame: bytes) -> None:
        # The hub's innermost loop: locals, slots and the transports' own methods, no call of ours where all is well.
        ahead, high_water = start - self.playhead if self.endless else 0, HIGH_WATER_BYTES
        for reader in self.readers:
            lanes = reader.lanes
            if (
                reader.next == start
                and not lanes.blocked
                and ahead < lanes.buffer_samples
                and reader.pending() < high_water
                and not reader.is_closing()
            ):
                reader.next = end
                reader.send(frame)
            else:
                reader.fall_back()

    def _cut(self, piece: Piece, end: Sample) -> Piece:
        """The part of a piece that stays when what follows `end` is void."""
        if piece.end <= end:
            return piece
        data = bytes(piece.pcm[: (end - piece.start) * BYTES_PER_SAMPLE])
        chunk = Chunk(
            stream=self.stream, epoch=self.epoch, start_sample=piece.start, samples=end - piece.start, data=data
        )
        return Piece(piece.start, end, self._framed(chunk))

    def rewind(self, epoch: Epoch, start: Sample, *, clear: bool) -> None:
        """Void everything from `start` on, all of it where `clear`."""
        self.pieces = {} if clear else {at: self._cut(piece, start) for at, piece in self.pieces.items() if at < start}
        self.epoch = epoch
        self.saved = start if clear else min(self.saved, start)
        self.first = start if clear else min(self.first, start)
        self.head = start
        self.playhead = start if clear else self.playhead
        self.floor = next(iter(self.pieces), start)
        for reader in self.readers:
            reader.turn(start, clear=clear)

    def set_playhead(self, playhead: Sample) -> None:
        """Say where the room listens; what is late for everyone is no longer sent, what is old leaves memory."""
        playhead = self.playhead = self.course.place(playhead)
        behind = playhead - _BEHIND_SAMPLES if self.endless else 0
        oldest = max(behind, self.head - _MEMORY_SAMPLES)
        for at, piece in list(self.pieces.items()):
            if piece.end > min(oldest, self.saved):
                break
            del self.pieces[at]
        self.floor = self._floor(playhead - _LATE_SAMPLES if self.endless else 0)

    def _floor(self, late: Sample) -> Sample:
        for at, piece in self.pieces.items():
            if piece.end > late:
                return at
        return self.head

    def follow(self, reader: Reader) -> None:
        """Let a connection hear this tape from the room's position on (A6)."""
        reader.next = self.head if self.close_frame else max(self.floor, self._floor(self.playhead))
        self.readers.append(reader)

    def close(self, message: StreamClose) -> None:
        """Say that nothing follows; each reader hears it behind its last chunk (A8)."""
        self.close_frame, self.asset = ws_frame(encode(message)), message.asset
        for reader in self.readers:
            reader.lanes.pump()

    @property
    def is_whole(self) -> bool:
        """Whether all of a finished stream is still there, from its sound's first sample on."""
        end = self.course.end if self.course.entry else self.head
        return self.course.entry == self.first < self.head == end

    @property
    def samples(self) -> Sample:
        """How long the stream is as far as it goes."""
        return self.course.reach(self.head)

    @property
    def held(self) -> Span:
        """The run of the sound's samples that is there, around where the stream began."""
        if self.is_whole:
            return 0, self.samples
        if self.first < self.course.turn:
            return self.first, self.samples
        start = self.course.address(self.first)
        return start, start + self.head - self.first

    def unsaved(self) -> list[Piece]:
        """Pieces that are not in the file yet, oldest first."""
        return [piece for piece in self.pieces.values() if piece.start >= self.saved]


def write_pieces(path: Path, pieces: list[Piece]) -> None:
    """Write pieces into the circular file; blocks, so it belongs on a thread."""
    with open(path, "r+b" if path.exists() else "w+b") as file:
        for piece in pieces:
            for offset, size, place in _spans(piece.start, piece.end):
                file.seek(place)
                file.write(piece.pcm[offset : offset + size])


def read_span(path: Path, start: Sample, end: Sample) -> bytes:
    """Read samples from the circular file; blocks, so it belongs on a thread."""
    with open(path, "rb") as file:
        parts = []
        for _, size, place in _spans(start, end):
            file.seek(place)
            parts.append(file.read(size))
    return b"".join(parts)


def _spans(start: Sample, end: Sample) -> Iterator[tuple[int, int, int]]:
    """Cut a span at the file's wrap: offset within the span, size and place in the file, all in bytes."""
    at = start
    while at < end:
        place = at % KEPT_SAMPLES
        samples = min(end - at, KEPT_SAMPLES - place)
        yield (at - start) * BYTES_PER_SAMPLE, samples * BYTES_PER_SAMPLE, place * BYTES_PER_SAMPLE
        at += samples
