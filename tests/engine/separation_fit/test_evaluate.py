"""What the evaluation says of separators that are perfect, deaf or forgetful."""

import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import av
import msgspec
import numpy as np
import pytest

from logdrum_engine.separation_fit import cuts, held_out
from logdrum_engine.separation_fit.cuts import cut_up
from logdrum_engine.separation_fit.detection import MADE, POSITIVE, REAL, ask, detections, of_trials
from logdrum_engine.separation_fit.evaluate import Plan, evaluate
from logdrum_engine.separation_fit.examples import SAMPLE_RATE, STEMS, Example
from logdrum_engine.separation_fit.figures import IDEAL, MIXTURE, OURS, RULE, Figures, spread
from logdrum_engine.separation_fit.hearing import blocks, hear, random_cuts
from logdrum_engine.separation_fit.measures import CEILING_DB
from logdrum_engine.separation_fit.multitrack import Multitrack, read_multitrack, try_song
from logdrum_engine.separation_fit.trials import try_mix
from tests.engine.separation_fit.separators import NOTE, Forgetful, Knowing, example


def mix_of(each: Example) -> np.ndarray:
    return each.stems.sum(axis=0)


@pytest.mark.parametrize("lengths", [[0], [44_100], [0, 1, 5_000, 0, 99_999], [1] * 50])
def test_a_sound_comes_out_whole_however_it_goes_in(lengths: list[int]) -> None:
    each = example()
    heard = hear(Knowing(each), mix_of(each), lengths)
    np.testing.assert_array_equal(heard.stems[1:], each.stems)
    assert heard.notes == (NOTE,)


def test_the_last_turn_is_said_to_be_the_last_once() -> None:
    lasts: list[bool] = []

    class Listening(Forgetful):
        def step(self, turns):  # type: ignore[no-untyped-def]
            lasts.extend(turn.last for turn in turns)
            return super().step(turns)

    hear(Listening(), mix_of(example()), blocks(44_100, 11_025))
    assert lasts == [False, False, False, True]


def test_random_cuts_are_of_every_kind_and_cover_the_sound() -> None:
    lengths = random_cuts(np.random.default_rng(1), 2_000_000)
    assert sum(lengths) >= 2_000_000
    assert min(lengths) == 0
    assert max(lengths) > 50_000


def test_a_perfect_separator_has_nothing_left_to_gain() -> None:
    each = example()
    trial = try_mix(Knowing(each), 0, each)
    assert {trial.scores[OURS][stem].sdr for stem in STEMS} == {CEILING_DB}
    assert trial.notes.f1 == trial.notes.f0_share == 1.0
    assert trial.leaks_db == {"vocals": -CEILING_DB}
    assert trial.certainty == pytest.approx(0.9)
    assert trial.residual_db < -140


def test_the_mix_and_the_rule_and_the_ideal_masks_stand_beside() -> None:
    each = example()
    scores = try_mix(Knowing(each), 0, each).scores
    assert {score.si_sdri for score in scores[MIXTURE].values()} == {0.0}
    assert list(scores[RULE]) == ["log_drum"]
    assert scores[MIXTURE]["log_drum"].sdr < scores[IDEAL]["log_drum"].sdr < scores[OURS]["log_drum"].sdr


def test_a_stem_that_is_not_there_is_no_score_but_a_leak() -> None:
    each, other = example(has_log_drum=False), example()
    trial = try_mix(Knowing(Example(other.stems, ()), ()), 0, each)
    assert "log_drum" not in trial.scores[OURS]
    assert -20 < trial.leaks_db["log_drum"] < 0
    assert not trial.has_log_drum


def test_a_stem_that_is_alone_cannot_be_pulled_out_of_anything() -> None:
    alone = np.zeros_like(example().stems)
    alone[2] = example().stems[2]
    trial = try_mix(Knowing(Example(alone, ())), 0, Example(alone, example().notes))
    assert trial.scores[OURS] == {}
    assert trial.has_log_drum
    assert trial.leaks_db["drums"] == -CEILING_DB


def test_what_a_separator_says_itself_goes_before_its_notes() -> None:
    class Telling(Knowing):
        def presence(self, state: tuple[int, int]) -> float:
            return state[0] / 100_000

    each = example()
    assert hear(Telling(each), mix_of(each)).certainty == pytest.approx(0.441)
    assert hear(Knowing(each), mix_of(each)).certainty == NOTE.probability


def test_who_hears_notes_where_there_are_some_tells_sounds_apart() -> None:
    trials = [try_mix(Knowing(each), number, each) for number, each in enumerate([example(1), example(2)])]
    noise = example(3, has_log_drum=False)
    sounds = list(ask(Knowing(noise, ()), REAL, [("noise", mix_of(noise))]))
    [ours] = detections([*of_trials(trials), *sounds])[OURS]
    assert (ours.negatives, ours.auroc, ours.false_positives, ours.recall, ours.fires) == (REAL, 1.0, 0.0, 1.0, 0.0)


