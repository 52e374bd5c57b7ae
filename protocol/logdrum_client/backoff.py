"""How long to wait before the next attempt to come back: longer each time, and never all clients at once."""

import random
from typing import Final

import msgspec
from msgspec.structs import replace

FIRST_S: Final = 0.25
LONGEST_S: Final = 10.0


class Backoff(msgspec.Struct, frozen=True):
    """How many attempts have failed in a row."""

    failures: int = -1

    def after(self, stay_us: int) -> "Backoff":
        """The state after a stay: one that lasted begins anew, others are failures, even where the hub let us in."""
        return Backoff() if stay_us > LONGEST_S * 1e6 else replace(self, failures=self.failures + 1)

    def delay_s(self, rng: random.Random) -> float:
        """Between half of the present delay and all of it, so that a hub that restarts is not stormed."""
        longest = min(LONGEST_S, FIRST_S * 2.0 ** min(max(self.failures, 0), 16))
        return rng.uniform(longest / 2, longest)
