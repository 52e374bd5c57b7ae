"""Everything that can be set, read once from the command line and passed on."""

from pathlib import Path
from typing import TypeAlias

import msgspec


class LocalEngine(msgspec.Struct, frozen=True, tag="local"):
    """The hub starts and supervises an engine of its own."""


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
    max_message_bytes: int = 256 * 1024
    max_asset_bytes: int = 200 * 1024 * 1024
    drain_s: float = 5.0
