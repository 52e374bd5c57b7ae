"""Stems and mixes in the engine: what lands where, how loud, and what becomes of bad files (Q8)."""

import asyncio
import math
import struct
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from logdrum_engine.exchange import Exchange
from logdrum_engine.generator import Spec
from logdrum_engine.groove.generator import Groove
from logdrum_engine.mixdown import Mixer, amplitude, balance, render, voices_at_once
from logdrum_protocol.engine_messages import MixClip, MixRendered, MixTrack, RenderMix, StopMix
from logdrum_protocol.records import Notation, Part, PlayedNote
from tests.engine.test_engine_link import FakeHub, config, hub, run

__all__ = ["hub"]

RATE = 48_000
STEP = 2.0**-23
Sound = npt.NDArray[np.float64]


def asset(letter: str) -> str:
    return letter * 64


def store(folder: Path, letter: str, sound: Any, rate: int = RATE, **options: Any) -> str:
    options = {"format": "WAV", "subtype": "DOUBLE"} | options
    soundfile.write(folder / asset(letter), sound, rate, **options)
    return asset(letter)


def noise(samples: int, channels: int = 2, seed: int = 1, loud: float = 0.1) -> Sound:
    return np.random.default_rng(seed).uniform(-loud, loud, (samples, channels))


def clip(letter: str, start: int = 0, samples: int = RATE, **fields: Any) -> MixClip:
    return MixClip(asset=asset(letter), start_sample=start, samples=samples, **fields)


def mix(
    folder: Path, *tracks: MixTrack, samples: int = 2 * RATE, kind: Any = "wav", bpm: float = 120.0
) -> tuple[MixRendered, Sound]:
    out = folder / "mix"
    order = RenderMix(mix="m", sounds=str(folder), tracks=tracks, samples=samples, format=kind, file=str(out), bpm=bpm)
    answer = render(order)
    assert answer.error is None, answer.error
    return answer, soundfile.read(out, always_2d=True)[0]


def test_q8_notes_are_played_beside_sounds(tmp_path: Path) -> None:
    store(tmp_path, "a", noise(RATE))
    notes = Notation(parts=(Part(instrument="bass"),), notes=(PlayedNote(0, 960, 480, 33, 100),))
    _, sound = mix(tmp_path, MixTrack(clips=(clip("a"),)))
    _, both = mix(tmp_path, MixTrack(clips=(clip("a"),), notation=notes))
    struck = round(RATE * 0.5)  # a beat at 120 BPM
    assert np.array_equal(both[: struck - 10], sound[: struck - 10])
    assert np.abs(both - sound)[struck : struck + 4_800].max() > 0.01


@pytest.mark.parametrize("bpm", [20.0, 79.0, 120.0, 999.0])
@pytest.mark.parametrize("instrument", ["drums", "log_drum", "piano", "pad", "bell"])
def test_q8_notes_are_played_where_they_ring_and_nowhere_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, instrument: str, bpm: float
) -> None:
    """Everything that a render without a break has, with what rings on and echoes, for a few seconds of work."""
    a_second = 16 * bpm
    ticks = [round(second * a_second) for second in (3.4, 14.0)]
    played = tuple(PlayedNote(0, tick, 120, pitch, 110) for tick in ticks for pitch in (49, 56))
    notes = Notation(parts=(Part(instrument=instrument),), notes=played)
    stems = Groove().render(Spec(notation=notes, bpm=bpm), 0, 40 * RATE)
    rendered: list[int] = []
    real = Groove.render
    monkeypatch.setattr(
        Groove, "render", lambda groove, spec, first, last: rendered.append(first) or real(groove, spec, first, last)
    )
    _, heard = mix(tmp_path, MixTrack(clips=(), notation=notes), samples=40 * RATE, bpm=bpm)
    assert np.abs(heard - sum(stem.T.astype(np.float64) for stem in stems.values())).max() <= STEP
    assert np.abs(heard).max() > 0.01
    longest = 4 + 120 / a_second
    assert all(any(s - 1 <= first / RATE <= s + longest + 1 for s in (3.4, 14.0)) for first in rendered)


def test_q8_a_track_without_a_note_is_silence(tmp_path: Path) -> None:
    _, heard = mix(tmp_path, MixTrack(clips=(), notation=Notation(parts=(Part(instrument="bass"),))))
    assert not heard.any()


