"""Everything that can be set, read once from the command line and passed on."""

from pathlib import Path
from typing import Literal, TypeAlias

import msgspec

from logdrum_server.hosts import is_loopback


class LocalEngine(msgspec.Struct, frozen=True, tag="local"):
    """The hub starts and supervises an engine of its own."""

    models: Path | None = None
    """Folder of separators that are not shipped; None for those that are."""


class OuterEngine(msgspec.Struct, frozen=True, tag="unix"):
    """An engine that someone else starts connects to this socket."""

    path: Path


EngineChoice: TypeAlias = LocalEngine | OuterEngine | None


class Config(msgspec.Struct, frozen=True, kw_only=True):
    """How this hub runs."""

    host: str = "127.0.0.1"
    port: int = 8765
    data: Path
    engine: EngineChoice = LocalEngine()
    page: Path | None = None
    """Folder of the built page; None serves none."""
    rooms: Literal["open", "tokens"] | None = None
    """Whether rooms ask for tokens; None leaves it to the address: open on loopback, tokens elsewhere (H5)."""
    origins: tuple[str, ...] = ()
    """Pages from elsewhere that may speak to the hub (C8)."""
    max_connections_per_address: int | None = None
    """0 for no limit; None for the usual one, from which loopback is exempt (C8)."""
    max_members: int = 500
    max_message_bytes: int = 256 * 1024
    max_asset_bytes: int = 200 * 1024 * 1024
    drain_s: float = 5.0

    @property
    def asks_for_tokens(self) -> bool:
        """Whether nobody comes into a room without a token (H5)."""
        return self.rooms == "tokens" or (self.rooms is None and not is_loopback(self.host))
