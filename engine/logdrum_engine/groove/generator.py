"""The generator named groove: a pure function of what was asked for, when, and of the sample address."""

import hashlib
import math
from collections.abc import Iterator, Sequence

import msgspec
import numpy as np
from msgspec.structs import replace

from logdrum_engine.generator import Block, Description, Pcm, Spec, WrittenSection

from . import master
from .composer import compose
from .loudness import GIVEN_NOTES_DB, bars_to_hear, learn, makeup_db
from .master import TILE_SAMPLES
from .memo import Memo
from .metre import Feel, feel_of
from .mixer import Event, Stems, gain_of, mix, perform
from .notation import Sheet, written
from .piece import Piece, piece_of
from .score import OVERHANG_STEPS, STEMS, Note
from .synth.rack import LONGEST_SAMPLES, RACK, kit_voices
from .synth.voice import Voice
from .synth.waves import Signal, rise
from .touch import touched

BLOCK_SAMPLES = TILE_SAMPLES
FADE_SAMPLES = 480
"""End of a piece of limited length, so that what still rings does not stop with a click."""

SHOT_BYTES = 128 * 1024 * 1024
TILE_BYTES = 12 * 1024 * 1024
"""A job needs three tiles at a time, of 154 kB each."""

_TAKES, _NOTES_A_TAKE, _BARS = 512, 200, 192
"""Bounds of what is kept of scores: a sheet of 20,000 notes weighs as much as a hundred pieces."""


class Request(msgspec.Struct, frozen=True, eq=False):
    """A spec under its digest: to hash one of 20,000 notes at every block would cost more than to play it."""

    spec: Spec
    digest: bytes

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Request) and self.digest == other.digest

    def __hash__(self) -> int:
        return hash(self.digest)


class Segment(msgspec.Struct, frozen=True):
    """A request and the address, at its own tempo, before which nothing of it begins."""

    request: Request
    from_sample: int

    def moment(self, bpm: float) -> int:
        """Return where it begins as addresses count at another tempo."""
        return round(self.from_sample * self.request.spec.bpm / bpm)


class Playing(msgspec.Struct, frozen=True):
    """A job's whole state: what it was asked for, as far as that still rings, and where it is."""

    segments: tuple[Segment, ...]
    next_sample: int


class Take(msgspec.Struct, frozen=True, eq=False):
    """A request ready to be played."""

    piece: Piece
    sheet: Sheet | None
    """Notes that are given, instead of the piece's own."""
    given: int
    """How many those are."""

    @property
    def feel(self) -> Feel:
        """The bar to play in."""
        return self.piece.feel

    @property
    def end(self) -> int | None:
        """Address of its end, rounded once from the ideal grid; None where it goes on."""
        bars = self.piece.ends_at_bar
        return None if bars is None else round(bars * self.feel.bar_samples)

    def notes(self, bar: int) -> list[Note]:
        """Perform one bar."""
        told = compose(self.piece, bar) if self.sheet is None else self.sheet.bar(bar)
        return touched(told, self.feel.bar_ticks / self.feel.steps)


class Tile(msgspec.Struct, frozen=True):
    """A span of the mix before the limiter, cut where every render cuts it."""

    stems: Stems
    excess: Signal