@pytest.mark.parametrize("kind", ["wav", "flac"])
def test_q8_a_16_bit_sound_at_0_db_comes_out_bit_for_bit(tmp_path: Path, kind: str) -> None:
    values = np.random.default_rng(2).integers(-(2**15), 2**15, (5_000, 2), np.int16)
    values[:2] = [[-(2**15), 2**15 - 1], [0, -1]]
    store(tmp_path, "a", values, subtype="PCM_16")
    answer, heard = mix(tmp_path, MixTrack(clips=(clip("a", 1_234, 5_000),)), samples=8_000, kind=kind)
    assert answer.gain_db == 0
    assert soundfile.info(tmp_path / "mix").subtype == "PCM_24"
    assert np.array_equal(heard[1_234:6_234] * 2**15, values)
    assert not heard[:1_234].any()
    assert not heard[6_234:].any()


@given(start=st.integers(0, 3 * RATE), samples=st.integers(1, 2 * RATE), offset=st.integers(0, RATE))
@settings(max_examples=40, deadline=None)
def test_q8_a_clip_is_exact_to_the_sample(
    tmp_path_factory: pytest.TempPathFactory, start: int, samples: int, offset: int
) -> None:
    folder = tmp_path_factory.mktemp("mix")
    ramp = np.arange(1, 2 * RATE + 1) * STEP
    store(folder, "a", np.stack([ramp, -ramp], axis=1))
    track = MixTrack(clips=(clip("a", start, samples, offset_samples=offset),))
    _, heard = mix(folder, track, samples=4 * RATE)
    expected = np.zeros((4 * RATE, 2))
    part = np.stack([ramp, -ramp], axis=1)[offset : offset + samples][: 4 * RATE - start]
    expected[start : start + len(part)] = part
    assert np.array_equal(heard, expected)


def test_q8_stems_sum_to_the_mix_and_are_as_long(tmp_path: Path) -> None:
    tracks = []
    for number, letter in enumerate("abcde"):
        store(tmp_path, letter, noise(RATE, seed=number), rate=(RATE, 44_100)[number % 2])
        parts = (clip(letter, 777 * number, RATE, gain_db=-1.7), clip(letter, 60_001, 20_000, offset_samples=99))
        tracks.append(MixTrack(clips=parts, gain_db=1.3, pan=number / 5 - 0.4, file=str(tmp_path / f"{letter}.stem")))
    _, heard = mix(tmp_path, *tracks, samples=100_001)
    stems = [soundfile.read(str(track.file))[0] for track in tracks]
    assert {stem.shape for stem in stems} == {(100_001, 2)}
    assert np.abs(heard - sum(stems)).max() <= (len(stems) + 1) / 2 * STEP
    assert np.abs(heard).max() > 0.1


@pytest.mark.parametrize(("pan", "left", "right"), [(0, 1, 1), (-1, 1, 0), (1, 0, 1), (0.25, 0.75, 1), (-0.5, 1, 0.5)])
def test_q8_a_pan_turns_the_far_side_down_and_leaves_the_near_one(
    tmp_path: Path, pan: float, left: float, right: float
) -> None:
    sound = noise(RATE)
    store(tmp_path, "a", sound)
    _, heard = mix(tmp_path, MixTrack(clips=(clip("a"),), pan=pan), samples=RATE)
    assert np.abs(heard - sound * [left, right]).max() <= STEP / 2
    assert balance(pan).tolist() == [left, right]


@pytest.mark.parametrize(("clip_db", "track_db"), [(0, 0), (-6, 0), (0, -6), (-20.5, 12.25), (-90, 24), (3, -90)])
def test_q8_gains_multiply(tmp_path: Path, clip_db: float, track_db: float) -> None:
    sound = noise(RATE)
    store(tmp_path, "a", sound)
    _, heard = mix(tmp_path, MixTrack(clips=(clip("a", gain_db=clip_db),), gain_db=track_db), samples=RATE)
    silent = -90 in (clip_db, track_db)
    expected = sound * (0 if silent else 10 ** ((clip_db + track_db) / 20))
    assert np.abs(heard - expected).max() <= STEP / 2 + 1e-12


def test_q8_mono_is_heard_on_both_sides_and_a_surround_centre_between_them(tmp_path: Path) -> None:
    mono, six = noise(RATE, 1), noise(RATE, 6, seed=3)
    store(tmp_path, "a", mono)
    store(tmp_path, "b", six)
    _, heard = mix(tmp_path, MixTrack(clips=(clip("a"), clip("b", RATE))))
    assert np.abs(heard[:RATE] - mono).max() <= STEP / 2
    left = six[:, 0] + math.sqrt(0.5) * (six[:, 2] + six[:, 4])
    assert np.abs(heard[RATE:, 0] - left).max() <= STEP / 2


