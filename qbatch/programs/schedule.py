"""When what programs have asked is sent: all together, or as soon as there is room."""

from __future__ import annotations

import statistics
import time
from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal, Protocol

_LOCAL_SECONDS = 0.05
_REMOTE_SECONDS = 2.0
_PATIENCE = 0.25
_SLOWER = 3.0  # than the others: nobody waits for such a program


class Computing(Protocol):
    """What is known of a program here."""

    last_seconds: float | None
    asked_at: float

    @property
    def num_questions(self) -> int:
        """That it asks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """How long those that have asked wait for those that still compute.

    Attributes:
        policy: ``barrier`` sends when all have asked that can be expected to; ``eager`` as soon
            as a backend has room, too, and no longer than ``max_wait`` after the first.
        max_wait: seconds; None: 0.05 on this machine, 2 elsewhere.
        patient: wait for all: fewest batches, where each is paid for.
        max_batch_size: that many jobs are sent at once when they are there.
    """

    policy: Literal["barrier", "eager"] = "barrier"
    max_wait: float | None = None
    patient: bool = False
    max_batch_size: int | None = None

    def is_due(
        self,
        ready: Collection[Computing],
        computing: Collection[Computing],
        *,
        has_room: bool,
        is_local: bool,
    ) -> bool:
        """Whether what is ready is sent now.

        A program that took longer the last time than ``max_wait``, and several times as long as
        the others, is not waited for.

        Args:
            ready: programs that have asked, the first one first.
            computing: those that have not.
        """
        if not ready or not computing:
            return bool(ready)
        if self.patient and self.max_wait is None and self.policy == "barrier":
            return False
        limit = _limit_of(self.max_wait, is_local=is_local)
        waited = time.monotonic() - next(iter(ready)).asked_at
        return self._is_eager(ready, waited, limit, has_room=has_room) or (
            _is_late(ready, computing, waited, limit)
        )

    def _is_eager(
        self, ready: Collection[Computing], waited: float, limit: float, *, has_room: bool
    ) -> bool:
        if self.policy != "eager" or not has_room:
            return False
        return waited >= limit or self._is_full(ready)

    def _is_full(self, ready: Collection[Computing]) -> bool:
        jobs = sum(program.num_questions for program in ready)
        return self.max_batch_size is not None and jobs >= self.max_batch_size

    def patience(self, ready: Collection[Computing]) -> float:
        """Seconds after which to ask again whether it is due."""
        if not ready:
            return _PATIENCE
        limit = _LOCAL_SECONDS if self.max_wait is None else self.max_wait
        return max(0.001, min(_PATIENCE, limit / 4))


def _limit_of(max_wait: float | None, *, is_local: bool) -> float:
    if max_wait is not None:
        return max_wait
    return _LOCAL_SECONDS if is_local else _REMOTE_SECONDS


def _slow(ready: Collection[Computing], limit: float) -> float:
    """Seconds of computing above which a program is not waited for."""
    usual = [p.last_seconds for p in ready if p.last_seconds is not None]
    return max(limit, _SLOWER * statistics.median(usual)) if usual else limit


def _is_late(
    ready: Collection[Computing], computing: Collection[Computing], waited: float, limit: float
) -> bool:
    """Whether nobody is worth waiting for any longer."""
    # Asked after every message: first what is nearly always so, and costs nothing.
    if waited < limit and any(_is_expected(program, limit) for program in computing):
        return False
    slow = _slow(ready, limit)
    return waited >= slow or not any(_is_expected(program, slow) for program in computing)


def _is_expected(program: Computing, slow: float) -> bool:
    return program.last_seconds is None or program.last_seconds <= slow
