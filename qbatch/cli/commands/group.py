"""``qbatch group``: opening and closing, names, archives, and what is let go."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from qbatch.api import archives
from qbatch.api import groups as api_groups
from qbatch.cli import options as opt
from qbatch.cli import output, targets, values
from qbatch.cli.asking import agreed
from qbatch.errors import UsageError


def open_(ctx: typer.Context, groups: opt.GroupNames, json: opt.Json = False) -> None:
    """Open closed groups again.

    Example: qbatch group open scan
    """
    _set_open(ctx, groups, is_open=True, json=json)


def close(ctx: typer.Context, groups: opt.GroupNames, json: opt.Json = False) -> None:
    """Close groups: nothing more can be added.

    What they hold can be run and rerun. A run that follows an open group ends.

    Example: qbatch group close scan
    """
    _set_open(ctx, groups, is_open=False, json=json)


def _set_open(ctx: typer.Context, names: list[str], *, is_open: bool, json: bool) -> None:
    groups = targets.groups(ctx, names)
    for group in groups:
        group.set_open(is_open)
    state = "open" if is_open else "closed"
    if json:
        output.print_json("groups", [{"name": g.name, "state": state} for g in groups])
    else:
        print(f"{', '.join(g.name for g in groups)}: {state}")


def hold(
    ctx: typer.Context,
    groups: opt.GroupNames,
    why: Annotated[
        str, opt.option("--why", metavar="TEXT", help="The reason, for whoever runs them.")
    ] = "held",
    json: opt.Json = False,
) -> None:
    """Have nothing of groups sent, by any run, until they are released.

    What is under way goes on, and is fetched.

    Example: qbatch group hold scan --why "calibration until noon"
    """
    if not why.strip():
        raise UsageError("--why is empty: leave it out, or give the reason")
    _set_hold(ctx, groups, why, json=json)


def release(ctx: typer.Context, groups: opt.GroupNames, json: opt.Json = False) -> None:
    """Let runs send the jobs of groups again.

    Example: qbatch group release scan
    """
    _set_hold(ctx, groups, None, json=json)


def _set_hold(ctx: typer.Context, names: list[str], why: str | None, *, json: bool) -> None:
    groups = targets.groups(ctx, names)
    for group in groups:
        if why is None:
            group.release()
        else:
            group.hold(why)
    state = "released" if why is None else "held"
    if json:
        output.print_json("groups", [{"name": group.name, "state": state} for group in groups])
    else:
        print(f"{', '.join(group.name for group in groups)}: {state}")


def rename(
    ctx: typer.Context,
    group: opt.GroupName,
    name: Annotated[str, typer.Argument(metavar="NAME", help="The new name.")],
    json: opt.Json = False,
) -> None:
    """Give a group another name.

    Example: qbatch group rename scan scan-monday
    """
    targets.group(ctx, group).rename(name)
    if json:
        output.print_json("renamed", {"from": group, "to": name})
    else:
        print(f"{group} is now {name}")


def archive(
    ctx: typer.Context,
    group: opt.GroupName,
    file: opt.File,
    sign: Annotated[
        bool, opt.option("--sign", section=opt.HOW, help="With your own key, as ssh-keygen does.")
    ] = False,
    key: Annotated[
        str | None,
        opt.option(
            "--key", metavar="FILE", section=opt.HOW, help="With --sign. Default: that in ~/.ssh."
        ),
    ] = None,
    json: opt.Json = False,
) -> None:
    """Write a group as a portable archive.

    Circuits, jobs, attempts and results, with a check sum; qbatch group unarchive reads
    it. For results alone there is qbatch results -o. What is not signed promises that nothing
    was changed by accident, and no more.

    Example: qbatch group archive scan -o scan.qbatch --sign
    """
    from qbatch.api import signing

    if key is not None and not sign:
        raise UsageError("--key goes with --sign")
    chosen = (key or signing.default_key()) if sign else None
    number = targets.group(ctx, group).archive(file, key=chosen)
    if json:
        output.print_json("archived", {"group": group, "file": file, "jobs": number})
    else:
        print(f"{file}: {output.plural(number, 'job')} of {group}")


def merge(
    ctx: typer.Context,
    sources: Annotated[
        list[str],
        typer.Argument(metavar="SOURCE…", help="Groups, and files that group archive wrote."),
    ],
    into: Annotated[
        str, opt.option("--output", "-o", metavar="GROUP", help="The group that they go into.")
    ],
    json: opt.Json = False,
) -> None:
    """Add up groups and archives in one group, which is made where it does not exist.

    Counts of equal circuits, parameters and requests are added up. What is there already adds
    nothing, nor does what was drawn with the same random numbers: two machines that ran one
    seeded group, or a merge that is done again.

    Example: qbatch group merge monday tuesday lab.qbatch -o week
    """
    report = archives.merge_groups(sources, into, targets.context(ctx).db)
    if json:
        output.print_json("merged", {"group": into, **asdict(report)})
        return
    for source, number in report.copies.items():
        if number:
            output.message(
                f"{source}: {output.plural(number, 'part')} left out: there already, or drawn with"
                " the same random numbers"
            )
    if report.differing:
        output.message(
            f"{report.differing} of them differ from what is there, which is kept: other versions?"
        )
    if report.missing:
        output.message(f"{output.plural(report.missing, 'job')} without a result left out")
    parts = ", ".join(f"{number} of {source}" for source, number in report.parts.items())
    print(f"{into}: {output.plural(report.jobs, 'new job')}, {report.shots} shots added ({parts})")


def verify(
    file: Annotated[str, typer.Argument(metavar="FILE", help="What group archive wrote.")],
    signers: Annotated[
        str | None,
        opt.option(
            "--signers",
            metavar="FILE",
            section=opt.HOW,
            help="Allowed signers, as ssh-keygen knows them: one of them must have signed.",
        ),
    ] = None,
    json: opt.Json = False,
) -> None:
    """Say whether an archive is whole, and who has signed it.

    Exit code 2 where anything of its content was changed, or the signature does not hold.

    Example: qbatch group verify scan.qbatch --signers ~/.ssh/allowed_signers
    """
    found = archives.verify_archive(file, signers)
    if json:
        output.print_json("verified", asdict(found))
        return
    print(f"{file}: whole, {output.plural(found.records, 'record')}, sha256 {found.sha256}")
    if found.key is None:
        print("not signed: nothing was changed by accident; whether by somebody, nobody can say")
    elif found.identity is None:
        print(f"signed with {found.key}; --signers FILE says whose that is")
    else:
        print(f"signed by {output.clean(found.identity)} with {found.key}")


def unarchive(
    ctx: typer.Context,
    file: Annotated[str, typer.Argument(metavar="FILE", help="What group archive wrote.")],
    as_: Annotated[
        str | None, opt.option("--as", metavar="NAME", help="Another name for the group.")
    ] = None,
    json: opt.Json = False,
) -> None:
    """Read a group from an archive.

    Example: qbatch group unarchive scan.qbatch --as scan-of-alice
    """
    name, number = archives.unarchive(file, as_, targets.context(ctx).db)
    if json:
        output.print_json("unarchived", {"group": name, "jobs": number})
    else:
        print(f"{name}: {output.plural(number, 'job')}")


def prune(
    ctx: typer.Context,
    before: Annotated[
        str | None,
        opt.option("--before", metavar="DATE", section=opt.WHICH, help="Groups made before it."),
    ] = None,
    keep: Annotated[
        str | None,
        opt.option("--keep", metavar="N", section=opt.WHICH, help="All groups but the N newest."),
    ] = None,
    results_only: Annotated[
        bool,
        opt.option("--results-only", section=opt.HOW, help="Only the results; jobs stay, done."),
    ] = False,
    compilations: Annotated[
        bool,
        opt.option(
            "--compilations",
            section=opt.HOW,
            help="Delete no group, only compiled circuits that were never run.",
        ),
    ] = False,
    yes: opt.Yes = False,
    json: opt.Json = False,
) -> None:
    """Delete old groups, or their results, and give the disk back what they took.

    Groups that are being run, or have jobs under way or with an unknown outcome, are kept.
    Asks first.

    Example: qbatch group prune --before 2026-01-01 --results-only
    """
    db = targets.context(ctx).db
    if compilations:
        if before is not None or keep is not None or results_only:
            raise UsageError("--compilations goes alone: it lets go of no group")
        _tell_pruned(api_groups.prune_compilations(db), json=json)
        return
    moment = None if before is None else values.date(before)
    old = api_groups.old_groups(moment, values.count(keep, "--keep"), db)
    what = "Delete the results of" if results_only else "Delete"
    if not old or not (yes or agreed(old, what)):
        _tell_pruned(api_groups.PruneReport(), json=json)
        return
    _tell_pruned(api_groups.prune_groups(old, results_only=results_only, db=db), json=json)


def _tell_pruned(report: api_groups.PruneReport, *, json: bool) -> None:
    for name, reason in report.kept.items():
        output.message(f"{name} is kept: {reason}")
    if json:
        output.print_json("pruned", asdict(report))
    elif report.groups or report.compilations:
        what = [*report.groups]
        if report.compilations:
            what.append(output.plural(report.compilations, "compilation"))
        print(f"pruned {', '.join(what)}; {output.size(report.freed)} freed")
    else:
        print("nothing was pruned")


GROUP = (
    "Open, close and hold groups, give them names, merge them, and keep them as files.",
    {
        "open": open_,
        "close": close,
        "hold": hold,
        "release": release,
        "rename": rename,
        "merge": merge,
        "archive": archive,
        "verify": verify,
        "unarchive": unarchive,
        "prune": prune,
    },
)
