"""``qbatch plan``, ``run``, ``run-parallel``, ``run-sequential`` and ``rerun``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from qbatch.api import runs
from qbatch.cli import options as opt
from qbatch.cli import output, programs, summary, targets, values
from qbatch.cli import run_options as run_opt
from qbatch.cli.asking import check_price
from qbatch.cli.commands.add import added_text
from qbatch.cli.plan_output import print_plan
from qbatch.domain.naming import shell_quote
from qbatch.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qbatch.api.options import RunOptions
    from qbatch.api.runs import Target
    from qbatch.cli.targets import Chosen
    from qbatch.engine import RunSettings


def plan(
    ctx: typer.Context,
    groups: opt.Targets,
    narrowing: opt.Narrowing,
    running: run_opt.Running,
    hosting: run_opt.Hosting,
    sequence: run_opt.Sequence,
    log: opt.Log,
    json: opt.Json = False,
) -> None:
    """Show what a run would do, and send nothing.

    Batches and their sizes, circuits after equal ones are put together, shots, requests,
    and what is known of time, memory and cost. Takes the options of qbatch run.

    Example: qbatch plan scan --backend cloud
    """
    chosen = targets.targets(ctx, groups, narrowing)
    if "," in (running.backend or ""):
        raise UsageError("plan takes one backend at a time", hint="--backend NAME, for each")
    settings = _settings(chosen, {**sequence.options(), **running.options(), **hosting.options()})
    print_plan(runs.plan(_targets(chosen), settings), json=json)


def run(
    ctx: typer.Context,
    groups: opt.Targets,
    narrowing: opt.Narrowing,
    running: run_opt.Running,
    hosting: run_opt.Hosting,
    sequence: run_opt.Sequence,
    log: opt.Log,
    first: run_opt.AddFirst,
    quiet: opt.Quiet = False,
    json: opt.Json = False,
) -> None:
    """Run the unsent jobs of groups.

    They are merged into few, large batches. Every result is stored as it lands; stopped
    at any moment, the next run goes on. Exit code 1 if a job failed.

    Example: qbatch run scan --max-batch-size 500
    """
    options: RunOptions = {**sequence.options(), **running.options(), **hosting.options()}
    first.check(dry_run=running.dry_run)
    log.start()
    if first.add:
        _add(ctx, groups, first, quiet=quiet or json)
    chosen = targets.targets(ctx, groups, narrowing)
    if "," in (running.backend or ""):
        chosen, options = _copies(chosen, running), {**options, "backend": None}
    settings = _settings(chosen, options)
    if running.dry_run:
        print_plan(runs.plan(_targets(chosen), settings), json=json)
        return
    if not running.yes:
        check_price(runs.priced_plan(_targets(chosen), settings))
    summary.run_and_report(
        [one.group for one in chosen],
        lambda watcher: runs.run(_targets(chosen), settings, observer=watcher),
        quiet=quiet,
        json=json,
        some=any(not one.selection.is_all for one in chosen),
    )


def run_parallel(
    ctx: typer.Context,
    groups: opt.Targets,
    narrowing: opt.Narrowing,
    running: run_opt.Running,
    hosting: run_opt.Hosting,
    log: opt.Log,
    first: run_opt.AddFirst,
    quiet: opt.Quiet = False,
    json: opt.Json = False,
) -> None:
    """Run the unsent jobs of groups, many at once: qbatch run --parallel.

    Example: qbatch run-parallel scan
    """
    run(ctx, groups, narrowing, running, hosting, run_opt.Sequence(), log, first, quiet, json)


def run_sequential(
    ctx: typer.Context,
    groups: opt.Targets,
    narrowing: opt.Narrowing,
    running: run_opt.Running,
    hosting: run_opt.Hosting,
    log: opt.Log,
    first: run_opt.AddFirst,
    delay: run_opt.DelayOnly = None,
    quiet: opt.Quiet = False,
    json: opt.Json = False,
) -> None:
    """Run the unsent jobs of groups one after another: qbatch run --sequential.

    Example: qbatch run-sequential scan --delay 5
    """
    sequence = run_opt.Sequence(parallel=False, delay=delay)
    run(ctx, groups, narrowing, running, hosting, sequence, log, first, quiet, json)


def rerun(
    ctx: typer.Context,
    groups: opt.Targets,
    narrowing: opt.Narrowing,
    running: run_opt.Running,
    hosting: run_opt.Hosting,
    sequence: run_opt.Sequence,
    log: opt.Log,
    keep: Annotated[
        bool,
        opt.option(
            "--keep", section=opt.HOW, help="Leave a failed job and append a new one for it."
        ),
    ] = False,
    from_step: Annotated[
        str | None,
        opt.option(
            "--from-step",
            metavar="N",
            section=run_opt.PROGRAMS,
            help="Let programs go on from a step; what follows is forgotten. Asks first.",
        ),
    ] = None,
    quiet: opt.Quiet = False,
    json: opt.Json = False,
) -> None:
    """Run failed and cancelled jobs again, and such programs.

    Only those: the job gets a new attempt, its history stays; a program goes on from what it
    was answered. One that --keep has made a new job for is left. With nothing to rerun it
    does nothing.

    Example: qbatch rerun scan/17,40-45
    """
    step = values.count(from_step, "--from-step")
    chosen = targets.targets(ctx, groups, narrowing)
    settings = _settings(chosen, {**sequence.options(), **running.options(), **hosting.options()})
    if running.dry_run:
        print_plan(runs.plan_rerun(_targets(chosen), settings, from_step=step), json=json)
        return
    log.start()
    if step is not None and not running.yes:
        programs.agree_to_forget(chosen, step)
    if not running.yes:
        check_price(runs.priced_plan(_targets(chosen), settings, again=True, from_step=step))
    summary.run_and_report(
        [one.group for one in chosen],
        lambda watcher: runs.rerun(
            _targets(chosen), settings, keep=keep, from_step=step, observer=watcher
        ),
        quiet=quiet,
        json=json,
        nothing=lambda: _nothing_to_rerun(groups, chosen),
    )


def _nothing_to_rerun(texts: Sequence[str], chosen: Sequence[Chosen]) -> str:
    names = " ".join(map(shell_quote, texts))
    said = f"nothing to rerun in {names}: no failed or cancelled jobs"
    if any(not one.selection.is_all for one in chosen):
        said += " among those that are meant"
    if replaced := runs.num_replaced(_targets(chosen)):
        said += f" but {replaced} that rerun --keep has made a new job for"
    return said


def _copies(chosen: Sequence[Chosen], running: run_opt.Running) -> list[Chosen]:
    """The copies of a group for several backends.

    Raises:
        UsageError: several groups, or some jobs of one, are meant; or nothing shall be made.
    """
    from qbatch.api.copies import copies_for
    from qbatch.cli.targets import Chosen

    if len(chosen) > 1 or not chosen[0].selection.is_all:
        raise UsageError("--backend A,B is for one whole group: each backend gets a copy of it")
    if running.dry_run:
        raise UsageError("--backend A,B makes copies: --dry-run takes one backend at a time")
    made = copies_for(chosen[0].group, str(running.backend).split(","))
    return [Chosen(one, chosen[0].selection, None) for one in made]


def _settings(chosen: Sequence[Chosen], options: RunOptions) -> RunSettings:
    return runs.settings_of(chosen[0].group.config, options)


def _targets(chosen: Sequence[Chosen]) -> list[Target]:
    return [one.group.target(one.selection) for one in chosen]


def _add(ctx: typer.Context, names: list[str], first: run_opt.AddFirst, *, quiet: bool) -> None:
    if len(set(names)) > 1:
        raise UsageError("--add puts circuits into one group; name just that one")
    group = targets.group(ctx, names[0], "defer")
    report = group.add(
        *(first.add or ()),
        shots=values.count(first.shots, "--shots"),
        measure_all=first.measure_all,
    )
    if not quiet:
        output.message(added_text(names[0], report))
