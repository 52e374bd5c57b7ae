"""How many connections one remote address may hold (C8)."""

import ipaddress
from collections import Counter
from typing import Final

DEFAULT_LIMIT: Final = 100


class Addresses:
    """Counts the connections of each address; of IPv6 each /64, for that is what one customer is given."""

    def __init__(self, limit: int | None = None) -> None:
        """`limit` is for everyone, 0 for no limit; without one it is `DEFAULT_LIMIT`, and not for loopback."""
        self._limit = DEFAULT_LIMIT if limit is None else limit
        self._exempts_loopback = limit is None
        self._held: Counter[str] = Counter()

    def enter(self, address: str | None) -> bool:
        """Count one more; False, and nothing counted, where the address holds all it may."""
        network, is_loopback = _network(address)
        if self._held[network] >= self._limit > 0 and not (is_loopback and self._exempts_loopback):
            return False
        self._held[network] += 1
        return True

    def leave(self, address: str | None) -> None:
        """Count one less; for each `enter` that was granted, once."""
        network, _ = _network(address)
        self._held[network] -= 1
        if not self._held[network]:
            del self._held[network]


def _network(address: str | None) -> tuple[str, bool]:
    """The name under which an address is counted, and whether it is this machine."""
    try:
        parsed = ipaddress.ip_address((address or "").partition("%")[0])
    except ValueError:
        return address or "", False
    if isinstance(parsed, ipaddress.IPv4Address):
        return str(parsed), parsed.is_loopback
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped), parsed.ipv4_mapped.is_loopback
    return str(ipaddress.IPv6Network((parsed, 64), strict=False)), parsed.is_loopback
