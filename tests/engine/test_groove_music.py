"""What the groove plays: on the grid, in the key, at a level listeners can add up, and never twice the same."""

import random

import numpy as np
import pytest
from scipy import signal

from logdrum_engine.generator import SAMPLE_RATE, Pcm, Spec, bar_samples
from logdrum_engine.groove import Groove, GrooveError, log_drum
from logdrum_engine.groove.harmony import QUALITIES, Chord, parse_key
from logdrum_engine.groove.mixer import CEILINGS, Event, mix
from logdrum_engine.groove.piece import piece_of
from logdrum_engine.groove.synth.rack import RACK, sounding
from logdrum_engine.groove.synth.voice import Voice
from tests.engine.groove_cases import PROMPTS, random_spec, total


@pytest.fixture(scope="module")
def groove() -> Groove:
    return Groove()


def loudness_lufs(pcm: Pcm) -> float:
    """K-weighted and ungated: ITU-R BS.1770's two filters at 48 kHz."""
    shelf = ([1.53512485958697, -2.69169618940638, 1.19839281085285], [1.0, -1.69065929318241, 0.73248077421585])
    highpass = ([1.0, -2.0, 1.0], [1.0, -1.99004745483398, 0.99007225036621])
    weighted = signal.lfilter(*highpass, signal.lfilter(*shelf, pcm.astype(np.float64)))
    return float(-0.691 + 10 * np.log10(np.sum(np.mean(weighted**2, axis=1))))


def ducked(stem: str, level: Pcm) -> Pcm:
    """A steady level under one kick, as the mixer leaves it."""
    steady, kick = Voice(instrument=stem), Voice(instrument="kick")
    events = [Event(0, level.shape[1], stem, 1.0, 1.0, steady), Event(4_800, 24_000, "drums", 1.0, 1.0, kick)]
    return mix(events, 0, level.shape[1], lambda voice: level if voice is steady else level * 0)[stem]


def played(groove: Groove, spec: Spec, bars: range, instrument: str) -> list[tuple[float, tuple[int, ...]]]:
    return [
        (bar * 16 + note.step, note.pitches)
        for bar in bars
        for note in groove.notes(spec, bar)
        if note.instrument == instrument
    ]


def test_there_are_four_stems_in_their_order(groove: Groove) -> None:
    assert groove.stems == ("drums", "log_drum", "bass", "other")
    assert tuple(groove.render(Spec(), 0, 100)) == groove.stems


def test_stems_added_up_cannot_clip() -> None:
    assert sum(CEILINGS.values()) <= 0.97


def test_added_stems_stay_below_full_scale_for_any_seed(groove: Groove) -> None:
    dice = random.Random(21)
    for _ in range(24):
        spec = random_spec(dice, bpm=dice.choice((20.0, 80.0, 112.0, 159.0, 320.0, 999.0)))
        first = dice.randrange(0, 64) * 96_000
        stems = groove.render(spec, first, first + 48_000)
        assert np.max(np.abs(total(stems))) < 0.97, spec
        for stem, pcm in stems.items():
            assert pcm.dtype == np.float32
            assert np.max(np.abs(pcm)) <= CEILINGS[stem] * 1.00001, (spec, stem)


def test_loudness_is_that_of_a_finished_track(groove: Groove) -> None:
    for seed in range(6):
        mix = total(groove.render(Spec(seed=seed), 0, 12 * SAMPLE_RATE))
        assert -17.0 < loudness_lufs(mix) < -13.0, seed


def test_the_whole_band_is_heard_within_two_bars(groove: Groove) -> None:
    for seed in range(12):
        stems = groove.render(Spec(seed=seed), 0, 2 * 102_857)
        for stem, pcm in stems.items():
            assert np.sqrt(np.mean(pcm**2)) > 0.01, (seed, stem)


@pytest.mark.parametrize(("bpm", "bar"), [(112.0, 0), (117.3, 901), (56.0, 300), (231.0, 400)])
def test_kicks_are_on_the_grid_however_far_into_the_piece(groove: Groove, bpm: float, bar: int) -> None:
    spec = Spec(bpm=bpm, seed=4, prompt="four on the floor house")
    while (
        groove.render(spec, round(bar * bar_samples(spec)), round(bar * bar_samples(spec)) + 2_000)["drums"].max()
        < 0.15
    ):
        bar += 8  # a section without a kick
    at = round(bar * bar_samples(spec))
    drums = groove.render(spec, max(0, at - 480), at + 1_500)["drums"].mean(axis=0)
    kicks = [RACK["kick"].render(Voice(instrument="kick", colour=colour))[0, :900] for colour in range(4)]
    found = [np.correlate(drums, kick, "valid") / np.linalg.norm(kick) for kick in kicks]
    best = max(found, key=lambda likeness: float(likeness.max()))
    assert abs(int(best.argmax()) - min(480, at)) <= 96


