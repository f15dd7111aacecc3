"""What a user may ask of a run."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from qbatch.domain.budgets import Budget
from qbatch.errors import UsageError
from qbatch.rules.batching import Policy

SCHEDULES = ("barrier", "eager")
_LEAST = (
    ("delay", 0, "not a number of seconds"),
    ("max_in_flight", 1, "nothing could be sent"),
    ("limit", 1, "nothing could be run"),
    ("retries", 0, "fewer than none"),
    ("seed", 0, "a seed is not negative"),
    ("idle", 0, "not a number of seconds"),
    ("wait_lock", 0, "not a number of seconds"),
    ("max_wait", 0, "not a number of seconds"),
    ("program_hosts", 1, "nothing could run programs"),
)
"""Settings with their least value, and what is wrong with a lesser one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSettings:
    """How one run goes; every setting has a default.

    Attributes:
        sequential: one job at a time, each submitted when the one before has ended.
        delay: seconds from the end of a job to the start of the next; sequential only.
        backend: instead of what the jobs name.
        default_backend: for jobs whose group names none either; default ``aer``.
        homes: the same by payload format, for those that the default backend does not run.
        prices: by backend, per ``shot``, ``task`` (a circuit), ``batch`` or ``second``; they go
            before what a backend says of itself.
        budgets: by backend, what may be spent there over all runs.
        executor: ``auto``, ``serial``, ``local`` or ``local:N``, for local backends.
        sampling: ``auto``, ``exact``, ``shots`` or ``stim``, for local backends and jobs that
            do not say it themselves.
        rate: the most requests a second to a remote backend.
        merge: many jobs in one submission.
        max_batch_size: a hard cap on the jobs of a batch.
        coalesce: simulate equal circuits of a batch once.
        max_in_flight: batches under way at once; None or -1: all that the backend takes.
        limit: run no more jobs than that.
        seed: for jobs without a seed of their own.
        by_key: send in the order of keys instead of the order of adding.
        wait_lock: seconds to wait for another run of the same groups to end.
        submit: send unsent jobs; otherwise only what is under way is looked after.
        wait: follow what is under way to its end; otherwise look once and leave.
        wait_seconds: follow it no longer than that.
        retries: further tries after a transient failure.
        max_failures: stop when that many jobs have failed; below 1, that share of the jobs.
        max_cost: that the batches of this run may come to, in the backends' currency.
        max_shots_total: that they may ask for.
        max_qpu_seconds: that devices may work on them.
        allow_unpriced: send also what has no ceiling, where one of these or a budget holds.
        timeout: seconds after which a batch is given up.
        deadline: when to stop, in seconds since the epoch.
        follow: when nothing is left, wait for jobs that are added, as long as one of the
            groups is open.
        idle: end that waiting after that many seconds without a job.
        after: names of groups; the run begins when all of their jobs are done.
        notify: where to POST how the run ended.
        schedule: of programs, ``barrier`` or ``eager``; see `qbatch.programs.schedule`.
        max_wait: seconds that a program waits at most for others, so that their jobs share
            batches.
        step_timeout: seconds that a program may compute for between two steps.
        program_hosts: number of processes that programs are spread over; None: one, or one a core
            where there are many.
        accept_changes: go on with programs whose code was changed since.
        accept_code: run the code of programs that came in an archive.
        bisect: split a batch that failed while running, to find the culprit. It costs:
            the good jobs of the batch are run again.
    """

    sequential: bool = False
    delay: float = 0.0
    backend: str | None = None
    default_backend: str | None = None
    homes: Mapping[str, str] = field(default_factory=dict)
    prices: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    budgets: Mapping[str, Budget] = field(default_factory=dict)
    executor: str = "auto"
    sampling: str = "auto"
    rate: float | None = None
    merge: bool = True
    max_batch_size: int | None = None
    coalesce: bool = True
    max_in_flight: int | None = None
    limit: int | None = None
    seed: int | None = None
    by_key: bool = False
    wait_lock: float = 0.0
    submit: bool = True
    wait: bool = True
    wait_seconds: float | None = None
    retries: int = 3
    max_failures: float | None = None
    max_cost: float | None = None
    max_shots_total: int | None = None
    max_qpu_seconds: float | None = None
    allow_unpriced: bool = False
    timeout: float | None = None
    deadline: float | None = None
    bisect: bool = False
    follow: bool = False
    idle: float | None = None
    after: tuple[str, ...] = ()
    notify: str | None = None
    schedule: str = "barrier"
    max_wait: float | None = None
    step_timeout: float | None = None
    program_hosts: int | None = None
    accept_changes: bool = False
    accept_code: bool = False

    def __post_init__(self) -> None:
        if self.max_in_flight == -1:
            object.__setattr__(self, "max_in_flight", None)
        for message in (*self._wrong_numbers(), *self._wrong_together()):
            raise UsageError(message)
        if not _is_address(self.notify):
            raise UsageError(f"--notify {self.notify}: not an http or https address")
        object.__setattr__(self, "after", tuple(self.after))
        self.policy()

    def _wrong_numbers(self) -> Iterator[str]:
        """What is wrong with single values."""
        for name, least, why in _LEAST:
            value = getattr(self, name)
            if value is not None and not least <= value < math.inf:
                yield f"--{name.replace('_', '-')} {value}: {why}"
        for name in ("max_failures", "timeout", "rate", "step_timeout", "max_cost",
                     "max_shots_total", "max_qpu_seconds"):  # fmt: skip
            value = getattr(self, name)
            if value is not None and not value > 0:
                yield f"--{name.replace('_', '-')} {value}: not above 0"
        if self.schedule not in SCHEDULES:
            yield f"--schedule {self.schedule!r}: one of {', '.join(SCHEDULES)}"

    def _wrong_together(self) -> Iterator[str]:
        """What does not go with something else, and addresses that are none."""
        if not self.sequential and self.delay:
            yield "--delay goes with --sequential"
        if self.sequential and self.max_batch_size not in (None, 1):
            yield "a sequential run submits one job at a time; --max-batch-size has no place"
        if not self.follow and self.idle is not None:
            yield "--idle goes with --follow"
        if self.follow and not (self.limit is None and self.wait):
            yield "--follow waits for jobs; --limit and --no-wait have no place"

    def policy(self) -> Policy:
        """The batching policy; a sequential run sends every job alone."""
        if self.sequential:
            return Policy(merge=False)
        return Policy(merge=self.merge, max_batch_size=self.max_batch_size)

    def too_many_failures(self, failed: int, total: int) -> bool:
        """Whether the failures so far are more than the user wants to see."""
        if self.max_failures is None or not failed:
            return False
        allowed = self.max_failures if self.max_failures >= 1 else self.max_failures * total
        return failed >= allowed


def _is_address(url: str | None) -> bool:
    return url is None or url.startswith(("http://", "https://"))
