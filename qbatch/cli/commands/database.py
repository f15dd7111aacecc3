"""``qbatch db``: where the database is, whether it is sound, a copy of it; and ``qbatch sql``."""

from __future__ import annotations

import csv
import math
import sys
from collections import Counter
from enum import StrEnum
from itertools import islice
from json import dumps
from typing import Annotated, Any

import typer

from qbatch.cli import options as opt
from qbatch.cli import output
from qbatch.config import database_path
from qbatch.errors import UsageError
from qbatch.results.export import plain_cell

app = typer.Typer(
    name="db",
    help="Look after the database.",
    no_args_is_help=True,
    rich_markup_mode=None,
    add_completion=False,
)


@app.command()
def path(ctx: typer.Context) -> None:
    """Print where the database is.

    Example: qbatch db path
    """
    print(database_path(opt.context(ctx).db))


@app.command()
def verify(ctx: typer.Context, json: opt.Json = False) -> None:
    """Check the database.

    Hashes against circuits, references, counters, statuses against results. Exit code 1
    where something is wrong.

    Example: qbatch db verify
    """
    from qbatch.api import database

    problems = database.verify(opt.context(ctx).db)
    if json:
        output.print_json("problems", problems)
    else:
        for problem in problems:
            print(problem)
        if not problems:
            print("the database is sound")
    raise typer.Exit(1 if problems else 0)


@app.command()
def backup(
    ctx: typer.Context,
    file: Annotated[str, typer.Argument(metavar="FILE", help="Where to; must not exist.")],
) -> None:
    """Copy the database, also while it is in use.

    Example: qbatch db backup ~/qbatch-2026-01-31.db
    """
    from qbatch.api import database

    database.backup(file, opt.context(ctx).db)
    print(file)


class QueryFormat(StrEnum):
    """How the answer to a query is printed."""

    TABLE = "table"
    JSON = "json"
    JSONL = "jsonl"
    CSV = "csv"


def sql(
    ctx: typer.Context,
    query: Annotated[
        str | None, typer.Argument(metavar="[SELECT…]", help="SQL as SQLite understands it.")
    ] = None,
    views: Annotated[
        bool, typer.Option("--views", help="Show what can be asked, and leave.")
    ] = False,
    format: Annotated[
        QueryFormat, typer.Option("--format", "-f", help="Of the answer.")
    ] = QueryFormat.TABLE,
    limit: Annotated[
        int | None, typer.Option("--limit", "-n", metavar="N", min=0, help="Of the rows.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="The same as --format json.")] = False,
) -> None:
    """Ask the database in SQL, read-only.

    Over views that stay the same while the database's own tables may change.

    Example: qbatch sql "SELECT name, count(*) FROM jobs WHERE status = 'error' GROUP BY name"
    """
    from qbatch.api import database

    if views:
        found = database.views()
        if json:
            entries = [{"view": view, "columns": columns} for view, columns in found.items()]
            output.print_json("views", entries)
        else:
            output.table(["view", "columns"], found.items())
        return
    if query is None:
        raise UsageError("nothing is asked", hint='qbatch sql "SELECT * FROM groups"')
    chosen = QueryFormat.JSON if json else format
    with database.query(query, opt.context(ctx).db) as (named, found_rows):
        rows = found_rows if limit is None else islice(found_rows, limit)
        columns = _told_apart(named)
        if chosen is QueryFormat.TABLE:
            output.table(columns, rows)
        elif chosen is QueryFormat.CSV:
            writer = csv.writer(sys.stdout, lineterminator="\n")
            writer.writerow(columns)
            writer.writerows([plain_cell(cell) for cell in row] for row in rows)
        elif chosen is QueryFormat.JSONL:
            for row in rows:
                print(dumps(_named(columns, row), ensure_ascii=not output.takes_unicode()))
        else:
            output.print_json("rows", [_named(columns, row) for row in rows], columns=columns)


def _named(columns: list[str], row: tuple[Any, ...]) -> dict[str, Any]:
    """A row by its columns; what JSON does not know as hexadecimal digits (bytes) or null."""
    return {column: _plain(value) for column, value in zip(columns, row, strict=True)}


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.hex()
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _told_apart(columns: list[str]) -> list[str]:
    """Columns of one name numbered: ``id``, ``id_2``."""
    seen: Counter[str] = Counter()
    found = []
    for column in columns:
        seen[column] += 1
        found.append(column if seen[column] == 1 else f"{column}_{seen[column]}")
    return found
