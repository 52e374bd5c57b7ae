"""Looks at a hub once a second until someone has seen enough."""

import time
from pathlib import Path
from typing import Final

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.text import Text

from logdrum_server.top.frame import frame
from logdrum_server.top.source import HubAway, Look, Source

_EVERY_S: Final = 1.0


def watch(url: str, key_file: Path, *, once: bool) -> int:
    """Draw a hub, for as long as it is there and again when it is back; raises `ServerError`."""
    source, console = Source(url, key_file), Console(highlight=False)
    look = source.look()
    if once:
        console.print(frame(look, None))
        return 0
    try:
        with Live(frame(look, None), console=console, screen=True, auto_refresh=False) as live:
            while True:
                time.sleep(_EVERY_S)
                shown, look = next_screen(source, look)
                live.update(shown, refresh=True)
    except KeyboardInterrupt:
        return 0


def next_screen(source: Source, before: Look) -> tuple[RenderableType, Look]:
    """The next screen, and the look that the one after it is compared with."""
    try:
        look = source.look()
    except HubAway as away:
        return Group(Text(f"{away} Waiting for it; this is how it was.\n", style="bold"), frame(before, None)), before
    return frame(look, before), look