def test_the_rule_takes_a_bass_for_a_log_drum() -> None:
    trials = [try_mix(Knowing(each), 0, each) for each in (example(1), example(2, has_log_drum=False))]
    assert [sound.kind for sound in of_trials(trials)] == [POSITIVE, MADE]
    [rule] = detections(list(of_trials(trials)))[RULE]
    assert (rule.fires, rule.loudest) == (1.0, ["mix 0"])


def test_cuts_that_change_nothing_are_nought() -> None:
    each = example()
    streaming = cut_up(Knowing(each), mix_of(each), seed=1)
    assert (streaming.blocks_db, streaming.cuts_db, streaming.same_notes) == (-CEILING_DB, -CEILING_DB, True)


def test_cuts_that_can_be_heard_are_found() -> None:
    streaming = cut_up(Forgetful(), mix_of(example()), seed=1)
    assert streaming.blocks_db > -40
    assert streaming.cuts_db > -60


def test_the_peak_of_a_process_is_what_it_held_at_most() -> None:
    code = "import sys; held = bytearray(int(sys.argv[1]) << 20); del held"
    little, much = (cuts.peak_mib([sys.executable, "-c", code, str(mib)]) for mib in (1, 120))
    assert 100 < much - little < 140


def test_a_spread_is_the_middle_and_the_tenths() -> None:
    found = spread(float(value) for value in range(101))
    assert found is not None
    assert (found.low, found.median, found.high, found.n) == (10.0, 50.0, 90.0, 101)
    assert spread([]) is None


def write_stems(path: Path, hz: list[int]) -> None:
    """A file of the stem format: a stream for the master, and one for each stem."""
    t = np.arange(SAMPLE_RATE) / SAMPLE_RATE
    with av.open(str(path), "w", format="mp4") as container:
        streams = [container.add_stream("aac", rate=SAMPLE_RATE, layout="stereo") for _ in hz]
        for stream, tone in zip(streams, hz, strict=True):
            sound = np.tile((0.5 * np.sin(2 * np.pi * tone * t)).astype(np.float32), (2, 1))
            frame = av.AudioFrame.from_ndarray(sound, format="fltp", layout="stereo")
            frame.sample_rate = SAMPLE_RATE
            for packet in (*stream.encode(frame), *stream.encode(None)):
                container.mux(packet)


def loudest_hz(sound: np.ndarray) -> float:
    return float(
        np.argmax(np.abs(np.fft.rfft(sound[0, :SAMPLE_RATE]))) * SAMPLE_RATE / min(sound.shape[1], SAMPLE_RATE)
    )


def test_stems_are_read_from_a_file_and_from_a_wheel_and_its_master_is_not(tmp_path: Path) -> None:
    path = tmp_path / "A Song.stem.mp4"
    write_stems(path, [5000, 200, 400, 600, 800])
    with zipfile.ZipFile(tmp_path / "some.whl", "w") as wheel:
        wheel.write(path, f"package/{path.name}")
    for track in (read_multitrack(path), read_multitrack(tmp_path / "some.whl")):
        assert track.title == "A Song"
        found = {stem: loudest_hz(sound) for stem, sound in track.stems.items()}
        assert found == pytest.approx({"drums": 200, "bass": 400, "other": 600, "vocals": 800}, abs=3)


def test_what_a_song_without_a_log_drum_gives_to_it_is_wrong() -> None:
    each = example()
    drums, bass, log_drum, other = each.stems
    song = try_song(
        Knowing(each), Multitrack("song", {"drums": drums, "bass": bass, "other": other, "vocals": log_drum})
    )
    assert song.sdr[OURS]["drums"] == CEILING_DB
    assert song.sdr[OURS]["vocals"] == 0.0
    assert song.log_drum_leak_db > -10
    assert song.notes == 1


def test_an_evaluation_is_written_and_read_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    each = example()

    def mixes(*_: object) -> Iterator[Example]:
        yield each

    monkeypatch.setattr(held_out, "mixes", mixes)
    trials = [try_mix(Knowing(each), 0, each)]
    figures = evaluate(Plan(mixes=1), trials, list(ask(Knowing(each, ()), REAL, [("a", mix_of(each))])), Knowing(each))
    assert msgspec.json.decode(msgspec.json.encode(figures), type=Figures) == figures
    assert figures.stems[OURS]["log_drum"].si_sdri.median > 90
    assert (figures.mixes, figures.seconds) == (1, 1.0)
