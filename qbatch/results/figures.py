"""Pictures as PNG, SVG or PDF, drawn by matplotlib without a display.

The same picture makes the same bytes: no time, no random ids.
"""

from __future__ import annotations

import contextlib
import io
import math
import warnings
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, NamedTuple

from qbatch.domain.results.labels import told_apart
from qbatch.errors import UsageError
from qbatch.results import figure_lines, figure_planes
from qbatch.results.figure_style import (
    COLOURS,
    COLUMN,
    MANY_POINTS,
    TIPS,
    is_narrow,
    new_figure,
    points,
    say_below,
    wrapped,
)
from qbatch.results.plot_data import Histograms, LinePlot, Panel, Picture, printable

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FORMS = ("png", "svg", "pdf")
_FEW_BARS = 4
_WIDEST = 16  # letters of an outcome
STYLES = ("screen", "paper")
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
    is_paper = style == "paper"
    with _styled(_PAPER if is_paper else {}):
        save(_made(shown, COLUMN if is_paper else width, plain=is_paper), stream, form)


def page_svg(shown: Picture | Timeline, width: float) -> bytes:
    """A picture as SVG for a page that has its own background and colour of letters.

    Its points, cells and bars are elements of their own, in groups that `TIPS` names.

    Raises:
        UsageError: matplotlib is not installed.
    """
    stream = io.BytesIO()
    with _styled({"axes.facecolor": "none", "figure.facecolor": "none"}):
        if isinstance(shown, Timeline):
            figure = _timeline(shown, width)
        else:
            figure = _made(shown, width, plain=False)
        save(figure, stream, "svg")
    return stream.getvalue()


@contextlib.contextmanager
def _styled(more: Any) -> Iterator[None]:
    require()
    import matplotlib as mpl

    with mpl.rc_context({**_STYLE, **more}):
        yield


def _made(shown: Picture, width: float, *, plain: bool) -> Figure:
    shown = printable(shown)
    if isinstance(shown, Histograms):
        return _histograms(shown, width)
    if isinstance(shown, LinePlot):
        return figure_lines.drawn(shown, width, plain=plain)
    return figure_planes.drawn(shown, width, plain=plain)


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


class Timeline(NamedTuple):
    """When batches were under way, the first one at the top, and the colour of each state."""

    spans: Sequence[Span]
    colours: Mapping[str, str]


def _timeline(shown: Timeline, width: float) -> Figure:
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    spans = shown.spans
    origin = min(span.begin for span in spans)
    figure = new_figure(width, min(4.0, 1.2 + 0.18 * len(spans)))
    axis = figure.subplots()
    thick = max(0.5, min(8.0, 180 / len(spans)))
    many = len(spans) > MANY_POINTS
    for state in dict.fromkeys(span.state for span in spans):
        rows, begins, ends = zip(
            *(
                (row, span.begin - origin, span.end - origin)
                for row, span in enumerate(spans)
                if span.state == state
            ),
            strict=True,
        )
        colour = shown.colours.get(state, "#757575")
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
    if is_narrow(width):
        axis.locator_params(axis="x", nbins=4)
    columns = 3 if is_narrow(width) else 6
    figure.legend(frameon=False, fontsize=9, loc="outside upper left", ncols=columns)
    return figure


def _histograms(shown: Histograms, width: float) -> Figure:
    columns = 1 if len(shown.panels) == 1 or width < 5 else 2
    rows = math.ceil(len(shown.panels) / columns)
    figure = new_figure(width, 0.4 + (3.2 if rows == 1 else 2.4) * rows)
    axes: Any = figure.subplots(rows, columns, squeeze=False)
    for number, (axis, panel) in enumerate(zip(axes.flat, shown.panels, strict=False)):
        bars = _bars(axis, panel, (width, columns), shown.highest)
        for place, bar in enumerate(bars):
            bar.set_gid(f"{TIPS}{number}-{place}")
    for axis in list(axes.flat)[len(shown.panels) :]:
        axis.set_axis_off()
    say_below(figure, shown.note, width)
    return figure


def _bars(axis: Any, panel: Panel, room: tuple[float, int], highest: float) -> Sequence[Any]:
    width, columns = room
    places = range(len(panel.outcomes))
    bars: Sequence[Any] = axis.bar(
        places, panel.shares, yerr=panel.errors, color=COLOURS[0], capsize=2
    )
    names = told_apart(panel.outcomes, _WIDEST)
    tilt = 90 if max(map(len, names)) * len(names) > 40 / columns else 0
    axis.set_xticks(places, names, rotation=tilt, fontsize=8 if tilt else points(9))
    size = points(10 if len(panel.title) * columns < 50 else 8)
    title = wrapped(panel.title, 0.8 * width / columns, size)
    if panel.others:
        title += f"\n{panel.others} others together: {100 * panel.rest:.1f}%"
    axis.set_title(title, fontsize=size)
    beside = max(0.0, (_FEW_BARS - len(panel.outcomes)) / 2)  # few bars stay slim
    axis.set_xlim(-0.6 - beside, len(panel.outcomes) - 0.4 + beside)
    axis.set_ylim(0, min(1.05, 1.05 * highest + 0.02))  # of all panels: they are compared
    axis.grid(visible=False, axis="x")
    axis.set_xlabel("outcome")
    axis.set_ylabel("share of shots")
    return bars