class Groove:
    """Composes and plays amapiano; equal requests give equal samples, in blocks of any size from any start.

    It keeps only what can be made again, in caches of fixed size. For one thread.
    """

    def __init__(self, shot_bytes: int = SHOT_BYTES) -> None:
        self._takes: Memo[Request, Take] = Memo(_take, _TAKES, _take_weight)
        self._makeups: Memo[Request, float] = Memo(self._makeup, 64)
        self._bars: Memo[tuple[Request, int], tuple[Event, ...]] = Memo(self._performed, _BARS)
        self._shots: Memo[Voice, Pcm] = Memo(_shot, shot_bytes, lambda shot: shot.nbytes)
        self._tiles: Memo[tuple[tuple[Segment, ...], int], Tile] = Memo(
            self._mixed, TILE_BYTES, lambda t: t.stems.nbytes
        )

    def warm_up(self) -> None:
        """Make the drum kit, and measure all there is to be played: what would delay a first block; about a second."""
        for voice in kit_voices():
            self._shots.get(voice)
        learn()
        self.render(Spec(), 0, BLOCK_SAMPLES)

    @property
    def cached_bytes(self) -> int:
        """Size of the one-shots kept."""
        return self._shots.weight

    def describe(self, spec: Spec) -> Description:
        """Return what a spec becomes; raises GrooveError for a spec nobody can play."""
        piece = self._takes.get(_request(spec)).piece
        return Description(stems=STEMS, choices=piece.direction.choices, harmony=piece.harmony)

    def begin(self, spec: Spec, start_sample: int) -> Playing:
        """Return a state whose first block starts at `start_sample`; raises GrooveError for a spec nobody can play."""
        request = _request(spec)
        self._takes.get(request)
        return Playing((Segment(request, 0),), max(0, start_sample))

    def turn(self, state: Playing, spec: Spec, start_sample: int) -> Playing:
        """Return a state that goes on with another spec; to turn to the same spec is to seek."""
        begun = self.begin(self._going_on(state, spec), start_sample)
        now = Segment(begun.segments[-1].request, begun.next_sample)
        before = tuple(s for s in state.segments if s.moment(spec.bpm) < now.from_sample)
        is_seek = state.segments[-1].request == now.request
        if before and self._has_ended(before[-1], now):
            before = ()
        if is_seek and before != state.segments:
            return begun
        return Playing(self._audible(before if is_seek else (*before, now), now.from_sample), now.from_sample)

    def _going_on(self, state: Playing, spec: Spec) -> Spec:
        """Keep to the section that was asked for before, where the new words ask for none."""
        before = state.segments[-1].request
        asked = self._takes.get(before).piece.direction.section
        if asked is None or spec.notation is not None or self._takes.get(_request(spec)).piece.direction.section:
            return spec
        return replace(spec, section=asked, section_bar=before.spec.section_bar)

    def step(self, states: Sequence[Playing]) -> list[tuple[Block | None, Playing]]:
        """Advance each state by one block, the last one of a piece shorter."""
        return [self._advance(state) for state in states]

    def written(self, state: Playing, tick: int) -> WrittenSection | None:
        """Return the notes of the section at a tick of the room; None outside the piece, or where notes were given."""
        request = state.segments[-1].request
        take = self._takes.get(request)
        bar = math.floor((tick - request.spec.anchor_tick) / take.feel.bar_ticks)
        end = take.piece.ends_at_bar
        if take.sheet is not None or bar < 0 or (end is not None and bar >= end):
            return None
        stretch = take.piece.stretch(bar)
        begun = math.ceil((state.segments[-1].from_sample - 1) / take.feel.bar_samples)  # a bar line is rounded up
        first = max(stretch.first, begun) if bar >= begun else stretch.first  # before a turn something else was played
        bars = stretch.first + stretch.bars - first
        return WrittenSection(
            name=stretch.section.kind,
            start_tick=request.spec.anchor_tick + round(first * take.feel.bar_ticks),
            length_ticks=round(bars * take.feel.bar_ticks),
            notation=written(take.piece, first, bars),
        )

    def notes(self, spec: Spec, bar: int) -> list[Note]:
        """Return the notes of a composed bar: what the stems are made of."""
        return self._takes.get(_request(spec)).notes(bar)

    def events(self, state: Playing, first: int, last: int) -> list[Event]:
        """Return what is heard in a span of the state's addresses, struck then or before."""
        return list(self._events(state.segments, first, last))

    def before_master(self, state: Playing, tile: int) -> Stems:
        """Return the stems of a tile as the limiter gets them."""
        return self._tiles.get((state.segments, tile)).stems

    def makeup_db(self, spec: Spec) -> float:
        """Return by how much a piece is turned up as a whole."""
        return 20 * math.log10(self._gain_of_piece(_request(spec)))

    def render(self, spec: Spec, first: int, last: int) -> dict[str, Pcm]:
        """Render samples `first` to `last` of every stem."""
        return self._render(self.begin(spec, first).segments, first, last)

    def _advance(self, state: Playing) -> tuple[Block | None, Playing]:
        first = state.next_sample
        end = self._takes.get(state.segments[-1].request).end
        last = first + BLOCK_SAMPLES if end is None else min(first + BLOCK_SAMPLES, end)
        if last <= first:
            return None, state
        stems = self._render(state.segments, first, last)
        after = Playing(self._audible(state.segments, last), last)
        return Block(start_sample=first, samples=last - first, stems=stems), after

    def _render(self, segments: tuple[Segment, ...], first: int, last: int) -> dict[str, Pcm]:
        tiles = range(first // TILE_SAMPLES, -(-last // TILE_SAMPLES))
        parts = [self._tiles.get((segments, tile)).stems * self._gain(segments, tile) for tile in tiles]
        cut = slice(first - tiles.start * TILE_SAMPLES, last - tiles.start * TILE_SAMPLES)
        whole = parts[0] if len(parts) == 1 else np.concatenate(parts, axis=2)
        stems = dict(zip(STEMS, whole[:, :, cut], strict=True))
        end = self._takes.get(segments[-1].request).end
        if end is not None and last > end - FADE_SAMPLES:
            _fade_out(stems, first, end)
        return stems

    def _gain(self, segments: tuple[Segment, ...], tile: int) -> Signal:
        """Limiter's gain over a tile; at a turn it goes on from what it would have been without."""
        before, here, after = (self._tiles.get((segments, tile + place)) for place in (-1, 0, 1))
        curve = master.gain(before.excess, here.excess, after.excess)
        since = tile * TILE_SAMPLES - segments[-1].from_sample
        if len(segments) == 1 or since >= master.HANDOVER_SAMPLES:
            return curve
        old = self._gain_between(segments[:-1], tile * TILE_SAMPLES - _late(segments))
        return master.held(master.handed_over(old, curve, since), here.stems)

    def _gain_between(self, segments: tuple[Segment, ...], first: int) -> Signal:
        """Gain over as much as a tile, from any address."""
        tile, start = divmod(first, TILE_SAMPLES)
        curves = [self._gain(segments, tile), self._gain(segments, tile + 1)]
        return np.concatenate(curves)[start : start + TILE_SAMPLES]

    def _mixed(self, address: tuple[tuple[Segment, ...], int]) -> Tile:
        segments, tile = address
        first = tile * TILE_SAMPLES
        last = first + TILE_SAMPLES
        stems = mix(self._events(segments, first, last), first, last, self._shots.get)
        return Tile(stems, master.excess(stems))

    def _audible(self, segments: tuple[Segment, ...], first: int) -> tuple[Segment, ...]:
        """Forget what was turned away from so long ago that nothing of it can be heard from `first` on."""
        bpm = segments[-1].request.spec.bpm
        silent = first - LONGEST_SAMPLES - 2 * TILE_SAMPLES
        gone = sum(segment.moment(bpm) < silent for segment in segments[1:])
        return segments[gone:]

    def _has_ended(self, segment: Segment, now: Segment) -> bool:
        """Whether a piece was over, and so faded out, before another begins."""
        end = self._takes.get(segment.request).end
        return end is not None and end <= now.moment(segment.request.spec.bpm)

    def _events(
        self, segments: tuple[Segment, ...], first: int, last: int, until: Segment | None = None
    ) -> Iterator[Event]:
        """Events that can be heard in the span, in an order that no span changes so that sums always round alike."""
        *earlier, now = segments
        yield from self._struck(now, until, first, last)
        if earlier:
            late = _late(segments)
            for event in self._events(tuple(earlier), first - late, last - late, now):
                yield replace(event, start=event.start + late, end=event.end + late)

    def _struck(self, segment: Segment, until: Segment | None, first: int, last: int) -> Iterator[Event]:
        """Events of a segment's own time that can be heard in a span of its own addresses."""
        feel = feel_of(segment.request.spec)
        earliest = max(first - LONGEST_SAMPLES, segment.from_sample) - OVERHANG_STEPS * feel.step_samples
        latest = last if until is None else min(last, until.moment(segment.request.spec.bpm) + 1)
        for bar in range(max(0, math.floor(earliest / feel.bar_samples)), math.floor(latest / feel.bar_samples) + 1):
            for event in self._bars.get((segment.request, bar)):
                is_heard = first < event.end and segment.from_sample <= event.start < last
                if is_heard and (until is None or _is_before(event, segment, until)):
                    yield event

    def _performed(self, address: tuple[Request, int]) -> tuple[Event, ...]:
        request, bar = address
        take = self._takes.get(request)
        return perform(take.notes(bar), take.feel, bar, self._gain_of_piece(request))

    def _gain_of_piece(self, request: Request) -> float:
        """Gain of a whole piece; of one that is steered to a section the same as if it were not."""
        if request.spec.notation is not None:
            return gain_of(GIVEN_NOTES_DB)
        if request.spec.section is None:
            return self._makeups.get(request)
        return self._makeups.get(_request(replace(request.spec, section=None, section_bar=0)))

    def _makeup(self, request: Request) -> float:
        take = self._takes.get(request)
        heard = [perform(take.notes(bar), take.feel, bar) for bar in bars_to_hear(take.piece.ends_at_bar)]
        return gain_of(makeup_db(heard, take.feel.bar_samples))


def _request(spec: Spec) -> Request:
    return Request(spec, hashlib.blake2b(msgspec.msgpack.encode(spec), digest_size=16).digest())


def _take(request: Request) -> Take:
    piece = piece_of(request.spec)
    notation = request.spec.notation
    if notation is None:
        return Take(piece, None, 0)
    return Take(piece, Sheet(notation, piece.feel), len(notation.notes))


def _take_weight(take: Take) -> int:
    return 1 + take.given // _NOTES_A_TAKE


def _late(segments: tuple[Segment, ...]) -> int:
    """How much later the last turn's moment is in its own addresses than in those of what was turned away from."""
    return segments[-1].from_sample - segments[-1].moment(segments[-2].request.spec.bpm)


def _is_before(event: Event, segment: Segment, until: Segment) -> bool:
    """Whether it is struck before the turn, asked at the new tempo so that no beat is lost or doubled."""
    return round(event.place * segment.request.spec.bpm / until.request.spec.bpm) < until.from_sample


def _shot(voice: Voice) -> Pcm:
    return RACK[voice.instrument].render(voice)


def _fade_out(stems: dict[str, Pcm], first: int, end: int) -> None:
    """Fade towards `end`, silent from there on, as a function of the address alone."""
    for pcm in stems.values():
        left = np.clip(end - 1 - first - np.arange(pcm.shape[1]), 0, FADE_SAMPLES).astype(np.float32)
        pcm *= rise(left, FADE_SAMPLES)
