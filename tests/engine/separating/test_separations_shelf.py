"""Which separators an engine says it has, and what that costs it (Q1)."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from logdrum_engine.separating.desk import Desk
from logdrum_engine.separating.shelf import Shelf, shelf_of
from logdrum_engine.separation import catalogue
from logdrum_engine.separation.catalogue import AnySeparator
from logdrum_engine.separation.options import Options
from logdrum_protocol.records import JobParams
from tests.engine.separating.room_jobs import ASSET, RATE, noise, order, rest_of, stream, total, wav

NAMES_WITHOUT_TORCH = """
import sys
import logdrum_engine.link
from logdrum_engine.separating.shelf import shelf_of
shelf_of(None)
print("torch" in sys.modules)
"""


def test_what_there_is_is_known_without_torch() -> None:
    ended = subprocess.run([sys.executable, "-c", NAMES_WITHOUT_TORCH], capture_output=True, text=True, check=True)
    assert ended.stdout == "False\n"


def test_where_torch_is_missing_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    assert shelf_of(None).names == ()


def test_j3_what_a_job_asks_for_is_what_is_loaded() -> None:
    shelf = Shelf(names=("builtin", "htdemucs"), models=Path("weights"))
    params = JobParams(asset=ASSET, model="htdemucs", shifts=2, overlap=0.4)
    assert shelf.options(params) == Options(model="htdemucs", models=Path("weights"), shifts=2, overlap=0.4)
    assert shelf.options(JobParams(asset=ASSET)) == Options(model="builtin", models=Path("weights"))


def test_a_net_of_the_catalogue_separates_in_a_room(tmp_path: Path) -> None:
    def load(_: Options) -> AnySeparator:
        return catalogue.load(Options(stems=("vocals",)))  # the voice alone: the quickest of them

    real = shelf_of(None)
    desk = Desk(Shelf(names=("builtin",), prepare=real.prepare, load=load, batch=real.batch))
    desk.prepare()
    desk.warm_up()
    desk.handle(order(wav(tmp_path / "song.wav", noise(2 * RATE)), entry=RATE, stems=("vocals",)))
    messages = rest_of(desk)
    assert np.array_equal(total(messages, ("vocals", "other")), stream(messages, "mix"))
    assert len(stream(messages, "vocals")) == 2 * RATE
