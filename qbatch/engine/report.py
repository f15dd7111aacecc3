"""What a run tells: while it goes on (`RunState`), and at its end (`RunReport`)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol


@dataclass(slots=True, kw_only=True)
class RunState:
    """Where a run stands, in jobs and batches."""

    total: int = 0
    done: int = 0
    failed: int = 0
    active: int = 0
    batches_done: int = 0
    batches_active: int = 0


class Observer(Protocol):
    """Someone who wants to be told."""

    def update(self, state: RunState) -> None:
        """Called whenever something has moved; must be quick."""

    def note(self, message: str) -> None:
        """Something that the user should read now."""


class Silent:
    """An observer that ignores everything."""

    def update(self, state: RunState) -> None:
        """Ignore it."""

    def note(self, message: str) -> None:
        """Ignore it."""


@dataclass(slots=True, kw_only=True)
class RunReport:
    """What a run did.

    Attributes:
        groups: names.
        jobs: how many this run took.
        done, failed, unknown: how those ended.
        left: how many of the groups' jobs are still unsent, queued or running.
        submissions: batches sent; circuits: circuits in them after coalescing.
        coalesced: jobs answered by the circuit of another one.
        released: jobs that an earlier run had left behind and that were taken up again.
        seconds: how long it took.
        stopped_by: the signal that ended it early, or None.
        unfinished: work remains that this run was asked to do.
        errors: a few of the failures, as (``group/number``, reason).
    """

    groups: list[str]
    jobs: int = 0
    done: int = 0
    failed: int = 0
    unknown: int = 0
    left: int = 0
    submissions: int = 0
    circuits: int = 0
    coalesced: int = 0
    released: int = 0
    seconds: float = 0.0
    stopped_by: int | None = None
    unfinished: bool = False
    errors: list[tuple[str, str]] = field(default_factory=list)

    @property
    def exit_code(self) -> int:
        """0 all well, 1 some failed, 3 unfinished, 128 + signal where one ended it."""
        if self.stopped_by is not None:
            return 128 + self.stopped_by
        if self.failed or self.unknown:
            return 1
        return 3 if self.unfinished else 0
