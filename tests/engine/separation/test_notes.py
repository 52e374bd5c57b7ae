"""From frames to notes: what was struck, when, at which pitch, and whether there was a log drum at all."""

import numpy as np
import pytest
import torch
from torch import Tensor

from logdrum_engine.separation.interface import LogDrumNote
from logdrum_engine.separation.masker import NoteFrames, Shape
from logdrum_engine.separation.notes import Listening, hear, probability
from logdrum_engine.separation.spectrum import analyse, begin_analysis
from logdrum_engine.separation_fit.batches import frames_of
from logdrum_engine.separation_fit.examples import SAMPLE_RATE, LogNote

SHAPE = Shape()
SURE = 6.0


def note(onset_s: float, f0_hz: float, end_s: float, glide_hz: float | None = None, glide_s: float = 0.0) -> LogNote:
    return LogNote(onset_s, f0_hz, glide_hz or f0_hz, onset_s + glide_s if glide_hz else onset_s, end_s, 0.7)


def drum(notes: list[LogNote], length_s: float) -> Tensor:
    """What a separator would have made of steady strokes: single bins, complex `[t, bin]`."""
    time = np.arange(round(length_s * SAMPLE_RATE)) / SAMPLE_RATE
    sound = np.zeros_like(time)
    for one in notes:
        hz = np.where(time < one.glide_start_s, one.f0_hz, one.glide_hz)
        phase = 2 * np.pi * np.cumsum(hz) / SAMPLE_RATE
        sound += np.where((time >= one.onset_s) & (time < one.end_s), np.sin(phase), 0.0)
    spectra, _ = analyse(begin_analysis(1), torch.from_numpy(sound.astype(np.float32))[None], last=True)
    return spectra[0, :, : SHAPE.single_bins]


def said(notes: list[LogNote], frames: int) -> NoteFrames:
    """What a net that knows the truth, but pitches to a quarter-tone only, would say."""
    onset, offset, velocity, active, pitch = frames_of(notes, np.ones(frames, np.float32), SHAPE)
    logits = -2.0 * (torch.arange(SHAPE.pitches) - pitch.round()[:, None]).abs()
    is_there = torch.full_like(onset, SURE if notes else -SURE)
    return NoteFrames(
        offset, velocity, torch.logit(onset, 1e-3), SURE * (2 * active - 1), is_there, torch.zeros_like(onset), logits
    )


def heard(notes: list[LogNote], length_s: float = 1.5, cuts: tuple[int, ...] = ()) -> tuple[list[LogDrumNote], float]:
    sound = drum(notes, length_s)
    words = said(notes, len(sound))
    found: list[LogDrumNote] = []
    state = Listening()
    for first, end in zip((0, *cuts), (*cuts, len(sound)), strict=True):
        part = NoteFrames(*(x[first:end] for x in words))
        got, state = hear(state, part, sound[first:end], SHAPE, last=end == len(sound))
        found += got
    return found, probability(state.presence)


@pytest.mark.parametrize("onset_s", [0.2, 0.2064, 0.2137, 0.2233])
def test_an_onset_is_found_to_a_few_milliseconds(onset_s: float) -> None:
    [one], _ = heard([note(onset_s, 55.0, onset_s + 0.4)])
    assert one.onset_s == pytest.approx(onset_s, abs=0.003)
    assert one.length_s == pytest.approx(0.4, abs=0.04)
    assert one.velocity == pytest.approx(0.7, abs=0.01)
    assert one.probability > 0.9


@pytest.mark.parametrize("f0_hz", [41.2, 56.3, 74.4, 110.9, 146.8])
def test_a_pitch_is_finer_than_what_the_net_says(f0_hz: float) -> None:
    [one], _ = heard([note(0.2, f0_hz, 0.7)])
    assert abs(1200 * np.log2(one.f0_hz / f0_hz)) < 8
    assert one.glide_hz == one.f0_hz


def test_notes_that_touch_are_told_apart() -> None:
    played = [note(0.1, 55.0, 0.4), note(0.4, 65.4, 0.7), note(0.7, 65.4, 1.1)]
    found, _ = heard(played)
    assert [one.onset_s for one in found] == pytest.approx([0.1, 0.4, 0.7], abs=0.004)
    assert [one.f0_hz for one in found] == pytest.approx([55.0, 65.4, 65.4], rel=0.02)


def test_a_glide_has_two_pitches() -> None:
    [one], _ = heard([note(0.2, 55.0, 1.2, glide_hz=82.4, glide_s=0.45)])
    assert one.f0_hz == pytest.approx(55.0, rel=0.02)
    assert one.glide_hz == pytest.approx(82.4, rel=0.02)


def test_where_frames_are_cut_makes_no_difference() -> None:
    played = [note(0.1, 55.0, 0.4), note(0.45, 98.0, 0.8), note(0.9, 43.7, 1.4)]
    whole, is_there = heard(played)
    assert len(whole) == 3
    for cuts in ((1,), (7, 8, 8, 30), tuple(range(1, 60))):
        parts, is_there_in_parts = heard(played, cuts=cuts)
        assert parts == whole
        assert is_there_in_parts == pytest.approx(is_there)


def test_what_never_rings_is_no_note() -> None:
    words = said([note(0.2, 55.0, 0.5)], 60)._replace(active=torch.full((60,), -SURE))
    found, _ = hear(Listening(), words, torch.zeros(60, SHAPE.single_bins, dtype=torch.complex64), SHAPE, last=True)
    assert found == ()


def test_a_note_that_rings_at_the_end_is_given_with_the_last_frames() -> None:
    found, _ = heard([note(1.2, 55.0, 9.0)])
    assert len(found) == 1


def test_presence_is_a_mean_of_the_frames_that_count() -> None:
    frames = said([note(0.2, 55.0, 0.5)], 40)
    weights = torch.where(torch.arange(40) < 5, 8.0, -8.0)
    presence = torch.where(torch.arange(40) < 5, SURE, -SURE)
    silence = torch.zeros(40, SHAPE.single_bins, dtype=torch.complex64)
    _, state = hear(Listening(), frames._replace(presence=presence, weight=weights), silence, SHAPE)
    assert probability(state.presence) > 0.99
    _, state = hear(Listening(), frames._replace(presence=presence, weight=-weights), silence, SHAPE)
    assert probability(state.presence) < 0.01


def test_nothing_heard_is_no_log_drum() -> None:
    assert probability(Listening().presence) == 0.0
    _, is_there = heard([])
    assert is_there < 0.01
