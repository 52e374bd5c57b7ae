"""The room's musical transport over time: which of the last few is in force, and where the music is (T rules)."""

import msgspec

from logdrum_protocol.hub_messages import Transport
from logdrum_protocol.timeline import bar_ticks, beat_ticks, effective, position_at


class Position(msgspec.Struct, frozen=True):
    """A place in the music, as a musician counts it: bars and beats begin at 1."""

    tick: float
    bar: int
    beat: int
    playing: bool


class TransportHistory(msgspec.Struct, frozen=True):
    """The transport in force and those still to come, oldest first (T5)."""

    known: tuple[Transport, ...]

    @property
    def newest(self) -> Transport:
        """The last one that was decided on, in force or not yet."""
        return self.known[-1]

    def at(self, hub_us: float) -> Transport:
        """The transport in force at a moment (T5)."""
        return effective(self.known, hub_us)

    def position(self, hub_us: float) -> Position:
        """Where the music is at a moment (T2)."""
        transport = self.at(hub_us)
        tick = position_at(transport, hub_us)
        bar, within = divmod(tick, bar_ticks(transport.numerator, transport.denominator))
        beat = within // beat_ticks(transport.denominator)
        playing = transport.playing and hub_us >= transport.anchor_us
        return Position(tick=tick, bar=int(bar) + 1, beat=int(beat) + 1, playing=playing)

    def heard(self, transport: Transport, hub_us: float) -> "TransportHistory":
        """The history with a transport that has just come; an older revision changes nothing (T4)."""
        if transport.rev <= self.newest.rev:
            return self
        in_force = self.at(hub_us)
        ahead = [known for known in self.known if known.rev > in_force.rev]
        return TransportHistory((in_force, *ahead, transport))
