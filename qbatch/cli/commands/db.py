"""``qbatch db``: where the database is, whether it is sound, a copy of it, and SQL."""

from __future__ import annotations

import csv
import math
import sys
from collections import Counter
from collections.abc import Iterable
from itertools import islice
from json import dumps
from typing import Annotated, Any

import typer

from qbatch.cli import options as opt
from qbatch.cli import output, targets, values
from qbatch.config import database_path
from qbatch.errors import UsageError

_DRAWN = {"markdown": "github", "latex": "latex", "html": "html"}  # as tabulate calls them
_SEPARATED = {"csv": ",", "tsv": "\t"}
_FORMATS = ("table", "json", "jsonl", *_SEPARATED, *_DRAWN)


def path(ctx: typer.Context) -> None:
    """Print where the database is.

    Example: qbatch db path
    """
    print(database_path(targets.context(ctx).db))


def verify(ctx: typer.Context, json: opt.Json = False) -> None:
    """Check the database.

    Hashes against circuits, references, counters, statuses against results. Exit code 1
    if something is wrong.

    Example: qbatch db verify
    """
    from qbatch.api import database

    problems = database.verify(targets.context(ctx).db)
    if json:
        output.print_json("problems", problems)
    else:
        for problem in problems:
            print(problem)
        if not problems:
            print("the database is sound")
    raise typer.Exit(1 if problems else 0)


def backup(
    ctx: typer.Context,
    file: Annotated[str, typer.Argument(metavar="FILE", help="Where to; must not exist.")],
) -> None:
    """Copy the database, also while it is in use.

    Example: qbatch db backup ~/qbatch-2026-01-31.db
    """
    from qbatch.api import database

    database.backup(file, targets.context(ctx).db)
    print(file)


def export(
    ctx: typer.Context,
    file: Annotated[str, typer.Argument(metavar="FILE", help="A new SQLite database.")],
    json: opt.Json = False,
) -> None:
    """Write groups, jobs, attempts, batches and results as plain tables.

    For pandas, Datasette and whatever else reads SQLite, with a full-text index over the
    jobs. Nothing in it is needed by qbatch: it may be changed.

    Example: qbatch db export study.db
    """
    from qbatch.api import database

    written = database.export(file, targets.context(ctx).db)
    if json:
        output.print_json("tables", written, file=file)
    else:
        said = ", ".join(f"{rows} {table}" for table, rows in written.items())
        print(f"{file}: {said}")


def sql(
    ctx: typer.Context,
    query: Annotated[
        str | None, typer.Argument(metavar="[SELECT…]", help="SQL as SQLite understands it.")
    ] = None,
    views: Annotated[
        bool, opt.option("--views", section=opt.OUTPUT, help="Show what can be asked, and leave.")
    ] = False,
    format: Annotated[
        str,
        opt.option(
            "--format", "-f", metavar="|".join(_FORMATS), section=opt.OUTPUT, help="Of the answer."
        ),
    ] = "table",
    limit: Annotated[
        str | None,
        opt.option("--limit", "-n", metavar="N", section=opt.OUTPUT, help="Of the rows."),
    ] = None,
    json: Annotated[
        bool, opt.option("--json", section=opt.OUTPUT, help="The same as --format json.")
    ] = False,
) -> None:
    """Ask the database in SQL, read-only.

    Over views that stay the same while the database's own tables may change.

    Example: qbatch db sql "SELECT name, count(*) FROM jobs WHERE status = 'error' GROUP BY name"
    """
    from qbatch.api import database

    if views:
        _print_views(json=json)
        return
    if query is None:
        raise UsageError("nothing is asked", hint='qbatch db sql "SELECT * FROM groups"')
    chosen = values.choice("json" if json else format, "--format", _FORMATS)
    most = values.count(limit, "--limit")
    if most is not None and most < 0:
        raise UsageError(f"--limit {most}: fewer than none")
    with database.query(query, targets.context(ctx).db) as (named, found):
        rows = found if most is None else islice(found, most)
        _print_rows(_numbered(named), rows, chosen or "table")


def _print_views(*, json: bool) -> None:
    from qbatch.api import database

    found = database.views()
    if json:
        entries = [{"view": view, "columns": columns} for view, columns in found.items()]
        output.print_json("views", entries)
    else:
        output.table(["view", "columns"], found.items())


def _print_rows(columns: list[str], rows: Iterable[tuple[Any, ...]], form: str) -> None:
    if form == "table":
        output.table(columns, rows)
    elif form in _DRAWN:
        from tabulate import tabulate

        cells = [[_in_a_line(_plain(cell), form) for cell in row] for row in rows]
        print(tabulate(cells, columns, tablefmt=_DRAWN[form], disable_numparse=True))
    elif form in _SEPARATED:
        _print_separated(columns, rows, _SEPARATED[form])
    elif form == "jsonl":
        for row in rows:
            print(dumps(_named(columns, row), ensure_ascii=not output.takes_unicode()))
    else:
        named = output.JsonList(_named(columns, row) for row in rows)
        output.print_json("rows", named, columns=columns)


def _print_separated(columns: list[str], rows: Iterable[tuple[Any, ...]], separator: str) -> None:
    from qbatch.results.export import plain_cell

    writer = csv.writer(sys.stdout, delimiter=separator, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([plain_cell(cell) for cell in row] for row in rows)


def _named(columns: list[str], row: tuple[Any, ...]) -> dict[str, Any]:
    """A row by its columns; what JSON does not know as hexadecimal digits (bytes) or null."""
    return {column: _plain(value) for column, value in zip(columns, row, strict=True)}


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.hex()
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _in_a_line(cell: Any, form: str) -> Any:
    """A cell that does not end its row; a bar would end a cell of Markdown."""
    if not isinstance(cell, str):
        return cell
    text = " ".join(cell.splitlines())
    return text.replace("|", "\\|") if form == "markdown" else text


def _numbered(columns: list[str]) -> list[str]:
    """Columns of one name numbered: ``id``, ``id_2``."""
    seen: Counter[str] = Counter()
    found = []
    for column in columns:
        seen[column] += 1
        found.append(column if seen[column] == 1 else f"{column}_{seen[column]}")
    return found


DB = (
    "Look after the database.",
    {"path": path, "verify": verify, "backup": backup, "export": export, "sql": sql},
)
