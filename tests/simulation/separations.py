"""The separations of a pretended engine: of sounds that are there, and of what it is fed (J3, Q10)."""

import random
from collections.abc import Callable, Iterator, Mapping
from typing import Final

import msgspec
from msgspec import UNSET
from msgspec.structs import replace

from logdrum_protocol import bounds as b
from logdrum_protocol.engine_messages import (
    EndFeed,
    FeedJob,
    FromEngine,
    JobAudio,
    JobDone,
    JobFailed,
    JobStarted,
    NotesWritten,
    RenderFrom,
    StartJob,
    StemFile,
    WriteNotes,
)
from logdrum_protocol.records import Notation, Part, PlayedNote
from logdrum_server.core.state import MIX
from tests.simulation.sound import sound

ALL_STEMS: Final = ("vocals", "drums", "bass", "log_drum", "other")
_LONGEST_BLOCK: Final = 2 * b.SAMPLE_RATE
_LAG: Final = 12_000
"""How far behind what it is fed a separation is."""

FOLDER: Final = "separations"


class Separation(msgspec.Struct, frozen=True, kw_only=True):
    """One under way, as the engine was last told to do it."""

    start: StartJob
    epoch: b.Epoch
    first: b.Sample
    """Where the present epoch begins."""
    stems: tuple[b.Stem, ...]
    heads: Mapping[b.Stem, b.Sample]
    credit: b.Sample
    length: b.Samples | None = None
    fed: Mapping[b.Stem, tuple[b.Sample, b.Sample]] = {}
    """What of each stream of the source has come in the present epoch."""
    have_all_come: bool = False
    end_sample: b.Sample | None = None

    @property
    def job(self) -> b.JobId:
        """Its job's id."""
        return self.start.job

    @property
    def end(self) -> b.Sample | None:
        """The sample behind the last; None while that is not known."""
        if self.length is None:
            return self.end_sample if self.end_sample is None else max(self.first, self.end_sample)
        return self.start.entry_sample + self.length

    @property
    def heard(self) -> b.Sample:
        """How far all streams of the source have come; when one comes again, all have come."""
        return min(until for _, until in self.fed.values()) if self.have_all_come else 0

    @property
    def reach(self) -> b.Sample:
        """How far its stems could come now, credit aside."""
        end = self.end
        if end is not None:
            return end
        return max(self.first, self.heard - _LAG)

    @property
    def position(self) -> b.Sample:
        """How far every stem has come."""
        return min(self.heads.values())

    @property
    def is_over(self) -> bool:
        """Whether everything was given."""
        return self.position == self.end

    @property
    def may_go_on(self) -> bool:
        """Whether there is something to give, or to say."""
        return self.is_over or any(self.room(stem) for stem in self.stems)

    def room(self, stem: b.Stem) -> b.Samples:
        """How much of a stem may be given at once: no block goes beyond the sound's end (Q10)."""
        head = self.heads[stem]
        until = min(self.credit, self.reach)
        if self.length is not None and head < self.length:
            until = min(until, self.length)
        if stem != MIX and MIX in self.heads:
            until = min(until, self.heads[MIX])
        return max(0, until - head)


