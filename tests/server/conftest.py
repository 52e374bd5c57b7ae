"""Hubs that several tests share; a test that harms its hub starts its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.harness import RunningHub, running_hub


@pytest.fixture(scope="module")
def bare_hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningHub]:
    """A hub without an engine."""
    with running_hub(tmp_path_factory.mktemp("bare"), "--engine", "none") as hub:
        yield hub


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[RunningHub]:
    """A hub with its engine, for one test alone."""
    with running_hub(tmp_path) as hub:
        yield hub
