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
    from qbatch.api.editing import EditReport
    from qbatch.api.options import EditOptions
    from qbatch.domain.groups import Group

_CHANGES, _ASKED = "Changes", "What is asked"
_MAY_BE_EMPTY = ("note", "backend", "priority", "shots", "more_shots", "max_shots", "until")


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
            section=_ASKED,
            help="Of the unsent jobs that are named, else the group's own; '' for none.",
        ),
    ] = None,
    option: Annotated[
        list[str] | None,
        opt.option(
            "--option",
            metavar="KEY=VALUE",
            section=_ASKED,
            help="Of unsent jobs, for the backend; null takes it away. Repeatable.",
        ),
    ] = None,
    priority: Annotated[
        str | None,
        opt.option("--priority", metavar="N", section=_ASKED, help="Of unsent jobs."),
    ] = None,
    shots: Annotated[
        str | None,
        opt.option(
            "--shots",
            metavar="N|+N",
            section=_ASKED,
            help="Of each job in all, or +9k besides those it has: the results are added up.",
        ),
    ] = None,
    until: Annotated[
        list[str] | None,
        opt.option(
            "--until",
            metavar="RULE",
            section=_ASKED,
            help="Shots until it holds, as with add; '' for none. Repeatable.",
        ),
    ] = None,
    max_shots: opt.MaxShots = None,
    json: opt.Json = False,
) -> None:
    """Change tags, notes, shots, and what unsent jobs ask for.

    What jobs yielded is never changed; more shots are added to it by the next run.

    Example: qbatch edit scan/1-10 --shots +9000
    """
    changes: EditOptions = {
        "tags": values.pairs(set_tag, "--set-tag"),
        "remove_tags": [*(remove_tag or ())],
        "note": note,
        "backend": backend,
        "priority": values.count(priority, "--priority"),
        "options": values.json_pairs(option, "--option") or None,
        "until": _rules(until),
        "max_shots": values.count(max_shots, "--max-shots"),
        **_shots(shots),
    }
    if not any(map(_is_said, changes.items())):
        raise UsageError(
            "nothing is to be changed",
            hint=f"qbatch edit {shell_quote(groups[0])} --set-tag KEY=VALUE, or --note TEXT",
        )
    edited = []
    for one in targets.targets(ctx, groups, narrowing):
        selector = None if one.selection.is_all else one.selection
        report = one.group.edit(selector, **changes)
        edited.append({"group": one.group.name, "jobs": report.jobs, "left": report.left})
        if not json:
            _tell_left(one.group.name, report)
            print(f"{one.group.name}: {output.plural(report.jobs, 'job')}")
    if json:
        output.print_json("edited", edited)


def _rules(texts: list[str] | None) -> list[str] | None:
    """The rules; none where an empty text stands for them."""
    return None if texts is None else [text for text in texts if text]


def _is_said(change: tuple[str, object]) -> bool:
    """Whether a change is asked for; some are to nothing."""
    name, value = change
    return value is not None if name in _MAY_BE_EMPTY else bool(value)


def _shots(text: str | None) -> EditOptions:
    """``+9k`` as shots more, ``9k`` as shots in all."""
    number = values.count(text, "--shots")
    if text is not None and text.strip().startswith("+"):
        return {"more_shots": number}
    return {"shots": number}


def _tell_left(name: str, report: EditReport) -> None:
    if report.left:
        output.message(
            f"{name}: {output.plural(report.left, 'job')} left as before:"
            " under way, of a program, or run already"
        )


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
        typer.Argument(metavar="[GROUP[/JOBS]…]", help="Groups, patterns 'sc*', or jobs: scan/17."),
    ] = None,
    before: Annotated[
        str | None,
        opt.option("--before", metavar="DATE", section=opt.WHICH, help="All made before it."),
    ] = None,
    all_: Annotated[bool, opt.option("--all", section=opt.WHICH, help="All groups.")] = False,
    yes: opt.Yes = False,
    json: opt.Json = False,
) -> None:
    """Delete groups with all their jobs, all of them or none; or single jobs.

    Circuits and results go with them. Asks first. A job's number is never given again.

    Example: qbatch delete --before 2026-01-01
    """
    if sum((bool(groups), before is not None, all_)) != 1:
        raise UsageError("say what to delete: GROUP…, or --before DATE, or --all")
    some = _jobs(ctx, groups or ())
    if some:
        _delete_jobs(some, yes=yes, json=json)
    else:
        db = targets.context(ctx).db
        _delete_groups(_doomed(groups, before, db), db, yes=yes, json=json)


def _delete_groups(doomed: Sequence[Group], db: str | None, *, yes: bool, json: bool) -> None:
    if doomed and not yes and not agreed(doomed, "Delete"):
        doomed = []
    names = api_groups.delete_groups([group.name for group in doomed], db) if doomed else []
    if json:
        output.print_json("deleted", names)
    else:
        print(f"deleted {', '.join(names)}" if names else "no group was deleted")


def _jobs(ctx: typer.Context, texts: Sequence[str]) -> list[targets.Chosen]:
    """The jobs that are named; nothing where whole groups are.

    Raises:
        UsageError: both are.
    """
    chosen = targets.targets(ctx, texts)
    some = [one for one in chosen if one.selector is not None]
    if some and len(some) < len(chosen):
        raise UsageError("groups and single jobs: delete one kind at a time")
    return some


def _delete_jobs(chosen: Sequence[targets.Chosen], *, yes: bool, json: bool) -> None:
    from qbatch.cli.asking import agreed_to

    _refuse_programs(chosen)
    numbers = [sum(1 for _ in one.group.select(one.selection)) for one in chosen]
    named = [
        f"{one.group.name}/{one.selector}: {output.plural(number, 'job')}"
        for one, number in zip(chosen, numbers, strict=True)
    ]
    deleted: list[dict[str, str | int]] = []
    if yes or agreed_to(named, f"Delete {output.plural(sum(numbers), 'job')}?"):
        for one in chosen:
            report = one.group.delete(one.selection)
            deleted.append({"group": one.group.name, "jobs": report.jobs, "left": report.left})
            if not json:
                _tell_left(one.group.name, report)
                print(f"{one.group.name}: {output.plural(report.jobs, 'job')} deleted")
    if json:
        output.print_json("deleted_jobs", deleted)
    elif not deleted:
        print("no job was deleted")


def _refuse_programs(chosen: Sequence[targets.Chosen]) -> None:
    """Make sure that jobs are meant.

    Raises:
        UsageError: programs are.
    """
    if any(one.selection.programs for one in chosen):
        raise UsageError(
            "programs are not deleted one by one",
            hint="qbatch cancel GROUP/pN leaves one alone; qbatch delete GROUP lets all go",
        )


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
