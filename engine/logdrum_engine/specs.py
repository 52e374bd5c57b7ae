"""From a job's parameters on the wire to what a generator is asked to play, and on through steering (J1, J2)."""

from typing import Final, TypeVar

import msgspec
from msgspec import UNSET
from msgspec.structs import replace

from logdrum_engine.errors import RefusalError
from logdrum_engine.generator import Spec, bar_samples
from logdrum_protocol.engine_messages import RenderFrom, StartJob
from logdrum_protocol.errors import ErrorCode
from logdrum_protocol.records import JobParams

DEFAULT_MODEL: Final = "groove"
MIX: Final = "mix"

T = TypeVar("T")


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """What a job asks for: a model, a piece, and whether its stems come apart."""

    model: str
    spec: Spec
    mix: bool
    """One stem named `mix` instead of the generator's own."""

    @property
    def samples(self) -> int | None:
        """Length of the piece, rounded once; None where it goes on until stopped."""
        return None if self.spec.bars is None else round(self.spec.bars * bar_samples(self.spec))


def order_of(start: StartJob) -> Order:
    """Read a new job; a kind that is no generation is refused as `unsupported` (J5)."""
    if start.kind != "generate":
        raise RefusalError(ErrorCode.UNSUPPORTED, f"This engine cannot do '{start.kind}' jobs.")
    spec = Spec(seed=start.seed, anchor_tick=start.anchor_tick, bpm=start.bpm)
    spec = replace(spec, numerator=start.numerator, denominator=start.denominator)
    params = replace(start.params, seed=UNSET)  # the hub has decided on one, said in the message itself
    return _with_params(Order(model=DEFAULT_MODEL, spec=spec, mix=False), params)


def steered(order: Order, render: RenderFrom) -> Order:
    """Read a new epoch of a job; params that are absent stay as they were (J1)."""
    spec = replace(order.spec, bpm=render.bpm, numerator=render.numerator, denominator=render.denominator)
    # The stems and the model of a job are in its streams' names, so they stay.
    params = replace(render.params, stems=UNSET, model=UNSET)
    return _with_params(replace(order, spec=spec), params)


def _with_params(order: Order, params: JobParams) -> Order:
    spec = replace(
        order.spec,
        prompt=_given(params.prompt, order.spec.prompt),
        seed=_given(params.seed, order.spec.seed),
        key=_given(params.key, order.spec.key) or order.spec.key,
        bars=_given(params.bars, order.spec.bars),
    )
    mix = order.mix if params.stems is UNSET else params.stems is False
    return Order(model=_given(params.model, order.model) or order.model, spec=spec, mix=mix)


def _given(value: T | msgspec.UnsetType, default: T) -> T:
    return default if isinstance(value, msgspec.UnsetType) else value
