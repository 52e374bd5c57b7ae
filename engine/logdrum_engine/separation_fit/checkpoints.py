"""Where a training stands: written whole or not at all, and read back."""

import os
from pathlib import Path
from typing import Any

import torch


def save(path: Path, standing: dict[str, Any]) -> None:
    """Write a checkpoint; who reads meanwhile finds the one before."""
    draft = path.with_suffix(".draft")
    torch.save(standing, draft)
    os.replace(draft, path)


def load(path: Path) -> dict[str, Any]:
    """Read a checkpoint; it holds tensors and numbers only."""
    standing: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    return standing
