"""A real hub under attack: whoever works in it is not disturbed (C, D, H, E1)."""

import asyncio
from pathlib import Path

import pytest

from tests.fuzz import puppet
from tests.fuzz.attacks import ATTACKS
from tests.fuzz.job_attacks import JOB_ATTACKS
from tests.fuzz.siege import besiege
from tests.harness import running_hub

_WITHOUT_ENGINE = tuple(attack for attack in ATTACKS if attack not in JOB_ATTACKS)
"""Attacks on jobs find none where there is no engine; the siege with one has them."""

PINNED: tuple[int, ...] = ()
"""Seeds of sieges that once found something."""


@pytest.mark.parametrize("seed", [1, *PINNED])
async def test_a_hub_under_attack_disturbs_nobody(tmp_path: Path, seed: int) -> None:
    with running_hub(tmp_path, "--engine", "none") as hub:
        await besiege(hub, seed, seconds=6, attacks=_WITHOUT_ENGINE)


async def test_j_attacks_on_its_jobs_disturb_neither_members_nor_engine(tmp_path: Path) -> None:
    socket = tmp_path / "engine"
    with running_hub(tmp_path, "--engine", f"unix:{socket}") as hub:
        async with asyncio.TaskGroup() as tasks:
            playing = tasks.create_task(puppet.play(socket, seed=1))
            await besiege(hub, seed=1, seconds=1, attacks=JOB_ATTACKS)
            playing.cancel()