def test_log_drum_is_syncopated(groove: Groove) -> None:
    for seed in range(12):
        steps = [step % 4 for step, _ in played(groove, Spec(seed=seed), range(4), "log_drum")]
        assert len(steps) >= 10, seed
        assert sum(step != 0 for step in steps) > 0.6 * len(steps), seed


def turning_points(wave: Pcm) -> int:
    """Zero crossings below about 500 Hz: a 55 Hz tone has 2.75 of them in 25 ms."""
    return int(np.sum(np.diff(np.signbit(np.convolve(wave, np.ones(48) / 48, "same")))))


@pytest.mark.parametrize("colour", range(6))
def test_log_drum_falls_from_a_knock_to_a_tone_within_25_milliseconds(colour: int) -> None:
    voice = Voice(instrument="log_drum", pitches=(33,), length=24_000, colour=colour)
    shot = RACK["log_drum"].render(voice).mean(axis=0)
    spectrum = np.abs(np.fft.rfft(shot[1_200:], 1 << 16))
    assert abs(np.argmax(spectrum) * SAMPLE_RATE / (1 << 16) - 55.0) < 4.0
    assert turning_points(shot[:1_200]) >= 7
    assert turning_points(shot[2_400:3_600]) <= 4


@pytest.mark.parametrize("prompt", ["bright happy", "dark moody"])
def test_log_drum_has_room_for_every_chord(prompt: str) -> None:
    for tonic in range(12):
        piece = piece_of(Spec(prompt=prompt))
        chord = Chord(tonic, QUALITIES["m9"], ())
        pitches = [log_drum.pitch_of(chord, tone, piece) for tone in "ROFDST"]
        assert all(26 <= pitch <= 50 for pitch in pitches), pitches


def test_log_drum_stays_in_its_range_and_every_pitch_in_the_key(groove: Groove) -> None:
    dice = random.Random(31)
    for _ in range(12):
        spec = random_spec(dice)
        key = parse_key(spec.key)
        allowed = {*key.scale, (key.tonic + 11) % 12}  # a dominant in a minor key borrows its leading tone
        for bar in range(0, 200, 3):
            for note in groove.notes(spec, bar):
                assert {pitch % 12 for pitch in note.pitches} <= allowed, (spec, bar, note)
                assert note.instrument != "log_drum" or 26 <= note.pitches[0] <= 50, (spec, bar, note)


def test_shakers_chatter_in_uneven_sixteenths(groove: Groove) -> None:
    for seed in range(6):
        strokes = [n for n in groove.notes(Spec(seed=seed), 1) if n.instrument == "shaker"]
        assert len(strokes) == 16
        assert max(n.velocity for n in strokes) > 2 * min(n.velocity for n in strokes)
        assert all(n.step - round(n.step - 0.1) > 0.09 for n in strokes[1::2])


@pytest.mark.parametrize("metre", [(3, 4), (6, 8), (5, 4), (7, 8), (2, 4), (12, 8), (1, 16), (7, 32), (15, 4), (4, 1)])
@pytest.mark.parametrize("bpm", [20.0, 112.0, 999.0])
def test_odd_metres_and_extreme_tempi_play(groove: Groove, metre: tuple[int, int], bpm: float) -> None:
    spec = Spec(seed=1, bpm=bpm, numerator=metre[0], denominator=metre[1])
    mix = total(groove.render(spec, 0, 72_000))
    assert np.all(np.isfinite(mix))
    assert np.sqrt(np.mean(mix**2)) > 0.02
    groove.render(spec, round(700 * bar_samples(spec)), round(700 * bar_samples(spec)) + 4_800)


@pytest.mark.parametrize(
    ("metre", "kicks"), [((3, 4), [0, 4, 8]), ((6, 8), [0, 6]), ((7, 8), [0, 4, 8]), ((5, 4), [0, 4, 8, 12, 16])]
)
def test_odd_metres_have_a_kick_on_every_felt_beat(groove: Groove, metre: tuple[int, int], kicks: list[int]) -> None:
    spec = Spec(numerator=metre[0], denominator=metre[1])
    assert [note.step for note in groove.notes(spec, 0) if note.instrument == "kick"] == kicks


@pytest.mark.parametrize("metre", [(3, 4), (7, 8), (6, 8)])
def test_no_stroke_spills_out_of_a_short_bar(groove: Groove, metre: tuple[int, int]) -> None:
    spec = Spec(seed=4, numerator=metre[0], denominator=metre[1], prompt="sgija busy")
    steps = 16 * metre[0] / metre[1]
    without_echoes = {"kick", "log_drum", "bass", "pad", "rim"}
    struck = [n for bar in range(64) for n in groove.notes(spec, bar) if n.instrument in without_echoes]
    assert len(struck) > 400
    assert all(note.step < steps for note in struck)


def test_a_long_bar_is_played_to_its_end(groove: Groove) -> None:
    notes = groove.notes(Spec(numerator=11), 1)
    for instrument in ("kick", "shaker", "log_drum", "bass", "piano"):
        assert max(note.step for note in notes if note.instrument == instrument) > 32, instrument


