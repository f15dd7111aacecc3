"""``qbatch db``: where the database is, whether it is sound, and a copy of it."""

from __future__ import annotations

from typing import Annotated

import typer

from qbatch import output
from qbatch.commands import options as opt
from qbatch.config import database_path

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
    from qbatch import maintenance

    problems = maintenance.verify(opt.context(ctx).db)
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
    from qbatch import maintenance

    maintenance.backup(file, opt.context(ctx).db)
    print(file)
