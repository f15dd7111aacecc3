"""What a run tells: while it goes on (`RunState`), and at its end (`RunReport`)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from qbatch.domain.states import RunEnd


@dataclass(slots=True, kw_only=True)
class RunState:
    """Where a run stands, in jobs and batches; ``compiled`` of ``to_compile`` circuits.

    Attributes:
        programs, programs_ended: hosted ones; while some go on, more jobs may come.
    """

    total: int = 0
    done: int = 0
    failed: int = 0
    active: int = 0
    batches_done: int = 0
    batches_active: int = 0
    compiled: int = 0
    to_compile: int = 0
    programs: int = 0
    programs_ended: int = 0

    @property
    def is_open(self) -> bool:
        """Whether the total may still grow."""
        return self.programs_ended < self.programs


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
        done, failed, unknown: how those ended, and those of an earlier run that this one resumed.
        left: how many of the groups' jobs are still unsent, queued or running.
        under_way: how many of them are in a batch that the backend has.
        submissions: batches sent; circuits: items in them after coalescing.
        coalesced: jobs answered by the item of another one.
        released: jobs that an earlier run had left behind and that were taken up again.
        retried: tries that failed for a passing reason and were followed by another.
        seconds: how long it took.
        stopped_by: the signal that ended it early, or None.
        stopped_for: ``deadline`` or ``failures`` where that ended it early.
        unfinished: work remains that this run was asked to do.
        full: a run that does not wait left jobs unsent, because no backend had room for them.
        sent: batches left with a backend by a run that does not wait: their number,
            backend, id there and number of jobs.
        errors: a few of the failures, as (``group/number``, reason).
        unknown_batches: numbers of batches that the user must resolve, of all the groups.
        programs: how many of those that it hosted stand in which status.
        over_budget: why backends were sent no more, each with the backend's name.
        at_most_shots: jobs that ended at the most shots that their rules may give them.
    """

    groups: list[str]
    jobs: int = 0
    done: int = 0
    failed: int = 0
    unknown: int = 0
    left: int = 0
    under_way: int = 0
    submissions: int = 0
    circuits: int = 0
    coalesced: int = 0
    released: int = 0
    retried: int = 0
    seconds: float = 0.0
    stopped_by: int | None = None
    stopped_for: RunEnd | None = None
    unfinished: bool = False
    full: bool = False
    sent: list[dict[str, str | int]] = field(default_factory=list)
    errors: list[tuple[str, str]] = field(default_factory=list)
    unknown_batches: list[int] = field(default_factory=list)
    programs: dict[str, int] = field(default_factory=dict)
    over_budget: list[str] = field(default_factory=list)
    at_most_shots: int = 0

    @property
    def exit_code(self) -> int:
        """0 all well, 1 some failed or await a decision, 3 unfinished, 128 + signal."""
        if self.stopped_by is not None:
            return 128 + self.stopped_by
        if self.left and (self.over_budget or self.stopped_for is RunEnd.DEADLINE):
            return 3
        if any((self.failed, self.unknown, self.unknown_batches, self.programs.get("error"))):
            return 1
        return 3 if self.unfinished else 0
