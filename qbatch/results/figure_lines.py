"""Images of lines: points with their errors, the curves through them, and a legend below."""

from __future__ import annotations

import math
import textwrap
from typing import TYPE_CHECKING, Any

from qbatch.results.figure_style import (
    COLOURS,
    MANY_POINTS,
    TIPS,
    is_narrow,
    letters,
    mark_angles,
    new_figure,
    points,
    say_below,
    wrapped,
)
from qbatch.results.plot_data import Line, LinePlot

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_FIT_INCHES = 0.5  # of height for what is said of a curve
_LEGEND_INCHES = 0.2  # of height for a row of a legend
# Of lines beside their colours, so that a print without them tells them apart.
_MARKS = ("o", "s", "^", "D", "v", "P", "X", "*")
_ONE_OF_MANY = "#8F8F8F"  # that is not named; those that are lie over it
_DASHES = ("-", "--", "-.", ":")


def drawn(shown: LinePlot, width: float, *, plain: bool) -> Figure:
    """Lines.

    Args:
        plain: told apart without their colours, too.
    """
    figure = new_figure(width, 0.6 * width)
    axis = figure.subplots()
    for number, line in enumerate(shown.lines):
        several = len(shown.lines) > 1
        _draw_line(axis, number, line, width, plain=plain, is_one_of_several=several)
    axis.set_xlabel(shown.x_label)
    axis.set_ylabel(shown.y_label)
    axis.set_title(wrapped(shown.title, width, 12))
    if is_narrow(width):
        axis.locator_params(axis="x", nbins=4)
    mark_angles(axis.xaxis, [x for line in shown.lines for x in line.x])
    _tell(figure, shown, width)
    return figure


def _tell(figure: Figure, shown: LinePlot, width: float) -> None:
    """Add the legend and the note, below the axes, where they hide no point."""
    fits = sum(line.fit is not None for line in shown.lines)
    named = [line.label for line in shown.lines if line.label]
    if not fits and len(named) < 2 and named in ([], [shown.y_label]):
        say_below(figure, shown.note, width)
        return
    columns = 1 if fits else max(1, letters(width) // (max(map(len, named), default=0) + 8))
    rows = math.ceil(len(named) / columns)
    note = textwrap.fill(shown.note, letters(width))
    rows += len(note.splitlines())
    figure.set_figheight(figure.get_figheight() + _FIT_INCHES * fits + _LEGEND_INCHES * rows)
    # A note of the figure's own would lie over the legend.
    legend = figure.legend(
        frameon=False, fontsize=8 if fits else points(9), loc="outside lower left", ncols=columns,
        title=note or None, title_fontsize=8,
    )  # fmt: skip
    legend.set_alignment("left")


def _draw_line(
    axis: Axes, number: int, line: Line, width: float, *, plain: bool, is_one_of_several: bool
) -> None:
    """One of them, with its errors and the curve through it."""
    colour = COLOURS[number % len(COLOURS)] if line.label else _ONE_OF_MANY
    if len(line.x) > MANY_POINTS:
        axis.plot(line.x, line.y, ".", ms=2, color=colour, label=line.label, rasterized=True)
        return
    mark, dash = _mark_and_dash(number, plain=plain)
    joined = f"{mark}{dash}" if line.is_joined and line.fit is None else mark
    drawn = axis.errorbar(
        line.x, line.y, fmt=joined, ms=3 if plain else 5, lw=1, color=colour,
        label=line.label, zorder=3 if line.label else 2, **_errors(line),
    )  # fmt: skip
    drawn.lines[0].set_gid(f"{TIPS}{number}")
    if line.fit is not None:
        whose = f"{line.label}: " if is_one_of_several else ""
        said = _wrapped(f"{whose}{line.fit.formula}: {line.fit.text()}", width)
        axis.plot(line.fit.x, line.fit.y, dash, lw=1, color=colour, label=said)


def _errors(line: Line) -> dict[str, Any]:
    return {"yerr": line.errors, "capsize": 2, "elinewidth": 1} if line.errors else {}


def _mark_and_dash(number: int, *, plain: bool) -> tuple[str, str]:
    if not plain:
        return ".", "-"
    return _MARKS[number % len(_MARKS)], _DASHES[number % len(_DASHES)]


def _wrapped(text: str, width: float) -> str:
    """A text in lines; a number and its error, or its name, stay together."""
    whole = text.replace(" = ", "\u00a0=\u00a0").replace(" ± ", "\u00a0±\u00a0")
    return textwrap.fill(whole, letters(width))
