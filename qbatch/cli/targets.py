"""What the words of a command mean: groups, patterns of groups, and jobs of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import typer

from qbatch.api import groups as api_groups
from qbatch.cli.options import Missing, Narrowing
from qbatch.errors import InvalidSelector, UsageError

if TYPE_CHECKING:
    from qbatch.api.job_group import JobGroup
    from qbatch.domain.selectors import Selection


@dataclass
class Context:
    """What the options before the command say: the database and the configuration's file."""

    db: str | None = None
    config: str | None = None


class Chosen(NamedTuple):
    """A group, and which of its jobs are meant; ``selector`` as it was written, if it was."""

    group: JobGroup
    selection: Selection
    selector: str | None


def context(ctx: typer.Context) -> Context:
    """The options before the command."""
    found = ctx.find_object(Context)
    return found if found is not None else Context()


def group(ctx: typer.Context, name: str, if_missing: Missing = "raise") -> JobGroup:
    """The group of that name, in the database and with the configuration that are meant.

    Raises:
        NotFound: there is none.
    """
    from qbatch.api.job_group import JobGroup

    said = context(ctx)
    return JobGroup(name, db=said.db, config=said.config, if_missing=if_missing)


def groups(ctx: typer.Context, names: Sequence[str]) -> list[JobGroup]:
    """The groups of these names or patterns, each once.

    Raises:
        NotFound: there is none of a name, or none that a pattern fits.
    """
    found = api_groups.matching_groups(names, context(ctx).db)
    return [group(ctx, one.name) for one in found]


def targets(
    ctx: typer.Context,
    texts: Sequence[str],
    narrowing: Narrowing | None = None,
    *,
    sort: str | None = None,
) -> list[Chosen]:
    """``GROUP`` or ``GROUP/JOBS``, each maybe with a pattern of groups, narrowed down.

    Raises:
        NotFound: there is no such group.
        UsageError: a text may mean a group, or jobs of another.
    """
    narrow = narrowing or Narrowing()
    db = context(ctx).db
    known = [group.name for group in api_groups.list_groups(db)]
    chosen: dict[tuple[str, str | None], Chosen] = {}
    for text in texts:
        name, selector = _cut(text, known)
        selection = narrow.selection(selector, sort)
        for found in api_groups.matching_groups([name], db):
            one = Chosen(group(ctx, found.name), selection, selector)
            chosen.setdefault((found.name, selector), one)
    return list(chosen.values())


def target(
    ctx: typer.Context, text: str, narrowing: Narrowing | None = None, *, sort: str | None = None
) -> Chosen:
    """``GROUP`` or ``GROUP/JOBS`` of one group.

    Raises:
        UsageError: a pattern fits several groups.
    """
    found = targets(ctx, [text], narrowing, sort=sort)
    if len(found) > 1:
        names = ", ".join(one.group.name for one in found)
        raise UsageError(f"{text!r} means several groups ({names}): this command takes one")
    return found[0]


def one_job(ctx: typer.Context, text: str) -> Chosen:
    """``GROUP/JOB``.

    Raises:
        InvalidSelector: it names no job.
    """
    found = target(ctx, text)
    if found.selector is None:
        raise InvalidSelector(f"{text!r} names no job", hint=f"write {text}/1 or {text}/last")
    return found


def _cut(text: str, known: Sequence[str]) -> tuple[str, str | None]:
    """The name or pattern of groups, and the selector after it, if any.

    Groups that older versions made may have slashes in their names.
    """
    cuts = [place for place, letter in enumerate(text) if letter == "/"]
    readings = _readings(text, [*cuts, len(text)], known)
    if len(readings) > 1:
        raise _ambiguous(text, readings)
    if text in known or not cuts:
        return text, None
    if text.endswith("/"):
        raise InvalidSelector(f"{text!r}: no jobs are named after the slash")
    cut = (readings or cuts)[0]
    return text[:cut], text[cut + 1 :]


def _readings(text: str, cuts: Sequence[int], known: Sequence[str]) -> list[int]:
    """The cuts before which a group is named; a slash with nothing after it is none."""
    return [cut for cut in cuts if text[:cut] in known and cut != len(text) - 1]


def _ambiguous(text: str, cuts: Sequence[int]) -> UsageError:
    """To guess would be to take the wrong one."""
    readings = " or ".join(f"group {text[:cut]!r}" for cut in cuts)
    return UsageError(
        f"{text!r} may mean {readings}",
        hint="qbatch group rename gives a group another name: rename '…' NEW takes the whole name",
    )
