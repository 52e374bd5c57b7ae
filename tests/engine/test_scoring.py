"""The conformance score of a file: what it says, what it takes, what it refuses."""

import tracemalloc
from pathlib import Path

import msgspec
import numpy as np
import pytest
import soundfile
import soxr  # type: ignore[import-untyped]  # it ships no types

from logdrum_engine.errors import EngineError
from logdrum_engine.generator import SAMPLE_RATE, Pcm
from logdrum_engine.scoring import CONFORMANCE_VERSION, ScoreError, score_file
from logdrum_engine.scoring.conventions import NAMES, Reading
from logdrum_engine.scoring.interval import estimate
from logdrum_engine.scoring.model import load_model
from logdrum_engine.scoring.score import conformance_of
from logdrum_protocol.records import Conformance, verdict_of
from tests.engine.scoring_cases import file_of, groove, heard_in, line, measured, played, strokes

MODEL = load_model("amapiano")


@pytest.fixture(scope="module")
def amapiano() -> Pcm:
    return groove("private school", bars=12)


@pytest.fixture(scope="module")
def found(amapiano: Pcm, tmp_path_factory: pytest.TempPathFactory) -> Conformance:
    return score_file(file_of(tmp_path_factory.mktemp("score") / "a.wav", amapiano))


def read(**values: float | None) -> list[Reading]:
    return [Reading(name, values.get(name), "") for name in NAMES]


def scored(values: dict[str, float | None], spans: int = 2) -> float:
    return estimate(MODEL, read(**values), [read(**values)] * spans).value


def test_a_groove_of_this_engine_follows_the_conventions(found: Conformance) -> None:
    assert found.value > 0.8
    assert verdict_of(found, 0.5) == "accept"


def test_house_does_not(tmp_path: Path) -> None:
    house = [
        *strokes("kick", "X...X...X...X..."),
        *strokes("open hat", "..X...X...X...X."),
        *strokes("clap", "....X.......X..."),
        *line("bass", (2, 6, 10, 14), (33, 45)),
    ]
    assert score_file(file_of(tmp_path / "a.wav", played(house, bars=8, bpm=112.0))).value < 0.4


def test_a_score_names_its_version_its_genre_and_what_it_was_fitted_on(found: Conformance) -> None:
    assert (found.version, found.genre) == (CONFORMANCE_VERSION, "amapiano")
    assert "no real recording" in found.fitted_on


def test_a_score_lies_in_its_interval_and_its_weights_are_shares(found: Conformance) -> None:
    assert 0.0 <= found.low < found.value < found.high <= 1.0
    assert sum(component.weight for component in found.components) == pytest.approx(1.0)
    assert [component.name for component in found.components] == list(NAMES)
    assert all(component.reason for component in found.components)


def test_a_score_can_go_over_the_wire(found: Conformance) -> None:
    assert msgspec.json.decode(msgspec.json.encode(found), type=Conformance) == found


def test_the_same_file_has_the_same_score(found: Conformance, amapiano: Pcm, tmp_path: Path) -> None:
    assert score_file(file_of(tmp_path / "b.wav", amapiano)) == found


def test_no_log_drum_is_no_reason_to_reject(tmp_path: Path) -> None:
    without = score_file(file_of(tmp_path / "a.wav", groove("no log drum, organ, soulful", bars=12)))
    assert without.value > 0.4
    assert verdict_of(without, 0.5) != "reject"


@pytest.mark.parametrize("missing", NAMES)
def test_no_convention_is_necessary(missing: str) -> None:
    assert scored({name: 0.0 if name == missing else 1.0 for name in NAMES}) > 0.5


@pytest.mark.parametrize("kept", NAMES)
def test_no_convention_is_sufficient(kept: str) -> None:
    assert scored({name: 1.0 if name == kept else 0.0 for name in NAMES}) < 0.5


@pytest.mark.parametrize("name", NAMES)
def test_keeping_a_convention_never_lowers_the_score(name: str) -> None:
    assert MODEL.fit.weights[name] >= 0.0


def test_what_cannot_be_told_counts_for_nothing() -> None:
    usual: dict[str, float | None] = dict(MODEL.means)
    assert scored({**usual, "swing": None}) == pytest.approx(scored(usual))


def test_one_span_is_less_certain_than_many() -> None:
    usual: dict[str, float | None] = dict(MODEL.means)
    one, many = (estimate(MODEL, read(**usual), [read(**usual)] * spans) for spans in (1, 12))
    assert many.high - many.low < one.high - one.low


def test_spans_that_disagree_are_less_certain_than_spans_that_agree() -> None:
    usual: dict[str, float | None] = dict(MODEL.means)
    high, low = read(**dict.fromkeys(NAMES, 1.0)), read(**dict.fromkeys(NAMES, 0.0))
    agreeing = estimate(MODEL, read(**usual), [read(**usual)] * 6)
    disagreeing = estimate(MODEL, read(**usual), [high, low] * 3)
    assert disagreeing.high - disagreeing.low > agreeing.high - agreeing.low


@pytest.mark.parametrize(("rate", "channels"), [(44_100, 1), (96_000, 2), (48_000, 8), (22_050, 2)])
def test_rate_and_channels_hardly_matter(
    found: Conformance, amapiano: Pcm, tmp_path: Path, rate: int, channels: int
) -> None:
    pcm = soxr.resample(amapiano.T, SAMPLE_RATE, rate).T
    path = file_of(tmp_path / "a.wav", np.tile(pcm, (4, 1))[:channels], rate)
    assert score_file(path).value == pytest.approx(found.value, abs=0.1)


