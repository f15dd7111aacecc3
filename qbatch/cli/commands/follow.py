"""``qbatch open``, ``close`` and ``watch``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from qbatch.cli import options as opt
from qbatch.cli import output

if TYPE_CHECKING:
    from qbatch.domain.groups import Group
    from qbatch.engine.report import RunState

Names = Annotated[list[str], typer.Argument(metavar="GROUP…", help="Names of groups.")]


def close(ctx: typer.Context, groups: Names, json: opt.Json = False) -> None:
    """Close groups: nothing more can be added.

    What they hold can be run and rerun. A run that follows an open group ends.

    Example: qbatch close scan
    """
    _set_open(ctx, groups, False, json)


def open_(
    ctx: typer.Context,
    groups: Names,
    backend: Annotated[
        str | None, typer.Option("--backend", help="For those of its jobs that name none.")
    ] = None,
    json: opt.Json = False,
) -> None:
    """Open closed groups again.

    With --backend it also says where their jobs run, unless a job or a run says it.

    Example: qbatch open scan --backend aer
    """
    if backend is not None:
        for name in groups:
            opt.existing_group(ctx, name).set_backend(backend)
    _set_open(ctx, groups, True, json)


def watch(
    ctx: typer.Context,
    group: opt.GroupName,
    interval: Annotated[
        float, typer.Option("--interval", metavar="SECONDS", min=0.05, help="Between two looks.")
    ] = 0.5,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress.")] = False,
    json: opt.Json = False,
) -> None:
    """Follow a run that another process does, to its end.

    Exit code 0 where all jobs are done, 1 where some failed or are of unknown fate, 3
    where work remains.

    Example: qbatch watch scan
    """
    from qbatch.api.progress import observer
    from qbatch.cli.commands.look import group_entry

    watcher = observer(quiet=quiet or json)
    now: Group | None = None
    try:
        for now, _ in opt.existing_group(ctx, group).watch(seconds=interval):
            watcher.update(_state(now))
    finally:
        watcher.close()
    assert now is not None
    code = _exit_code(now)
    if json:
        output.print_json("group", group_entry(now), exit_code=code)
    elif not quiet:
        print(f"{now.name}: {output.counts_text(now.counts)}")
    raise typer.Exit(code)


def _set_open(ctx: typer.Context, names: list[str], is_open: bool, json: bool) -> None:
    groups = [opt.existing_group(ctx, name) for name in dict.fromkeys(names)]
    for group in groups:
        group.set_open(is_open)
    state = "open" if is_open else "closed"
    if json:
        output.print_json("groups", [{"name": g.name, "state": state} for g in groups])
    else:
        print(f"{', '.join(g.name for g in groups)}: {state}")


def _state(group: Group) -> RunState:
    from qbatch.domain.states import ACTIVE, UNSUCCESSFUL, Status
    from qbatch.engine.report import RunState

    def number(*statuses: Status) -> int:
        return sum(group.counts.get(status, 0) for status in statuses)

    return RunState(
        total=group.total,
        done=number(Status.DONE),
        failed=number(*UNSUCCESSFUL),
        active=number(*ACTIVE),
    )


def _exit_code(group: Group) -> int:
    from qbatch.domain.states import UNSUCCESSFUL, Status

    if any(group.counts.get(status) for status in (*UNSUCCESSFUL, Status.UNKNOWN)):
        return 1
    return 0 if group.counts.get(Status.DONE, 0) == group.total else 3
