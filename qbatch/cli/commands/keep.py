"""``qbatch tag``, ``note``, ``rename``, ``copy``, ``export`` and ``import``."""

from __future__ import annotations

from typing import Annotated

import typer

from qbatch.cli import options as opt
from qbatch.cli import output
from qbatch.domain.naming import shell_quote
from qbatch.errors import UsageError

Target = Annotated[str, typer.Argument(metavar="GROUP[/SELECTOR]", help="A group, or jobs of it.")]


def tag(
    ctx: typer.Context,
    target: Target,
    tags: Annotated[
        list[str] | None, typer.Argument(metavar="[KEY=VALUE…]", help="Tags to give.")
    ] = None,
    remove: Annotated[
        list[str] | None,
        typer.Option("--remove", metavar="KEY", help="Take this tag away. Repeatable."),
    ] = None,
    json: opt.Json = False,
) -> None:
    """Give jobs tags, or take them away.

    All jobs of the group, or those selected.

    Example: qbatch tag scan/1-10 day=monday
    """
    if not tags and not remove:
        raise UsageError("no tag is named", hint=f"qbatch tag {shell_quote(target)} KEY=VALUE")
    group, selector = opt.group_and_selector(ctx, target)
    number = group.tag(opt.pairs(tags, "tag"), selector, remove=remove or ())
    if json:
        output.print_json("tagged", {"group": group.name, "jobs": number})
    else:
        print(f"{output.plural(number, 'job')} of {group.name}")


def note(
    ctx: typer.Context,
    target: Target,
    text: Annotated[
        str | None, typer.Argument(metavar="[TEXT]", help="Without: what is noted is printed.")
    ] = None,
    remove: Annotated[bool, typer.Option("--remove", help="Take the note away.")] = False,
    json: opt.Json = False,
) -> None:
    """Write a note on a group or on jobs, or read it.

    Example: qbatch note scan "after the fridge was warm"
    """
    if remove and text is not None:
        raise UsageError("a text and --remove: give one of them")
    group, selector = opt.group_and_selector(ctx, target)
    if text is not None or remove:
        group.note(text, selector)
    notes: dict[str, str | None] = {}
    if selector is None:
        notes[group.name] = group.status().note
    else:
        notes = {f"{group.name}/{job.number}": job.note for job in group.select(selector)}
    if json:
        entries = [{"target": place, "note": said} for place, said in notes.items()]
        output.print_json("notes", entries)
    elif text is None and not remove:
        for place, said in notes.items():
            if said is not None:
                print(f"{place}: {output.clean(said)}")


def rename(
    ctx: typer.Context,
    group: opt.GroupName,
    name: Annotated[str, typer.Argument(metavar="NAME", help="What it is to be called.")],
    json: opt.Json = False,
) -> None:
    """Call a group something else.

    Example: qbatch rename scan scan-monday
    """
    opt.existing_group(ctx, group).rename(name)
    if json:
        output.print_json("renamed", {"from": group, "to": name})
    else:
        print(f"{group} is now {name}")


def copy(
    ctx: typer.Context,
    target: Target,
    name: Annotated[str, typer.Argument(metavar="NAME", help="Of the new group.")],
    json: opt.Json = False,
) -> None:
    """Make a new group with the same jobs, unsent.

    To run them again elsewhere, or tomorrow, beside what they yielded before.

    Example: qbatch copy scan scan-noisy
    """
    group, selector = opt.group_and_selector(ctx, target)
    number = group.copy(name, selector)
    if json:
        output.print_json("copied", {"from": group.name, "to": name, "jobs": number})
    else:
        print(f"{name}: {output.plural(number, 'job')} of {group.name}, unsent")


def export(
    ctx: typer.Context,
    group: opt.GroupName,
    file: Annotated[
        str, typer.Option("--output", "-o", metavar="FILE", help="Write there, whole.")
    ],
    json: opt.Json = False,
) -> None:
    """Write a group as a portable archive.

    Circuits, jobs, attempts and results, with a check sum; qbatch import reads it. For
    results alone there is qbatch results.

    Example: qbatch export scan -o scan.qbatch
    """
    number = opt.existing_group(ctx, group).archive(file)
    if json:
        output.print_json("exported", {"group": group, "file": file, "jobs": number})
    else:
        print(f"{file}: {output.plural(number, 'job')} of {group}")


def import_(
    ctx: typer.Context,
    file: Annotated[str, typer.Argument(metavar="FILE", help="What qbatch export wrote.")],
    as_: Annotated[
        str | None, typer.Option("--as", metavar="NAME", help="Another name for the group.")
    ] = None,
    json: opt.Json = False,
) -> None:
    """Read a group from an archive.

    Example: qbatch import scan.qbatch --as scan-of-alice
    """
    from qbatch.api.group import JobGroup

    name, number = JobGroup.from_archive(file, as_, opt.context(ctx).db)
    if json:
        output.print_json("imported", {"group": name, "jobs": number})
    else:
        print(f"{name}: {output.plural(number, 'job')}")
