"""Attackers in a process of their own, so that witnesses read on whatever they do:

python -m tests.fuzz.attackers URL SEED SECONDS ATTACK...
"""

import asyncio
import json
import random
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import aiohttp

from logdrum_protocol import ProtocolError
from tests.fuzz.arena import Arena, Attack
from tests.fuzz.attacks import ATTACKS
from tests.harness import RunningHub

ATTACKERS: Final = 12
_ATTACK_S: Final = 8

_LOST: Final = (ConnectionError, EOFError, TimeoutError, aiohttp.ClientError, asyncio.IncompleteReadError)
"""How an attack may end: the hub has thrown its author out, or was too slow for it."""


class Unreadable(AssertionError):
    """The hub said what is no message of its own protocol."""


async def let_all_loose(hub: RunningHub, seed: int, seconds: float, attacks: Sequence[Attack]) -> Counter[str]:
    """Attack for so long, from many sides; how often in which way. Raises `Unreadable`."""
    made: Counter[str] = Counter()
    end = asyncio.get_running_loop().time() + seconds
    async with asyncio.TaskGroup() as tasks:
        for number in range(ATTACKERS):
            room = "elsewhere" if number % 4 == 3 else "siege"
            arena = Arena(hub, room, random.Random(f"{seed} attacker {number}"))
            tasks.create_task(_let_loose(arena, end, attacks, made))
    return made


async def _let_loose(arena: Arena, end: float, attacks: Sequence[Attack], made: Counter[str]) -> None:
    while asyncio.get_running_loop().time() < end:
        attack = arena.dice.choice(attacks)
        made[attack.__name__] += 1
        try:
            async with asyncio.timeout(_ATTACK_S):
                await attack(arena)
        except* ProtocolError as fault:
            raise Unreadable(f"after {attack.__name__}: {fault.exceptions}") from fault
        except* _LOST:
            pass


def main(url: str, seed: str, seconds: str, *names: str) -> None:
    hub = RunningHub(None, url, Path(), Path())  # type: ignore[arg-type]  # from outside nobody knows more than its URL
    attacks = [attack for attack in ATTACKS if attack.__name__ in names]
    print(json.dumps(asyncio.run(let_all_loose(hub, int(seed), float(seconds), attacks))))


if __name__ == "__main__":
    main(*sys.argv[1:])
