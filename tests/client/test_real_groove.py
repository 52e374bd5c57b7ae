"""A groove that is directed, written down, edited and scored, beside the real hub and its engine."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator

import numpy as np
import numpy.typing as npt
import pytest

from logdrum_client import JobHandle, Room, join, set_
from logdrum_protocol.document import Entity
from logdrum_protocol.hub_messages import StreamEpoch
from tests.harness import running_hub

BAR_TICKS = 3_840
BAR = 102_857  # samples at 112 BPM


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running_hub(tmp_path_factory.mktemp("hub"), "--engine", "local") as hub:
        yield hub.url


@pytest.fixture
async def room(url: str, request: pytest.FixtureRequest) -> AsyncIterator[Room]:
    name = request.node.name.replace("_", "-")[:60].lower()
    async with asyncio.timeout(60), join(url, name, "Thandi") as joined:
        yield joined


async def until(job: JobHandle, holds: Callable[[], bool]) -> None:
    """Wait for something of a job's view; nothing tells of it but the room's own messages."""
    await job._session.until(lambda _: holds())


async def chosen(job: JobHandle) -> dict[str, str]:
    await until(job, lambda: bool(job.view and job.view.choices))
    assert job.view is not None
    return {choice.what: choice.value for choice in job.view.choices}


async def heard(job: JobHandle, stem: str, samples: int) -> npt.NDArray[np.float64]:
    """The first samples that come of a stem, as one channel."""
    parts: list[bytes] = []
    async for audio in job.audio(stem):
        parts.append(audio.data)
        if sum(map(len, parts)) >= 4 * samples:
            break
    return np.frombuffer(b"".join(parts), "<i2")[: 2 * samples : 2].astype(np.float64)


def of_kind(room: Room, kind: str) -> list[Entity]:
    return [entity for entity in room.document.listed() if entity.kind == kind]


async def test_j6_the_choices_of_a_groove_are_shown(room: Room) -> None:
    choices = await chosen(await room.generate("sgija in A minor, no bass", bars=2, seed=3))
    assert choices["style"] == "sgija"
    assert choices["key"] == "A minor"
    assert "added" in choices


async def test_j6_nothing_is_added_where_nobody_wants_it(room: Room) -> None:
    assert "added" not in await chosen(await room.generate("sgija", bars=2, seed=3, enrich=False))


async def test_j7_two_grooves_of_one_room_have_the_same_chords(room: Room) -> None:
    first = await chosen(await room.generate("private school", bars=4, seed=3))
    second = await chosen(await room.generate("hard sgija", bars=4, seed=99))
    assert (first["key"], first["chords"]) == (second["key"], second["chords"])


async def test_j9_a_section_is_written_and_taken_back(room: Room) -> None:
    job = await room.generate("bacardi", bars=4, seed=5)
    await job.done()
    applied = await room.write_notes(job.id, tick=0)
    instruments = {str(track.props.instrument).partition(":")[0] for track in of_kind(room, "track")}
    assert {"drums", "log_drum", "bass"} <= instruments
    assert len(of_kind(room, "note")) == sum(op.kind == "note" for op in applied.ops) > 100
    await room.undo()
    assert room.document.listed() == ()


async def test_j8_written_notes_sound_as_they_were_played(room: Room) -> None:
    job = await room.generate("private school", bars=4, seed=5, enrich=False)
    await job.done()
    await room.write_notes(job.id, tick=0)
    await room.set_transport(playing=True, tick=0)
    notes = await room.play_notes()
    bar = slice(BAR // 8, 2 * BAR)
    for stem in ("drums", "log_drum", "bass"):
        played, again = await heard(job, stem, 2 * BAR), await heard(notes, stem, 2 * BAR)
        assert np.corrcoef(played[bar], again[bar])[0, 1] > 0.9, stem


async def test_j8_an_edited_note_is_heard(room: Room) -> None:
    job = await room.generate("sgija", bars=4, seed=8)
    await job.done()
    await room.write_notes(job.id, tick=0)
    await job.cancel()
    await room.set_transport(playing=True, tick=0)
    notes = await room.play_notes()
    await notes.wait("running")
    loud = next(track.id for track in of_kind(room, "track") if str(track.props.instrument).startswith("log_drum"))
    with room.listen(StreamEpoch) as epochs:
        await room.edit(set_("track", loud, mute=True))
        async with asyncio.timeout(20):
            async for turned in epochs:  # one may still be the start's own
                if turned.stream == f"{notes.id}.log_drum" and await _falls_silent(notes, turned):
                    return


async def _falls_silent(job: JobHandle, turned: StreamEpoch) -> bool:
    """Whether nothing sounds two seconds on, when what was struck before has rung out."""
    async for audio in job.audio("log_drum", from_sample=turned.start_sample + 96_000):
        return not np.frombuffer(audio.data, "<i2")[-200:].any()
    return False


async def test_j10_a_finished_groove_is_scored_against_the_owners_threshold(room: Room) -> None:
    job = await room.generate("private school", bars=8, seed=5, stems=False)
    await job.done()
    await room._session.until(lambda view: bool(view.assets))
    score = await room.score(next(iter(room.assets)))
    await score.done()
    assert score.view is not None
    assert score.view.conformance is not None
    assert score.view.conformance.components
    assert score.view.verdict in ("accept", "review", "reject")
    settings = await room.set_threshold(1.0)
    assert settings.threshold == 1.0
    await until(score, lambda: score.view is not None and score.view.verdict != "accept")


async def test_j2_an_outro_ends_a_groove_without_bars(room: Room) -> None:
    await room.set_transport(playing=True, tick=0, bpm=159)  # its eight bars last 12 s, of which ten come ahead
    job = await room.generate("private school", seed=5, start="now")
    await job.wait("running")
    await job.steer(section="outro")
    assert await job.wait() == "done"
