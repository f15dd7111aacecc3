"""Pictures as PNG, SVG or PDF, drawn by matplotlib without a display.

The same picture makes the same bytes: no time, no random ids.
"""

from __future__ import annotations

import math
import textwrap
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, NamedTuple

from qbatch.errors import UsageError
from qbatch.results.plot_data import HeatMap, Histograms, Line, LinePlot, Panel, Picture
from qbatch.results.ticks import in_pi

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FORMS = ("png", "svg", "pdf")
# Okabe and Ito's colours, told apart also by most people who see few.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#444444", "#999933")
_FEW_BARS = 4
_FIT_INCHES = 0.5  # of height for what is said of a curve
_LEGEND_COLUMNS = 90  # of 8-point letters below a picture of 7 inches
_MANY_POINTS = 500  # of a line; above, markers and error bars would hide each other
# Of lines beside their colours, so that a print without them tells them apart.
_MARKS = ("o", "s", "^", "D", "v", "P", "X", "*")
_DASHES = ("-", "--", "-.", ":")
STYLES = ("screen", "paper")
_COLUMN = 3.37  # inches, of a page of two columns
_PAPER: Any = {
    "font.size": 8,
    "axes.titlesize": 8,
    "axes.labelsize": 8,
    "xtick.labelsize": 8,
    "ytick.labelsize": 8,
    "legend.fontsize": 8,
    "figure.titlesize": 8,
    "lines.markersize": 3,
    "pdf.fonttype": 42,  # TrueType, whole: publishers refuse type 3
    "svg.fonttype": "path",
}
_STYLE: Any = {
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.alpha": 0.25,
    "svg.fonttype": "none",  # text stays text: small, searchable, in the page's font
    "svg.hashsalt": "qbatch",
    "text.parse_math": False,  # names are text, whatever they hold
}


def form_of(path: Path) -> str:
    """The image format that a file's ending tells.

    Raises:
        UsageError: it tells none.
    """
    found = path.suffix.lower().removeprefix(".")
    if found not in FORMS:
        raise UsageError(f"{path}: its ending tells no image format", hint="png, svg or pdf")
    return found


def require() -> None:
    """Make sure that matplotlib is there.

    Raises:
        UsageError: it is not.
    """
    try:
        import matplotlib  # noqa: F401
    except ImportError:
        raise UsageError(
            "matplotlib is not installed", hint="pip install matplotlib installs it"
        ) from None


def draw(
    shown: Picture, stream: IO[bytes], form: str, *, width: float = 7.0, style: str = "screen"
) -> None:
    """Draw a picture of that many inches.

    Args:
        style: ``paper`` for a column of a page: 8-point letters, fonts in the file, lines told
            apart without their colours; its width is the column's.

    Raises:
        UsageError: matplotlib is not installed, or there is no such style.
    """
    if style not in STYLES:
        raise UsageError(f"there is no style {style!r}", hint=f"there are: {', '.join(STYLES)}")
    require()
    import matplotlib as mpl

    is_paper = style == "paper"
    width = _COLUMN if is_paper else width
    with mpl.rc_context({**_STYLE, **(_PAPER if is_paper else {})}):
        if isinstance(shown, Histograms):
            figure = _histograms(shown, width)
        elif isinstance(shown, LinePlot):
            figure = _sweep(shown, width, plain=is_paper)
        else:
            figure = _heat_map(shown, width, plain=is_paper)
        save(figure, stream, form)


def save(figure: Figure, stream: IO[bytes], form: str) -> None:
    """A figure as bytes that do not tell when they were made."""
    nothing = {"svg": {"Date": None}, "pdf": {"CreationDate": None}, "png": {"Software": None}}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of letters that the font does not have
        figure.savefig(stream, format=form, dpi=150, metadata=nothing[form])


class Span(NamedTuple):
    """A batch on a timeline; times are seconds since the epoch."""

    batch: int
    begin: float
    end: float
    state: str


def draw_timeline(spans: Sequence[Span], colours: Mapping[str, str], stream: IO[bytes]) -> None:
    """When batches were under way, as SVG, the first one at the top."""
    require()
    import matplotlib as mpl
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    origin = min(span.begin for span in spans)
    with mpl.rc_context(_STYLE):
        figure = _new(7.0, min(4.0, 1.2 + 0.18 * len(spans)))
        axis = figure.subplots()
        thick = max(0.5, min(8.0, 180 / len(spans)))
        many = len(spans) > _MANY_POINTS
        for state in dict.fromkeys(span.state for span in spans):
            rows = [row for row, span in enumerate(spans) if span.state == state]
            begins = [spans[row].begin - origin for row in rows]
            ends = [spans[row].end - origin for row in rows]
            colour = colours.get(state, "#888888")
            axis.hlines(rows, begins, ends, colors=colour, lw=thick, label=state, rasterized=many)
            # However short it was: a mark where it began.
            axis.plot(begins, rows, "|", color=colour, ms=thick, mew=2, rasterized=many)
        axis.set_ylim(len(spans) - 0.3, -0.7)
        axis.set_xlabel("seconds since the first batch")
        axis.set_ylabel("batch")
        axis.yaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
        axis.yaxis.set_major_formatter(
            FuncFormatter(lambda y, _: str(spans[int(y)].batch) if 0 <= y < len(spans) else "")
        )
        axis.legend(frameon=False, fontsize=9, loc="lower left", bbox_to_anchor=(0, 1), ncols=6)
        save(figure, stream, "svg")


def _new(width: float, height: float) -> Figure:
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained")


