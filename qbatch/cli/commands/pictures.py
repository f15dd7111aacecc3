"""``qbatch plot`` and ``report``."""

from __future__ import annotations

import os
import shutil
import sys
from enum import StrEnum
from typing import Annotated

import typer

from qbatch.cli import options as opt
from qbatch.errors import UsageError


class Kind(StrEnum):
    """What a picture may be."""

    HISTOGRAM = "histogram"
    SWEEP = "sweep"
    HEATMAP = "heatmap"


def plot(
    ctx: typer.Context,
    group: opt.GroupName,
    selector: opt.SelectorText = None,
    select: opt.Select = None,
    status: opt.Statuses = None,
    tag: opt.Tags = None,
    file: Annotated[
        str | None,
        typer.Option("--output", "-o", metavar="FILE", help="PNG, SVG or PDF, by its ending."),
    ] = None,
    kind: Annotated[
        Kind | None, typer.Option("--kind", help="Default: what suits the results.")
    ] = None,
    x: Annotated[str | None, typer.Option("--x", metavar="PARAM", help="To the right.")] = None,
    y: Annotated[
        str | None, typer.Option("--y", metavar="PARAM", help="Upwards: makes a heat map.")
    ] = None,
    outcome: Annotated[
        str | None,
        typer.Option("--outcome", metavar="BITS", help="Its probability. Default: the leading."),
    ] = None,
    observable: Annotated[
        str | None, typer.Option("--observable", metavar="SUM", help="Default: all, or the first.")
    ] = None,
) -> None:
    """Draw results: a histogram, a sweep, a heat map.

    In the terminal where no file is given. Needs qbatch[plot].

    Example: qbatch plot scan --outcome 00 -o scan.png
    """
    from qbatch.results.pictures import PlotOptions

    kind_text = kind.value if kind is not None else None
    wish = PlotOptions(kind=kind_text, x=x, y=y, outcome=outcome, observable=observable)
    found = opt.existing_group(ctx, group)
    wanted = opt.selection(opt.either(selector, select), status, tag)
    if file is not None:
        found.plot(file, wanted, wish)
        return
    from qbatch.results.terminal import text

    size = shutil.get_terminal_size()
    colour = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    height = max(8, min(24, size.lines - 6))
    print(text(found.picture(wanted, wish), width=size.columns, height=height, colour=colour))


def report(
    ctx: typer.Context,
    group: opt.GroupName,
    file: Annotated[
        str, typer.Option("--output", "-o", metavar="FILE", help="Write there, whole.")
    ],
) -> None:
    """Write a group as one self-contained HTML page.

    Status, failures, results, batches, settings; no network, no scripts. Needs qbatch[plot].

    Example: qbatch report scan -o scan.html
    """
    if not file.lower().endswith((".html", ".htm")):
        raise UsageError(f"{file}: a report is HTML", hint="its ending is .html")
    opt.existing_group(ctx, group).report(file)
    print(file)
