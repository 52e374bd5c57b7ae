"""Runs stories, and says of one that ends badly how it went."""

import contextlib
import random
import re
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from unittest.mock import patch

from tests.simulation.job_verdict import judge_jobs
from tests.simulation.separation_verdict import judge_separations
from tests.simulation.story import Story
from tests.simulation.verdict import judge

STEPS = 800
_TOLD = 100
_FOR_ALL = ("the hub dies", "the hub is back", "the disk fails", "the disk is full", "time passes")

PINNED: tuple[int, ...] = ()
"""Seeds of stories that once ended badly."""

_SMALL = {
    "logdrum_server.past._FRESH": 5,
    "logdrum_server.past._GREAT_BYTES": 500,
    "logdrum_server.backlog.MAX_EVENTS": 25,
    "logdrum_server.backlog.MAX_BYTES": 2_000,
    "logdrum_server.lanes.BUDGET_BYTES": 4_000,
    "logdrum_server.journal._CHECKPOINT_EVERY": 20,
    "logdrum_server.storage.memory.KEPT_EVENTS": 15,
    "logdrum_server.core.history._TIDY_EVERY": 30,
    "logdrum_server.core.history.MAX_CHAT": 5,
    "logdrum_server.core.history.MAX_UNDO": 4,
}
"""What takes a thousand events in a great room takes a few in a small one."""

_ONE_BYTE_A_SAMPLE = ("server.tape", "server.feeding", "client.line", "client.audio")

_HASTY = {"edit": (20, 10), "chat": (1, 1), "task": (1, 2)}
"""Rates that a client, which keeps to those of C6, goes over."""


class StoryFailed(AssertionError):
    """A story ended badly; its seed and its last steps are in the message."""


def run(seed: int, steps: int = STEPS) -> Story:
    """Tell the story of a seed and judge it."""
    with small_world(seed) as is_hasty:
        story = Story(seed, is_hasty=is_hasty)
        try:
            story.run(steps)
            judge(story)
            judge_jobs(story)
            judge_separations(story)
        except Exception as fault:
            raise StoryFailed(f"seed {seed}: {fault}\n{_how(story, str(fault))}\nseed {seed}: {fault}") from fault
        finally:
            story.close()
    return story


def _how(story: Story, fault: str) -> str:
    """What happened to whom and what the fault names, and what happened to all; the newest lines of that."""
    names = re.findall(r"\bop\d+\b|\bmember \d+\b", fault) or [""]
    told = re.compile("|".join(rf"{re.escape(name)}\b" for name in (*names, *_FOR_ALL)))
    return "\n".join([line for line in story.trace if told.search(line)][-_TOLD:])


async def _on_no_thread(work: Callable[..., object], *given: object) -> object:
    return work(*given)


@contextlib.contextmanager
def small_world(seed: int) -> Iterator[bool]:
    """Sizes, rates and the chance that gives sessions their ids, all from the seed; yields whether rates are low."""
    rng = random.Random(-seed)
    secrets = SimpleNamespace(token_urlsafe=lambda _: f"s{rng.getrandbits(48):x}", randbits=rng.getrandbits)
    is_small, is_hasty = rng.random() < 0.7, rng.random() < 0.15
    with contextlib.ExitStack() as stack:
        stack.enter_context(patch("logdrum_server.arrivals.secrets", secrets))
        stack.enter_context(patch("logdrum_server.past.asyncio.to_thread", _on_no_thread))
        for name, size in _SMALL.items() if is_small else ():
            stack.enter_context(patch(name, size))
        for module in _ONE_BYTE_A_SAMPLE:
            stack.enter_context(patch(f"logdrum_{module}.BYTES_PER_SAMPLE", 1))
        if is_hasty:
            stack.enter_context(patch.dict("logdrum_server.core.floods.RATES", _HASTY))
        yield is_hasty
