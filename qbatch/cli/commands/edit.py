"""``qbatch edit``, ``copy``, ``delete`` and ``resolve``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from qbatch.api import groups as api_groups
from qbatch.cli import options as opt
from qbatch.cli import output, targets, values
from qbatch.cli.asking import agreed
from qbatch.domain.naming import shell_quote
from qbatch.errors import UsageError

if TYPE_CHECKING:
    from qbatch.domain.groups import Group

_CHANGES = "Changes"


def edit(
    ctx: typer.Context,
    groups: opt.Targets,
    narrowing: opt.Narrowing,
    set_tag: Annotated[
        list[str] | None,
        opt.option(
            "--set-tag", metavar="KEY=VALUE", section=_CHANGES, help="Give jobs a tag. Repeatable."
        ),
    ] = None,
    remove_tag: Annotated[
        list[str] | None,
        opt.option(
            "--remove-tag", metavar="KEY", section=_CHANGES, help="Take a tag away. Repeatable."
        ),
    ] = None,
    note: Annotated[
        str | None,
        opt.option(
            "--note",
            metavar="TEXT",
            section=_CHANGES,
            help="On the group, or on jobs of it; '' takes it away.",
        ),
    ] = None,
    backend: Annotated[
        str | None,
        opt.option(
            "--backend",
            metavar="NAME",
            section=_CHANGES,
            help="Of the group's jobs that name none; '' for none.",
        ),
    ] = None,
    json: opt.Json = False,
) -> None:
    """Change tags, notes, and the backend of groups.

    What jobs yielded is never changed.

    Example: qbatch edit scan/1-10 --set-tag day=monday
    """
    tags = values.pairs(set_tag, "--set-tag")
    if not (tags or remove_tag) and note is None and backend is None:
        raise UsageError(
            "nothing is to be changed",
            hint=f"qbatch edit {shell_quote(groups[0])} --set-tag KEY=VALUE, or --note TEXT",
        )
    edited = []
    for one in targets.targets(ctx, groups, narrowing):
        selector = None if one.selection.is_all else one.selection
        number = one.group.edit(
            selector, tags=tags, remove_tags=remove_tag or (), note=note, backend=backend
        )
        edited.append({"group": one.group.name, "jobs": number})
        if not json:
            print(f"{one.group.name}: {output.plural(number, 'job')}")
    if json:
        output.print_json("edited", edited)


def copy(
    ctx: typer.Context,
    group: opt.Target,
    name: Annotated[str, typer.Argument(metavar="NAME", help="Of the new group.")],
    narrowing: opt.Narrowing,
    json: opt.Json = False,
) -> None:
    """Make a new group with the same jobs, unsent.

    To run them again elsewhere, or tomorrow, beside what they yielded before.

    Example: qbatch copy scan scan-noisy
    """
    chosen = targets.target(ctx, group, narrowing)
    number = chosen.group.copy(name, chosen.selection)
    if json:
        output.print_json("copied", {"from": chosen.group.name, "to": name, "jobs": number})
    else:
        print(f"{name}: {output.plural(number, 'job')} of {chosen.group.name}, unsent")


def delete(
    ctx: typer.Context,
    groups: Annotated[
        list[str] | None,
        typer.Argument(metavar="[GROUP…]", help="Groups to delete, or patterns: 'sc*'."),
    ] = None,
    before: Annotated[
        str | None,
        opt.option("--before", metavar="DATE", section=opt.WHICH, help="All made before it."),
    ] = None,
    all_: Annotated[bool, opt.option("--all", section=opt.WHICH, help="All groups.")] = False,
    yes: opt.Yes = False,
    json: opt.Json = False,
) -> None:
    """Delete groups with all their jobs, all of them or none.

    Circuits and results go with them. Asks first.

    Example: qbatch delete --before 2026-01-01
    """
    if sum((bool(groups), before is not None, all_)) != 1:
        raise UsageError("say what to delete: GROUP…, or --before DATE, or --all")
    db = targets.context(ctx).db
    doomed = _doomed(groups, before, db)
    if doomed and not yes and not agreed(doomed, "Delete"):
        doomed = []
    names = api_groups.delete_groups([group.name for group in doomed], db) if doomed else []
    if json:
        output.print_json("deleted", names)
    else:
        print(f"deleted {', '.join(names)}" if names else "no group was deleted")


def _doomed(groups: Sequence[str] | None, before: str | None, db: str | None) -> list[Group]:
    if before is not None:
        return api_groups.groups_before(values.date(before), db)
    return api_groups.matching_groups(groups, db) if groups else api_groups.list_groups(db)


def resolve(
    ctx: typer.Context,
    batch: Annotated[str, typer.Argument(metavar="BATCH", help="Number of the batch.")],
    resubmit: Annotated[
        bool, opt.option("--resubmit", help="It was not accepted: its jobs are unsent again.")
    ] = False,
    adopt: Annotated[
        str | None,
        opt.option("--adopt", metavar="REMOTE_ID", help="The service runs it under this id."),
    ] = None,
    give_up: Annotated[
        bool, opt.option("--give-up", help="Its jobs have failed; qbatch rerun may follow.")
    ] = False,
    yes: Annotated[
        bool, opt.option("--yes", "-y", help="With --adopt: sure, though the service cannot tell.")
    ] = False,
    json: opt.Json = False,
) -> None:
    """Decide about a batch whose outcome is unknown.

    A batch is unknown if its answer was lost and the service cannot look it up; one whose
    id is known stays open while the service gives no results. Look at the service: qbatch
    will not send such a batch a second time unless you say so.

    Example: qbatch resolve 12 --adopt job-7f3a
    """
    from qbatch.api import database

    if sum((resubmit, adopt is not None, give_up)) != 1:
        raise UsageError("say what became of it: --resubmit, --adopt REMOTE_ID or --give-up")
    action = "resubmit" if resubmit else "adopt" if adopt is not None else "give-up"
    number = values.count(batch, "BATCH") or 0
    said = targets.context(ctx)
    jobs = database.resolve(
        number, action, remote_id=adopt, sure=yes, db=said.db, config=said.config
    )
    if json:
        output.print_json("resolved", {"batch": number, "action": action, "jobs": jobs})
        return
    what = {
        "resubmit": "unsent again; qbatch run sends them",
        "adopt": "under way again; qbatch wait or run fetches them",
        "give-up": "failed; qbatch rerun runs them again",
    }
    print(f"batch {number}: {output.plural(jobs, 'job')} {what[action]}")