def _histograms(shown: Histograms, width: float) -> Figure:
    columns = 1 if len(shown.panels) == 1 or width < 5 else 2
    rows = math.ceil(len(shown.panels) / columns)
    figure = _new(width, 0.4 + (3.2 if rows == 1 else 2.4) * rows)
    axes: Any = figure.subplots(rows, columns, squeeze=False)
    for axis, panel in zip(axes.flat, shown.panels, strict=False):
        _bars(axis, panel, columns)
    for axis in list(axes.flat)[len(shown.panels) :]:
        axis.set_axis_off()
    if shown.left_out:
        figure.supxlabel(f"and {shown.left_out} jobs more", fontsize=_points(9))
    return figure


def _bars(axis: Any, panel: Panel, columns: int) -> None:
    places = range(len(panel.outcomes))
    axis.bar(places, panel.shares, yerr=panel.errors, color=COLOURS[0], capsize=2)
    tilt = 90 if max(map(len, panel.outcomes)) * len(panel.outcomes) > 40 / columns else 0
    axis.set_xticks(places, panel.outcomes, rotation=tilt, fontsize=8 if tilt else _points(9))
    title = panel.title
    if panel.others:
        title += f"\n{panel.others} others together: {100 * panel.rest:.1f}%"
    axis.set_title(title, fontsize=_points(10 if len(panel.title) * columns < 50 else 8))
    room = max(0.0, (_FEW_BARS - len(panel.outcomes)) / 2)  # few bars stay slim
    axis.set_xlim(-0.6 - room, len(panel.outcomes) - 0.4 + room)
    axis.set_ylim(0, min(1.05, 1.15 * max(panel.shares) + 0.02))
    axis.grid(visible=False, axis="x")
    axis.set_ylabel("share of shots")


def _points(most: float) -> float:
    """A size of letters, no larger than the style's."""
    import matplotlib as mpl

    return min(most, float(mpl.rcParams["font.size"]))


def _sweep(shown: LinePlot, width: float, *, plain: bool) -> Figure:
    """Lines.

    Args:
        plain: told apart without their colours, too.
    """
    fits = sum(line.fit is not None for line in shown.lines)
    figure = _new(width, 0.6 * width + _FIT_INCHES * fits)
    axis = figure.subplots()
    for number, line in enumerate(shown.lines):
        _draw_line(axis, number, line, width, plain=plain)
    axis.set_xlabel(shown.x_label)
    axis.set_ylabel(shown.y_label)
    axis.set_title(shown.title)
    _mark_angles(axis, [x for line in shown.lines for x in line.x])
    if fits:  # much to say: below the picture
        figure.legend(frameon=False, fontsize=8, loc="outside lower left")
    elif len(shown.lines) > 1 or shown.lines[0].label != shown.y_label:
        axis.legend(frameon=False, fontsize=_points(9))
    return figure


def _mark_angles(axis: Axes, xs: Sequence[float]) -> None:
    """Ticks in parts of pi, where the ends are such."""
    ticks = in_pi(min(xs), max(xs)) if xs else None
    if ticks is not None:
        axis.set_xticks([place for place, _ in ticks], [text for _, text in ticks])


def _draw_line(axis: Axes, number: int, line: Line, width: float, *, plain: bool) -> None:
    """One of them, with its errors and the curve through it."""
    colour = COLOURS[number % len(COLOURS)]
    if len(line.x) > _MANY_POINTS:
        axis.plot(line.x, line.y, ".", ms=2, color=colour, label=line.label, rasterized=True)
        return
    errors: Any = {"yerr": line.errors, "capsize": 2, "elinewidth": 1} if line.errors else {}
    mark = _MARKS[number % len(_MARKS)] if plain else "."
    dash = _DASHES[number % len(_DASHES)] if plain else "-"
    joined = mark if line.fit is not None else f"{mark}{dash}"
    axis.errorbar(
        line.x, line.y, fmt=joined, ms=3 if plain else 5, lw=1, color=colour,
        label=line.label, **errors,
    )  # fmt: skip
    if line.fit is not None:
        said = _wrapped(line.fit.text(), width)
        axis.plot(line.fit.x, line.fit.y, dash, lw=1, color=colour, label=said)


def _wrapped(text: str, width: float) -> str:
    """A text in lines; a number and its error, or its name, stay together."""
    whole = text.replace(" = ", "\u00a0=\u00a0").replace(" ± ", "\u00a0±\u00a0")
    return textwrap.fill(whole, int(_LEGEND_COLUMNS * width / 7.0))


def _heat_map(shown: HeatMap, width: float, *, plain: bool) -> Figure:
    figure = _new(width, 0.75 * width)
    axis = figure.subplots()
    values = [v for row in shown.z for v in row if not math.isnan(v)]
    signed = min(values) < 0 < max(values)
    limit = max(map(abs, values)) if signed else None
    mesh = axis.pcolormesh(
        shown.x,
        shown.y,
        shown.z,
        shading="nearest",
        # Without colours red and blue are one grey; the others go from dark to light.
        cmap="cividis" if plain else "RdBu_r" if signed else "viridis",
        vmin=-limit if limit is not None else None,
        vmax=limit,
        rasterized=True,
    )
    _finish_heat_map(shown, axis)
    figure.colorbar(mesh, ax=axis, label=shown.z_label)
    return figure


def _finish_heat_map(shown: HeatMap, axis: Axes) -> None:
    axis.grid(visible=False)
    axis.set_xlabel(shown.x_label)
    axis.set_ylabel(shown.y_label)
    axis.set_title(shown.title)
