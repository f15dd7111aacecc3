"""``qbatch delete``, ``prune``, ``cancel``, ``settle`` and ``completion``."""

from __future__ import annotations

import difflib
import sys
from dataclasses import asdict
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from qbatch.cli import options as opt
from qbatch.cli import output
from qbatch.errors import UsageError

if TYPE_CHECKING:
    from qbatch.domain.groups import Group


class Shell(StrEnum):
    """Shells that completions are made for."""

    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"


def prune(
    ctx: typer.Context,
    before: Annotated[
        str | None,
        typer.Option("--before", metavar="DATE", help="Groups made before this date."),
    ] = None,
    keep: Annotated[
        int | None, typer.Option("--keep", metavar="N", help="All groups but the N newest.")
    ] = None,
    results_only: Annotated[
        bool, typer.Option("--results-only", help="Only the results; jobs stay, done.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    json: opt.Json = False,
) -> None:
    """Let old groups go, and give the disk back what they took.

    Groups that are being run, or have jobs under way or of unknown fate, are kept. Asks first.

    Example: qbatch prune --before 2026-01-01 --results-only
    """
    from qbatch.api.group import JobGroup

    db = opt.context(ctx).db
    moment = None if before is None else opt.parse_date(before)
    old = JobGroup.to_prune(moment, keep, db)
    what = "Let the results of" if results_only else "Delete"
    if old and not yes and not _agreed(old, what):
        old = []
    if not old:
        if json:
            output.print_json("pruned", {"groups": [], "kept": {}, "freed": 0})
        else:
            print("nothing was pruned")
        return
    report = JobGroup.prune(old, results_only=results_only, db=db)
    for name, reason in report.kept.items():
        output.message(f"{name} is kept: {reason}")
    if json:
        output.print_json("pruned", asdict(report))
    elif report.groups:
        print(f"pruned {', '.join(report.groups)}; {output.size(report.freed)} freed")
    else:
        print("nothing was pruned")


def delete(
    ctx: typer.Context,
    groups: Annotated[
        list[str] | None, typer.Argument(metavar="[GROUP…]", help="Groups to delete.")
    ] = None,
    before: Annotated[
        str | None,
        typer.Option("--before", metavar="DATE", help="All groups made before this date."),
    ] = None,
    all_: Annotated[bool, typer.Option("--all", help="All groups.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    json: opt.Json = False,
) -> None:
    """Delete groups with all their jobs.

    Circuits and results go with them. Asks first.

    Example: qbatch delete --before 2026-01-01
    """
    if sum((bool(groups), before is not None, all_)) != 1:
        raise UsageError("say what to delete: GROUP…, or --before DATE, or --all")
    from qbatch.api.group import JobGroup

    db = opt.context(ctx).db
    if before is not None:
        moment = opt.parse_date(before).timestamp()
        doomed = [g for g in JobGroup.list_existing(db) if g.created_at < moment]
    elif all_:
        doomed = JobGroup.list_existing(db)
    else:
        doomed = [opt.existing_group(ctx, name).status() for name in dict.fromkeys(groups or ())]
    if doomed and not yes and not _agreed(doomed):
        doomed = []
    names = JobGroup.delete_job_groups([group.name for group in doomed], db) if doomed else []
    if json:
        output.print_json("deleted", names)
    else:
        print(f"deleted {', '.join(names)}" if names else "no group was deleted")


def cancel(
    ctx: typer.Context,
    target: Annotated[
        str, typer.Argument(metavar="GROUP[/SELECTOR]", help="A group, or jobs of it.")
    ],
    json: opt.Json = False,
) -> None:
    """Cancel jobs of a group.

    Unsent ones at once; those under way by asking the run that has them.

    Example: qbatch cancel scan/40-50
    """
    group, selector = opt.group_and_selector(ctx, target)
    cancelled, asked = group.cancel_all(selector)
    if json:
        output.print_json(
            "cancelled", {"group": group.name, "cancelled": cancelled, "asked": asked}
        )
        return
    print(f"cancelled {output.plural(cancelled, 'unsent job')} of {group.name}")
    if asked:
        under_way = output.plural(asked, "job")
        print(f"asked to stop {under_way} under way; what lands first is kept")


def settle(
    ctx: typer.Context,
    batch: Annotated[int, typer.Argument(metavar="BATCH", help="Number of the batch.")],
    resubmit: Annotated[
        bool, typer.Option("--resubmit", help="It was not accepted: its jobs are unsent again.")
    ] = False,
    adopt: Annotated[
        str | None,
        typer.Option("--adopt", metavar="REMOTE_ID", help="The service runs it under this id."),
    ] = None,
    give_up: Annotated[
        bool, typer.Option("--give-up", help="Its jobs have failed; qbatch rerun may follow.")
    ] = False,
    json: opt.Json = False,
) -> None:
    """Decide about a batch whose outcome cannot be had.

    A batch is unknown where its answer was lost and the service cannot look it up; one whose
    id is known stays open while the service gives no results. Look at the service: qbatch
    will not send such a batch a second time unless you say so.

    Example: qbatch settle 12 --adopt job-7f3a
    """
    from qbatch.api.database import settle as settle_batch

    if sum((resubmit, adopt is not None, give_up)) != 1:
        raise UsageError("say what became of it: --resubmit, --adopt REMOTE_ID or --give-up")
    action = "resubmit" if resubmit else "adopt" if adopt is not None else "give-up"
    given = opt.context(ctx)
    jobs = settle_batch(batch, action, remote_id=adopt, db=given.db, config=given.config)
    if json:
        output.print_json("settled", {"batch": batch, "action": action, "jobs": jobs})
        return
    what = {
        "resubmit": "unsent again; qbatch run sends them",
        "adopt": "under way again; qbatch wait or run fetches them",
        "give-up": "failed; qbatch rerun runs them again",
    }
    print(f"batch {batch}: {output.plural(jobs, 'job')} {what[action]}")


def schema(
    name: Annotated[
        str | None, typer.Argument(metavar="[COMMAND]", help="Default: all that there are.")
    ] = None,
) -> None:
    """Print the JSON Schema of what a command prints with --json.

    Example: qbatch schema results
    """
    from json import dumps

    from qbatch.cli.schemas import SCHEMAS

    if name is None:
        for known in SCHEMAS:
            print(known)
        return
    if name not in SCHEMAS:
        near = difflib.get_close_matches(name, SCHEMAS, 1)
        hint = f"did you mean {near[0]!r}?" if near else "qbatch schema lists them"
        raise UsageError(f"there is no schema {name!r}", hint=hint)
    print(dumps(SCHEMAS[name], indent=2, ensure_ascii=False))


def completion(
    shell: Annotated[Shell, typer.Argument(help="bash, zsh or fish.")],
) -> None:
    """Print the completion script of a shell.

    Example: qbatch completion bash >> ~/.bashrc
    """
    from qbatch.cli.completion_scripts import SCRIPTS

    print(SCRIPTS[shell.value], end="")


def _agreed(doomed: list[Group], what: str = "Delete") -> bool:
    if not sys.stdin.isatty():
        raise UsageError("nobody to ask here: pass --yes to delete")
    for group in doomed:
        jobs = output.plural(group.total, "job")
        output.message(f"{group.name}: {jobs} ({output.counts_text(group.counts)})")
    end = " go?" if what != "Delete" else "?"
    return typer.confirm(f"{what} {output.plural(len(doomed), 'group')}{end}", err=True)
