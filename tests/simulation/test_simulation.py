"""Seeded stories of clients, a hub and an engine, over all that can go wrong between them (C, D, H2, H4, J, V)."""

import re
from collections.abc import Sequence

import pytest

from logdrum_protocol.codec import encode
from logdrum_protocol.hub_messages import Event
from logdrum_server.core.checkpoint import replayed
from logdrum_server.core.history import History
from logdrum_server.journal import Journal
from logdrum_server.lanes import ws_frame
from logdrum_server.live_room import LiveRoom
from tests.simulation.run import PINNED, StoryFailed, run

STORIES = [PINNED, *(range(first, first + 50) for first in range(0, 200, 50))]


@pytest.mark.parametrize("seeds", STORIES, ids=lambda seeds: f"from-{seeds[0]}" if seeds else "pinned")
def test_every_story_ends_with_one_document_and_nothing_lost_or_twice(seeds: Sequence[int]) -> None:
    for seed in seeds:
        run(seed)


def test_a_seed_tells_the_same_story_every_time() -> None:
    assert run(3).disk.log == run(3).disk.log


def test_stories_are_of_what_they_should_be_of() -> None:
    stories = [run(seed) for seed in range(40)]
    kinds = {(type(event).__name__, getattr(event, "via", "")) for story in stories for event in story.disk.log}
    assert {via for _, via in kinds} == {"", "edit", "undo", "redo", "restore", "notes"}
    assert {kind for kind, _ in kinds} == {"Applied", "Asset", "Chat", "RoomSettings", "Version", "VersionDeleted"}
    refusals = {code for story in stories for member in story.members for code in member.refused.values()}
    assert {"bad_reference", "bad_params", "too_many", "nothing_to_undo", "no_space", "rate_limited"} <= refusals
    assert {"no_engine", "not_found", "forbidden"} <= refusals
    assert any(story.forgotten for story in stories)


def test_stories_are_of_every_kind_of_job() -> None:
    states = [run(seed).hub for seed in range(40)]
    jobs = [job for hub in states if hub is not None for job in hub.state.jobs.values()]
    assert {job.view.state for job in jobs} == {"running", "done"}
    assert any(job.plays_notes for job in jobs)
    assert any(job.leader is not None for job in jobs)
    assert any(job.view.verdict is not None for job in jobs)


def test_stories_are_of_every_kind_of_separation() -> None:
    hubs = [hub for hub in (run(seed).hub for seed in range(200, 260)) if hub is not None]
    jobs = [job for hub in hubs for job in hub.state.jobs.values() if job.view.kind == "separate"]
    assert {job.view.state for job in jobs} == {"running", "done"}
    assert any(job.is_fed and job.epoch for job in jobs)
    assert any(job.is_fed and job.view.state == "done" for job in jobs)
    assert any(job.first and job.length for job in jobs)
    assert any(asset is not None for job in jobs for asset in job.stored.values())


def run_some() -> None:
    for seed in range(60):
        run(seed)


def test_a_story_that_ends_badly_says_its_seed_and_how_it_went(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("logdrum_server.core.ledger.answer_again", lambda *_: None)
    monkeypatch.setattr("logdrum_server.core.room.answer_again", lambda *_: None)
    with pytest.raises(StoryFailed) as failed:
        run_some()
    assert re.match(r"seed \d+: happened twice", str(failed.value))
    assert re.search(r"member \d+ (makes|asks|wishes) ", str(failed.value))


def test_an_event_that_is_told_before_it_is_on_disk_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    record = Journal.record

    def tell_at_once(journal: Journal, room: LiveRoom, event: Event, after: History, *, is_first: bool) -> None:
        for peer in room.peers.values():
            peer.lanes.event(ws_frame(encode(event)))
        record(journal, room, event, after, is_first=is_first)

    monkeypatch.setattr(Journal, "record", tell_at_once)
    with pytest.raises(StoryFailed, match=r"before it was on disk|heard event"):
        run_some()


def test_an_inquiry_that_an_engine_takes_with_it_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("logdrum_server.core.engine_events.engine_gone", lambda state: (state, []))
    with pytest.raises(StoryFailed):
        run_some()


def test_a_clip_job_that_plays_what_was_written_once_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("logdrum_server.core.pace._is_stale", lambda *_: False)
    with pytest.raises(StoryFailed, match=r"notes than are written|a clip that is gone"):
        run_some()


def test_a_restart_that_loses_an_event_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    def short(checkpoint: bytes | None, events: Sequence[bytes]) -> History:
        return replayed(checkpoint, events[:-1])

    monkeypatch.setattr("tests.simulation.hub.replayed", short)
    with pytest.raises(StoryFailed):
        run_some()


def test_a_separation_that_hears_what_is_void_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("logdrum_server.core.starting.feeds.turned", lambda state, *_, **__: (state, []))
    with pytest.raises(StoryFailed, match=r"what is void|in epoch|is in \d|beside|other samples"):
        run_some()


def test_a_separation_whose_source_never_ends_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("logdrum_server.core.feeds.ended", lambda state, _: (state, []))
    with pytest.raises(StoryFailed, match=r"and its source not"):
        run_some()


def test_samples_that_are_counted_on_to_members_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("logdrum_server.core.course.Course.address", lambda _, place: place)
    with pytest.raises(StoryFailed, match=r"behind the sound's end"):
        run_some()
