"""Options of the commands that run jobs, each declared once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from qbatch.cli import values
from qbatch.cli.families import Family
from qbatch.cli.options import HOW, LIMITS, OUTPUT, WHERE, WHICH, option
from qbatch.errors import UsageError

if TYPE_CHECKING:
    from qbatch.api.options import RunOptions

PROGRAMS = "Programs"
SAMPLINGS = ("auto", "exact", "shots", "stim")


@dataclass(kw_only=True)
class AddFirst(Family):
    """Circuits that a run adds to its group before anything else."""

    add: Annotated[
        list[str] | None,
        option("--add", metavar="PATH", section=WHICH, help="Add circuits first. Repeatable."),
    ] = None
    shots: Annotated[
        str | None,
        option("--shots", metavar="N", section=HOW, help="With --add: of each job, 1000, 1e4, 4k."),
    ] = None
    measure_all: Annotated[
        bool,
        option("--measure-all", section=HOW, help="With --add: measure every qubit at the end."),
    ] = False

    def check(self, *, dry_run: bool) -> None:
        """Make sure that what is said of new jobs stands beside new jobs.

        Raises:
            UsageError: it does not.
        """
        if dry_run and self.add:
            raise UsageError("--dry-run adds nothing; qbatch add the circuits first")
        if (self.shots is not None or self.measure_all) and not self.add:
            raise UsageError("--shots and --measure-all go with --add; stored jobs have their own")


WaitLock = Annotated[
    str | None,
    option(
        "--wait-lock", metavar="TIME", section=LIMITS, help="Wait so long for another run to end."
    ),
]


@dataclass(kw_only=True)
class Running(Family):
    """How jobs are run: the options of run, run-parallel, run-sequential, rerun and plan."""

    backend: Annotated[
        str | None,
        option(
            "--backend",
            metavar="NAME",
            section=WHERE,
            help="Whatever the jobs name. Of several, A,B, each gets a copy of the group.",
        ),
    ] = None
    executor: Annotated[
        str | None,
        option(
            "--executor",
            metavar="KIND",
            section=WHERE,
            help="auto, serial, local:N or dask:tcp://HOST:PORT.",
        ),
    ] = None
    sampling: Annotated[
        str | None,
        option(
            "--sampling",
            metavar="|".join(SAMPLINGS),
            section=HOW,
            help="By the exact distribution, or shot by shot; stim: Clifford circuits by Stim.",
        ),
    ] = None
    batching: Annotated[
        str | None,
        option(
            "--batching", metavar="merged|off", section=HOW, help="Many jobs a submission, or one."
        ),
    ] = None
    max_batch_size: Annotated[
        str | None,
        option("--max-batch-size", metavar="N", section=HOW, help="A hard cap on jobs a batch."),
    ] = None
    max_in_flight: Annotated[
        str | None,
        option(
            "--max-in-flight",
            metavar="N",
            section=HOW,
            help="Batches under way at once; -1: all that the backend takes.",
        ),
    ] = None
    rate: Annotated[
        str | None,
        option("--rate", metavar="N", section=HOW, help="Most requests a second to a service."),
    ] = None
    no_coalesce: Annotated[
        bool, option("--no-coalesce", section=HOW, help="Simulate equal circuits each for itself.")
    ] = False
    seed: Annotated[
        str | None,
        option("--seed", metavar="N", section=HOW, help="For jobs without a seed of their own."),
    ] = None
    order: Annotated[
        str | None,
        option("--order", metavar="added|key", section=HOW, help="Order of sending."),
    ] = None
    limit: Annotated[
        str | None, option("--limit", metavar="N", section=WHICH, help="No more jobs than that.")
    ] = None
    retries: Annotated[
        str | None,
        option(
            "--retries",
            metavar="N",
            section=LIMITS,
            help="Further tries after a passing failure. Default 3.",
        ),
    ] = None
    max_failures: Annotated[
        str | None,
        option(
            "--max-failures", metavar="N|P%", section=LIMITS, help="Stop when as many have failed."
        ),
    ] = None
    timeout: Annotated[
        str | None,
        option(
            "--timeout", metavar="TIME", section=LIMITS, help="Give a batch up after 600, 10m, 2h."
        ),
    ] = None
    deadline: Annotated[
        str | None,
        option(
            "--deadline", metavar="TIME", section=LIMITS, help="Stop at 06:00, 2026-01-31T06:00."
        ),
    ] = None
    bisect: Annotated[
        bool,
        option(
            "--bisect",
            section=LIMITS,
            help="Split a batch that failed while running; good jobs run again.",
        ),
    ] = False
    max_cost: Annotated[
        str | None,
        option("--max-cost", metavar="N", section=LIMITS, help="What this run may cost at most."),
    ] = None
    max_shots_total: Annotated[
        str | None,
        option("--max-shots-total", metavar="N", section=LIMITS, help="Shots of this run at most."),
    ] = None
    max_qpu_seconds: Annotated[
        str | None,
        option(
            "--max-qpu-seconds", metavar="TIME", section=LIMITS, help="Of devices, for this run."
        ),
    ] = None
    allow_unpriced: Annotated[
        bool,
        option(
            "--allow-unpriced",
            section=LIMITS,
            help="Send what nobody knows the price of, though a budget or cap holds.",
        ),
    ] = False
    wait_lock: WaitLock = None
    no_wait: Annotated[
        bool,
        option("--no-wait", section=HOW, help="Send and leave; qbatch sync or wait fetches."),
    ] = False
    follow: Annotated[
        bool,
        option("--follow", section=HOW, help="Stay for jobs that are added, until closed or idle."),
    ] = False
    idle: Annotated[
        str | None,
        option("--idle", metavar="TIME", section=HOW, help="With --follow: stay no longer."),
    ] = None
    after: Annotated[
        list[str] | None,
        option(
            "--after",
            metavar="GROUP",
            section=HOW,
            help="Begin when all jobs of that group are done. Repeatable.",
        ),
    ] = None
    notify: Annotated[
        str | None,
        option("--notify", metavar="URL", section=OUTPUT, help="POST there how the run ended."),
    ] = None
    yes: Annotated[
        bool,
        option("--yes", "-y", section=HOW, help="Agree to the price where the backend has one."),
    ] = False
    dry_run: Annotated[
        bool, option("--dry-run", section=HOW, help="Send nothing: show what qbatch plan shows.")
    ] = False

    def options(self) -> RunOptions:
        """What was said; what was not is left to the configuration.

        Raises:
            UsageError: a value cannot be understood.
        """
        said: dict[str, Any] = {
            "backend": self.backend,
            "executor": self.executor,
            "sampling": values.choice(self.sampling, "--sampling", SAMPLINGS),
            "max_batch_size": values.count(self.max_batch_size, "--max-batch-size"),
            "max_in_flight": values.count(self.max_in_flight, "--max-in-flight"),
            "rate": values.number(self.rate, "--rate"),
            "limit": values.count(self.limit, "--limit"),
            "seed": values.count(self.seed, "--seed"),
            "wait_lock": values.seconds(self.wait_lock, "--wait-lock"),
            "retries": values.count(self.retries, "--retries"),
            "max_failures": values.max_failures(self.max_failures),
            "max_cost": values.number(self.max_cost, "--max-cost"),
            "max_shots_total": values.count(self.max_shots_total, "--max-shots-total"),
            "max_qpu_seconds": values.seconds(self.max_qpu_seconds, "--max-qpu-seconds"),
            "timeout": values.seconds(self.timeout, "--timeout"),
            "deadline": values.deadline(self.deadline),
            "idle": values.seconds(self.idle, "--idle"),
            "after": self.after,
            "notify": self.notify,
        }
        flags = {
            "merge": False if self._is(self.batching, "--batching", "off", "merged") else None,
            "by_key": True if self._is(self.order, "--order", "key", "added") else None,
            **_flagged(coalesce=self.no_coalesce, wait=self.no_wait, value=False),
            **_flagged(bisect=self.bisect, follow=self.follow, allow_unpriced=self.allow_unpriced),
        }
        found: Any = {k: v for k, v in {**said, **flags}.items() if v is not None}
        if self.notify == "":
            found["notify"] = None  # nobody, whatever the configuration says
        options: RunOptions = found
        return options

    @staticmethod
    def _is(text: str | None, name: str, word: str, other: str) -> bool:
        return values.choice(text, name, (word, other)) == word


def _flagged(*, value: bool = True, **given: bool) -> dict[str, bool | None]:
    """A value for each flag that was given."""
    return {name: value if flag else None for name, flag in given.items()}


@dataclass(kw_only=True)
class Hosting(Family):
    """How programs are run."""

    schedule: Annotated[
        str | None,
        option(
            "--schedule",
            metavar="barrier|eager",
            section=PROGRAMS,
            help="Send when all have asked, or as soon as there is room. Default: barrier.",
        ),
    ] = None
    max_wait: Annotated[
        str | None,
        option(
            "--max-wait",
            metavar="TIME",
            section=PROGRAMS,
            help="For others to ask. Default 0.05 here, 2 elsewhere; all, where it costs.",
        ),
    ] = None
    step_timeout: Annotated[
        str | None,
        option(
            "--step-timeout",
            metavar="TIME",
            section=PROGRAMS,
            help="End a program that computes longer than that without asking.",
        ),
    ] = None
    program_hosts: Annotated[
        str | None,
        option(
            "--program-hosts",
            metavar="N",
            section=PROGRAMS,
            help="Processes that programs are spread over. Default: up to one a core.",
        ),
    ] = None
    accept_changes: Annotated[
        bool,
        option("--accept-changes", section=PROGRAMS, help="Go on with code that was changed."),
    ] = False
    accept_code: Annotated[
        bool,
        option("--accept-code", section=PROGRAMS, help="Run code that came in an archive."),
    ] = False

    def options(self) -> RunOptions:
        """What was said.

        Raises:
            UsageError: a value cannot be understood.
        """
        said: dict[str, Any] = {
            "schedule": self.schedule,
            "max_wait": values.seconds(self.max_wait, "--max-wait"),
            "step_timeout": values.seconds(self.step_timeout, "--step-timeout"),
            "program_hosts": values.count(self.program_hosts, "--program-hosts"),
            "accept_changes": True if self.accept_changes else None,
            "accept_code": True if self.accept_code else None,
        }
        found: Any = {name: value for name, value in said.items() if value is not None}
        options: RunOptions = found
        return options


@dataclass(kw_only=True)
class Sequence(Family):
    """Whether jobs run one after another."""

    parallel: Annotated[
        bool,
        option("--parallel/--sequential", section=HOW, help="Many at once, or one after another."),
    ] = True
    delay: Annotated[
        str | None,
        option(
            "--delay",
            metavar="TIME",
            section=HOW,
            help="With --sequential: from a job's end to the next one's start, 5 or 1m.",
        ),
    ] = None

    def options(self) -> RunOptions:
        """What was said."""
        found: RunOptions = {} if self.parallel else {"sequential": True}
        if (delay := values.seconds(self.delay, "--delay")) is not None:
            found["delay"] = delay
        return found


DelayOnly = Annotated[
    str | None,
    option(
        "--delay", metavar="TIME", section=HOW, help="From a job's end to the next one's start."
    ),
]
