"""From a job's parameters on the wire to what a generator is asked to play, and on through steering (J1, J2, J6)."""

from typing import Final, TypeVar

import msgspec
from msgspec import UNSET
from msgspec.structs import replace

from logdrum_engine.culture import Added, CultureError, enrich
from logdrum_engine.errors import RefusalError
from logdrum_engine.generator import Spec, bar_samples
from logdrum_protocol.bounds import Level, SectionName
from logdrum_protocol.engine_messages import RenderFrom, StartJob
from logdrum_protocol.errors import ErrorCode
from logdrum_protocol.records import JobParams
from logdrum_protocol.timeline import bar_ticks

DEFAULT_MODEL: Final = "groove"
DEFAULT_GENRE: Final = "amapiano"
DEFAULT_LEVEL: Final[Level] = "contemporary"
MIX: Final = "mix"

T = TypeVar("T")


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """What a job asks for: a model, a piece, and whether its stems come apart."""

    model: str
    spec: Spec
    mix: bool
    """One stem named `mix` instead of the generator's own."""
    enrich: bool = True
    genre: str = DEFAULT_GENRE
    level: Level = DEFAULT_LEVEL
    added: tuple[Added, ...] = ()
    """What the genre added to the prompt, each with its reason (J6)."""

    @property
    def samples(self) -> int | None:
        """Length of the piece, rounded once; None where it goes on until stopped."""
        return None if self.spec.bars is None else round(self.spec.bars * bar_samples(self.spec))


def order_of(start: StartJob) -> Order:
    """Read a new job; a kind that is no generation is refused as `unsupported` (J5)."""
    if start.kind != "generate":
        raise RefusalError(ErrorCode.UNSUPPORTED, f"This engine cannot do '{start.kind}' jobs.")
    spec = Spec(seed=start.seed, anchor_tick=start.anchor_tick)
    params = replace(start.params, seed=UNSET)  # the hub has decided on one, said in the message itself
    return _with_params(Order(model=DEFAULT_MODEL, spec=_placed(spec, start), mix=False), params)


def steered(order: Order, render: RenderFrom) -> Order:
    """Read a new epoch of a job; params that are absent stay as they were (J1)."""
    # The stems and the model of a job are in its streams' names, so they stay.
    params = replace(render.params, stems=UNSET, model=UNSET)
    return _with_params(replace(order, spec=_placed(order.spec, render)), params)


def _placed(spec: Spec, at: StartJob | RenderFrom) -> Spec:
    """What the hub says of a piece beside its parameters: the tempo, the chords, the notes, the place of a section."""
    since = 0 if at.section_tick is None else at.section_tick - spec.anchor_tick
    return replace(
        spec,
        bpm=at.bpm,
        numerator=at.numerator,
        denominator=at.denominator,
        harmony=at.harmony,
        notation=at.notation,
        section_bar=max(0, -(-since // bar_ticks(at.numerator, at.denominator))),
    )


def _with_params(order: Order, params: JobParams) -> Order:
    plays_notes = order.spec.notation is not None
    spec = replace(
        order.spec,
        prompt="" if plays_notes else _given(params.prompt, order.spec.prompt),
        seed=_given(params.seed, order.spec.seed),
        key=_given(params.key, order.spec.key),
        bars=None if plays_notes else _given(params.bars, order.spec.bars),
        section=None if plays_notes else _section(params, order.spec),
    )
    order = replace(
        order,
        model=_given(params.model, order.model) or order.model,
        spec=spec,
        mix=order.mix if params.stems is UNSET else params.stems is False,
        enrich=_given(params.enrich, order.enrich) and not plays_notes,
        genre=_given(params.genre, order.genre) or DEFAULT_GENRE,
        level=_given(params.level, order.level),
    )
    return _enriched(order)


def _section(params: JobParams, spec: Spec) -> SectionName | None:
    """The hub says with every prompt which section is asked for by name, if any."""
    return _given(params.section, spec.section if params.prompt is UNSET else None)


def _enriched(order: Order) -> Order:
    """Add what belongs to the genre, for every generator alike (J6); a genre nobody knows is refused."""
    if not order.enrich:
        return replace(order, added=(), spec=replace(order.spec, added=""))
    spec = order.spec
    try:
        added = enrich(spec.prompt, genre=order.genre, level=order.level, seed=spec.seed)
    except CultureError as fault:
        raise RefusalError(ErrorCode.BAD_PARAMS, str(fault)) from fault
    return replace(order, added=added, spec=replace(spec, added=", ".join(each.words for each in added)))


def _given(value: T | msgspec.UnsetType, default: T) -> T:
    return default if isinstance(value, msgspec.UnsetType) else value
