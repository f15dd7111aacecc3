"""``qbatch plot`` and ``report``."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from qbatch.cli import options as opt
from qbatch.cli import output, programs, targets, values
from qbatch.errors import UsageError

if TYPE_CHECKING:
    from qbatch.cli.targets import Chosen
    from qbatch.results.plot_data import Picture, PlotOptions

_KINDS = ("histogram", "sweep", "heatmap", "convergence")
_FITS = ("line", "exp", "cos")
_SHOWN = "What is shown"
_BACKEND = "backend"
_STYLES = ("screen", "paper")


def plot(
    ctx: typer.Context,
    groups: opt.Targets,
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
        str | None,
        opt.option(
            "--x",
            metavar="AXIS",
            section=_SHOWN,
            help="To the right: a parameter, tag:NAME, or a column (shots, qubits, depth, …).",
        ),
    ] = None,
    y: Annotated[
        str | None,
        opt.option("--y", metavar="PARAM", section=_SHOWN, help="Upwards: makes a heat map."),
    ] = None,
    by: Annotated[
        list[str] | None,
        opt.option(
            "--by",
            metavar="AXIS",
            section=_SHOWN,
            help="What tells lines apart. Default: other parameters. Repeatable.",
        ),
    ] = None,
    mean: Annotated[
        bool,
        opt.option(
            "--mean",
            section=_SHOWN,
            help="Of the jobs at one place, with its standard error.",
        ),
    ] = False,
    fit: Annotated[
        str | None,
        opt.option(
            "--fit",
            metavar="|".join(_FITS),
            section=_SHOWN,
            help="A curve through each line, with its parameters and their errors.",
        ),
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
    postselect: opt.Postselect = None,
    xlabel: Annotated[
        str | None,
        opt.option(
            "--xlabel", metavar="TEXT", section=_SHOWN, help="Of the axis: 'amplitude (rad/µs)'."
        ),
    ] = None,
    ylabel: Annotated[
        str | None, opt.option("--ylabel", metavar="TEXT", section=_SHOWN, help="Likewise.")
    ] = None,
    file: Annotated[
        str | None,
        opt.option("--output", "-o", metavar="FILE", section=opt.OUTPUT, help="PNG, SVG or PDF."),
    ] = None,
    style: Annotated[
        str,
        opt.option(
            "--style",
            metavar="|".join(_STYLES),
            section=opt.OUTPUT,
            help="paper: a column's width, 8-point letters, told apart without colours.",
        ),
    ] = "screen",
) -> None:
    """Draw results: a histogram, lines, a heat map; how programs converge.

    In the terminal if no file is given. Needs matplotlib, or uniplot for the terminal.

    Several jobs at one place are one point, weighted by shots, where they ask the same; others
    with --mean alone. Several groups are lines of one picture. With --by backend the copies that
    run --backend A,B has made stand in one.

    Example: qbatch plot scan --outcome 00 -o scan.png
    """
    from qbatch.results.plot_data import PlotOptions

    values.choice(kind, "--kind", _KINDS)
    values.choice(fit, "--fit", _FITS)
    values.choice(style, "--style", _STYLES)
    options = PlotOptions(
        kind=kind, x=x, y=y, by=tuple(by or ()), mean=mean, fit=fit,
        outcome=outcome, observable=observable,
    )  # fmt: skip
    chosen = targets.targets(ctx, groups, narrowing)
    picture = _labelled(_picture(chosen, options, postselect or ()), xlabel, ylabel)
    if postselect:
        picture = replace(picture, title=f"{picture.title}, where {' and '.join(postselect)}")
    if file is not None:
        chosen[0].group.results().plot(file, shown=picture, style=style)
        output.written(file)
        _print_fits(picture)
        return
    from qbatch.results.terminal import text

    size = shutil.get_terminal_size()
    colour = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    height = max(8, min(24, size.lines - 6))
    output.print_coloured(text(picture, width=size.columns, height=height, colour=colour))
    _print_fits(picture)


def _picture(chosen: list[Chosen], options: PlotOptions, postselect: Sequence[str]) -> Picture:
    """What is drawn: how programs converge, copies or groups in one picture, or one group."""
    from qbatch.api import copies

    first = chosen[0]
    if len(chosen) > 1:
        return copies.together([one[:2] for one in chosen], options, postselect)
    if _is_of_programs(first, options, postselect):
        shown = first.group.convergence(first.selection)
        if shown is not None:
            return shown
    if _BACKEND in (*options.by, options.x):
        return copies.picture(first.group, first.selection, options, postselect)
    return first.group.results(first.selection, postselect=postselect).picture(options)


def _is_of_programs(chosen: Chosen, options: PlotOptions, postselect: Sequence[str]) -> bool:
    """Whether how programs converge is asked for, or nothing but programs.

    Raises:
        UsageError: with a choice of outcomes, which they do not have.
    """
    from qbatch.results.plot_data import PlotOptions

    if options.kind == "convergence" and postselect:
        raise UsageError("--postselect keeps outcomes of jobs; programs' values have none")
    if options.kind == "convergence":
        return True
    return options == PlotOptions() and not postselect and programs.are_named(chosen)


def _labelled(picture: Picture, xlabel: str | None, ylabel: str | None) -> Picture:
    """The picture with the user's words at its axes: only they know the units.

    Raises:
        UsageError: it has no such axes.
    """
    from qbatch.results.plot_data import Histograms

    if xlabel is None and ylabel is None:
        return picture
    if isinstance(picture, Histograms):
        raise UsageError("--xlabel and --ylabel are for lines and heat maps")
    x, y = xlabel or picture.x_label, ylabel or picture.y_label
    return replace(picture, x_label=x, y_label=y)


def _print_fits(picture: Picture) -> None:
    """What was fitted, a line each."""
    from qbatch.results.plot_data import LinePlot

    if isinstance(picture, LinePlot):
        for line in picture.lines:
            if line.fit is not None:
                print(f"{line.label}: {line.fit.formula}: {line.fit.text()}")


def report(ctx: typer.Context, group: opt.GroupName, file: opt.File) -> None:
    """Write a group as one self-contained HTML page.

    Status, failures, results, batches, settings; points that show their job, tables that sort
    and filter. Nothing comes from the network. Needs Jinja and matplotlib.

    Example: qbatch report scan -o scan.html
    """
    if not file.lower().endswith((".html", ".htm")):
        raise UsageError(f"{file}: a report is HTML", hint="its ending is .html")
    targets.group(ctx, group).report(file)
    print(file)
