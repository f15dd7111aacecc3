"""``qbatch run``, ``run-parallel``, ``run-sequential`` and ``rerun``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from qbatch.cli import options as opt
from qbatch.cli import output
from qbatch.cli import run_options as ro
from qbatch.cli.commands.add import MeasureAll, Shots, added_text
from qbatch.cli.commands.plan import tell_plan
from qbatch.cli.summary import run_and_tell, tell
from qbatch.errors import UsageError

if TYPE_CHECKING:
    from qbatch.api.group import JobGroup


def run(
    ctx: typer.Context,
    groups: opt.GroupNames,
    add: ro.Add = None,
    shots: Shots = None,
    measure_all: MeasureAll = False,
    parallel: ro.Parallel = True,
    delay: ro.Delay = 0.0,
    backend: ro.BackendName = None,
    executor: ro.Executor = "auto",
    sampling: ro.SamplingKind = opt.Sampling.AUTO,
    batching: ro.BatchingMode = opt.Batching.MERGED,
    max_batch_size: ro.MaxBatchSize = None,
    max_in_flight: ro.MaxInFlight = None,
    rate: ro.Rate = None,
    no_coalesce: ro.NoCoalesce = False,
    limit: ro.Limit = None,
    seed: ro.Seed = None,
    sort: ro.Sort = opt.Order.ADDED,
    retries: ro.Retries = 3,
    max_failures: ro.MaxFailures = None,
    timeout: ro.Timeout = None,
    deadline: ro.Deadline = None,
    bisect: ro.Bisect = False,
    follow: Annotated[
        bool, typer.Option("--follow", help="Stay for jobs that are added, until closed or idle.")
    ] = False,
    idle: Annotated[
        float | None,
        typer.Option("--idle", metavar="SECONDS", help="With --follow: stay no longer without."),
    ] = None,
    no_wait: ro.NoWait = False,
    wait_lock: ro.WaitLock = 0.0,
    notify: ro.Notify = None,
    dry_run: ro.DryRun = False,
    log_file: ro.LogFile = None,
    log_level: ro.LogLevel = opt.Level.INFO,
    quiet: ro.Quiet = False,
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
    if dry_run and add:
        raise UsageError("--dry-run adds nothing; qbatch add the circuits first")
    if (shots is not None or measure_all) and not add:
        raise UsageError("--shots and --measure-all go with --add; stored jobs have their own")
    opt.start_log(log_file, log_level)
    chosen = _groups(ctx, groups, add or [], shots, measure_all, quiet=quiet or json)
    if dry_run:
        from qbatch.api.group import plan_groups

        tell_plan(plan_groups(chosen, settings), json=json)
        return
    run_and_tell(chosen, settings, quiet=quiet, json=json)


def run_parallel(
    ctx: typer.Context,
    groups: opt.GroupNames,
    backend: ro.BackendName = None,
    max_batch_size: ro.MaxBatchSize = None,
    max_in_flight: ro.MaxInFlight = None,
    limit: ro.Limit = None,
    seed: ro.Seed = None,
    log_file: ro.LogFile = None,
    log_level: ro.LogLevel = opt.Level.INFO,
    quiet: ro.Quiet = False,
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
        log_file=log_file,
        log_level=log_level,
        quiet=quiet,
        json=json,
    )


def run_sequential(
    ctx: typer.Context,
    groups: opt.GroupNames,
    delay: ro.Delay = 0.0,
    backend: ro.BackendName = None,
    limit: ro.Limit = None,
    seed: ro.Seed = None,
    log_file: ro.LogFile = None,
    log_level: ro.LogLevel = opt.Level.INFO,
    quiet: ro.Quiet = False,
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
        log_file=log_file,
        log_level=log_level,
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
    parallel: ro.Parallel = True,
    delay: ro.Delay = 0.0,
    backend: ro.BackendName = None,
    max_batch_size: ro.MaxBatchSize = None,
    retries: ro.Retries = 3,
    timeout: ro.Timeout = None,
    deadline: ro.Deadline = None,
    bisect: ro.Bisect = False,
    wait_lock: ro.WaitLock = 0.0,
    dry_run: ro.DryRun = False,
    log_file: ro.LogFile = None,
    log_level: ro.LogLevel = opt.Level.INFO,
    quiet: ro.Quiet = False,
    json: opt.Json = False,
) -> None:
    """Run failed and cancelled jobs again.

    Only those: the job gets a new attempt, its history stays. One that --keep has made a
    new job for is left. With nothing to rerun it does nothing.

    Example: qbatch rerun scan --jobs 17,40-45
    """
    from qbatch.api.progress import observer

    if failed and jobs is not None:
        raise UsageError("--failed means all failed jobs; --jobs chooses some: give one of them")
    chosen = opt.existing_group(ctx, group)
    if dry_run:
        plan = chosen.plan_rerun(
            jobs,
            sequential=not parallel,
            backend=backend,
            max_batch_size=max_batch_size,
        )
        tell_plan(plan, json=json)
        return
    opt.start_log(log_file, log_level)
    watcher = observer(quiet=quiet)
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
            said = f"nothing to rerun in {group}: no failed or cancelled jobs{among}"
            if replaced := chosen.num_replaced(jobs):
                said += f" but {replaced} that rerun --keep has made a new job for"
            print(said)
        return
    tell([chosen], report, quiet=quiet, json=json)


def sync(
    ctx: typer.Context,
    groups: Annotated[
        list[str] | None, typer.Argument(metavar="[GROUP…]", help="Default: all groups.")
    ] = None,
    wait_lock: ro.WaitLock = 0.0,
    log_file: ro.LogFile = None,
    log_level: ro.LogLevel = opt.Level.INFO,
    quiet: ro.Quiet = False,
    json: opt.Json = False,
) -> None:
    """Fetch results of batches sent earlier.

    What has finished is stored; nothing is sent. Exit code 3 while some are under way.

    Example: qbatch sync scan
    """
    from qbatch.api.group import JobGroup
    from qbatch.engine import RunSettings

    opt.start_log(log_file, log_level)
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
    wait_lock: ro.WaitLock = 0.0,
    log_file: ro.LogFile = None,
    log_level: ro.LogLevel = opt.Level.INFO,
    quiet: ro.Quiet = False,
    json: opt.Json = False,
) -> None:
    """Wait for batches sent earlier.

    Their results are stored as they come; nothing is sent. Exit code 3 on timeout.

    Example: qbatch wait scan --timeout 3600
    """
    from qbatch.engine import RunSettings

    opt.start_log(log_file, log_level)
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
