"""`logdrum export` and `logdrum import` against a hub (X1)."""

import argparse
import asyncio
import io
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from zipfile import ZipFile

import pytest

from logdrum_protocol.client_messages import Edit
from logdrum_protocol.document import Op
from logdrum_protocol.hub_messages import Applied, Asset
from logdrum_server.config import LocalEngine
from logdrum_server.exports.cli import TransferError, add_parsers, progress
from tests.harness import joined, running_hub
from tests.server.export_cases import SOUND, clip, note, track
from tests.server.exporter import Exporter, exporting
from tests.server.test_real_http import upload, wav


@pytest.fixture
async def exporter(tmp_path: Path) -> AsyncIterator[Exporter]:
    async with exporting(tmp_path / "data") as made:
        await made.keep()
        yield made


async def run(exporter: Exporter, *words: str, url: str | None = None) -> int:
    """Carry out a command line on a thread, as another process would."""
    parser = argparse.ArgumentParser()
    add_parsers(parser.add_subparsers(required=True))
    options = parser.parse_args([*words, "--url", url or exporter.url])
    status: int = await asyncio.to_thread(options.run, options)
    return status


async def test_a_room_is_exported_and_imported_under_another_name(
    exporter: Exporter, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "sunset.logdrum"
    assert await run(exporter, "export", "sunset", "--out", str(out)) == 0
    assert await run(exporter, "import", str(out), "copy") == 0
    told = capsys.readouterr().out.splitlines()
    assert told[0] == f"{out}: {out.stat().st_size} bytes"
    assert told[1] == "copy: 2 tracks, 3 clips, 3 notes, 1 assets, 1 versions"
    assert (await exporter.hub.open_room("copy")).state.settled.seq == 8


@pytest.mark.parametrize("ending", ["mid", "dawproject"])
async def test_the_ending_says_what_a_file_becomes(exporter: Exporter, tmp_path: Path, ending: str) -> None:
    assert await run(exporter, "export", "sunset", "--out", str(tmp_path / f"x.{ending}")) == 0
    assert (tmp_path / f"x.{ending}").read_bytes()[:2] == (b"MT" if ending == "mid" else b"PK")


async def test_a_mix_says_what_is_left_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    async with exporting(tmp_path / "data", engine=LocalEngine()) as exporter:
        await exporter.keep()
        await run(exporter, "export", "sunset", "--out", str(tmp_path / "x.wav"))
        await run(exporter, "export", "sunset", "--out", str(tmp_path / "x.zip"))
    assert capsys.readouterr().out.splitlines()[1] == "1 tracks at 113.5 BPM; 1 muted or not solo, left out"
    assert len(ZipFile(tmp_path / "x.zip").namelist()) == 2


async def test_what_the_hub_says_is_said(exporter: Exporter, tmp_path: Path) -> None:
    with pytest.raises(TransferError, match=r"There is no such room\."):
        await run(exporter, "export", "nowhere", "--out", str(tmp_path / "x.mid"))
    (tmp_path / "sound.wav").write_bytes(SOUND)
    with pytest.raises(TransferError, match="This is no Logdrum room file"):
        await run(exporter, "import", str(tmp_path / "sound.wav"), "copy")
    assert [path.name for path in tmp_path.iterdir() if "x.mid" in path.name] == []


async def test_a_hub_that_is_not_there_is_said(exporter: Exporter, tmp_path: Path) -> None:
    with pytest.raises(TransferError, match="does not answer"):
        await run(exporter, "export", "sunset", "--out", str(tmp_path / "x.mid"), url="http://127.0.0.1:1")


async def test_a_file_that_is_not_there_is_said(exporter: Exporter, tmp_path: Path) -> None:
    with pytest.raises(TransferError, match="cannot be read"):
        await run(exporter, "import", str(tmp_path / "none"), "copy")


async def test_the_admin_key_opens_every_room(tmp_path: Path) -> None:
    async with exporting(tmp_path / "data", rooms="tokens") as exporter:
        await exporter.keep()
        out, key = str(tmp_path / "x.logdrum"), str(tmp_path / "data" / "admin.key")
        with pytest.raises(TransferError, match="asks for a token"):
            await run(exporter, "export", "sunset", "--out", out)
        assert await run(exporter, "export", "sunset", "--out", out, "--key-file", key) == 0
        assert await run(exporter, "import", out, "copy", "--key-file", key) == 0


@pytest.mark.parametrize("words", [["export", "Sunset", "--out", "x.mid"], ["export", "sunset", "--out", "x.mp3"]])
async def test_what_cannot_be_is_refused_before_a_hub_is_asked(exporter: Exporter, words: list[str]) -> None:
    with pytest.raises(SystemExit):
        await run(exporter, *words)


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_progress_is_drawn_on_a_terminal_and_nowhere_else() -> None:
    terminal, pipe = _Terminal(), io.StringIO()
    for stream in (terminal, pipe):
        with progress(stream, 1_000) as show:
            show(500)
            show(500)
    assert terminal.getvalue().endswith(f"[{'#' * 30}] 100%\n")
    assert pipe.getvalue() == ""


async def _logdrum(*words: str) -> tuple[int | None, str]:
    """Run the real command line; return its status and all that it wrote."""
    command = (sys.executable, "-m", "logdrum_server", *words)
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    async with asyncio.timeout(60):
        said, _ = await process.communicate()
    return process.returncode, said.decode()


async def test_what_members_made_goes_out_of_one_hub_and_into_another(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    song, midi = str(tmp_path / "song.logdrum"), str(tmp_path / "song.mid")
    with running_hub(tmp_path / "a") as first, running_hub(tmp_path / "b") as second:
        async with joined(first) as (caller, _):
            status, held = await upload(first, wav(0.5))
            assert status == 201
            await caller.until(Asset)
            made = (track(name="Kick"), clip(asset=str(held["asset"])), note("note-001"))
            ops = tuple(Op(op="put", kind=one.kind, id=one.id, props=one.props) for one in made)
            await caller.send(Edit(op_id="1", ops=ops))
            await caller.until(Applied)
        async with joined(first) as (_, welcome):
            before = welcome.snapshot
        assert await _logdrum("export", "sunset", "--out", song, "--url", first.url) == (
            0, f"{song}: {Path(song).stat().st_size} bytes\n",
        )  # fmt: skip
        status_and_words = await _logdrum("import", song, "sunrise", "--url", second.url)
        assert status_and_words == (0, "sunrise: 1 tracks, 1 clips, 1 notes, 1 assets, 0 versions\n")
        async with joined(second, "sunrise") as (_, welcome):
            assert welcome.snapshot == before
        assert (await _logdrum("export", "sunrise", "--out", midi, "--url", second.url))[0] == 0
        code, words = await _logdrum("import", song, "sunrise", "--url", second.url)
        assert (code, words) == (1, "logdrum: There is a room of this name already; choose another.\n")
