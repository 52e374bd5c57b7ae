"""What is separated is exported once (X6, J11)."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from logdrum_protocol.hub_messages import Job, StreamClose
from logdrum_protocol.records import JobParams
from logdrum_server.core.state import JobRecord
from logdrum_server.exports.names import extension
from logdrum_server.exports.source import read_kept
from logdrum_server.hub import Hub
from logdrum_server.live_room import LiveRoom
from logdrum_server.tape import Tape
from tests.server.export_cases import KICK
from tests.server.exporter import exporting

GROOVE = ("drums", "bass")
STEMS = ("vocals", "other")


def lay(room: LiveRoom, job: JobRecord, *kept: str) -> None:
    """Put a finished job on the timeline, of which some stems were kept."""
    stored = {stem: KICK.asset if stem in kept else None for stem in job.stems}
    room.state = room.state.with_job(replace(job, stored=stored))
    for stem, asset in stored.items():
        tape = Tape(job.stream_open(stem), endless=False, path=Path("none"))
        tape.close(StreamClose(stream=tape.stream, samples=KICK.samples, asset=asset))
        room.tapes[tape.stream] = tape


def job(name: str, stems: tuple[str, ...], **params: str) -> JobRecord:
    kind = "generate" if "prompt" in params else "separate"
    wanted = JobParams(**params)  # type: ignore[arg-type]  # a test's own
    view = Job(job=name, kind=kind, by="thandi", state="done", progress=1.0, params=wanted)  # type: ignore[arg-type]
    return JobRecord(view=view, seed=1, stems=stems, anchor_tick=0, bpm=112.0, numerator=4, denominator=4)


async def exported(hub: Hub) -> set[str]:
    return {stem.id for stem in (await read_kept(hub, "sunset")).stems}


async def test_x6_stems_are_exported_in_place_of_what_they_sum_to(tmp_path: Path) -> None:
    async with exporting(tmp_path / "data") as exporter:
        room = await exporter.hub.open_room("sunset")
        lay(room, job("gen", GROOVE, prompt="deep"), *GROOVE)
        lay(room, job("sep", STEMS, job="gen"), *STEMS)
        lay(room, job("again", STEMS, job="gen"), *STEMS)
        assert await exported(exporter.hub) == {"sep.vocals", "sep.other"}


@pytest.mark.parametrize("why", ["one was not kept", "it began within"])
async def test_x6_stems_that_are_not_all_of_it_are_left_out(tmp_path: Path, why: str) -> None:
    async with exporting(tmp_path / "data") as exporter:
        room = await exporter.hub.open_room("sunset")
        lay(room, job("gen", GROOVE, prompt="deep"), *GROOVE)
        separated = job("sep", STEMS, job="gen")
        if why == "it began within":
            lay(room, replace(separated, is_fed=True, first=48_000), *STEMS)
        else:
            lay(room, separated, "vocals")
        assert await exported(exporter.hub) == {"gen.drums", "gen.bass"}


async def test_x6_stems_of_a_stored_sound_or_of_what_is_gone_are_exported(tmp_path: Path) -> None:
    async with exporting(tmp_path / "data") as exporter:
        room = await exporter.hub.open_room("sunset")
        lay(room, job("song", ("mix", *STEMS), asset=KICK.asset), *STEMS)
        lay(room, job("rest", STEMS, job="gone"), *STEMS)
        assert await exported(exporter.hub) == {"song.vocals", "song.other", "rest.vocals", "rest.other"}


async def test_x6_a_clip_is_exported_and_not_its_stems_as_well(tmp_path: Path) -> None:
    async with exporting(tmp_path / "data") as exporter:
        await exporter.keep()
        room = await exporter.hub.open_room("sunset")
        clip = next(entity.id for entity in room.state.settled.document.entities.values() if entity.kind == "clip")
        lay(room, job("sep", ("mix", *STEMS), clip=clip), *STEMS)
        assert await exported(exporter.hub) == set()


@pytest.mark.parametrize(
    ("head", "kind"), [(b"\0\0\0\x20ftypM4A ", "m4a"), (b"fLaC", "flac"), (b"OggS", "ogg"), (b"ID3", "mp3")]
)
def test_a5_a_stored_sound_is_known_by_its_first_bytes(tmp_path: Path, head: bytes, kind: str) -> None:
    (tmp_path / "sound").write_bytes(head)
    assert extension(tmp_path / "sound") == kind
