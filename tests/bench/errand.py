"""What a process of a benchmark does with its life: one plan, one answer."""

import asyncio
import sys
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

import msgspec
import uvloop

from .talk import finish

P = TypeVar("P")


def carry_out(plan: type[P], act: Callable[[P], Coroutine[Any, Any, object]], word: str = "measured") -> None:
    """Do as the one argument says, and print what came of it behind a word."""
    asked = msgspec.json.decode(sys.argv[1], type=plan)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        came = runner.run(act(asked))
    finish(f"{word} {msgspec.json.encode(came).decode()}")
