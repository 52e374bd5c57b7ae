"""Separations of stored sounds: what is sent, in which order, and how far (J3, J11, Q10)."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from logdrum_engine.separating.desk import Desk
from logdrum_engine.separating.shelf import Shelf
from logdrum_engine.separation.catalogue import AnySeparator
from logdrum_engine.separation.errors import SeparationError
from logdrum_engine.separation.interface import STEMS, Separated, Turn
from logdrum_engine.separation.options import Options
from logdrum_protocol.engine_messages import FromEngine, JobFailed, JobStarted, StopJob
from logdrum_protocol.records import JobParams
from tests.engine.separating.band_split import BandSplit
from tests.engine.separating.room_jobs import (
    ASSET,
    RATE,
    Fifths,
    audio,
    credit,
    done,
    noise,
    order,
    rest_of,
    shelf,
    stream,
    total,
    wav,
)

SAMPLES = 5 * RATE


@pytest.fixture
def song(tmp_path: Path) -> str:
    return wav(tmp_path / "song.wav", noise(SAMPLES))


def failed(messages: Sequence[FromEngine]) -> list[tuple[str, str, str]]:
    return [(each.job, each.code, each.message) for each in messages if isinstance(each, JobFailed)]


def test_j11_a_sound_has_one_more_stream_which_is_the_sound_itself(song: str) -> None:
    desk = Desk(shelf(BandSplit()))
    assert desk.handle(order(song)) == [JobStarted(job="s1", stems=("mix", *STEMS), samples=SAMPLES)]
    mix = stream(rest_of(desk), "mix")
    assert np.array_equal(mix, np.rint(noise(SAMPLES) * np.float32(32_767)))


def test_j11_stems_and_mix_are_the_same_sample_for_sample(song: str) -> None:
    desk = Desk(shelf(BandSplit()))
    desk.handle(order(song))
    messages = rest_of(desk)
    assert len(stream(messages, "other")) == SAMPLES
    assert np.array_equal(total(messages), stream(messages, "mix"))


def test_j11_what_is_too_loud_for_16_bits_is_clipped_in_the_stems_as_in_the_mix(tmp_path: Path) -> None:
    desk = Desk(shelf(BandSplit()))
    desk.handle(order(wav(tmp_path / "loud.wav", noise(SAMPLES // 4, peak=3.0))))
    messages = rest_of(desk)
    mix = stream(messages, "mix")
    assert abs(mix).max() == 32_767
    assert np.array_equal(total(messages), mix)


def test_j3_only_the_stems_that_are_asked_for_come_and_the_rest_is_other(song: str) -> None:
    desk = Desk(shelf(BandSplit()))
    (started,) = desk.handle(order(song, stems=("log_drum",)))
    assert isinstance(started, JobStarted)
    assert started.stems == ("mix", "log_drum", "other")
    messages = rest_of(desk)
    assert np.array_equal(total(messages, ("log_drum", "other")), stream(messages, "mix"))


def test_j11_a_generation_has_its_own_streams_for_a_mix(song: str) -> None:
    desk = Desk(shelf(BandSplit()))
    (started,) = desk.handle(order(song, params=JobParams(job="g1")))
    assert isinstance(started, JobStarted)
    assert started.stems == STEMS


def test_j3_several_sounds_are_separated_as_one(tmp_path: Path) -> None:
    desk = Desk(shelf(BandSplit()))
    first, second = noise(RATE, seed=1, peak=0.25), noise(RATE // 2, seed=2, peak=0.25)
    desk.handle(order(wav(tmp_path / "1.wav", first), wav(tmp_path / "2.wav", second), params=JobParams(job="g1")))
    both = first + np.pad(second, ((0, RATE // 2), (0, 0)))
    assert abs(total(rest_of(desk)) - both * 32_767).max() <= 0.51


def straight(song: str) -> dict[str, np.ndarray]:
    desk = Desk(shelf(BandSplit()))
    desk.handle(order(song))
    messages = rest_of(desk)
    return {stem: stream(messages, stem) for stem in STEMS}


@pytest.mark.parametrize("entry", [SAMPLES // 2, 1_000, SAMPLES - 1_000])
def test_q10_a_separation_begins_within_its_sound_and_goes_on_with_what_is_before(song: str, entry: int) -> None:
    desk = Desk(shelf(BandSplit()))
    desk.handle(order(song, entry=entry))
    messages = rest_of(desk)
    assert len(done(messages)) == 1
    assert audio(messages)[0].start_sample == entry
    assert np.array_equal(total(messages), stream(messages, "mix"))
    assert np.array_equal(np.roll(stream(messages, "mix"), entry, axis=0), np.rint(noise(SAMPLES) * 32_767))
    for stem, whole in straight(song).items():
        assert abs(np.roll(stream(messages, stem), entry, axis=0) - whole).max() <= 4  # of 16 bits: no join is heard


def test_q10_no_block_lies_across_the_sounds_end(song: str) -> None:
    desk = Desk(shelf(BandSplit()))
    desk.handle(order(song, entry=RATE + 77))
    pieces = audio(rest_of(desk))
    assert not [each for each in pieces if each.start_sample < SAMPLES < each.start_sample + each.samples]
    assert {SAMPLES, SAMPLES + RATE + 77} <= {each.start_sample + each.samples for each in pieces}
    assert max(each.samples for each in pieces) <= RATE // 4


def test_q3_nothing_past_the_credit_is_sent(song: str) -> None:
    desk = Desk(shelf(BandSplit()))
    desk.handle(order(song, credit=RATE + 123))
    messages = rest_of(desk)
    assert {len(stream(messages, stem)) for stem in ("mix", *STEMS)} == {RATE + 123}
    desk.handle(credit(2 * RATE))
    assert len(stream(rest_of(desk), "other")) == RATE - 123


def test_q3_what_nobody_may_have_yet_is_not_computed(song: str) -> None:
    separator = Fifths()
    desk = Desk(shelf(separator))
    desk.handle(order(song, credit=RATE))
    rest_of(desk)
    assert len(separator.batches) * separator.block_samples <= 44_100 + 2 * separator.block_samples


def test_j11_the_mix_is_there_before_any_stem(song: str) -> None:
    desk = Desk(shelf(BandSplit()))
    desk.handle(order(song))
    stems = [piece.stem for piece in audio(rest_of(desk))]
    assert stems.index("vocals") >= 5 * RATE / (RATE / 4)
    assert set(stems[: stems.index("vocals")]) == {"mix"}


def test_q5_a_stop_is_the_end_without_an_answer(song: str) -> None:
    desk = Desk(shelf(BandSplit()))
    desk.handle(order(song))
    desk.step()
    assert desk.handle(StopJob(job="s1")) == []
    assert (desk.has_work, desk.step(), desk.jobs) == (False, [], 0)


def test_q5_a_stop_is_heard_between_two_blocks_of_a_file(song: str, tmp_path: Path) -> None:
    desk = Desk(shelf(Fifths()))
    desk.handle(order(song, files=tmp_path, credit=0))
    desk.handle(credit(10**9))
    while not (tmp_path / "vocals.flac").exists():
        desk.step()
    desk.handle(StopJob(job="s1"))
    assert not desk.has_work
    assert not (tmp_path / "other.flac").exists()


def test_q3_the_job_that_is_least_ahead_of_its_listeners_goes_first(song: str) -> None:
    desk = Desk(shelf(Fifths()))
    for job in ("ahead", "behind"):
        desk.handle(order(song, job=job, params=JobParams(job="g1")))
    desk.handle(credit(10**9, "behind", playhead=2 * RATE))
    messages = rest_of(desk)
    stems = [piece for piece in audio(messages, "ahead") + audio(messages, "behind") if piece.stem == "other"]
    first = min(messages.index(piece) for piece in stems if piece.job == "ahead")
    reached = [piece for piece in stems if piece.job == "behind" and messages.index(piece) < first]
    assert sum(piece.samples for piece in reached) >= 2 * RATE


def test_q3_jobs_that_need_it_alike_take_turns(song: str) -> None:
    desk = Desk(shelf(Fifths()))
    for job in ("s1", "s2"):
        desk.handle(order(song, job=job, params=JobParams(job="g1")))
    others = [piece for piece in rest_of(desk) if piece in audio([piece], "s1") + audio([piece], "s2")]
    jobs = [piece.job for piece in others if getattr(piece, "stem", "") == "other"]
    ahead = np.cumsum([1 if job == "s1" else -1 for job in jobs])
    assert abs(ahead).max() <= 2


def test_several_jobs_are_one_batch_where_that_is_faster(tmp_path: Path) -> None:
    separator = Fifths()
    desk = Desk(shelf(separator, batch=2))
    short, jobs = wav(tmp_path / "short.wav", noise(RATE)), ("s1", "s2", "s3")
    for job in jobs:
        desk.handle(order(short, job=job, params=JobParams(job="g1")))
    messages = rest_of(desk)
    assert [len(stream(messages, "other", job)) for job in jobs] == [RATE] * 3
    assert max(separator.batches) == 2


class Breaking(Fifths):
    """Breaks at what is too loud."""

    def step(self, turns: Sequence[Turn[int]]) -> list[tuple[Separated, int]]:
        if any(abs(turn.audio).max(initial=0) > 1 for turn in turns):
            raise RuntimeError("a path: /secret")
        return super().step(turns)


def test_q7_a_job_fails_alone_also_in_a_batch(song: str, tmp_path: Path) -> None:
    desk = Desk(shelf(Breaking(), batch=2))
    desk.handle(order(wav(tmp_path / "loud.wav", noise(RATE, peak=3.0)), job="loud"))
    desk.handle(order(song, job="quiet"))
    messages = rest_of(desk)
    assert failed(messages) == [
        ("loud", "engine_error", "The separation failed; the engine's log says why."),
    ]
    assert [each.job for each in done(messages)] == ["quiet"]


def test_j5_a_model_that_is_not_here_is_named_with_those_that_are(song: str) -> None:
    desk = Desk(shelf(Fifths()))
    answer = desk.handle(order(song, params=JobParams(asset=ASSET, model="htdemucs")))
    assert failed(answer) == [("s1", "unsupported", "There is no model 'htdemucs' here; there is fifths.")]


def test_j3_a_stem_that_is_not_there_is_named_with_those_that_are(song: str) -> None:
    desk = Desk(shelf(Fifths()))
    answer = desk.handle(order(song, stems=("marimba",)))
    ((_, code, message),) = failed(answer)
    assert code == "bad_params"
    assert "marimba" in message
    assert "log_drum" in message


def test_an_engine_without_separators_says_so(song: str) -> None:
    ((_, code, message),) = failed(Desk(Shelf()).handle(order(song)))
    assert code == "unsupported"
    assert "has no separator" in message


def test_what_is_no_sound_fails_with_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "song.wav").write_text("this is a text")
    desk = Desk(shelf(Fifths()))
    ((_, code, message),) = failed(desk.handle(order(str(tmp_path / "song.wav"))))
    assert (code, str(tmp_path) in message) == ("bad_params", False)
    assert desk.jobs == 0


@pytest.mark.parametrize("sounds", [(), None])
def test_a_sound_that_is_too_short_for_its_entry_or_not_there_fails(song: str, sounds: tuple[str, ...] | None) -> None:
    ((_, code, _),) = failed(Desk(shelf(Fifths())).handle(order(*((song,) if sounds is None else sounds), entry=10**8)))
    assert code == "bad_params"


def test_a_separator_that_cannot_be_loaded_fails_its_jobs_and_is_tried_again(song: str) -> None:
    loads = iter([SeparationError("The weights are not what the manifest says."), OSError("a path: /secret")])

    def load(_: Options) -> AnySeparator:
        for fault in loads:
            raise fault
        return Fifths()

    desk = Desk(Shelf(names=("fifths",), load=load))
    desk.warm_up()
    ((_, code, message),) = failed(desk.handle(order(song)))
    assert (code, "secret" in message) == ("engine_error", False)
    assert [type(each) for each in desk.handle(order(song))] == [JobStarted]


def test_separators_are_loaded_once_and_what_nobody_uses_makes_room(tmp_path: Path) -> None:
    loaded: list[Options] = []
    short = wav(tmp_path / "short.wav", noise(480))

    def load(options: Options) -> AnySeparator:
        loaded.append(options)
        return Fifths()

    desk = Desk(Shelf(names=("fifths",), load=load))
    for shifts in (0, 1, 2, 3, 3, 0):
        desk.handle(order(short, params=JobParams(asset=ASSET, shifts=shifts)))
        rest_of(desk)
    assert [options.shifts for options in loaded] == [0, 1, 2, 3, 0]
