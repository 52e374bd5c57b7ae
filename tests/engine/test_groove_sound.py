"""What the instruments sound like, by measurement: the log drum's facts, no clicks, a mix that folds to mono."""

from functools import lru_cache
from itertools import combinations

import numpy as np
import pytest
from scipy import signal

from logdrum_engine.generator import SAMPLE_RATE, Pcm, Spec, bar_samples
from logdrum_engine.groove import Groove
from logdrum_engine.groove.mixer import CEILINGS, Event, mix
from logdrum_engine.groove.synth.rack import RACK, sounding
from logdrum_engine.groove.synth.voice import Voice
from logdrum_engine.groove.synth.waves import Signal, hz_of
from tests.engine.groove_cases import STEMS, total

BAR = round(bar_samples(Spec()))
PATCHES = range(6)
LOW, MIDDLE, HIGH = 26, 36, 50
OCTAVES = (63, 125, 250, 500, 1_000, 2_000, 4_000, 8_000)


@pytest.fixture(scope="module")
def groove() -> Groove:
    return Groove()


@lru_cache
def log_drum(patch: int, pitch: int, strength: int = 3, glide_from: int | None = None) -> Signal:
    voice = Voice(
        instrument="log_drum",
        pitches=(pitch,),
        length=20_000,
        colour=patch,
        strength=strength,
        glide_from=glide_from,
    )
    return np.asarray(RACK["log_drum"].render(voice).mean(axis=0))


def band_energy(x: Signal, low_hz: float, high_hz: float) -> float:
    spectrum = np.abs(np.fft.rfft(x * np.hanning(x.size), 1 << 16)) ** 2
    hz = np.fft.rfftfreq(1 << 16, 1 / SAMPLE_RATE)
    return float(spectrum[(hz >= low_hz) & (hz < high_hz)].sum())


def share(x: Signal, low_hz: float, high_hz: float) -> float:
    return band_energy(x, low_hz, high_hz) / band_energy(x, 0, SAMPLE_RATE)


def pitch_path(x: Signal, hz: float) -> Signal:
    """Frequency of the lowest partial, sample by sample."""
    below = signal.butter(3, 1.7 * hz, "low", fs=SAMPLE_RATE, output="sos")
    phase = np.unwrap(np.angle(signal.hilbert(signal.sosfiltfilt(below, x))))
    return np.asarray(np.diff(phase) * SAMPLE_RATE / (2 * np.pi))


def ms(duration: float) -> int:
    return round(duration * SAMPLE_RATE / 1_000)


@pytest.mark.parametrize("patch", PATCHES)
@pytest.mark.parametrize("pitch", [LOW, MIDDLE, HIGH])
def test_a_log_drum_is_a_knock_and_then_a_pure_tone(patch: int, pitch: int) -> None:
    x, hz = log_drum(patch, pitch), hz_of(pitch)
    knock, tone = x[: ms(80)], x[ms(120) : ms(320)]
    assert share(tone, 0.7 * hz, 1.4 * hz) > 0.8
    assert share(knock, max(150, 1.5 * hz), 600) > 2 * share(tone, max(150, 1.5 * hz), 600)
    assert np.median(pitch_path(x, hz)[ms(150) : ms(300)]) == pytest.approx(hz, rel=0.02)


@pytest.mark.parametrize("patch", PATCHES)
def test_a_log_drum_has_left_its_knock_after_eighty_milliseconds(patch: int) -> None:
    def turning_points(x: Signal) -> int:
        return int(np.sum(np.diff(np.signbit(np.convolve(x, np.ones(48) / 48, "same")))))

    x = log_drum(patch, 33)  # 55 Hz, which crosses zero 2.75 times in 25 ms
    assert turning_points(x[: ms(25)]) >= 5
    assert turning_points(x[ms(80) : ms(105)]) <= 4


@pytest.mark.parametrize("patch", PATCHES)
@pytest.mark.parametrize("pitch", [LOW, MIDDLE, HIGH])
def test_a_log_drum_has_no_sustain(patch: int, pitch: int) -> None:
    envelope = np.sqrt(np.convolve(log_drum(patch, pitch) ** 2, np.ones(ms(25)) / ms(25), "valid"))
    late = envelope / np.max(envelope)
    assert late[ms(150)] > 10 ** (-24 / 20)
    assert late[ms(400)] < 10 ** (-9 / 20)