@pytest.mark.parametrize("rate", [8_000, 22_050, 44_100, 88_200, 96_000, 192_000])
def test_q8_a_resampled_clip_lines_up(tmp_path: Path, rate: int) -> None:
    """A tone is compared with the same tone computed at 48 kHz: an error of a hundredth of a sample would be seen."""
    seconds, offset, start = 2, rate // 4, 12_345
    tone = 0.5 * np.sin(2 * np.pi * 1_000 * np.arange(seconds * rate) / rate)
    store(tmp_path, "a", tone, rate=rate)
    track = MixTrack(clips=(clip("a", start, RATE, offset_samples=offset),))
    _, heard = mix(tmp_path, track)
    middle = np.arange(5_000, RATE - 5_000)
    expected = 0.5 * np.sin(2 * np.pi * 1_000 * (middle / RATE + offset / rate))
    one_hundredth = 0.5 * 2 * np.pi * 1_000 / RATE / 100
    assert np.abs(heard[start + middle, 0] - expected).max() < one_hundredth / 50
    assert not heard[:start].any()
    assert not heard[start + RATE :].any()


@pytest.mark.parametrize(
    ("kind", "subtype"), [("WAV", "PCM_16"), ("FLAC", "PCM_16"), ("OGG", "VORBIS"), ("MP3", "MPEG_LAYER_III")]
)
def test_q8_an_offset_is_where_reading_up_to_it_leads(tmp_path: Path, kind: str, subtype: str) -> None:
    store(tmp_path, "a", noise(4 * RATE), format=kind, subtype=subtype)
    whole = MixTrack(clips=(clip("a", 0, 4 * RATE),))
    _, all_of_it = mix(tmp_path, whole, samples=4 * RATE)
    _, part = mix(tmp_path, MixTrack(clips=(clip("a", 0, RATE, offset_samples=100_003),)), samples=RATE)
    assert np.abs(part - all_of_it[100_003 : 100_003 + RATE]).max() <= 2 * STEP


def test_q8_an_offset_holds_in_a_flac_that_names_no_length(tmp_path: Path) -> None:
    sound = noise(3 * RATE)
    path = tmp_path / store(tmp_path, "a", sound, format="FLAC", subtype="PCM_24")
    flac = bytearray(path.read_bytes())
    flac[21] &= 0xF0
    flac[22:26] = struct.pack(">I", 0)
    path.write_bytes(flac)
    _, heard = mix(tmp_path, MixTrack(clips=(clip("a", 0, RATE, offset_samples=RATE + 1),)), samples=RATE)
    assert np.abs(heard - sound[RATE + 1 : 2 * RATE + 1]).max() <= STEP


def test_q8_a_sound_that_ends_before_its_clip_or_its_offset_is_silence_from_there(tmp_path: Path) -> None:
    sound = noise(100)
    store(tmp_path, "a", sound)
    track = MixTrack(clips=(clip("a", 0, RATE), clip("a", RATE, RATE, offset_samples=101)))
    _, heard = mix(tmp_path, track)
    assert np.abs(heard[:100] - sound).max() <= STEP / 2
    assert not heard[100:].any()


def test_q8_what_is_too_loud_is_turned_down_by_what_the_answer_says_stems_and_all(tmp_path: Path) -> None:
    sound = noise(2 * RATE, loud=0.9)
    store(tmp_path, "a", sound)
    stems = [str(tmp_path / f"{number}.wav") for number in range(2)]
    tracks = [MixTrack(clips=(clip("a", 0, 2 * RATE),), gain_db=6, file=stem) for stem in stems]
    answer, heard = mix(tmp_path, *tracks)
    assert -14 < answer.gain_db < -10
    expected = sound * amplitude(6) * amplitude(answer.gain_db)
    assert np.abs(heard - 2 * expected).max() <= STEP / 2 + 1e-12
    assert np.abs(soundfile.read(stems[0])[0] - expected).max() <= STEP / 2 + 1e-12
    assert 0.999 < np.abs(heard).max() < 1


def test_q8_numbers_that_are_none_are_silence(tmp_path: Path) -> None:
    sound = noise(RATE)
    broken = sound.copy()
    broken[5], broken[6] = np.nan, np.inf
    store(tmp_path, "a", broken)
    answer, heard = mix(tmp_path, MixTrack(clips=(clip("a"),), gain_db=-80), samples=RATE)
    assert answer.gain_db < -10, "an infinity counts as 120 dB over full scale"
    assert np.isfinite(heard).all()
    assert not heard[5].any()