@pytest.mark.parametrize("name", ["a.flac", "a.ogg", "a.mp3"])
def test_files_may_be_lossy(found: Conformance, amapiano: Pcm, tmp_path: Path, name: str) -> None:
    assert score_file(file_of(tmp_path / name, amapiano)).value == pytest.approx(found.value, abs=0.1)


def test_level_does_not_matter(found: Conformance, amapiano: Pcm, tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    soundfile.write(path, amapiano.T * 0.01, SAMPLE_RATE, subtype="FLOAT")
    assert score_file(path).value == pytest.approx(found.value, abs=0.03)


def test_at_telephone_quality_shakers_are_unknown_not_missing(amapiano: Pcm, tmp_path: Path) -> None:
    path = file_of(tmp_path / "a.wav", soxr.resample(amapiano.T, SAMPLE_RATE, 8_000).T, 8_000)
    shaker = next(component for component in score_file(path).components if component.name == "shaker")
    assert shaker.weight == 0.0
    assert "nothing above 5 kHz" in shaker.reason


def test_what_is_left_of_a_broken_off_file_is_scored(amapiano: Pcm, tmp_path: Path) -> None:
    path = file_of(tmp_path / "a.wav", amapiano)
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])
    assert score_file(path).value > 0.5


def test_a_stream_whose_header_names_no_length_is_heard_from_its_start_on(amapiano: Pcm, tmp_path: Path) -> None:
    path = file_of(tmp_path / "a.flac", amapiano)
    stored = bytearray(path.read_bytes())
    stored[21] &= 0xF0  # the 36 bits of STREAMINFO that count the samples: 0 is unknown
    stored[22:26] = bytes(4)
    path.write_bytes(stored)
    spans = len(heard_in(path))
    assert spans == len(heard_in(file_of(tmp_path / "b.flac", amapiano)))


def test_twenty_minutes_take_no_more_memory_than_three(tmp_path: Path) -> None:
    peaks = []
    for minutes in (3, 20):
        path = tmp_path / f"{minutes}.wav"
        pulse = (np.arange(4_000) < 400).astype(np.uint8) * np.random.default_rng(1).integers(0, 80, 4_000)
        samples = np.tile(pulse.astype(np.uint8) + 128, minutes * 60 * 2)
        soundfile.write(path, (samples.astype(np.int16) - 128) << 8, 8_000, subtype="PCM_U8")
        del samples
        tracemalloc.start()
        score_file(path)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] * 1.2


def test_progress_rises_to_one(amapiano: Pcm, tmp_path: Path) -> None:
    seen: list[float] = []
    score_file(file_of(tmp_path / "a.wav", amapiano), on_progress=seen.append)
    assert seen == sorted(seen)
    assert seen[-1] == 1.0


def refused(path: Path) -> str:
    with pytest.raises(ScoreError) as fault:
        score_file(path)
    return str(fault.value)


def test_a_score_error_is_an_engine_error_of_one_sentence(tmp_path: Path) -> None:
    sentence = refused(tmp_path / "nowhere.wav")
    assert issubclass(ScoreError, EngineError)
    assert sentence.endswith(".")


def test_silence_is_refused(tmp_path: Path) -> None:
    assert "silent" in refused(file_of(tmp_path / "a.wav", np.zeros((2, 20 * SAMPLE_RATE), dtype=np.float32)))


def test_what_is_too_short_is_refused(amapiano: Pcm, tmp_path: Path) -> None:
    assert "too short" in refused(file_of(tmp_path / "a.wav", amapiano[:, : 7 * SAMPLE_RATE]))


def test_a_file_without_frames_is_refused(tmp_path: Path) -> None:
    assert "too short" in refused(file_of(tmp_path / "a.wav", np.zeros((2, 0), dtype=np.float32)))


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_what_is_no_number_is_refused(amapiano: Pcm, tmp_path: Path, value: float) -> None:
    pcm = amapiano.copy()
    pcm[0, 100_000] = value
    soundfile.write(tmp_path / "a.wav", pcm.T, SAMPLE_RATE, subtype="FLOAT")
    assert "not numbers" in refused(tmp_path / "a.wav")


def test_what_is_no_sound_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_text("a letter home")
    assert "no WAV" in refused(tmp_path / "a.wav")


def test_a_genre_without_a_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ScoreError, match="amapiano"):
        score_file(tmp_path / "a.wav", genre="polka")


def test_a_tagger_without_weights_is_refused(amapiano: Pcm, tmp_path: Path) -> None:
    with pytest.raises(ScoreError, match="weights"):
        score_file(file_of(tmp_path / "a.wav", amapiano), tagger=tmp_path)


def test_tags_move_the_score_a_little_and_say_so(amapiano: Pcm, tmp_path: Path) -> None:
    spans = measured(file_of(tmp_path / "a.wav", played([*strokes("kick", "X...X...X...X...")], bars=8)))
    untagged, unlike, like = (conformance_of(MODEL, spans, tagged) for tagged in (None, 0.0, 1.0))
    assert unlike.value < untagged.value < like.value
    assert like.components[-1].name == "tags"
    assert like.components[-1].weight < 0.25
