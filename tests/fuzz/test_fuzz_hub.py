"""A real hub under attack: whoever works in it is not disturbed (C, D, H, E1)."""

from pathlib import Path

import pytest

from tests.fuzz.siege import besiege
from tests.harness import running_hub

PINNED: tuple[int, ...] = ()
"""Seeds of sieges that once found something."""


@pytest.mark.parametrize("seed", [1, *PINNED])
async def test_a_hub_under_attack_disturbs_nobody(tmp_path: Path, seed: int) -> None:
    with running_hub(tmp_path, "--engine", "none") as hub:
        await besiege(hub, seed, seconds=6)
