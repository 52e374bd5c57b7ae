"""One separation under way: read or fed, kept on disk as it settles, and sent as far as credit allows (J3, Q10)."""

from collections.abc import Generator, Iterator, Sequence
from pathlib import Path
from typing import Final

import msgspec
from msgspec import UNSET

from logdrum_engine.errors import RefusalError
from logdrum_engine.separation.catalogue import AnySeparator
from logdrum_engine.separation.interface import LogDrumNote
from logdrum_protocol.bounds import SAMPLE_RATE
from logdrum_protocol.engine_messages import EndFeed, FeedJob, JobAudio, JobDone, JobStarted, RenderFrom, StartJob
from logdrum_protocol.errors import ErrorCode
from logdrum_protocol.timeline import Round

from .live import LiveSound
from .outgoing import Mix, Outgoing
from .passage import Answers, AnyTurn
from .rounding import Steps, clipped, in_steps, s16le, summing_to
from .sources import StereoSum
from .spool import Spool
from .stored import StoredSound
from .strand import given_stems
from .written import Heard

MIX: Final = "mix"
_END: Final = object()


class Opened(msgspec.Struct, frozen=True, kw_only=True):
    """What a job works on."""

    stems: tuple[str, ...]
    intake: StoredSound | LiveSound
    spool: Spool
    way: Round | None = None
    """Of a sound that is there as a whole."""
    mix: Mix | None = None


def opened(start: StartJob, separator: AnySeparator) -> Opened:
    """Open what is separated; raises `EngineError` for what cannot be."""
    asked = start.params.stems
    stems = given_stems(separator.stems, asked if isinstance(asked, tuple) else ())
    if start.is_fed:
        intake = LiveSound(start.start_sample, separator, stems)
        return Opened(stems=stems, intake=intake, spool=Spool.of_live(start.files, stems))
    return _opened_files(start, separator, stems)


def _opened_files(start: StartJob, separator: AnySeparator, stems: tuple[str, ...]) -> Opened:
    if not start.sounds:
        raise RefusalError(ErrorCode.BAD_PARAMS, "There is no such sound.")
    sound = StereoSum([Path(path) for path in start.sounds])
    way = Round(start.entry_sample, sound.samples)
    if not way.entry_sample <= start.start_sample <= way.end or way.entry_sample > way.samples:
        raise RefusalError(ErrorCode.BAD_PARAMS, "This sound is shorter than where its separation begins.")
    return Opened(
        stems=stems,
        intake=StoredSound(sound, way, start.start_sample, separator, stems),
        spool=Spool(start.files, stems, goes_on=start.start_sample > way.entry_sample),
        way=way,
        # A generation's own streams are heard where its stems are not there yet (J11).
        mix=Mix(sound, way, start.start_sample) if start.params.job is UNSET else None,
    )