def test_the_patches_of_the_log_drum_are_told_apart() -> None:
    def print_of(patch: int) -> Signal:
        x = log_drum(patch, MIDDLE)
        spans = (x[: ms(40)], x[ms(40) : ms(120)], x[ms(120) : ms(300)])
        edges = (30, 90, 180, 300, 450, 700, 1_200, 2_500)
        return np.array([10 * np.log10(band_energy(s, a, 1.6 * a) + 1e-6) for s in spans for a in edges])

    prints = [print_of(patch) for patch in PATCHES]
    for one, other in combinations(PATCHES, 2):
        assert np.sqrt(np.mean((prints[one] - prints[other]) ** 2)) > 3.0, (one, other)


def test_a_glide_begins_at_the_note_before_and_arrives() -> None:
    start, end = hz_of(MIDDLE), hz_of(MIDDLE + 7)
    plain, glided = (pitch_path(log_drum(0, MIDDLE + 7, 0, g), end) for g in (None, MIDDLE))
    assert np.median(glided[ms(30) : ms(45)]) < np.median(plain[ms(30) : ms(45)]) - 0.2 * (end - start)
    assert np.median(glided[ms(250) : ms(350)]) == pytest.approx(end, rel=0.02)


def test_a_harder_stroke_has_more_wood() -> None:
    for patch in PATCHES:
        soft, hard = (log_drum(patch, MIDDLE, strength)[: ms(60)] for strength in (0, 3))
        assert share(hard, 150, 3_000) > 1.1 * share(soft, 150, 3_000), patch


@pytest.mark.parametrize("instrument", RACK)
def test_every_sound_begins_and_ends_in_silence_and_in_time(instrument: str) -> None:
    for length in (2_000, 30_000, 400_000):
        chord = (45, 52, 56) if instrument in {"pad", "bloom"} else (45,)
        voice = Voice(instrument=instrument, pitches=chord, length=length)
        shot = RACK[instrument].render(voice)
        peak = np.max(np.abs(shot))
        assert shot.dtype == np.float32
        assert shot.shape[1] <= sounding(voice)
        assert np.max(np.abs(shot[:, 0])) < 0.01 * peak
        assert np.max(np.abs(shot[:, -1])) < 0.001 * peak


@pytest.mark.parametrize("instrument", ["log_drum", "bass", "piano", "kalimba", "organ", "bell", "flute"])
def test_every_pitch_of_the_keyboard_can_be_played(instrument: str) -> None:
    for pitch in (0, 21, 108, 127):
        for length in (0, 480, 9_600):
            voice = Voice(instrument=instrument, pitches=(pitch,), length=length, glide_from=60, strength=3)
            shot = RACK[instrument].render(voice)
            assert np.all(np.isfinite(shot))
            assert 1e-4 < np.max(np.abs(shot)) < 4


def test_stems_before_the_limiter_stay_below_their_ceilings(groove: Groove) -> None:
    state = groove.begin(Spec(seed=4, prompt="hard sgija busy"), 0)
    for tile in range(300, 340):
        for stem, pcm in zip(STEMS, groove.before_master(state, tile), strict=True):
            assert np.max(np.abs(pcm)) <= CEILINGS[stem] * 1.00001


def ducked(stem: str, level: Pcm) -> Pcm:
    """A steady level under one kick, as the mixer leaves it."""
    steady, kick = Voice(instrument=stem), Voice(instrument="kick")
    events = [
        Event(0.0, 0, level.shape[1], stem, 1.0, 1.0, steady),
        Event(4_800.0, 4_800, 24_000, "drums", 1.0, 1.0, kick),
    ]
    stems = mix(events, 0, level.shape[1], lambda voice: level if voice is steady else level * 0)
    return np.asarray(stems[STEMS.index(stem)])


