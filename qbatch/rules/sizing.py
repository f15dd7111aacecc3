"""How many jobs a local batch should have: about a second's work.

Then progress moves, a kill costs about a second, and the price of a batch (two commits,
one hand-over to a worker) is spread over many jobs. Where an earlier run has measured how
fast the machine is, that decides, so that a plan can tell the batches of a run; otherwise
the first batches are small and the next ones as large as the first ones teach. What a busy
machine teaches has a limit: else batches shrink to one job each, and stay so.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from qbatch.domain.batches import Throughput

TARGET_SECONDS = 1.0
FIRST_SECONDS = 0.25
_LEAST = 50  # below, the price of a batch is felt
_WEIGHT = 0.5  # of the newest measurement
_SLOWEST = 10.0  # times the estimate: more is a busy machine, and says nothing of the next run
_TOO_LONG = 5.0  # times the target: what was measured before holds no more


class Sizer:
    """Learns what a job costs from the batches that have ended."""

    def __init__(self, measured: Mapping[str, Throughput]) -> None:
        self._measured = dict(measured)
        self._seconds_per_job: float | None = None
        self._guess: float | None = None
        self._pace: Throughput | None = None

    def expect(self, kind: str, seconds_per_job: float) -> None:
        """An estimate of what the next jobs cost, and of which kind they are."""
        self._guess = seconds_per_job
        self._pace = self._measured.get(kind)

    def learn(self, jobs: int, seconds: float) -> None:
        """What a batch really took."""
        if seconds > _TOO_LONG * TARGET_SECONDS:
            self._measured.clear()
            self._pace = None
        measured = max(seconds, 1e-6) / max(jobs, 1)
        before = self._seconds_per_job
        self._seconds_per_job = (
            measured if before is None else _WEIGHT * measured + (1 - _WEIGHT) * before
        )

    def size(self) -> int:
        """Jobs for the next batch."""
        if self._pace is not None and self._guess:
            slowness = min(self._pace.seconds, _SLOWEST)
            return max(1, round(TARGET_SECONDS / (self._guess * slowness)))
        if self._seconds_per_job is not None:
            most = self._guess * _SLOWEST if self._guess else math.inf
            return max(1, round(TARGET_SECONDS / min(self._seconds_per_job, most)))
        return max(1, round(FIRST_SECONDS / self._guess)) if self._guess else 100

    def share(self, to_come: int, in_flight: int) -> int:
        """The same, but so that towards the end no worker gets much more than the others."""
        fair = math.ceil(to_come / in_flight)
        return max(1, min(self.size(), max(fair, _LEAST)))
