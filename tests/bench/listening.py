"""What random grooves measure like, by libraries that did not make them: one process, one core."""

import random
import sys
from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import Final

import librosa
import msgspec
import numpy as np
import numpy.typing as npt
import pyloudnorm  # type: ignore[import-untyped]  # it ships no types

from logdrum_engine.generator import SAMPLE_RATE, Pcm, Spec, bar_samples
from logdrum_engine.groove import Groove
from logdrum_engine.groove.generator import Playing
from logdrum_engine.pcm import to_s16le

from .talk import finish

Wave = npt.NDArray[np.float64]
"""`[samples]`"""

PROMPTS: Final = (
    "",
    "private school, jazzy",
    "hard sgija",
    "dark quantum, sparse",
    "bacardi party",
    "soulful organ, warm",
    "deep four on the floor",
    "busy, kalimba lead",
)
_BARS: Final = 16
_HOP: Final = 512
_FINE_HOP: Final = 48
_FAR_S: Final = 0.05
"""Within how much of a bar line the kick's onset is looked for."""

_NEIGHBOURS: Final = 20


class Heard(msgspec.Struct, frozen=True, kw_only=True):
    """What some random grooves measured."""

    tempo_error_bpm: list[float]
    downbeat_error_ms: list[float]
    lufs: list[float]
    peak: list[float]
    sum_error_db: list[float]
    turn_step: list[float]
    neighbours: list[float]


def listen(count: int, seed: int) -> Heard:
    """Render and measure so many random grooves, each of another seed, style and tempo."""
    groove, dice = Groove(), random.Random(seed)
    groove.warm_up()
    heard = Heard(
        tempo_error_bpm=[],
        downbeat_error_ms=[],
        lufs=[],
        peak=[],
        sum_error_db=[],
        turn_step=[],
        neighbours=list(neighbours(groove, dice)),
    )
    for _ in range(count):
        _add(heard, groove, random_spec(dice), dice)
    return heard


def random_spec(dice: random.Random) -> Spec:
    """Choose a groove of the genre's tempo."""
    bpm = round(dice.uniform(105.0, 120.0), 2)
    return Spec(prompt=dice.choice(PROMPTS), seed=dice.randrange(2**32), bpm=bpm, bars=_BARS)


def _add(heard: Heard, groove: Groove, spec: Spec, dice: random.Random) -> None:
    stems = groove.render(spec, 0, round(_BARS * bar_samples(spec)))
    mix: Pcm = np.sum(list(stems.values()), axis=0)
    mono = mix.mean(axis=0).astype(np.float64)
    heard.tempo_error_bpm.append(abs(tempo_of(mono, spec.bpm) - spec.bpm))
    heard.downbeat_error_ms.extend(downbeat_errors_ms(groove, spec, stems["drums"].mean(axis=0).astype(np.float64)))
    heard.lufs.append(float(pyloudnorm.Meter(SAMPLE_RATE).integrated_loudness(mix.T.astype(np.float64))))
    heard.peak.append(float(np.abs(mix).max()))
    heard.sum_error_db.append(wire_error_db(stems, mix))
    heard.turn_step.append(turn_step(groove, spec, dice))


def tempo_of(mono: Wave, near_bpm: float) -> float:
    """Tempo by librosa's beat tracker (Ellis, 2007), a line fitted through its beats; octaves do not count."""
    onsets = librosa.onset.onset_strength(y=mono.astype(np.float32), sr=SAMPLE_RATE, hop_length=_HOP)
    _, frames = librosa.beat.beat_track(onset_envelope=onsets, sr=SAMPLE_RATE, hop_length=_HOP, trim=False)
    beats = librosa.frames_to_time(frames, sr=SAMPLE_RATE, hop_length=_HOP)
    if len(beats) < 8:
        return 0.0
    period = float(np.median(np.diff(beats)))
    for _ in range(3):  # a beat that was skipped is no longer beat: number them by where they are
        numbers = np.round((beats - beats[0]) / period)
        period = float(np.polyfit(numbers, beats, 1)[0])
    bpm = 60.0 / period
    return min((bpm * 2.0**octave for octave in (-1, 0, 1)), key=lambda folded: abs(folded - near_bpm))


