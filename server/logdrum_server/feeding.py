"""Feeds separations with the tapes of what they separate, while that is made (Q10)."""

from collections.abc import Callable, Mapping
from typing import Final, assert_never

from logdrum_protocol.bounds import SAMPLE_RATE, JobId, Sample, Stem, StreamId
from logdrum_protocol.engine_messages import EndFeed, FeedJob, ToEngine
from logdrum_server.core.effects import FeedEffect, FeedFrom, FeedUntil, StopFeed
from logdrum_server.tape import BYTES_PER_SAMPLE, Piece, Tape

CONTEXT_SAMPLES: Final = 2 * SAMPLE_RATE
"""What is fed of the music before a separation begins, where it is still in memory."""

MAX_UNSENT_BYTES: Final = 1024 * 1024
"""What may wait for the engine to read: a quarter of what it would be cut off for."""


class Feeds:
    """What the separations of a room are fed with, as fast as the engine reads it."""

    def __init__(
        self,
        find: Callable[[StreamId], Tape | None],
        send: Callable[[ToEngine], None],
        unsent: Callable[[], int],
    ) -> None:
        self._find = find
        self._send = send
        self._unsent = unsent
        self._feeds: dict[JobId, Feed] = {}

    def change(self, effect: FeedEffect) -> None:
        """Begin a feed, or another in its place; say where it ends; or stop it."""
        match effect:
            case FeedFrom(job, _, streams):
                tapes = {stem: tape for stem, stream in streams if (tape := self._find(stream)) is not None}
                self._feeds[job] = Feed(effect, tapes)
            case FeedUntil(job, end_sample):
                if job in self._feeds:
                    self._feeds[job].end = end_sample
            case StopFeed(job):
                self._feeds.pop(job, None)
            case _:
                assert_never(effect)

    def pump(self) -> None:
        """Hand over what has been published since; never waits."""
        for job, feed in list(self._feeds.items()):
            while self._unsent() < MAX_UNSENT_BYTES and (message := feed.take()) is not None:
                self._send(message)
            if feed.is_over:
                del self._feeds[job]


class Feed:
    """One separation's place in the tapes of its source; what has left memory is left out."""

    def __init__(self, order: FeedFrom, tapes: Mapping[Stem, Tape]) -> None:
        self._order = order
        self._tapes = tapes
        start = max(0, order.start_sample - CONTEXT_SAMPLES)
        self._next: dict[Stem, Sample] = dict.fromkeys(tapes, start)
        self.end: Sample | None = None
        self.is_over = False

    def take(self) -> FeedJob | EndFeed | None:
        """Return the next piece of the stem that is the furthest behind, and at last the end; None for now."""
        for stem in sorted(self._next, key=self._next.__getitem__):
            piece = _piece_at(self._tapes[stem], self._next[stem])
            if piece is not None:
                return self._fed(stem, piece)
        if self.end is None or self.is_over:
            return None
        self.is_over = True
        return EndFeed(job=self._order.job, epoch=self._order.epoch, end_sample=self.end)

    def _fed(self, stem: Stem, piece: Piece) -> FeedJob:
        start = max(piece.start, self._next[stem])
        self._next[stem] = piece.end
        return FeedJob(
            job=self._order.job,
            stem=stem,
            epoch=self._order.epoch,
            start_sample=start,
            samples=piece.end - start,
            data=bytes(piece.pcm[(start - piece.start) * BYTES_PER_SAMPLE :]),
        )


def _piece_at(tape: Tape, place: Sample) -> Piece | None:
    """The piece with the sample at a place, or the first in memory behind it."""
    if place >= tape.head:
        return None
    return tape.pieces.get(place) or next((piece for piece in tape.pieces.values() if piece.end > place), None)
