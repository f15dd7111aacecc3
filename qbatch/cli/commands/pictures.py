"""``qbatch plot`` and ``report``."""

from __future__ import annotations

import os
import shutil
import sys
from typing import Annotated

import typer

from qbatch.cli import options as opt
from qbatch.cli import programs, targets, values
from qbatch.errors import UsageError

_KINDS = ("histogram", "sweep", "heatmap", "convergence")
_SHOWN = "What is shown"


def plot(
    ctx: typer.Context,
    group: opt.Target,
    narrowing: opt.Narrowing,
    kind: Annotated[
        str | None,
        opt.option(
            "--kind",
            metavar="|".join(_KINDS),
            section=_SHOWN,
            help="Default: what suits the results.",
        ),
    ] = None,
    x: Annotated[
        str | None, opt.option("--x", metavar="PARAM", section=_SHOWN, help="To the right.")
    ] = None,
    y: Annotated[
        str | None,
        opt.option("--y", metavar="PARAM", section=_SHOWN, help="Upwards: makes a heat map."),
    ] = None,
    outcome: Annotated[
        str | None,
        opt.option(
            "--outcome",
            metavar="BITS",
            section=_SHOWN,
            help="Its probability. Default: the leading.",
        ),
    ] = None,
    observable: Annotated[
        str | None,
        opt.option(
            "--observable", metavar="SUM", section=_SHOWN, help="Default: all, or the first."
        ),
    ] = None,
    file: Annotated[
        str | None,
        opt.option("--output", "-o", metavar="FILE", section=opt.OUTPUT, help="PNG, SVG or PDF."),
    ] = None,
) -> None:
    """Draw results: a histogram, lines, a heat map; how programs converge.

    In the terminal if no file is given. Needs matplotlib, or uniplot for the terminal.

    Example: qbatch plot scan --outcome 00 -o scan.png
    """
    from qbatch.results.plot_data import PlotOptions

    values.choice(kind, "--kind", _KINDS)
    options = PlotOptions(kind=kind, x=x, y=y, outcome=outcome, observable=observable)
    chosen = targets.target(ctx, group, narrowing)
    results = chosen.group.results(chosen.selection)
    converging = kind == "convergence" or (options == PlotOptions() and programs.are_named(chosen))
    shown = chosen.group.convergence(chosen.selection) if converging else None
    if file is not None:
        results.plot(file, options, shown)
        return
    from qbatch.results.terminal import text

    size = shutil.get_terminal_size()
    colour = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    height = max(8, min(24, size.lines - 6))
    picture = results.picture(options) if shown is None else shown
    print(text(picture, width=size.columns, height=height, colour=colour))


def report(ctx: typer.Context, group: opt.GroupName, file: opt.File) -> None:
    """Write a group as one self-contained HTML page.

    Status, failures, results, batches, settings; no network, no scripts. Needs Jinja and
    matplotlib.

    Example: qbatch report scan -o scan.html
    """
    if not file.lower().endswith((".html", ".htm")):
        raise UsageError(f"{file}: a report is HTML", hint="its ending is .html")
    targets.group(ctx, group).report(file)
    print(file)
