"""``qbatch run``, ``run-parallel``, ``run-sequential`` and ``rerun``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from qbatch import output
from qbatch.commands import options as opt
from qbatch.commands.add import MeasureAll, Shots, added_text
from qbatch.commands.telling import run_and_tell, tell
from qbatch.errors import UsageError

if TYPE_CHECKING:
    from qbatch.group import JobGroup

Add = Annotated[
    list[str] | None,
    typer.Option("--add", metavar="PATH", help="Add circuits first, as qbatch add. Repeatable."),
]
Delay = Annotated[
    float,
    typer.Option(
        "--delay", metavar="SECONDS", help="From the end of a job to the start of the next."
    ),
]
BackendName = Annotated[
    str | None, typer.Option("--backend", help="Run there, whatever the jobs name.")
]
Executor = Annotated[
    str,
    typer.Option(
        "--executor", metavar="KIND", help="auto, serial, local:N or dask:tcp://HOST:PORT."
    ),
]
SamplingKind = Annotated[
    opt.Sampling,
    typer.Option("--sampling", help="Of exact circuits: from their distribution, or by Aer."),
]
BatchingMode = Annotated[
    opt.Batching, typer.Option("--batching", help="Many jobs a submission, or one.")
]
MaxBatchSize = Annotated[
    int | None, typer.Option("--max-batch-size", metavar="N", help="A hard cap on jobs a batch.")
]
Rate = Annotated[
    float | None,
    typer.Option("--rate", metavar="N", help="Requests a second to a remote backend, at most."),
]
Notify = Annotated[
    str | None, typer.Option("--notify", metavar="URL", help="POST there how the run ended.")
]
MaxInFlight = Annotated[
    int | None, typer.Option("--max-in-flight", metavar="N", help="Batches under way at once.")
]
NoCoalesce = Annotated[
    bool, typer.Option("--no-coalesce", help="Simulate equal circuits each for itself.")
]
Limit = Annotated[
    int | None, typer.Option("--limit", metavar="N", help="Run no more than so many jobs.")
]
Seed = Annotated[
    int | None, typer.Option("--seed", metavar="N", help="For jobs without a seed of their own.")
]
Sort = Annotated[opt.Order, typer.Option("--sort", help="Order of sending.")]
WaitLock = Annotated[
    float,
    typer.Option("--wait-lock", metavar="SECONDS", help="Wait so long for another run to end."),
]
Retries = Annotated[
    int, typer.Option("--retries", metavar="N", help="Further tries after a passing failure.")
]
MaxFailures = Annotated[
    str | None,
    typer.Option("--max-failures", metavar="N|P%", help="Stop when so many jobs have failed."),
]
Timeout = Annotated[
    float | None,
    typer.Option("--timeout", metavar="SECONDS", help="Give a batch up that takes longer."),
]
Deadline = Annotated[
    str | None,
    typer.Option("--deadline", metavar="TIME", help="Stop then: 06:00, or 2026-01-31T06:00."),
]
Bisect = Annotated[
    bool,
    typer.Option("--bisect", help="Split a batch that failed while running; good jobs run again."),
]
NoWait = Annotated[
    bool, typer.Option("--no-wait", help="Send and leave; qbatch sync or wait fetches results.")
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress, no summary.")]


def run(
    ctx: typer.Context,
    groups: opt.GroupNames,
    add: Add = None,
    shots: Shots = None,
    measure_all: MeasureAll = False,
    parallel: Annotated[
        bool,
        typer.Option("--parallel/--sequential", help="Many jobs at once, or one after another."),
    ] = True,
    delay: Delay = 0.0,
    backend: BackendName = None,
    executor: Executor = "auto",
    sampling: SamplingKind = opt.Sampling.AUTO,
    batching: BatchingMode = opt.Batching.MERGED,
    max_batch_size: MaxBatchSize = None,
    max_in_flight: MaxInFlight = None,
    rate: Rate = None,
    no_coalesce: NoCoalesce = False,
    limit: Limit = None,
    seed: Seed = None,
    sort: Sort = opt.Order.ADDED,
    retries: Retries = 3,
    max_failures: MaxFailures = None,
    timeout: Timeout = None,
    deadline: Deadline = None,
    bisect: Bisect = False,
    follow: Annotated[
        bool, typer.Option("--follow", help="Stay for jobs that are added, until closed or idle.")
    ] = False,
    idle: Annotated[
        float | None,
        typer.Option("--idle", metavar="SECONDS", help="With --follow: stay no longer without."),
    ] = None,
    no_wait: NoWait = False,
    wait_lock: WaitLock = 0.0,
    notify: Notify = None,
    quiet: Quiet = False,
    json: opt.Json = False,
) -> None:
    """Run the unsent jobs of groups.

    They are merged into few, large batches. Every result is stored as it lands; stopped
    at any moment, the next run goes on. Exit code 1 where a job failed.

    Example: qbatch run scan --max-batch-size 500
    """
    from qbatch.engine import RunSettings

    settings = RunSettings(
        sequential=not parallel,
        delay=delay,
        backend=backend,
        executor=executor,
        sampling=sampling.value,
        merge=batching is opt.Batching.MERGED,
        max_batch_size=max_batch_size,
        max_in_flight=max_in_flight,
        rate=rate,
        coalesce=not no_coalesce,
        limit=limit,
        seed=seed,
        by_key=sort is opt.Order.KEY,
        retries=retries,
        max_failures=opt.parse_failures(max_failures),
        timeout=timeout,
        deadline=opt.parse_deadline(deadline) if deadline is not None else None,
        bisect=bisect,
        follow=follow,
        idle=idle,
        wait=not no_wait,
        wait_lock=wait_lock,
        notify=notify,
    )
    if (shots is not None or measure_all) and not add:
        raise UsageError("--shots and --measure-all go with --add; stored jobs have their own")
    chosen = _groups(ctx, groups, add or [], shots, measure_all, quiet=quiet or json)
    run_and_tell(chosen, settings, quiet=quiet, json=json)


def run_parallel(
    ctx: typer.Context,
    groups: opt.GroupNames,
    backend: BackendName = None,
    max_batch_size: MaxBatchSize = None,
    max_in_flight: MaxInFlight = None,
    limit: Limit = None,
    seed: Seed = None,
    quiet: Quiet = False,
    json: opt.Json = False,
) -> None:
    """Another name for qbatch run --parallel.

    Example: qbatch run-parallel scan
    """
    run(
        ctx,
        groups,
        backend=backend,
        max_batch_size=max_batch_size,
        max_in_flight=max_in_flight,
        limit=limit,
        seed=seed,
        quiet=quiet,
        json=json,
    )


def run_sequential(
    ctx: typer.Context,
    groups: opt.GroupNames,
    delay: Delay = 0.0,
    backend: BackendName = None,
    limit: Limit = None,
    seed: Seed = None,
    quiet: Quiet = False,
    json: opt.Json = False,
) -> None:
    """Another name for qbatch run --sequential.

    Example: qbatch run-sequential scan --delay 5
    """
    run(
        ctx,
        groups,
        parallel=False,
        delay=delay,
        backend=backend,
        limit=limit,
        seed=seed,
        quiet=quiet,
        json=json,
    )


def rerun(
    ctx: typer.Context,
    group: opt.GroupName,
    failed: Annotated[
        bool, typer.Option("--failed", help="All failed and cancelled jobs (the default).")
    ] = False,
    jobs: Annotated[
        str | None,
        typer.Option("--jobs", metavar="SELECTOR", help="Only these of the failed and cancelled."),
    ] = None,
    keep: Annotated[
        bool, typer.Option("--keep", help="Leave the failed job and append a new one for it.")
    ] = False,
    parallel: Annotated[
        bool,
        typer.Option("--parallel/--sequential", help="Many jobs at once, or one after another."),
    ] = True,
    delay: Delay = 0.0,
    backend: BackendName = None,
    max_batch_size: MaxBatchSize = None,
    retries: Retries = 3,
    timeout: Timeout = None,
    deadline: Deadline = None,
    bisect: Bisect = False,
    wait_lock: WaitLock = 0.0,
    quiet: Quiet = False,
    json: opt.Json = False,
) -> None:
    """Run failed and cancelled jobs again.

    Only those: the job gets a new attempt, its history stays. With nothing to rerun it
    does nothing.

    Example: qbatch rerun scan --jobs 17,40-45
    """
    from qbatch.progress import observer

    if failed and jobs is not None:
        raise UsageError("--failed means all failed jobs; --jobs chooses some: give one of them")
    watcher = observer(quiet=quiet)
    chosen = opt.existing_group(ctx, group)
    try:
        report = chosen.rerun(
            jobs,
            keep=keep,
            observer=watcher,
            sequential=not parallel,
            delay=delay,
            backend=backend,
            max_batch_size=max_batch_size,
            retries=retries,
            timeout=timeout,
            deadline=opt.parse_deadline(deadline) if deadline is not None else None,
            bisect=bisect,
            wait_lock=wait_lock,
        )
    finally:
        watcher.close()
    if report is None:
        if json:
            output.print_json("run", None, group=group, exit_code=0)
        elif not quiet:
            among = f" among {jobs}" if jobs else ""
            print(f"nothing to rerun in {group}: no failed or cancelled jobs{among}")
        return
    tell([chosen], report, quiet=quiet, json=json)


def sync(
    ctx: typer.Context,
    groups: Annotated[
        list[str] | None, typer.Argument(metavar="[GROUP…]", help="Default: all groups.")
    ] = None,
    wait_lock: WaitLock = 0.0,
    quiet: Quiet = False,
    json: opt.Json = False,
) -> None:
    """Fetch results of batches sent earlier.

    What has finished is stored; nothing is sent. Exit code 3 while some are under way.

    Example: qbatch sync scan
    """
    from qbatch.engine import RunSettings
    from qbatch.group import JobGroup

    names = groups or [group.name for group in JobGroup.list_existing(opt.context(ctx).db)]
    if not names:
        if json:
            output.print_json("run", None, exit_code=0)
        output.message("no groups yet")
        return
    chosen = [opt.existing_group(ctx, name) for name in dict.fromkeys(names)]
    settings = RunSettings(submit=False, wait=False, wait_lock=wait_lock)
    run_and_tell(chosen, settings, quiet=quiet, json=json)


def wait(
    ctx: typer.Context,
    groups: opt.GroupNames,
    timeout: Annotated[
        float | None, typer.Option("--timeout", metavar="SECONDS", help="Wait no longer.")
    ] = None,
    wait_lock: WaitLock = 0.0,
    quiet: Quiet = False,
    json: opt.Json = False,
) -> None:
    """Wait for batches sent earlier.

    Their results are stored as they come; nothing is sent. Exit code 3 on timeout.

    Example: qbatch wait scan --timeout 3600
    """
    from qbatch.engine import RunSettings

    chosen = [opt.existing_group(ctx, name) for name in dict.fromkeys(groups)]
    settings = RunSettings(submit=False, wait_seconds=timeout, wait_lock=wait_lock)
    run_and_tell(chosen, settings, quiet=quiet, json=json)


def _groups(
    ctx: typer.Context,
    names: list[str],
    paths: list[str],
    shots: int | None,
    measure_all: bool,
    *,
    quiet: bool,
) -> list[JobGroup]:
    from qbatch.config import configured_defaults

    if paths and len(names) > 1:
        raise UsageError("--add puts circuits into one group; name just that one")
    chosen = []
    for name in dict.fromkeys(names):
        group = opt.group(ctx, name, must_exist=not paths)
        if paths:
            if shots is None:
                shots = configured_defaults(opt.context(ctx).config).get("shots")
            report = group.add(*paths, shots=shots, measure_all=measure_all)
            if not quiet:
                output.message(added_text(name, report))
        chosen.append(group)
    return chosen
