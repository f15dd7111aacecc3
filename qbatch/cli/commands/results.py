"""``qbatch results``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from qbatch.cli import options as opt
from qbatch.cli import output, programs, targets, values
from qbatch.cli.tables import results_table
from qbatch.errors import UsageError

if TYPE_CHECKING:
    from qbatch.api.results import Results


def results(
    ctx: typer.Context,
    group: opt.Target,
    narrowing: opt.Narrowing,
    sort: opt.Sort = None,
    top: Annotated[
        str | None,
        opt.option(
            "--top",
            metavar="N",
            section=opt.HOW,
            help="Only the N most frequent outcomes of a job.",
        ),
    ] = None,
    probabilities: Annotated[
        bool,
        opt.option("--probabilities", section=opt.HOW, help="Shares of the shots, not counts."),
    ] = False,
    partial: Annotated[
        bool,
        opt.option(
            "--partial", section=opt.HOW, help="Of jobs that are not done, what has landed."
        ),
    ] = False,
    wide: Annotated[
        bool,
        opt.option(
            "--wide",
            section=opt.HOW,
            help="CSV and Parquet: one row per job, a column for each outcome.",
        ),
    ] = False,
    columns: Annotated[
        str | None,
        opt.option(
            "--columns",
            metavar="NAME,…",
            section=opt.HOW,
            help="More of compiled circuits: depth, size, two_qubit, layout.",
        ),
    ] = None,
    postselect: opt.Postselect = None,
    steps: Annotated[
        bool,
        opt.option(
            "--steps", section=opt.WHICH, help="Of programs every evaluation, not their values."
        ),
    ] = False,
    file: opt.OptionalFile = None,
    format: Annotated[
        str | None,
        opt.option(
            "--format",
            "-f",
            metavar="table|json|jsonl|csv|parquet|npz",
            section=opt.OUTPUT,
            help="Default: a table, or what FILE ends in.",
        ),
    ] = None,
    json: Annotated[
        bool, opt.option("--json", section=opt.OUTPUT, help="The same as --format json.")
    ] = False,
) -> None:
    """Print or export results.

    One entry per job, in the order of adding; of programs, what they returned. Parquet
    needs pyarrow.

    Example: qbatch results scan/1-3 --format json | jq '.results[0].counts'
    """
    from qbatch.domain.results import ExportOptions

    number, more = _top(top), _columns(columns)
    form = _format("json" if json else format, file)
    _check_form(form, wide=wide, columns=bool(more))
    options = ExportOptions(
        top=number, probabilities=probabilities, partial=partial, wide=wide, columns=more
    )
    chosen = targets.target(ctx, group, narrowing, sort=sort)
    if not steps and programs.show_results(chosen, form=form, file=file):
        return
    found = chosen.group.results(
        chosen.selection, partial=partial, compiled=bool(more), postselect=postselect or ()
    )
    if form == "table":
        results_table(found, top=number, more=more)
    else:
        found.export(file or sys.stdout, form=form, options=options)
    _tell(found, file)


def _tell(found: Results, file: str | None) -> None:
    """Which file was written, and what post-selection has kept."""
    if file is not None:
        output.written(file)
    if found.selected is not None and found.selected.shots:
        output.message(found.selected.text())


def _check_form(form: str, *, wide: bool, columns: bool) -> None:
    """Make sure that a format has what is wanted.

    Raises:
        UsageError: it has not.
    """
    if wide and form not in ("csv", "parquet"):
        raise UsageError("--wide goes with CSV and Parquet", hint="--format csv --wide")
    if columns and form == "npz":
        raise UsageError("--columns has no place in npz; the other formats take it")


def _top(text: str | None) -> int | None:
    number = values.count(text, "--top")
    if number is not None and number < 1:
        raise UsageError(f"--top {number}: nothing would be left")
    return number


def _columns(text: str | None) -> tuple[str, ...]:
    from qbatch.results.compiled import check_columns

    return () if text is None else check_columns(word.strip() for word in text.split(","))


def _format(wish: str | None, file: str | None) -> str:
    from qbatch.results import export

    if wish == "table" or (wish is None and file is None):
        if file is not None:
            known = ", ".join(export.FORMATS)
            raise UsageError(f"a table is for reading; --output takes {known}")
        return "table"
    if wish is None:
        chosen = export.format_of(Path(file or ""))
    else:
        chosen = export.format_named(wish, "table")
    if file is None and chosen.binary:
        raise UsageError(f"{chosen.name} is not for reading: --output FILE says where it goes")
    return chosen.name
