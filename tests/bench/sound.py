"""How good random grooves are, as far as that can be measured; and an hour of one, in memory."""

from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from .listening import Heard
from .machine import SERVER_CORE, running
from .subjects import python
from .suite import Bench, Measurement, Numbers, Settings

_LISTEN_S: Final = 1_800.0
_TEMPO_BPM: Final = 0.2
_LUFS: Final = -14.0


def _percentile(values: Sequence[float], percent: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]


def _share(hits: Sequence[bool]) -> float:
    return 100.0 * sum(hits) / len(hits)


def numbers(heard: Heard) -> Numbers:
    """Return the metrics of what was heard."""
    return {
        "tempo_within": (_share([error <= _TEMPO_BPM for error in heard.tempo_error_bpm]), "%"),
        "tempo_error_p95": (_percentile(heard.tempo_error_bpm, 95), "bpm"),
        "downbeat_error_p95": (_percentile(heard.downbeat_error_ms, 95), "ms"),
        "downbeat_error_max": (max(heard.downbeat_error_ms), "ms"),
        "lufs": (sum(heard.lufs) / len(heard.lufs), "LUFS"),
        "lufs_within": (_share([abs(value - _LUFS) <= 1 for value in heard.lufs]), "%"),
        "peak": (max(heard.peak), ""),
        "sum_error": (max(heard.sum_error_db), "dB"),
        "wire_error": (max(heard.wire_error_db), "dB"),
        "turn_step": (max(heard.turn_step), "x"),
        "neighbours": (sum(heard.neighbours) / len(heard.neighbours), ""),
        "neighbours_max": (max(heard.neighbours), ""),
    }


def _listened(settings: Settings, run: int) -> Iterator[Measurement]:
    async def take() -> Numbers:
        command = python("tests.bench.listening", str(settings.grooves), str(run))
        async with running("listening", command, SERVER_CORE) as worker:
            return numbers(msgspec.json.decode(await worker.hear("heard ", _LISTEN_S), type=Heard))

    yield Measurement(bench="sound", subject="logdrum", n=settings.grooves, take=take)


SOUND: Final = Bench(
    name="sound",
    title="Sound: random grooves of 16 bars, 105 to 120 bpm, every style, measured by librosa and pyloudnorm",
    note=(
        "`tempo_within`: share within 0.2 bpm of the room's. `turn_step`: the largest change of slope at a steer or a"
        " tempo change beside the usual ones around it (1 or less: nothing to hear). `neighbours`: correlation of the"
        " log drums of twenty seeds in a row. These are a synthesiser's renders; nothing here says how they please."
    ),
    round=_listened,
)
