"""``qbatch status`` and ``jobs``."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from qbatch.api import groups as api_groups
from qbatch.api import programs as api_programs
from qbatch.cli import options as opt
from qbatch.cli import output, programs, tables, targets, values
from qbatch.errors import UsageError

if TYPE_CHECKING:
    from qbatch.api.programs import Progress
    from qbatch.domain.batches import Usage
    from qbatch.domain.groups import Group
    from qbatch.domain.jobs import Job

_SORTS = ("created", "name", "jobs", "state")


def status(
    ctx: typer.Context,
    groups: Annotated[
        list[str] | None,
        typer.Argument(metavar="[GROUP…]", help="Only these groups, or patterns: 'sc*'."),
    ] = None,
    since: Annotated[
        str | None,
        opt.option(
            "--since", metavar="DATE", section=opt.WHICH, help="Made since then, or 2d ago."
        ),
    ] = None,
    sort: Annotated[
        str | None,
        opt.option(
            "--sort",
            metavar="NAME",
            section=opt.WHICH,
            help="By created, name, jobs, state or a status; -NAME: down.",
        ),
    ] = None,
    sizes: Annotated[
        bool, opt.option("--sizes", section=opt.OUTPUT, help="What they take on the disk, too.")
    ] = False,
    quiet: opt.QuietIds = False,
    json: opt.Json = False,
) -> None:
    """Show groups and how their jobs stand.

    Example: qbatch status 'scan*' --json
    """
    found = _chosen(ctx, groups, since, sort)
    names = [group.name for group in found]
    taken = api_groups.sizes(names, targets.context(ctx).db) if sizes and found else {}
    spent = api_groups.spent(found, targets.context(ctx).db)
    hosted = api_programs.progress(found, targets.context(ctx).db)
    if json:
        entries = [_entry(group, taken.get(group.name), spent, hosted) for group in found]
        output.print_json("groups", entries)
    elif quiet:
        for name in names:
            print(name)
    elif found:
        _table(found, taken, spent)
        programs.print_progress(hosted)
        _tell_compiling(ctx)
    else:
        said = "made since then" if since else "yet; qbatch add GROUP FILE… makes one"
        output.message(f"no groups {said}")


def _tell_compiling(ctx: typer.Context) -> None:
    """What processes compile now."""
    for work in api_groups.compiling(targets.context(ctx).db):
        output.message(
            f"compiling for {work.backend}: {work.done} of {work.total} circuits"
            f" (process {work.pid})"
        )


def _entry(
    group: Group,
    taken: dict[str, int] | None,
    spent: dict[str, list[Usage]],
    hosted: dict[str, Progress],
) -> dict[str, Any]:
    entry = tables.group_entry(group)
    entry["usage"] = [tables.usage_entry(usage) for usage in spent.get(group.name, ())]
    entry["programs"] = programs.progress_entry(hosted.get(group.name))
    return entry if taken is None else {**entry, "bytes": taken}


def _chosen(
    ctx: typer.Context, names: list[str] | None, since: str | None, sort: str | None
) -> list[Group]:
    db = targets.context(ctx).db
    found = api_groups.matching_groups(names, db) if names else api_groups.list_groups(db)
    if since is not None:
        moment = values.date(since).timestamp()
        found = [group for group in found if group.created_at >= moment]
    if sort is not None:
        found.sort(key=lambda group: _sorted_by(group, sort), reverse=sort.startswith("-"))
    return found


def _sorted_by(group: Group, sort: str) -> Any:
    from qbatch.domain.states import Status

    word = sort.removeprefix("-")
    if word in tuple(Status):
        return group.counts.get(word, 0)
    known = {
        "created": group.created_at,
        "name": group.name,
        "jobs": group.total,
        "state": group.state,
    }
    if word not in known:
        raise UsageError(f"--sort {sort!r}: one of {', '.join((*_SORTS, *Status))}")
    return known[word]


def _table(
    found: list[Group], taken: dict[str, dict[str, int]], spent: dict[str, list[Usage]]
) -> None:
    from qbatch.domain.states import Status

    shown = [s.value for s in Status if any(group.counts.get(s) for group in found)]
    said = _said(found)

    def row(group: Group) -> list[Any]:
        return [
            group.name,
            group.total,
            *(group.counts.get(s, 0) for s in shown),
            *([output.size(sum(taken[group.name].values()))] if taken else []),
            output.moment(group.created_at),
            *(["; ".join(map(str, spent.get(group.name, ())))] if spent else []),
            *(getattr(group, name) for name in said),
        ]

    numbers = ["jobs", *shown, *(["on disk"] if taken else [])]
    reported = ["reported"] if spent else []
    output.table(["group", *numbers, "created", *reported, *said], map(row, found), right=numbers)


def _said(found: list[Group]) -> list[str]:
    """What is shown of groups besides, where it says something of one of them."""
    from qbatch.domain.states import GroupState

    closed = any(group.state is GroupState.CLOSED for group in found)
    others = [name for name in ("hold", "note") if any(getattr(group, name) for group in found)]
    return [*(["state"] if closed else []), *others]


def jobs(
    ctx: typer.Context,
    groups: opt.Targets,
    narrowing: opt.Narrowing,
    sort: opt.Sort = None,
    quiet: opt.QuietIds = False,
    json: opt.Json = False,
) -> None:
    """List jobs.

    Example: qbatch jobs '*' --grep ghz --status error
    """
    from qbatch.store.columns import job_entry

    chosen = targets.targets(ctx, groups, narrowing, sort=sort)
    several = len(chosen) > 1
    found = ((one.group.name, job) for one in chosen for job in one.group.select(one.selection))
    if json:
        output.print_json("jobs", output.JsonList(job_entry(job) for _, job in found))
    elif quiet:
        for name, job in found:
            print(f"{name}/{job.number}" if several else job.number)
    else:
        _jobs_table(found, several=several)


def _jobs_table(found: Iterable[tuple[str, Job]], *, several: bool) -> None:
    columns = ["group", "job", "name", "parameters", "tags", "shots", "status", "error"]
    first = 0 if several else 1
    rows = ([name, *tables.job_cells(job), job.error][first:] for name, job in found)
    output.table(columns[first:], rows, right=["job", "shots"])
