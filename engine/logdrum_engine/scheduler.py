"""Whose audio is rendered next: jobs in slots, credit and playheads, without a clock or I/O (Q3)."""

from collections.abc import Mapping
from typing import Final

import msgspec
from msgspec.structs import replace

SLOT_LIMIT: Final = 64


class Lane(msgspec.Struct, frozen=True, kw_only=True):
    """How a model works: samples in a step, and how many jobs one step takes."""

    block_samples: int
    batch: int = 1


class Slot(msgspec.Struct, frozen=True, kw_only=True):
    """One admitted job, as far as its turn depends on it."""

    job: str
    model: str
    rendered_sample: int
    credit_sample: int
    playhead_sample: int
    end_sample: int | None = None
    """Where the job ends; None for one that goes on until stopped."""
    turn: int = 0
    """When it was last served; of equally urgent jobs the one that waited longest goes first."""

    @property
    def lead_samples(self) -> int:
        """How far the rendered end is ahead of the listeners; negative when they run dry."""
        return self.rendered_sample - self.playhead_sample


class Batch(msgspec.Struct, frozen=True, kw_only=True):
    """Jobs of one model that advance together by one step, the most urgent first."""

    model: str
    jobs: tuple[str, ...]


class Scheduler:
    """Picks the next step's jobs; `rendered` must follow each step, else the same jobs are picked again."""

    def __init__(self, lanes: Mapping[str, Lane], limit: int = SLOT_LIMIT) -> None:
        self._lanes = lanes
        self._limit = limit
        self._slots: dict[str, Slot] = {}
        self._turn = 0

    def __len__(self) -> int:
        return len(self._slots)

    def __contains__(self, job: str) -> bool:
        return job in self._slots

    def admit(self, slot: Slot) -> bool:
        """Give a job a slot, or move it within its own; False means that all slots are taken."""
        if slot.job not in self._slots and len(self._slots) >= self._limit:
            return False
        self._turn += 1
        self._slots[slot.job] = replace(slot, turn=self._turn)
        return True

    def grant(self, job: str, credit_sample: int, playhead_sample: int) -> None:
        """Move a job's credit and playhead; a job without a slot is none of our business any more."""
        if slot := self._slots.get(job):
            self._slots[job] = replace(slot, credit_sample=credit_sample, playhead_sample=playhead_sample)

    def rendered(self, job: str, end_sample: int) -> None:
        """Note how far a job has been rendered, and that it had its turn."""
        self._turn += 1
        self._slots[job] = replace(self._slots[job], rendered_sample=end_sample, turn=self._turn)

    def remove(self, job: str) -> None:
        """Free a job's slot; one that has none is fine."""
        self._slots.pop(job, None)

    def next_batch(self) -> Batch | None:
        """Return the jobs of the next step; None while nobody has credit."""
        ready = sorted((slot for slot in self._slots.values() if self._has_credit(slot)), key=_urgency)
        if not ready:
            return None
        model = ready[0].model
        jobs = [slot.job for slot in ready if slot.model == model]
        return Batch(model=model, jobs=tuple(jobs[: self._lanes[model].batch]))

    def _has_credit(self, slot: Slot) -> bool:
        step_end = slot.rendered_sample + self._lanes[slot.model].block_samples
        needed = step_end if slot.end_sample is None else min(step_end, slot.end_sample)
        return needed <= slot.credit_sample


def _urgency(slot: Slot) -> tuple[int, int]:
    return slot.lead_samples, slot.turn