@pytest.mark.parametrize("stem", ["bass", "other", "log_drum"])
def test_ducking_is_too_smooth_to_click(stem: str) -> None:
    """One push-down multiplies a stem's samples, so its own steps bound the step it can make."""
    level = ducked(stem, np.full((2, 24_000), 0.01, dtype=np.float32))
    assert level[0, 0] == pytest.approx(0.01, rel=0.01)
    assert level[0, -1] == pytest.approx(0.01, rel=0.01)
    assert np.min(level) < 0.009
    assert np.max(np.abs(np.diff(level))) < 0.01 * 0.01


@pytest.mark.parametrize("prompt", ["private school jazzy", "hard sgija", "bacardi", "quantum", ""])
def test_a_mix_folds_to_mono_and_is_no_mud_nor_harsh(groove: Groove, prompt: str) -> None:
    pcm = total(groove.render(Spec(seed=3, prompt=prompt), 20 * BAR, 26 * BAR))
    below = signal.sosfilt(signal.butter(4, 150, "low", fs=SAMPLE_RATE, output="sos"), pcm)
    assert np.corrcoef(below)[0, 1] > 0.98
    mid, side = pcm.mean(axis=0), (pcm[0] - pcm[1]) / 2
    assert 0.01 < np.mean(side**2) / np.mean(mid**2) < 0.25
    hz, power = signal.welch(mid, SAMPLE_RATE, nperseg=8_192)
    bands = {f: 10 * np.log10(power[(hz > f / 2**0.5) & (hz < f * 2**0.5)].sum()) for f in OCTAVES}
    lows = max(bands[63], bands[125])
    assert bands[250] < lows - 2
    assert bands[500] < lows - 3
    assert max(bands[2_000], bands[4_000]) < lows - 9
    assert min(bands[1_000], bands[2_000], bands[4_000], bands[8_000]) > lows - 32


def test_the_bass_is_the_same_in_both_ears(groove: Groove) -> None:
    bass = groove.render(Spec(seed=3), 8 * BAR, 12 * BAR)["bass"]
    assert np.any(bass)
    assert np.array_equal(bass[0], bass[1])


@pytest.mark.parametrize(("bpm", "bar"), [(112.0, 8), (117.3, 901), (56.0, 300), (231.0, 400)])
def test_kicks_sound_on_the_grid_however_far_into_the_piece(groove: Groove, bpm: float, bar: int) -> None:
    spec = Spec(bpm=bpm, seed=4, prompt="four on the floor house, no percussion")
    state = groove.begin(spec, 0)
    at = round(bar * bar_samples(spec))
    kicks = [e for e in groove.events(state, at, at + 4 * BAR) if e.voice.instrument == "kick" and e.start >= at]
    kick = RACK["kick"].render(kicks[0].voice)[0, :900]
    quarter = 60 / bpm * SAMPLE_RATE
    for event in kicks[:4]:
        assert abs(event.start - round(event.start / quarter * 4) * quarter / 4) < 1
        drums = groove.render(spec, event.start - 400, event.start + 1_400)["drums"].mean(axis=0)
        assert abs(int(np.correlate(drums, kick, "valid").argmax()) - 400) <= ms(2)


@pytest.mark.parametrize("metre", [(3, 4), (6, 8), (5, 4), (7, 8), (12, 8), (1, 16), (7, 32), (15, 4), (4, 1)])
@pytest.mark.parametrize("bpm", [20.0, 112.0, 999.0])
def test_odd_metres_and_extreme_tempi_sound(groove: Groove, metre: tuple[int, int], bpm: float) -> None:
    spec = Spec(seed=1, bpm=bpm, numerator=metre[0], denominator=metre[1])
    pcm = total(groove.render(spec, 4 * BAR, 4 * BAR + 72_000))
    assert np.all(np.isfinite(pcm))
    assert np.sqrt(np.mean(pcm**2)) > 0.01
    groove.render(spec, round(700 * bar_samples(spec)), round(700 * bar_samples(spec)) + 4_800)


@pytest.mark.parametrize(
    ("prompt", "silent"),
    [("no drums", {"drums"}), ("no log drum", {"log_drum"}), ("drums and no log drums", {"log_drum"})],
)
def test_a_stem_that_is_asked_away_is_silent(groove: Groove, prompt: str, silent: set[str]) -> None:
    stems = groove.render(Spec(prompt=prompt), 8 * BAR, 10 * BAR)
    assert {stem for stem, pcm in stems.items() if not np.any(pcm)} == silent
