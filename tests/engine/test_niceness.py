"""Threads that give way."""

import os
import sys
import threading

import pytest

from logdrum_engine.niceness import yield_to_others


def niceness_after(ask: int) -> int:
    found: list[int] = []

    def run() -> None:
        yield_to_others(ask)
        found.append(os.getpriority(os.PRIO_PROCESS, threading.get_native_id()))

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    return found[0]


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux counts a thread as a process")
def test_a_thread_gives_way_alone() -> None:
    before = os.getpriority(os.PRIO_PROCESS, 0)
    assert niceness_after(19) == 19
    assert os.getpriority(os.PRIO_PROCESS, 0) == before


def test_where_it_cannot_be_done_the_thread_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: int) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "setpriority", refuse)
    yield_to_others(10)
