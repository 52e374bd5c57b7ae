"""Which generators this engine has, and how each of them wants to be driven."""

from collections.abc import Mapping
from typing import Any, TypeAlias

import msgspec

from logdrum_engine.generator import Generator
from logdrum_engine.scheduler import Lane

# What a generator keeps of a job goes in and comes out unread, so its type is nobody's business here.
AnyGenerator: TypeAlias = Generator[Any]


class Model(msgspec.Struct, frozen=True, kw_only=True):
    """A loaded, warm generator."""

    generator: AnyGenerator
    lane: Lane
    refusal: type[Exception]
    """What `begin` raises for a spec that cannot be played, its text safe to show."""


def load_models() -> Mapping[str, Model]:
    """Load and warm up every generator; slow, and called on the thread that will own them."""
    from logdrum_engine.groove.errors import GrooveError
    from logdrum_engine.groove.generator import BLOCK_SAMPLES, Groove

    groove = Groove()
    groove.warm_up()
    return {"groove": Model(generator=groove, lane=Lane(block_samples=BLOCK_SAMPLES), refusal=GrooveError)}