class Job:
    """Takes what a separator makes of its `turns`; whatever goes wrong with it is raised."""

    def __init__(self, start: StartJob, model: str, parts: Opened) -> None:
        self.name = start.job
        self.model = model
        self.credit_sample = start.credit_sample
        self._anchor_tick = start.anchor_tick
        self._at: StartJob | RenderFrom = start
        self._playhead_sample = start.start_sample
        self._stems, self._way, self._mix, self._spool = parts.stems, parts.way, parts.mix, parts.spool
        self._intake = parts.intake
        self._outgoing = self._from(start.start_sample)
        self._notes = self._before(start.start_sample, parts.spool.notes())
        self._end_sample = 0 if parts.way is None else parts.way.samples
        self._writing: Generator[None, None, None] | None = None
        self._is_written = False

    def begun(self) -> JobStarted:
        """What comes of it."""
        stems = self._stems if self._mix is None else (MIX, *self._stems)
        return JobStarted(job=self.name, stems=stems, samples=None if self._way is None else self._way.samples)

    @property
    def settled_sample(self) -> int:
        """The count up to which all stems are final."""
        return self._outgoing.end

    @property
    def playhead_sample(self) -> int:
        """Where it is needed: for one that is fed, where the music has come to."""
        return self._intake.reach if isinstance(self._intake, LiveSound) else self._playhead_sample

    @property
    def is_due(self) -> bool:
        """Whether the separator should go on with it; nothing is computed far past its credit (Q3)."""
        return self.settled_sample < self.credit_sample and bool(self._intake.turns())

    @property
    def is_ready(self) -> bool:
        """Whether there is something to send."""
        mix = self._mix is not None and self._mix.at < min(self.credit_sample, self._mix.end)
        return mix or self._outgoing.at < min(self.credit_sample, self._outgoing.end)

    @property
    def is_done(self) -> bool:
        """Whether everything was written and sent."""
        sent = self._outgoing.at == self._outgoing.end and (self._mix is None or self._mix.at == self._mix.end)
        return self._is_written and sent

    @property
    def is_to_write(self) -> bool:
        """Whether its files are still to be made."""
        return self._intake.is_over and not self._is_written

    def grant(self, credit_sample: int, playhead_sample: int) -> None:
        """Move its credit and playhead."""
        self.credit_sample, self._playhead_sample = credit_sample, playhead_sample

    def feed(self, piece: FeedJob) -> None:
        """Take a piece of what is separated; of another epoch it is void."""
        if isinstance(self._intake, LiveSound) and piece.epoch == self._at.epoch:
            self._intake.feed(piece)

    def end(self, end: EndFeed) -> None:
        """Nothing more is fed."""
        if isinstance(self._intake, LiveSound) and end.epoch == self._at.epoch:
            self._intake.end(end.end_sample)
            self._end_sample = end.end_sample

    def turn(self, render: RenderFrom) -> None:
        """Go on from elsewhere, for one that is fed; at another tempo nothing of before is there any more (A3)."""
        if not isinstance(self._intake, LiveSound):
            return
        kept_to = render.start_sample if render.bpm == self._at.bpm else 0
        self._at = render
        self.credit_sample = render.credit_sample
        self._intake = self._intake.again(render.start_sample)
        self._outgoing = self._from(render.start_sample)
        self._notes = self._before(kept_to, self._notes)
        self._spool.cut(kept_to, self._notes)

    def turns(self) -> Sequence[AnyTurn]:
        """What the separator is to be given."""
        return self._intake.turns()

    def take(self, answers: Answers) -> None:
        """Keep what the separator has settled."""
        settled = self._intake.take(answers)
        self._spool.write(settled.start, settled.stems)
        self._spool.write_notes(settled.notes)
        self._notes += settled.notes
        sound = in_steps(settled.sound)
        # What was sent as `mix` is what they sum to, clipped as that is (J11).
        self._outgoing.put(summing_to(sound if self._mix is None else clipped(sound), settled.stems))

    def send(self) -> Iterator[JobAudio]:
        """Give out what there is credit for, some of the mix at a time."""
        for start, steps in self._mix.pull(self.credit_sample) if self._mix is not None else ():
            yield self._audio(MIX, start, steps)
        for start, stems in self._outgoing.pull(self.credit_sample):
            for stem, steps in zip(self._stems, stems, strict=True):
                yield self._audio(stem, start, steps)

    def write(self) -> None:
        """Make a little more of its files."""
        if self._writing is None:
            self._writing = self._spool.encode(self._end_sample)
        self._is_written = next(self._writing, _END) is _END

    def done(self) -> JobDone:
        """Everything was sent."""
        return JobDone(job=self.name, epoch=self._at.epoch, files=self._spool.finished)

    def heard(self) -> Heard:
        """What is known of its log drum."""
        return Heard(
            stems=self._stems,
            notes=tuple(self._notes),
            anchor_tick=self._anchor_tick,
            bpm=self._at.bpm,
            numerator=self._at.numerator,
            denominator=self._at.denominator,
            is_whole=self._way is not None,
        )

    def close(self) -> None:
        """Let go of all files."""
        self._intake.close()
        if self._mix is not None:
            self._mix.close()
        if self._writing is not None:
            self._writing.close()
        self._spool.close()

    def _before(self, count: int, notes: Sequence[LogDrumNote]) -> list[LogDrumNote]:
        """Those that were heard before a count was reached; what is behind it will be heard again."""
        places = (int(note.onset_s * SAMPLE_RATE) for note in notes)
        counts = places if self._way is None else map(self._way.count, places)
        return [note for note, heard_at in zip(notes, counts, strict=True) if heard_at < count]

    def _from(self, sample: int) -> Outgoing:
        return Outgoing(sample, len(self._stems), self._way)

    def _audio(self, stem: str, start: int, steps: Steps) -> JobAudio:
        return JobAudio(
            job=self.name,
            stem=stem,
            epoch=self._at.epoch,
            start_sample=start,
            samples=steps.shape[1],
            data=s16le(steps),
        )
