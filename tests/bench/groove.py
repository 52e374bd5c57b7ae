"""How fast the groove generator renders: all stems, one process on one core."""

import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec

from .machine import SERVER_CORE, running
from .subjects import python
from .suite import Bench, Measurement, Numbers, Settings
from .talk import finish

_RENDER_S: Final = 600.0


class Rendered(msgspec.Struct, frozen=True, kw_only=True):
    """What one process rendered."""

    import_s: float
    first_block_s: float
    """From nothing to the first block: what a job waits for in an engine that is not warm."""
    audio_s: float
    wall_s: float
    stems: int
    early_mib: float
    """Resident memory after the first third, when the caches, which are bounded, have filled."""
    late_mib: float


def render(seconds: float) -> Rendered:
    """Render a groove until so much audio is there, the first block apart."""
    began = time.monotonic()
    from logdrum_engine.generator import SAMPLE_RATE, Spec
    from logdrum_engine.groove import Groove

    imported = time.monotonic()
    groove, spec = Groove(), Spec(prompt="amapiano", seed=7)
    [(_, state)] = groove.step([groove.begin(spec, 0)])
    warm = time.monotonic()
    samples, early_mib = 0, 0.0
    while samples < seconds * SAMPLE_RATE:
        [(block, state)] = groove.step([state])
        assert block is not None  # an endless piece does not end
        samples += block.samples
        if not early_mib and samples >= seconds / 3 * SAMPLE_RATE:
            early_mib = _resident_mib()
    return Rendered(
        import_s=imported - began,
        first_block_s=warm - imported,
        audio_s=samples / SAMPLE_RATE,
        wall_s=time.monotonic() - warm,
        stems=len(groove.describe(spec).stems),
        early_mib=early_mib,
        late_mib=_resident_mib(),
    )


def _resident_mib() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


async def _rendered(seconds: float) -> Rendered:
    """Have a process of its own render so much audio."""
    async with running("groove", python("tests.bench.groove", str(seconds)), SERVER_CORE) as worker:
        return msgspec.json.decode(await worker.hear("rendered ", _RENDER_S), type=Rendered)


def _round(settings: Settings, _run: int) -> Iterator[Measurement]:
    async def take() -> Numbers:
        rendered = await _rendered(settings.groove_seconds)
        return {
            "realtime": (rendered.audio_s / rendered.wall_s, "x"),
            "first_block_cold": (1e3 * rendered.first_block_s, "ms"),
            "import": (1e3 * rendered.import_s, "ms"),
            "stems": (rendered.stems, ""),
        }

    yield Measurement(bench="groove", subject="logdrum", n=1, take=take)


def _hour(settings: Settings, run: int) -> Iterator[Measurement]:
    async def take() -> Numbers:
        rendered = await _rendered(settings.hour_seconds)
        return {
            "memory_early": (rendered.early_mib, "MiB"),
            "memory_late": (rendered.late_mib, "MiB"),
            "realtime": (rendered.audio_s / rendered.wall_s, "x"),
        }

    if run == 1:  # it is as long as an hour of music, and says the same every time
        yield Measurement(bench="hour", subject="logdrum", n=1, take=take)


GROOVE: Final = Bench(
    name="groove",
    title="Groove: how fast the built-in generator renders all its stems on one core",
    note="`realtime` leaves out the first block, in which the instruments are made; `first_block_cold` is that.",
    round=_round,
)

HOUR: Final = Bench(
    name="hour",
    title="Hour: an hour of music from one job, and the memory it takes",
    note=(
        "`memory_early` after twenty minutes (the caches, 150 MiB at most, have filled), `memory_late` after sixty;"
        " `realtime` over all of it."
    ),
    round=_hour,
)

if __name__ == "__main__":
    finish("rendered " + msgspec.json.encode(render(float(sys.argv[1]))).decode())