def downbeat_errors_ms(groove: Groove, spec: Spec, drums: Wave) -> Iterator[float]:
    """How far the onset of each kick that is written on a bar line is from that line, as librosa hears it."""
    low = librosa.onset.onset_strength(
        y=drums.astype(np.float32), sr=SAMPLE_RATE, hop_length=_FINE_HOP, n_fft=512, fmax=200, n_mels=4
    )
    reach = round(_FAR_S * SAMPLE_RATE / _FINE_HOP)
    for bar in range(1, _BARS):
        if not any(note.instrument == "kick" and note.step == 0 for note in groove.notes(spec, bar)):
            continue
        line = bar * bar_samples(spec) / _FINE_HOP
        first = max(0, round(line) - reach)
        found = first + int(np.argmax(low[first : round(line) + reach]))
        yield abs(found - line) * 1e3 * _FINE_HOP / SAMPLE_RATE


def wire_error_db(stems: dict[str, Pcm], mix: Pcm) -> float:
    """How far the stems, as 16 bits and added up, are from the mix: in dB of the mix."""
    wired = [np.frombuffer(to_s16le(pcm), "<i2").astype(np.float64) for pcm in stems.values()]
    wanted = mix.T.astype(np.float64).ravel() * 32_767.0
    rest = np.sum(wired, axis=0) - wanted
    return float(10 * np.log10(np.mean(rest**2) / np.mean(wanted**2)))


def turn_step(groove: Groove, spec: Spec, dice: random.Random) -> float:
    """Turn to another prompt or tempo at a random moment: its largest change of slope beside the usual ones there.

    Of the stems without percussion; a turn onto a bar line begins new notes as any bar does, so it lies elsewhere.
    """
    at = round(dice.uniform(4.2, 7.8) * bar_samples(spec))
    other = msgspec.structs.replace(spec, bars=None, prompt=dice.choice(PROMPTS))
    if dice.random() < 0.5:
        other = msgspec.structs.replace(spec, bars=None, bpm=spec.bpm + dice.choice((-7.0, 9.0)))
    state = groove.begin(msgspec.structs.replace(spec, bars=None), at - 9_600)
    before, state = _played(groove, state, 2)
    after, _ = _played(groove, groove.turn(state, other, round(at * spec.bpm / other.bpm)), 2)
    return max(_step(before[stem], after[stem]) for stem in ("bass", "other"))


def _played(groove: Groove, state: Playing, blocks: int) -> tuple[dict[str, Pcm], Playing]:
    parts = []
    for _ in range(blocks):
        ((block, state),) = groove.step([state])
        assert block is not None
        parts.append(block.stems)
    return {stem: np.concatenate([part[stem] for part in parts], axis=1) for stem in parts[0]}, state


def _step(before: Pcm, after: Pcm) -> float:
    bend = np.abs(np.diff(np.concatenate([before, after], axis=1), n=2)).max(axis=0)
    join = before.shape[1]
    usual = max(float(bend[: join - 4].max()), float(bend[join + 4 :].max()), 1e-5)
    return float(bend[join - 3 : join + 2].max()) / usual


def neighbours(groove: Groove, dice: random.Random) -> Iterator[float]:
    """How alike the log drums of twenty seeds in a row are, pair by pair: correlation of where they strike."""
    first = dice.randrange(2**32 - _NEIGHBOURS)
    rows = [_strokes(groove, Spec(seed=first + number)) for number in range(_NEIGHBOURS)]
    for one, other in combinations(rows, 2):
        yield float(np.corrcoef(one, other)[0, 1])


def _strokes(groove: Groove, spec: Spec) -> Wave:
    """Pitch and place of every stroke of eight bars, as one row."""
    row = np.zeros((8 * 32, 128))
    for bar in range(8, 16):
        for note in groove.notes(spec, bar):
            if note.instrument == "log_drum":
                row[(bar - 8) * 32 + min(31, round(2 * note.step)), note.pitches[0]] = note.velocity
    return row.ravel()


def main(arguments: Sequence[str]) -> None:
    """Measure, and say it in one line."""
    finish("heard " + msgspec.json.encode(listen(int(arguments[0]), int(arguments[1]))).decode())


if __name__ == "__main__":
    main(sys.argv[1:])