def test_q8_two_hundred_tracks_and_a_thousand_clips_a_second_need_few_files(tmp_path: Path) -> None:
    store(tmp_path, "a", noise(48, loud=0.001))
    slices = tuple(clip("a", 48 * number, 48) for number in range(1_000))
    tracks = [MixTrack(clips=slices), *(MixTrack(clips=(clip("a"),)) for _ in range(200))]
    assert voices_at_once(tracks) == 201
    mix(tmp_path, *tracks, samples=RATE)


def test_q8_more_clips_at_once_than_files_can_be_open_are_refused(tmp_path: Path) -> None:
    store(tmp_path, "a", noise(48))
    track = MixTrack(clips=tuple(clip("a") for _ in range(257)))
    order = RenderMix(mix="m", sounds=str(tmp_path), tracks=(track,), samples=RATE, format="wav")
    assert render(order).error == "More than 256 clips sound at once; a mix cannot be made of that."


@pytest.mark.parametrize(("content", "error"), [(None, "The file is not there."), (b"words", "This is no WAV")])
def test_q8_a_missing_or_unsound_file_is_said_in_a_sentence(tmp_path: Path, content: bytes | None, error: str) -> None:
    if content is not None:
        (tmp_path / asset("a")).write_bytes(content)
    track = MixTrack(clips=(clip("a"),))
    answer = render(RenderMix(mix="m", sounds=str(tmp_path), tracks=(track,), samples=RATE, format="wav"))
    assert answer.error is not None
    assert answer.error.startswith(error)
    assert str(tmp_path) not in answer.error


def test_q8_a_folder_that_cannot_be_written_to_is_said_in_a_sentence(tmp_path: Path) -> None:
    order = RenderMix(mix="m", sounds="", tracks=(), samples=RATE, format="wav", file=str(tmp_path / "none" / "mix"))
    assert render(order).error == "The mix could not be written: the disk may be full."


def _peak_bytes(folder: Path, seconds: int) -> int:
    tracks = [MixTrack(clips=(clip("a", 0, seconds * RATE),)) for _ in range(4)]
    tracemalloc.start()
    try:
        mix_only = RenderMix(
            mix="m",
            sounds=str(folder),
            tracks=tuple(tracks),
            samples=seconds * RATE,
            format="wav",
            file=str(folder / "o"),
        )
        assert render(mix_only).error is None
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_q8_a_minute_takes_no_more_memory_than_a_few_seconds(tmp_path: Path) -> None:
    store(tmp_path, "a", noise(60 * RATE, loud=0.01), subtype="PCM_16")
    _peak_bytes(tmp_path, 1)  # what is made once
    assert _peak_bytes(tmp_path, 60) < 1.2 * _peak_bytes(tmp_path, 3)


async def test_q8_a_mix_is_stopped_without_an_answer_and_the_next_goes_on(tmp_path: Path) -> None:
    store(tmp_path, "a", noise(48))
    long = RenderMix(mix="long", sounds=str(tmp_path), tracks=(), samples=10**12, format="wav")
    short = RenderMix(mix="short", sounds=str(tmp_path), tracks=(), samples=10, format="wav")
    exchange: Exchange[RenderMix | StopMix, MixRendered] = Exchange(asyncio.get_running_loop())
    mixer = Mixer(exchange)
    mixer.start()
    for command in (long, short, StopMix(mix="long"), StopMix(mix="unknown")):
        await exchange.send(command)
    async with asyncio.timeout(20):
        assert (await exchange.receive()).mix == "short"
    exchange.close()
    mixer.join(20)


async def test_q8_a_mix_is_rendered_over_the_link_however_long_its_order(hub: FakeHub, tmp_path: Path) -> None:
    store(tmp_path, "a", noise(48, loud=0.0001))
    clips = tuple(clip("a", 48 * number, 48) for number in range(3_000))
    order = RenderMix(
        mix="m",
        sounds=str(tmp_path),
        tracks=(MixTrack(clips=clips),),
        samples=RATE,
        format="flac",
        file=str(tmp_path / "o"),
    )
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(run(config(hub.path)))
        await hub.accept()
        hub.send(order)
        seen = await hub.receive_until(MixRendered)
        hub.writer.close()
    assert seen[-1] == MixRendered(mix="m", gain_db=0.0)
    assert soundfile.info(tmp_path / "o").frames == RATE