def test_ducking_is_too_smooth_to_click() -> None:
    """One push-down multiplies every stem's samples, so its own steps bound the step it can make."""
    stems = {name: np.full((2, 24_000), 0.01, dtype=np.float32) for name in ("bass", "other", "log_drum")}
    for name, pcm in stems.items():
        level = ducked(name, pcm)
        assert level[0, 0] == pytest.approx(0.01, rel=0.01)
        assert level[0, -1] == pytest.approx(0.01, rel=0.01)
        assert np.min(level) < 0.009
        assert np.max(np.abs(np.diff(level))) < 0.01 * 0.01


@pytest.mark.parametrize(
    ("text", "tonic", "minor"),
    [
        ("F minor", 5, True),
        ("Fm", 5, True),
        ("fm", 5, True),
        ("FM", 5, False),
        ("C# minor", 1, True),
        ("Ab major", 8, False),
        ("A♭", 8, False),
        ("bb min", 10, True),
        ("b minor", 11, True),
        ("E flat major", 3, False),
        (" G ", 7, False),
        ("Cb", 11, False),
    ],
)
def test_keys_are_read_as_people_write_them(text: str, tonic: int, minor: bool) -> None:
    key = parse_key(text)
    assert (key.tonic, key.minor) == (tonic, minor)


@pytest.mark.parametrize("text", ["", "H minor", "F dorian", "minor", "F##", "Fm7", "♭", "x" * 500])
def test_a_key_that_cannot_be_read_is_refused_when_the_piece_begins(groove: Groove, text: str) -> None:
    with pytest.raises(GrooveError, match="key"):
        groove.begin(Spec(key=text), 0)


@pytest.mark.parametrize(
    "wrong", [{"bpm": 0.0}, {"bpm": float("nan")}, {"numerator": 0}, {"denominator": 0}, {"bars": -1}]
)
def test_a_spec_nobody_can_play_is_refused(groove: Groove, wrong: dict[str, float]) -> None:
    with pytest.raises(GrooveError):
        groove.begin(Spec(**wrong), 0)  # type: ignore[arg-type]


def test_neighbouring_seeds_share_neither_rhythm_nor_harmony(groove: Groove) -> None:
    specs = [Spec(seed=seed) for seed in range(24)]
    rhythms = {tuple(step for step, _ in played(groove, spec, range(4), "log_drum")) for spec in specs}
    lines = {tuple(played(groove, spec, range(4), "log_drum")) for spec in specs}
    chords = {tuple(pitches for _, pitches in played(groove, spec, range(4), "pad")) for spec in specs}
    assert len(lines) == 24
    assert len(rhythms) >= 22
    assert len(chords) >= 6


def test_new_phrases_keep_coming(groove: Groove) -> None:
    openings = [played(groove, Spec(seed=2), range(bar, bar + 1), "log_drum") for bar in range(0, 1024, 8)]
    assert len({tuple(round(step % 16) for step, _ in opening) for opening in openings}) > 30


@pytest.mark.parametrize(
    ("prompt", "silent"),
    [
        ("no drums", {"drums"}),
        ("no log drum", {"log_drum"}),
        ("without bass, no keys", {"bass", "other"}),
        ("drums and no log drums", {"log_drum"}),
    ],
)
def test_a_prompt_can_leave_stems_out(groove: Groove, prompt: str, silent: set[str]) -> None:
    stems = groove.render(Spec(prompt=prompt), 0, 150_000)
    assert {stem for stem, pcm in stems.items() if not np.any(pcm)} == silent


def test_prompt_words_lean_the_music(groove: Groove) -> None:
    def strokes(prompt: str) -> int:
        return sum(len(played(groove, Spec(seed=seed, prompt=prompt), range(16), "log_drum")) for seed in range(8))

    assert strokes("sgija, hard, busy") > 1.15 * strokes("sparse private school")
    assert any(
        note.instrument == "organ" for bar in range(8, 12) for note in groove.notes(Spec(prompt="with organ"), bar)
    )


def test_unknown_words_change_nothing(groove: Groove) -> None:
    assert groove.notes(Spec(prompt="zebra"), 5) == groove.notes(Spec(), 5)
    assert groove.notes(Spec(prompt=PROMPTS[2]), 1) != groove.notes(Spec(), 1)


@pytest.mark.parametrize("instrument", RACK)
def test_every_sound_begins_and_ends_in_silence_and_in_time(instrument: str) -> None:
    for length in (2_000, 30_000, 400_000):
        voice = Voice(
            instrument=instrument, pitches=(45, 52, 56) if instrument in {"pad", "bloom"} else (45,), length=length
        )
        shot = RACK[instrument].render(voice)
        peak = np.max(np.abs(shot))
        assert shot.shape[1] <= sounding(voice)
        assert np.max(np.abs(shot[:, 0])) < 0.01 * peak
        assert np.max(np.abs(shot[:, -1])) < 0.001 * peak
