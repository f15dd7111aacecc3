"""Options that several commands share, and the reading of their values."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from qbatch.config import database_path
from qbatch.domain.naming import shell_quote
from qbatch.errors import InvalidSelector, NotFound, UsageError

if TYPE_CHECKING:
    from qbatch.api.group import JobGroup
    from qbatch.domain.selectors import Selection


@dataclass(slots=True)
class Context:
    """What the options before the command say."""

    db: str | None = None
    config: str | None = None
    debug: bool = False


class Batching(StrEnum):
    """How jobs are put together."""

    MERGED = "merged"
    OFF = "off"


class Sampling(StrEnum):
    """How the counts of a circuit with an exact distribution are drawn."""

    AUTO = "auto"
    EXACT = "exact"
    SHOTS = "shots"


class Level(StrEnum):
    """Which lines a log file gets."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class Order(StrEnum):
    """In which order jobs are sent."""

    ADDED = "added"
    KEY = "key"


GroupName = Annotated[str, typer.Argument(metavar="GROUP", help="Name of the group.")]
GroupNames = Annotated[list[str], typer.Argument(metavar="GROUP…", help="Names of groups.")]
SelectorText = Annotated[
    str | None,
    typer.Argument(metavar="[SELECTOR]", help="Jobs: 1,3,5-8, 2-10:2, all, last, or names."),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON value.")]
QuietIds = Annotated[bool, typer.Option("--quiet", "-q", help="Print bare ids only.")]
Statuses = Annotated[
    list[str] | None,
    typer.Option("--status", metavar="STATUS", help="Only jobs in this status. Repeatable."),
]
Select = Annotated[
    str | None, typer.Option("--select", metavar="SELECTOR", help="The same as an argument.")
]
Tags = Annotated[
    list[str] | None,
    typer.Option("--tag", metavar="KEY=VALUE", help="Only jobs with this tag. Repeatable."),
]


def either(argument: str | None, option: str | None) -> str | None:
    """A selector that may be given in two ways.

    Raises:
        UsageError: it is given in both.
    """
    if argument is not None and option is not None:
        raise UsageError(f"two selectors, {argument!r} and {option!r}: give one")
    return argument if option is None else option


def context(ctx: typer.Context) -> Context:
    """The options before the command."""
    found = ctx.find_object(Context)
    return found if found is not None else Context()


def group(ctx: typer.Context, name: str, *, must_exist: bool = False) -> JobGroup:
    """The group of that name, in the database and with the configuration that are meant."""
    from qbatch.api.group import JobGroup

    said = context(ctx)
    return JobGroup(name, db=said.db, config=said.config, must_exist=must_exist)


def existing_group(ctx: typer.Context, name: str) -> JobGroup:
    """The group of that name.

    Raises:
        NotFound: there is none.
    """
    return group(ctx, name, must_exist=True)


def pairs(texts: Sequence[str] | None, option: str) -> dict[str, str]:
    """``KEY=VALUE`` texts as a mapping.

    Raises:
        UsageError: one is not of that form, or a key comes twice.
    """
    found: dict[str, str] = {}
    for text in texts or ():
        key, equals, value = text.partition("=")
        if not equals or not key.strip():
            raise UsageError(f"{option} {text!r}: not of the form KEY=VALUE")
        if key in found:
            raise UsageError(f"{option} {text!r}: {key!r} is given twice")
        found[key.strip()] = value
    return found


def backend_options(texts: Sequence[str] | None) -> dict[str, Any]:
    """``KEY=VALUE`` texts as options: numbers, true, false and null are read as JSON."""
    options: dict[str, Any] = {}
    for key, value in pairs(texts, "--option").items():
        try:
            options[key] = json.loads(value)
        except (ValueError, RecursionError):
            options[key] = value
    return options


def selection(
    text: str | None, statuses: Sequence[str] | None = None, tags: Sequence[str] | None = None
) -> Selection:
    """The selection that the arguments of a command mean."""
    from qbatch.domain.selectors import parse_selection

    return parse_selection(text, statuses=statuses or (), tags=pairs(tags, "--tag"))


def group_and_selector(ctx: typer.Context, target: str) -> tuple[JobGroup, str | None]:
    """``GROUP`` or ``GROUP/SELECTOR``; the name of an old group may hold slashes.

    Raises:
        NotFound: there is no such group.
        UsageError: it may mean a group, or jobs of another.
    """
    db = context(ctx).db
    from qbatch.api.group import JobGroup

    names = {group.name for group in JobGroup.list_existing(db)}
    cuts = [i for i, letter in enumerate(target) if letter == "/"]
    meant = [cut for cut in cuts if target[:cut] in names and target[cut + 1 :]]
    if target in names:
        meant.append(len(target))
    if len(meant) > 1:
        # Older versions let names hold slashes: to guess would be to take the wrong one.
        readings = " or ".join(f"group {target[:cut]!r}" for cut in meant)
        raise UsageError(
            f"{target!r} may mean {readings}",
            hint="qbatch rename gives a group another name: rename '…' NEW takes the whole name",
        )
    if meant == [len(target)]:
        return group(ctx, target), None
    if target.endswith("/"):
        raise InvalidSelector(f"{target!r}: no jobs are named after the slash")
    if meant:
        return group(ctx, target[: meant[0]]), target[meant[0] + 1 :]
    name = target[: cuts[-1]] if cuts else target
    if not names:
        raise NotFound(
            f"there is no group {name!r}: nothing is stored yet at {database_path(db)}",
            hint=f"qbatch add {shell_quote(name)} FILE… makes it",
        )
    return group(ctx, name, must_exist=True), None


def one_job(ctx: typer.Context, target: str) -> tuple[JobGroup, str]:
    """``GROUP/JOB`` as a group and a selector.

    Raises:
        InvalidSelector: it names no job.
    """
    group, selector = group_and_selector(ctx, target)
    if selector is None:
        raise InvalidSelector(f"{target!r} names no job", hint=f"write {target}/1 or {target}/last")
    return group, selector


def start_log(file: str | None, level: Level) -> None:
    """Have what happens written to a file, if one is named."""
    if file is not None:
        from qbatch.cli import log_file

        log_file.write_to(file, level.value)


def parse_deadline(text: str) -> float:
    """A time of day (its next occurrence) or a date and time, in seconds since the epoch.

    Raises:
        UsageError: it is neither, or lies in the past.
    """
    try:
        clock = time.fromisoformat(text)
    except ValueError:
        try:
            moment = parse_date(text)
        except UsageError:
            raise UsageError(
                f"--deadline {text!r}: not a time", hint="write 06:00, or 2026-01-31T06:00"
            ) from None
    else:
        now = datetime.now().astimezone()
        moment = datetime.combine(now.date(), clock).astimezone()
        if moment <= now:
            moment = datetime.combine(now.date() + timedelta(days=1), clock).astimezone()
    if moment <= datetime.now().astimezone():
        raise UsageError(f"--deadline {text}: lies in the past")
    return moment.timestamp()


def parse_failures(text: str | None) -> float | None:
    """``20`` as a number of failures, ``5%`` as a share.

    Raises:
        UsageError: it is neither.
    """
    if text is None:
        return None
    try:
        if text.endswith("%"):
            share = float(text[:-1]) / 100
            if 0 < share < 1:
                return share
        elif int(text) >= 1:
            return float(int(text))
    except ValueError:
        pass
    raise UsageError(f"--max-failures {text!r}: not a number such as 20, nor a share such as 5%")


def parse_date(text: str) -> datetime:
    """An ISO date or date and time; local time where it names no zone.

    Raises:
        UsageError: it is none.
    """
    try:
        return datetime.fromisoformat(text).astimezone()
    except (ValueError, OverflowError, OSError):
        raise UsageError(
            f"{text!r} is no date", hint="write 2026-01-31 or 2026-01-31T18:00"
        ) from None
