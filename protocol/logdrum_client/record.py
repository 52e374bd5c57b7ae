"""Record a groove: join a room, ask for some bars, and write them to a WAV file.

    python -m logdrum_client.record "private school, jazzy" --bars 8 --out groove.wav

An example of the client as much as a tool: read `record` below.
"""

import argparse
import asyncio
import sys
import wave
from pathlib import Path
from typing import Final, NoReturn

import numpy as np
from msgspec import UNSET

from logdrum_client import Audio, JobHandle, LogdrumError, join
from logdrum_protocol.bounds import CHANNELS, SAMPLE_RATE
from logdrum_protocol.timeline import bar_ticks, samples_per_tick

_USAGE_ERROR: Final = 2
_FAILURE: Final = 1


async def record(options: argparse.Namespace) -> None:
    """Join, generate, listen, write, leave."""
    async with join(options.url, options.room, options.name) as room:
        if options.bpm:
            await room.set_transport(bpm=options.bpm)
        transport = room.view.transports.newest
        ticks = options.bars * bar_ticks(transport.numerator, transport.denominator)
        take = Take(round(ticks * samples_per_tick(transport.bpm)))
        job = await room.generate(options.prompt, bars=options.bars, seed=options.seed, key=options.key)
        await _listen(job, take)
        take.write(options.out)
        if not options.keep:
            await job.cancel()


async def _listen(job: JobHandle, take: "Take") -> None:
    async for audio in job.audio():
        take.lay(audio)
        sys.stderr.write(f"\r{take.seconds:6.1f} s")
    sys.stderr.write("\n")
    await job.done()


class Take:
    """What has been recorded; samples are laid at their addresses, so a new epoch overwrites what it makes void."""

    def __init__(self, samples: int) -> None:
        self._frames = np.zeros((samples, CHANNELS), "<i2")
        self._end = 0

    @property
    def seconds(self) -> float:
        """How much there is."""
        return self._end / SAMPLE_RATE

    def lay(self, audio: Audio) -> None:
        """Put some audio in its place."""
        room = max(0, len(self._frames) - audio.start_sample)
        frames = audio.frames[:room]
        self._end = audio.start_sample + len(frames)
        self._frames[audio.start_sample : self._end] = frames

    def write(self, path: Path) -> None:
        """Write a 16-bit WAV file."""
        with wave.open(str(path), "wb") as file:
            file.setnchannels(CHANNELS)
            file.setsampwidth(2)
            file.setframerate(SAMPLE_RATE)
            file.writeframes(self._frames[: self._end].tobytes())


def main() -> None:
    """Run the command line and exit with its status."""
    options = _parser().parse_args()
    try:
        asyncio.run(record(options))
    except LogdrumError as fault:
        _complain(str(fault), _FAILURE)
    except OSError as fault:
        _complain(f"Cannot write {options.out}: {fault.strerror}.", _USAGE_ERROR)
    except KeyboardInterrupt:
        sys.exit(130)


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one sentence, without the usage."""

    def error(self, message: str) -> NoReturn:
        self.exit(_USAGE_ERROR, f"{self.prog}: {message}; see {self.prog} --help.\n")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="logdrum-record", description="Record a generated groove from a hub to a WAV file.")
    parser.add_argument("prompt", metavar="PROMPT", help="what to play")
    parser.add_argument("--url", default="ws://127.0.0.1:8765", help="the hub (default: %(default)s)")
    parser.add_argument("--room", default="recording", help="the room, made by joining it (default: %(default)s)")
    parser.add_argument("--name", default="Recorder", help="who we are to the others (default: %(default)s)")
    parser.add_argument("--bars", type=_whole, default=8, help="length, up to 1024 (default: %(default)s)")
    parser.add_argument("--bpm", type=float, help="set the room's tempo first")
    parser.add_argument("--seed", type=_whole, default=UNSET, help="the same seed gives the same groove")
    parser.add_argument("--key", default=UNSET, help="such as 'A minor'")
    parser.add_argument("--out", metavar="FILE", type=Path, default=Path("groove.wav"), help="default: %(default)s")
    parser.add_argument("--keep", action="store_true", help="leave the groove on the room's timeline")
    return parser


def _whole(text: str) -> int:
    if not text.isascii() or not text.isdigit():
        raise argparse.ArgumentTypeError(f"'{text}' is no whole number")
    return int(text)


def _complain(sentence: str, status: int) -> NoReturn:
    sys.stderr.write(f"logdrum-record: {sentence}\n")
    sys.exit(status)


if __name__ == "__main__":
    main()