class Separations:
    """Does what is asked about separations; answers come one by one."""

    def __init__(self, rng: random.Random, length_of: Callable[[str], b.Samples]) -> None:
        self._rng = rng
        self._length_of = length_of
        """How long the stored sounds are, by their files."""
        self.under_way: dict[b.JobId, Separation] = {}
        self.over: dict[b.JobId, Separation] = {}
        self.written: set[tuple[b.JobId, str]] = set()
        """The files that were made, by their jobs."""

    @property
    def due(self) -> list[b.JobId]:
        """Those that have something to give or to say."""
        return [job for job, separation in self.under_way.items() if separation.may_go_on]

    def knows(self, job: b.JobId) -> bool:
        """Whether it is one, under way or over."""
        return job in self.under_way or job in self.over

    def start(self, start: StartJob) -> Iterator[FromEngine]:
        """Begin one, or go on with what another engine has begun."""
        assert bool(start.sounds) != start.is_fed, f"{start.job} is to separate nothing, or two things"
        if self._rng.random() < 0.05:
            yield JobFailed(job=start.job, code="engine_error", message="It does not work.")
            return
        stems = self._stems(start)
        separation = Separation(
            start=start,
            epoch=start.epoch,
            first=start.start_sample,
            stems=stems,
            heads=dict.fromkeys(stems, start.start_sample),
            credit=start.credit_sample,
            length=None if start.is_fed else max(map(self._length_of, start.sounds)),
        )
        _check_start(separation)
        self.under_way[start.job] = separation
        yield JobStarted(job=start.job, stems=stems, samples=separation.length)

    def _stems(self, start: StartJob) -> tuple[b.Stem, ...]:
        asked = start.params.stems
        named = asked if isinstance(asked, tuple) else ()
        given = tuple(stem for stem in ALL_STEMS if not named or stem in named or stem == "other")
        is_mixed = not start.is_fed and start.params.job is UNSET
        return (MIX, *given) if is_mixed else given

    def grant(self, job: b.JobId, credit: b.Sample) -> None:
        """It may go on to here."""
        separation = self.under_way.get(job)
        if separation is None:
            return  # it has failed or is over, and the hub is yet to hear of it
        assert not separation.start.is_fed, f"{job} is fed, and needs no credit"
        assert credit >= separation.credit, f"{job} was granted less than before"
        self.under_way[job] = replace(separation, credit=credit)

    def turn(self, turn: RenderFrom) -> None:
        """Go on from elsewhere: it is fed anew."""
        separation = self.under_way.get(turn.job) or self.over.pop(turn.job, None)
        if separation is None:
            return
        assert separation.start.is_fed, f"{turn.job} is of a whole, and does not turn"
        assert turn.epoch == separation.epoch + 1, f"{turn.job} turns from {separation.epoch} to {turn.epoch}"
        heads = dict.fromkeys(separation.stems, turn.start_sample)
        self.under_way[turn.job] = replace(
            separation,
            epoch=turn.epoch,
            first=turn.start_sample,
            heads=heads,
            credit=turn.credit_sample,
            fed={},
            have_all_come=False,
            end_sample=None,
        )

    def hear(self, message: FeedJob | EndFeed) -> None:
        """Take what it is fed."""
        separation = self.under_way.get(message.job)
        if separation is None:
            return
        if isinstance(message, FeedJob):
            self._feed(separation, message)
        else:
            self._end(separation, message)

    def _feed(self, separation: Separation, piece: FeedJob) -> None:
        name = f"{piece.job} in epoch {separation.epoch}"
        assert separation.start.is_fed, f"{name} is of a whole, and is fed"
        assert piece.epoch == separation.epoch, f"{name} is fed for {piece.epoch}"
        assert separation.end_sample is None, f"{name} is fed after the end"
        assert len(piece.data) == piece.samples > 0, f"{name} is fed {len(piece.data)} of {piece.samples}"
        start, end = separation.fed.get(piece.stem, (piece.start_sample, piece.start_sample))
        assert piece.start_sample == end, f"{name} is fed {piece.stem} from {piece.start_sample}, behind {end}"
        is_known = piece.stem in separation.fed
        assert is_known or not separation.have_all_come, f"{name} hears of {piece.stem} when others came twice"
        fed = {**separation.fed, piece.stem: (start, end + piece.samples)}
        have_all_come = separation.have_all_come or is_known
        self.under_way[piece.job] = replace(separation, fed=fed, have_all_come=have_all_come)

    def _end(self, separation: Separation, end: EndFeed) -> None:
        name = f"{end.job} in epoch {separation.epoch}"
        assert end.epoch == separation.epoch, f"{name} ends in {end.epoch}"
        assert separation.end_sample is None, f"{name} ends twice"
        assert end.end_sample >= separation.position, (
            f"{name} ends at {end.end_sample}, and is at {separation.position}"
        )
        short = [stem for stem, (_, until) in separation.fed.items() if until < end.end_sample]
        assert not short, f"{name} ends at {end.end_sample} without the end of {short}"
        self.under_way[end.job] = replace(separation, end_sample=end.end_sample)

    def forget(self, job: b.JobId) -> None:
        """Stop, and know nothing of it."""
        self.under_way.pop(job, None)
        self.over.pop(job, None)

    def go_on(self, job: b.JobId) -> Iterator[FromEngine]:
        """Give a block of the mix, or of all other stems; or say that it is done."""
        separation = self.under_way[job]
        if separation.is_over:
            self.over[job] = self.under_way.pop(job)
            yield JobDone(job=job, epoch=separation.epoch, files=tuple(self._files(separation)))
            return
        others = tuple(stem for stem in separation.stems if stem != MIX)
        chosen = [stems for stems in ((MIX,), others) if stems[0] in separation.heads and separation.room(stems[0])]
        stems = self._rng.choice(chosen)
        samples = min(separation.room(stems[0]), self._rng.randint(1, _LONGEST_BLOCK))
        head = separation.heads[stems[0]]
        heads = {**separation.heads, **dict.fromkeys(stems, head + samples)}
        self.under_way[job] = replace(separation, heads=heads)
        for stem in stems:
            yield JobAudio(
                job=job,
                stem=stem,
                epoch=separation.epoch,
                start_sample=head,
                samples=samples,
                data=sound(job, stem, separation.epoch, head, samples),
            )

    def _files(self, separation: Separation) -> Iterator[StemFile]:
        """What was written of it: all of it, nothing, or some, and some that is not there after all."""
        how = self._rng.choice(("all", "none", "some"))
        for stem in separation.stems:
            if stem == MIX or how == "none" or (how == "some" and self._rng.random() < 0.5):
                continue
            if how == "all" or self._rng.random() < 0.8:
                self.written.add((separation.job, f"{stem}.flac"))
            samples = separation.length if separation.length is not None else separation.position
            yield StemFile(stem=stem, name=f"{stem}.flac", samples=samples, sample_rate=48_000, channels=2)

    def notes(self, question: WriteNotes) -> NotesWritten:
        """What was heard of a log drum so far."""
        separation = self.under_way.get(question.job) or self.over.get(question.job)
        if separation is None or "log_drum" not in separation.stems:
            return NotesWritten(job=question.job, op_id=question.op_id, error="This separation has no log drum.")
        heard = separation.heads["log_drum"] // 50_000
        notes = tuple(PlayedNote(0, 480 * each, 240, 36 + each % 8, 100) for each in range(min(6, heard)))
        return NotesWritten(
            job=question.job,
            op_id=question.op_id,
            name="log drum",
            start_tick=separation.start.anchor_tick,
            length_ticks=max(1, 480 * heard),
            notation=Notation(parts=(Part(instrument="log_drum:1"),), notes=notes),
        )


def _check_start(separation: Separation) -> None:
    start = separation.start
    if separation.end is None:
        return
    assert start.entry_sample <= start.start_sample <= separation.end, f"{start.job} begins outside of its sound"
    assert start.entry_sample <= (separation.length or 0), f"{start.job} enters behind its sound's end"
