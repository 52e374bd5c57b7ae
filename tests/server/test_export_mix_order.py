"""What the engine is asked to mix: positions, lengths, and what is left out (X6, Q8)."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logdrum_protocol import bounds
from logdrum_protocol.document import Entity
from logdrum_protocol.engine_messages import MixClip, RenderMix
from logdrum_protocol.hub_messages import Asset
from logdrum_protocol.records import Part
from logdrum_server.errors import RequestError
from logdrum_server.exports.arrangement import Stem, arrangement_of
from logdrum_server.exports.mix_order import MixPlan, check_stems, order_mix, order_stems, plan_mix, stem_names
from tests.server.export_cases import BAR, BEAT, KICK, arrangement, clip, document, note, track, transport

LONG = Asset(seq=1, asset="a" * 64, name="long", samples=48_000 * 600, sample_rate=48_000, channels=2, by=None)
SLOW = Asset(seq=1, asset="b" * 64, name="slow", samples=44_100 * 600, sample_rate=44_100, channels=2, by=None)


def planned(*entities: Entity, **fields: Any) -> MixPlan:
    return plan_mix(arrangement(*entities, assets=[KICK, LONG, SLOW], **fields))


def clips(plan: MixPlan) -> tuple[MixClip, ...]:
    order = order_mix(plan, "m", Path("/sounds"), Path("/mix.wav"), "wav")
    return tuple(one for lane in order.tracks for one in lane.clips)


@given(
    bpm=st.floats(20, 999), starts=st.lists(st.integers(0, 10**5), min_size=1, max_size=5), length=st.integers(1, 9_999)
)
def test_x6_a_clip_begins_at_the_sample_nearest_to_its_tick(bpm: float, starts: list[int], length: int) -> None:
    entities = [clip(f"clip-{n:04}", start=start, length=length, asset=LONG.asset) for n, start in enumerate(starts)]
    for one, start in zip(clips(planned(track(), *entities, bpm=bpm)), sorted(starts), strict=True):
        per_tick = 48_000 * 60 / (bpm * 960)
        assert abs(one.start_sample - start * per_tick) <= 0.5 + 1e-6
        assert abs(one.start_sample + one.samples - (start + length) * per_tick) <= 0.5 + 1e-6


@given(bpm=st.floats(20, 999), cut=st.integers(1, 10**5))
def test_x6_clips_that_join_in_ticks_join_in_samples(bpm: float, cut: int) -> None:
    whole = (
        clip("clip-0001", length=cut, asset=LONG.asset),
        clip("clip-0002", start=cut, length=777, asset=LONG.asset),
    )
    first, second = clips(planned(track(), *whole, bpm=bpm))
    assert first.start_sample + first.samples == second.start_sample


def test_x6_a_mix_ends_with_its_last_sound_and_not_with_an_empty_clip() -> None:
    plan = planned(track(), clip(asset=KICK.asset, length=100 * BAR), clip("clip-0002", start=500 * BAR), bpm=120)
    assert plan.samples == KICK.samples
    assert [one.samples for one in clips(plan)] == [KICK.samples]


def test_x6_an_offset_counts_the_sounds_own_samples() -> None:
    (one,) = clips(planned(track(), clip(asset=SLOW.asset, length=10**7, offset_samples=44_100 * 599), bpm=120))
    assert (one.offset_samples, one.samples) == (44_100 * 599, 48_000)


def test_x6_a_clip_whose_offset_is_past_its_sound_is_left_out() -> None:
    plan = planned(
        track(), clip(asset=KICK.asset, offset_samples=KICK.samples), clip("clip-0002", start=BAR, asset=KICK.asset)
    )
    assert len(clips(plan)) == 1


def test_x6_gain_and_pan_of_a_track_and_gain_of_a_clip_are_passed_on() -> None:
    plan = planned(track(gain_db=-3.5, pan=0.25), clip(asset=KICK.asset, gain_db=6))
    (lane,) = order_mix(plan, "m", Path("/s"), Path("/mix"), "flac").tracks
    assert (lane.gain_db, lane.pan, lane.clips[0].gain_db) == (-3.5, 0.25, 6)


@pytest.mark.parametrize(
    ("first", "second", "heard", "silenced"),
    [
        ({}, {}, ["A", "B"], []),
        ({"mute": True}, {}, ["B"], ["A"]),
        ({"solo": True}, {}, ["A"], ["B"]),
        ({"solo": True}, {"solo": True, "mute": True}, ["A"], ["B"]),
    ],
)
def test_x6_mute_and_solo_are_as_they_are_heard(
    first: dict[str, Any], second: dict[str, Any], heard: list[str], silenced: list[str]
) -> None:
    plan = planned(
        track("track-01", name="A", **first), track("track-02", name="B", **second),
        clip("clip-0001", "track-01", asset=KICK.asset), clip("clip-0002", "track-02", asset=KICK.asset),
    )  # fmt: skip
    assert [one.name for one in plan.tracks] == heard
    assert [one.name for one in plan.silenced] == silenced


def test_x6_notes_are_played_by_their_tracks_instrument_and_ring_out() -> None:
    plan = planned(
        track("track-01", name="Bass", instrument="bass"), clip("clip-0001", "track-01", start=BAR, gain_db=-3),
        note("note-001", "clip-0001", tick=BEAT), bpm=120,
    )  # fmt: skip
    (lane,) = order_mix(plan, "m", Path("/s"), Path("/mix"), "wav").tracks
    assert lane.notation is not None
    assert lane.notation.parts == (Part(instrument="bass", gain_db=-3),)
    assert [one.tick for one in lane.notation.notes] == [BAR + BEAT]
    assert plan.samples == 4 * 48_000 + 4 * 48_000  # two bars, and the tail


def test_x6_a_track_with_more_notes_than_are_played_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounds, "MAX_PLAYED_NOTES", 1)
    with pytest.raises(RequestError, match="2 notes"):
        planned(track(), clip(), note("note-001"), note("note-002"))


def test_x6_a_finished_stream_is_a_stem_that_begins_at_its_anchor() -> None:
    stem = Stem(id="j.bass", name="bass", asset=LONG, anchor_tick=3 * BEAT, bpm=112)
    plan = plan_mix(arrangement_of("sunset", document(), {}, transport(bpm=112), [stem]))
    (one,) = clips(plan)
    assert one.start_sample == round(3 * 48_000 * 60 / 112)
    assert one.samples == LONG.samples
    assert plan.samples == one.start_sample + LONG.samples


def test_x6_stems_are_numbered_files_of_harmless_names() -> None:
    plan = planned(
        track("track-01", name="Log / drum", order="a"), track("track-02", name="../\x00", order="b"),
        clip("clip-0001", "track-01", asset=KICK.asset), clip("clip-0002", "track-02", asset=KICK.asset),
    )  # fmt: skip
    names = stem_names(plan.tracks, "wav")
    assert names == ["01 Log drum.wav", "02 track.wav"]
    order: RenderMix = order_stems(plan, "m", Path("/s"), [Path("/w") / name for name in names], "wav")
    assert [lane.file for lane in order.tracks] == ["/w/01 Log drum.wav", "/w/02 track.wav"]
    assert order.file is None


def refused(*entities: Entity) -> RequestError:
    with pytest.raises(RequestError) as refusal:
        planned(*entities)
    return refusal.value


@pytest.mark.parametrize(
    ("entities", "words"),
    [
        ((), "no sounds"),
        ((track(mute=True), clip(asset=KICK.asset)), "muted"),
    ],
)
def test_x6_where_there_is_nothing_to_hear_the_answer_says_why(entities: tuple[Entity, ...], words: str) -> None:
    refusal = refused(*entities)
    assert refusal.status == 404
    assert words in refusal.message


def test_x6_a_mix_is_of_bounded_length() -> None:
    refusal = refused(track(), clip(start=2**40 - 1, asset=KICK.asset))
    assert (refusal.status, refusal.code) == (413, "too_large")
    assert refusal.message.endswith("a mix may have 2.")


def test_x6_so_are_all_stems_together() -> None:
    entities: list[Entity] = []
    for number in range(20):
        entities += [track(f"track-{number:02}"), clip(f"clip-{number:04}", f"track-{number:02}", asset=KICK.asset)]
    far = clip("clip-far0", "track-00", start=230_000 * 60, asset=KICK.asset)
    plan = planned(*entities, far, bpm=120)
    with pytest.raises(RequestError, match="may have 24"):
        check_stems(plan)
