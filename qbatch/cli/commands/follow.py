"""``qbatch cancel``, ``sync``, ``wait`` and ``watch``."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from qbatch.api import groups as api_groups
from qbatch.api import runs
from qbatch.cli import options as opt
from qbatch.cli import output, summary, tables, targets, values, why_text
from qbatch.cli import run_options as run_opt
from qbatch.errors import NotFound, UsageError

if TYPE_CHECKING:
    from qbatch.api.job_group import JobGroup
    from qbatch.api.watching import Look
    from qbatch.cli.live_view import Act
    from qbatch.domain.groups import Group
    from qbatch.engine import Observer, RunReport, RunSettings


def cancel(
    ctx: typer.Context, groups: opt.Targets, narrowing: opt.Narrowing, json: opt.Json = False
) -> None:
    """Cancel jobs.

    Unsent ones at once; those under way by asking the run that has them.

    Example: qbatch cancel scan/40-50
    """
    ended = []
    for one in targets.targets(ctx, groups, narrowing):
        cancelled, asked, hosted = runs.cancel(one.group.target(one.selection))
        ended.append({"group": one.group.name, "cancelled": cancelled, "asked": asked})
        if not json:
            _tell_cancelled(one.group.name, cancelled, asked, hosted)
    if json:
        output.print_json("cancelled", ended)


def _tell_cancelled(name: str, unsent: int, under_way: int, hosted: int) -> None:
    if not (unsent or under_way or hosted):
        print(f"nothing to cancel in {name}: no job that is meant is unsent or under way")
        return
    if hosted:
        print(f"cancelled {output.plural(hosted, 'program')} of {name}")
    if unsent or not hosted:
        print(f"cancelled {output.plural(unsent, 'unsent job')} of {name}")
    if under_way:
        print(
            f"asked to stop {output.plural(under_way, 'job')} under way; what lands first is kept"
        )


def sync(
    ctx: typer.Context,
    groups: Annotated[
        list[str] | None, typer.Argument(metavar="[GROUP…]", help="Default: all groups.")
    ] = None,
    wait_lock: run_opt.WaitLock = None,
    log: opt.Log = opt.Log(),
    quiet: opt.Quiet = False,
    json: opt.Json = False,
) -> None:
    """Fetch results of batches sent earlier.

    What has finished is stored; nothing is sent. Exit code 3 while some are under way.

    Example: qbatch sync scan
    """
    log.start()
    settings = runs.fetched(values.seconds(wait_lock, "--wait-lock") or 0.0)
    _run(ctx, groups, settings, quiet=quiet, json=json)


def wait(
    ctx: typer.Context,
    groups: Annotated[
        list[str] | None, typer.Argument(metavar="[GROUP…]", help="Default: all groups.")
    ] = None,
    timeout: Annotated[
        str | None,
        opt.option(
            "--timeout", metavar="TIME", section=opt.LIMITS, help="Wait no longer than that."
        ),
    ] = None,
    wait_lock: run_opt.WaitLock = None,
    log: opt.Log = opt.Log(),
    quiet: opt.Quiet = False,
    json: opt.Json = False,
) -> None:
    """Wait for batches sent earlier.

    Their results are stored as they come; nothing is sent. Exit code 3 on timeout.

    Example: qbatch wait scan --timeout 1h
    """
    log.start()
    lock = values.seconds(wait_lock, "--wait-lock") or 0.0
    settings = runs.followed(values.seconds(timeout, "--timeout"), lock)
    _run(ctx, groups, settings, quiet=quiet, json=json)


def _run(
    ctx: typer.Context,
    names: list[str] | None,
    settings: RunSettings,
    *,
    quiet: bool,
    json: bool,
) -> None:
    held: list[Group] = []
    if names:
        groups = targets.groups(ctx, names)
    else:
        waiting, held = api_groups.under_way(targets.context(ctx).db)
        if settings.wait_lock:  # then for those that others run, too
            waiting, held = [*waiting, *held], []
        groups = [targets.group(ctx, group.name) for group in waiting]
    for group in held:
        output.message(f"{group.name} is being run: that run stores its results itself")
    if not groups:
        if json:
            output.print_json("run", None, exit_code=3 if held else 0)
        if held:
            raise typer.Exit(3)
        output.message("nothing is under way")
        return

    def work(watcher: Observer) -> RunReport:
        report = runs.run([group.target() for group in groups], settings, observer=watcher)
        report.unfinished = report.unfinished or bool(held)
        return report

    summary.run_and_report(groups, work, quiet=quiet, json=json)


def watch(
    ctx: typer.Context,
    groups: Annotated[
        list[str] | None,
        typer.Argument(metavar="[GROUP…]", help="Default: all groups, until you leave."),
    ] = None,
    interval: Annotated[
        str, opt.option("--interval", metavar="TIME", section=opt.HOW, help="Between two looks.")
    ] = "0.5",
    quiet: Annotated[
        bool, opt.option("--quiet", "-q", section=opt.OUTPUT, help="No progress.")
    ] = False,
    json: opt.Json = False,
) -> None:
    """Follow runs that other processes do, to their end.

    In a terminal a live view: jobs, rates, batches, failures, spending. Up and down choose a job
    that failed or is under way, / names another one; w asks why, c cancels it, q leaves.
    Elsewhere a line now and then.

    Exit code 0 if all jobs are done, 1 if some failed or have an unknown outcome, 3 if
    work remains.

    Example: qbatch watch scan
    """
    seconds = max(0.05, values.seconds(interval, "--interval") or 0.0)
    chosen = targets.groups(ctx, groups) if groups else _all(ctx)
    if not chosen:
        output.message("no groups yet; qbatch add GROUP FILE… makes one")
        return
    from qbatch.cli import live

    if live.is_possible() and not (quiet or json):
        _watch_live(ctx, chosen, seconds, stays=not groups)
    else:
        _watch_plainly(chosen, seconds, quiet=quiet or json)
    if not groups:  # some may have been made meanwhile, or are gone
        chosen = _all(ctx)
    _tell_ended([group.status() for group in chosen], quiet=quiet, json=json)


def _all(ctx: typer.Context) -> list[JobGroup]:
    found = api_groups.list_groups(targets.context(ctx).db)
    return [targets.group(ctx, group.name) for group in found]


def _tell_ended(ended: Sequence[Group], *, quiet: bool, json: bool) -> None:
    """How groups stand when nobody watches any more.

    Raises:
        typer.Exit: with the worst of their exit codes.
    """
    code = max(map(_exit_code, ended), key=(0, 3, 1).index, default=0)
    if json and len(ended) == 1:
        output.print_json("group", tables.group_entry(ended[0]), exit_code=code)
    elif json:
        output.print_json("groups", [tables.group_entry(now) for now in ended], exit_code=code)
    elif not quiet:
        for now in ended:
            print(f"{now.name}: {output.counts_text(now.counts)}")
    raise typer.Exit(code)


def _watch_plainly(chosen: Sequence[JobGroup], seconds: float, *, quiet: bool) -> None:
    """A bar, or lines, over the jobs of all groups, until none is run any more."""
    from qbatch.api.progress import observer, state_of

    watcher = observer(quiet=quiet)
    try:
        while True:
            running = [group.is_running() for group in chosen]
            watcher.update(state_of([group.status() for group in chosen]))
            if not any(running):
                return
            time.sleep(seconds)
    finally:
        watcher.close()


def _watch_live(
    ctx: typer.Context, chosen: Sequence[JobGroup], seconds: float, *, stays: bool
) -> None:
    """The live view; without names, groups that are made meanwhile come into it."""
    from qbatch.api.watching import look
    from qbatch.cli.live import watch as watch_live

    def looks() -> list[Look]:
        if not stays:
            return [look(group) for group in chosen]
        known = {group.name: group for group in chosen}
        now = api_groups.list_groups(targets.context(ctx).db)
        found = []
        for one in now:
            with contextlib.suppress(NotFound):  # deleted this moment
                found.append(look(known.get(one.name) or targets.group(ctx, one.name)))
        return found

    def act(wish: Act, width: int, height: int) -> tuple[str, Sequence[str]]:
        if wish.verb == "picture":
            return "", _picture(targets.group(ctx, wish.target), width, height)
        meant = targets.one_job(ctx, wish.target)
        if wish.verb == "cancel":
            cancelled, asked, hosted = runs.cancel(meant.group.target(meant.selection))
            said = "asked to stop" if asked else "cancelled" if cancelled or hosted else "has ended"
            return f"{wish.target}: {said}", ()
        return "", why_text.lines(meant)

    with contextlib.suppress(KeyboardInterrupt):
        watch_live(looks, act, seconds=seconds, stays=stays)


def _picture(group: JobGroup, width: int, height: int) -> list[str]:
    """How a group's programs converge; nothing as long as none has reported a value."""
    from qbatch.results.terminal import text

    try:
        return text(group.convergence(), width=width, height=max(8, height - 14)).splitlines()
    except UsageError:
        return []


def _exit_code(group: Group) -> int:
    from qbatch.domain.states import UNSUCCESSFUL, Status

    if any(group.counts.get(status) for status in (*UNSUCCESSFUL, Status.UNKNOWN)):
        return 1
    return 0 if group.counts.get(Status.DONE, 0) == group.total else 3
