"""What has happened since the hub started, as plain numbers: the shells add, the metrics read."""

from collections import Counter
from typing import Literal, TypeAlias

Resumed: TypeAlias = Literal["recovered", "snapshot", "refused"]
"""Every event since followed; the whole document instead; the key was wrong, or the session was put out (H2, H4)."""

TurnedAway: TypeAlias = Literal["origin", "address", "token", "full", "flood"]
"""A page from elsewhere, too many from one address (C8), a token or none (H3), a full room (H3), a flood (C6)."""


class Counts:
    """Totals of one hub; each is added to where the thing happens: `counts.rejects[code] += 1`."""

    def __init__(self) -> None:
        self.events = 0
        """What went into the history of any room (H2)."""
        self.rejects: Counter[str] = Counter()
        """Edits that were refused, by their error's code (D3)."""
        self.resumes: Counter[Resumed] = Counter()
        self.turned_away: Counter[TurnedAway] = Counter()
        self.dropped = 0
        """Messages over a session's or connection's rate (C6)."""
        self.messages = 0
        """Received by rooms that are no longer in memory; what the others received, they know themselves."""
        self.chunks = 0
        """Published by rooms that are no longer in memory."""
        self.gap_samples = 0
        """Not sent to connections that are gone (A4)."""
