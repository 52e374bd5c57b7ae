"""Tapes on disk, and a disk that is full (A4)."""

import asyncio
import hashlib
import logging
import wave
from pathlib import Path

import pytest

from logdrum_server.recorder import Recorder
from tests.server.test_lanes import chunk, fill, make_tape


async def test_a4_what_was_saved_reads_back(tmp_path: Path) -> None:
    recorder, tape = Recorder(tmp_path), make_tape(tmp_path / "tape")
    fill(tape, 1)
    played = b"".join(bytes(piece.pcm) for piece in tape.pieces.values())
    assert await recorder.read(tape, 100, 40_000) == played[400:160_000]


async def test_a4_what_was_voided_reads_back_as_it_became(tmp_path: Path) -> None:
    recorder, tape = Recorder(tmp_path), make_tape(tmp_path / "tape")
    fill(tape, 1)
    await recorder.save([tape])
    tape.rewind(1, 20_000, clear=False)
    fill(tape, 0.5)
    played = b"".join(bytes(piece.pcm) for piece in tape.pieces.values())
    assert await recorder.read(tape, 0, tape.head) == played


async def test_a8_a_finished_stream_becomes_a_wav_named_by_its_hash(tmp_path: Path) -> None:
    recorder, tape = Recorder(tmp_path), make_tape(tmp_path / "tape", endless=False)
    fill(tape, 1)
    asset = await recorder.to_wav(tape, tmp_path)
    stored = (tmp_path / asset).read_bytes()
    assert hashlib.sha256(stored).hexdigest() == asset
    with wave.open(str(tmp_path / asset)) as file:
        assert (file.getnframes(), file.getframerate(), file.getnchannels()) == (tape.head, 48_000, 2)


async def test_a_full_disk_loses_the_backlog_and_nothing_else(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    full = tmp_path / "full"
    full.symlink_to("/dev/full")
    recorder, tape = Recorder(tmp_path), make_tape(full)
    with caplog.at_level(logging.ERROR):
        for _ in range(3):
            fill(tape, 1)
            await recorder.save([tape])
    assert recorder.lost_pieces == 30
    assert (tape.first, tape.saved) == (tape.head, tape.head)
    assert len(caplog.records) == 1, "a full disk is logged once, not for every write"


async def test_saving_does_not_hold_up_the_loop(tmp_path: Path) -> None:
    recorder, tape = Recorder(tmp_path), make_tape(tmp_path / "tape")
    fill(tape, 5)
    saving = asyncio.ensure_future(recorder.save([tape]))
    await asyncio.sleep(0)
    tape.append(late := chunk(tape.head))
    await saving
    assert tape.unsaved()[0].start == late.start_sample
