"""Which pages may speak to the hub (C8)."""

from collections.abc import Iterable
from urllib.parse import urlsplit

import msgspec

from logdrum_server.hosts import is_address


class Origins(msgspec.Struct, frozen=True):
    """The hub's own pages, and those it was told of."""

    added: frozenset[str]
    """As browsers write them: scheme, host, and a port that is not the scheme's own."""
    hosts: frozenset[str] | None
    """Names that this hub goes by, where any other may be an attacker's that was made to point here (DNS rebinding);
    None where a token is asked for anyhow."""

    def admits(self, origin: str | None, host: str) -> bool:
        """Whether a page of this origin may connect to a hub that it calls `host`; no browser, no origin."""
        if origin is None:
            return True
        origin = origin.lower()
        return origin in self.added or (_netloc(origin) == host.lower() and self.knows(host))

    def knows(self, host: str) -> bool:
        """Whether the hub goes by this name: an address cannot be rebound, a name only if it is known."""
        name = _hostname(host)
        return self.hosts is None or name in self.hosts or is_address(name)


def make_origins(urls: Iterable[str], *, hosts: Iterable[str] | None) -> Origins:
    """Return the rule for pages from `urls` and from the hub itself; without `hosts` it goes by any name."""
    added = frozenset(as_origin(url) for url in urls)
    if hosts is None:
        return Origins(added, None)
    own = {"localhost", *(host.lower() for host in hosts), *(_hostname(_netloc(origin)) for origin in added)}
    return Origins(added, frozenset(own))


def as_origin(url: str) -> str:
    """Return a URL as a browser writes it in `Origin`; raises ValueError."""
    parts = urlsplit(url.strip().lower())
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username is not None:
        raise ValueError("an origin is http://HOST, https://HOST or with a :PORT")
    if parts.path.strip("/") or parts.query or parts.fragment:
        raise ValueError("an origin ends with its host or port")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    own = parts.port in (None, {"http": 80, "https": 443}[parts.scheme])
    return f"{parts.scheme}://{host}" if own else f"{parts.scheme}://{host}:{parts.port}"


def _netloc(origin: str) -> str:
    return origin.partition("://")[2]


def _hostname(host: str) -> str:
    """What stands before the port."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""
