"""How fast a local backend is, beside what was estimated, for the plans and sizes to come."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

from qbatch.batching import estimated_seconds, kind_of
from qbatch.models import Pace, PlannedJob

_WORTH_KEEPING = 0.002  # seconds of work; below, the clock says more about the machine's mood


class Stopwatch:
    """What the batches of one run took, by kind of job."""

    def __init__(self) -> None:
        self._estimated: dict[str, float] = defaultdict(float)
        self._worked: dict[str, float] = defaultdict(float)
        self._startup: float | None = None

    def note(
        self, parts: Sequence[PlannedJob], items: Sequence[int], worked: float, spent: float
    ) -> None:
        """A batch has ended.

        Args:
            parts: its jobs; those of a batch are of one kind, or nearly so.
            items: for each of them the number of the circuit that answered it.
            worked: seconds that a worker spent on them.
            spent: seconds from its sending to its end. The first batch also waits for
                the workers to start and to import what they need.
        """
        if self._startup is None:
            self._startup = max(0.0, spent - worked)
        if not parts:
            return
        kind = kind_of(parts[0])
        self._estimated[kind] += batch_seconds(parts, items)
        self._worked[kind] += worked

    def paces(self) -> dict[str, Pace]:
        """What was measured, by kind of job."""
        return {
            kind: Pace(seconds=self._worked[kind] / estimated, startup=self._startup or 0.0)
            for kind, estimated in self._estimated.items()
            if estimated > 0 and self._worked[kind] >= _WORTH_KEEPING
        }


def pooled(parts: Sequence[PlannedJob], items: Sequence[int]) -> list[PlannedJob]:
    """A job for each circuit of a batch, with the shots of all that share it."""
    first: dict[int, PlannedJob] = {}
    shots: dict[int, int] = defaultdict(int)
    for part, item in zip(parts, items, strict=True):
        first.setdefault(item, part)
        shots[item] = (part.shots or 0) + (shots[item] if part.seed is None else 0)
    return [
        part
        if part.shots is None or part.shots == shots[item]
        else replace(part, shots=shots[item])
        for item, part in first.items()
    ]


def batch_seconds(parts: Sequence[PlannedJob], items: Sequence[int]) -> float:
    """The estimate for a batch, before any pace."""
    before, total = -1, 0.0
    for part in pooled(parts, items):
        total += estimated_seconds(part, again=part.circuit_id == before)
        before = part.circuit_id
    return total
