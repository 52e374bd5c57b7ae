"""The musical transport: commands take effect in the future, on a quantum (T3, T5, T6)."""

import math
from typing import Final

from msgspec import UNSET
from msgspec.structs import replace

from logdrum_protocol.bounds import Quantum, SessionId, Tick
from logdrum_protocol.client_messages import TransportSet
from logdrum_protocol.errors import ErrorCode
from logdrum_protocol.hub_messages import Error, Transport
from logdrum_protocol.timeline import bar_ticks, beat_ticks, next_boundary, position_at, ticks_per_us
from logdrum_server.core.effects import Tell, TellAll
from logdrum_server.core.state import LEAD_US, Outcome, RoomState

MAX_PENDING: Final = 8
MAX_WAIT_US: Final = 60_000_000
"""A quantum further off than this is not waited for: nobody shall have to put off everybody's stop for hours."""


def set_transport(state: RoomState, by: SessionId, request: TransportSet, now_us: int) -> Outcome:
    """Carry out a `transport.set`."""
    in_force = [old for old in state.transports if old.anchor_us <= now_us][-1:]
    pending = [old for old in state.transports if old.anchor_us > now_us]
    if len(pending) >= MAX_PENDING:
        text = "Several changes wait for their bar already; try again once they are made."
        return state, [Tell(by, Error(code=ErrorCode.TOO_MANY, message=text, op_id=request.op_id))]
    changed = change(state.transport, request, by, now_us)
    return replace(state, transports=(*in_force, *pending, changed)), [TellAll(changed)]


def change(current: Transport, request: TransportSet, by: SessionId | None, now_us: int) -> Transport:
    """Return the transport that follows `current`, anchored where and when the change takes effect."""
    due_us = max(now_us + LEAD_US, current.anchor_us)  # T5: anchors never go back
    tick, at_us = boundary(current, due_us, grid_ticks(current, request.quantum))
    if at_us - due_us > MAX_WAIT_US:
        tick, at_us = boundary(current, due_us, 1)
    return replace(
        current,
        rev=current.rev + 1,
        playing=current.playing if request.playing is UNSET else request.playing,
        anchor_tick=tick if request.tick is UNSET else request.tick,
        anchor_us=at_us,
        bpm=current.bpm if request.bpm is UNSET else request.bpm,
        numerator=current.numerator if request.numerator is UNSET else request.numerator,
        denominator=current.denominator if request.denominator is UNSET else request.denominator,
        loop=current.loop if request.loop is UNSET else request.loop,
        by=by,
    )


def grid_ticks(transport: Transport, quantum: Quantum) -> int:
    """Ticks between the boundaries of a quantum; 1 for none, because anchors are whole ticks."""
    match quantum:
        case "none":
            return 1
        case "beat":
            return beat_ticks(transport.denominator)
        case "bar":
            return bar_ticks(transport.numerator, transport.denominator)


def boundary(transport: Transport, due_us: int, grid: int) -> tuple[Tick, int]:
    """Return the first grid line that play reaches at or after `due_us`, and when; a loop's wrap counts as one."""
    position = position_at(transport, due_us)
    if not transport.playing:
        return math.floor(position), due_us
    tick = next_boundary(position, grid)
    reached = float(tick)
    loop = transport.loop
    if loop is not None and transport.anchor_tick < loop.end_tick <= tick:
        tick, reached = loop.start_tick, float(loop.end_tick)
    return tick, math.ceil(due_us + (reached - position) / ticks_per_us(transport.bpm))
