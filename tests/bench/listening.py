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
from logdrum_engine.groove.generator import BLOCK_SAMPLES, Playing
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
_HOP: Final = 128
_FINE_HOP: Final = 48
_NEAR_S: Final = 0.05
"""Within how much of a bar line the kick's onset is looked for."""
_LOW: Final = ("kick", "tom", "conga", "snare")
_NEIGHBOURS: Final = 20
_AROUND: Final = 10
"""Blocks on either side of a turn that are looked at: a second each."""


class Heard(msgspec.Struct, frozen=True, kw_only=True):
    """What some random grooves measured."""

    tempo_error_bpm: list[float]
    downbeat_error_ms: list[float]
    lufs: list[float]
    peak: list[float]
    sum_error_db: list[float]
    wire_error_db: list[float]
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
        wire_error_db=[],
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
    heard.sum_error_db.append(master_error_db(groove, spec))
    heard.wire_error_db.append(wire_error_db(stems, mix))
    heard.turn_step.append(turn_step(groove, spec, dice))


def tempo_of(mono: Wave, near_bpm: float) -> float:
    """Tempo by librosa, sharpened in the autocorrelation of its onsets over ever more beats; octaves do not count."""
    onsets = librosa.onset.onset_strength(y=mono.astype(np.float32), sr=SAMPLE_RATE, hop_length=_HOP)
    (coarse,) = librosa.feature.tempo(onset_envelope=onsets[::4], sr=SAMPLE_RATE, hop_length=4 * _HOP)
    likeness = librosa.autocorrelate(onsets - onsets.mean(), max_size=onsets.size // 2 + onsets.size // 4)
    frames = 60.0 * SAMPLE_RATE / (_HOP * float(coarse))
    for beats in (1, 2, 4, 8, 16, 32):
        frames = _peak(likeness, beats * frames, frames / 4) / beats
    bpm = 60.0 * SAMPLE_RATE / (_HOP * frames)
    return min((bpm * 2.0**octave for octave in (-1, 0, 1)), key=lambda folded: abs(folded - near_bpm))


def _peak(curve: Wave, near: float, reach: float) -> float:
    """Place of the highest point around a place, between samples by a parabola."""
    first = max(1, round(near - reach))
    at = first + int(np.argmax(curve[first : round(near + reach) + 1]))
    before, here, after = (float(value) for value in curve[at - 1 : at + 2])
    return at + 0.5 * (before - after) / (before - 2 * here + after)


def downbeat_errors_ms(groove: Groove, spec: Spec, drums: Wave) -> Iterator[float]:
    """How far each kick on a bar line is from that line, by librosa's low onsets, where no other low drum is near."""
    low = librosa.onset.onset_strength(
        y=drums.astype(np.float32), sr=SAMPLE_RATE, hop_length=_FINE_HOP, n_fft=512, fmax=200, n_mels=4
    )
    reach = round(_NEAR_S * SAMPLE_RATE / _FINE_HOP)
    for bar in range(1, _BARS):
        if not _is_struck_alone(groove, spec, bar):
            continue
        line = bar * bar_samples(spec) / _FINE_HOP
        first = round(line) - reach
        found = first + int(np.argmax(low[first : round(line) + reach]))
        yield abs(found - line) * 1e3 * _FINE_HOP / SAMPLE_RATE


def _is_struck_alone(groove: Groove, spec: Spec, bar: int) -> bool:
    struck = [note.step + 16 * number for number in (-1, 0) for note in groove.notes(spec, bar + number)
              if note.instrument in _LOW and abs(note.step + 16 * number) < 1]  # fmt: skip
    return struck == [0] and any(note.instrument == "kick" and note.step == 0 for note in groove.notes(spec, bar))


def master_error_db(groove: Groove, spec: Spec) -> float:
    """How far the stems, added up, are from the mix before the master times one gain for all: in dB of the mix.

    The gain of each sample is the one that brings all eight channels of all stems nearest to what they became.
    """
    state, tile = groove.begin(spec, 0), 8
    before = groove.before_master(state, tile).astype(np.float64)
    first = tile * BLOCK_SAMPLES
    stems = groove.render(spec, first, first + BLOCK_SAMPLES)
    after = np.stack(list(stems.values())).astype(np.float64)
    gain = np.sum(after * before, axis=(0, 1)) / np.maximum(np.sum(before**2, axis=(0, 1)), 1e-12)
    return _db(after.sum(axis=0) - before.sum(axis=0) * gain, after.sum(axis=0))


def wire_error_db(stems: dict[str, Pcm], mix: Pcm) -> float:
    """How far the stems, as 16 bits and added up, are from the mix: in dB of the mix."""
    wired = [np.frombuffer(to_s16le(pcm), "<i2").astype(np.float64) for pcm in stems.values()]
    wanted = mix.T.astype(np.float64).ravel() * 32_767.0
    return _db(np.sum(wired, axis=0) - wanted, wanted)


def _db(rest: Wave, wanted: Wave) -> float:
    return float(10 * np.log10(max(float(np.mean(rest**2)), 1e-30) / float(np.mean(wanted**2))))


def turn_step(groove: Groove, spec: Spec, dice: random.Random) -> float:
    """Turn to another prompt or tempo at a random moment: its largest change of slope beside the usual ones there.

    Of the stems without percussion; a turn onto a bar line begins new notes as any bar does, so it lies elsewhere.
    """
    at = round(dice.uniform(4.2, 7.8) * bar_samples(spec))
    other = msgspec.structs.replace(spec, bars=None, prompt=dice.choice(PROMPTS))
    if dice.random() < 0.5:
        other = msgspec.structs.replace(spec, bars=None, bpm=spec.bpm + dice.choice((-7.0, 9.0)))
    start = round(at * spec.bpm / other.bpm)
    at = round(start * other.bpm / spec.bpm)  # the same moment, as whole samples of either tempo say it
    state = groove.begin(msgspec.structs.replace(spec, bars=None), at - _AROUND * BLOCK_SAMPLES)
    before, state = _played(groove, state, _AROUND)
    after, _ = _played(groove, groove.turn(state, other, start), _AROUND)
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
