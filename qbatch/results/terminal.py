"""Pictures as lines of characters, for a terminal or a log."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterator

from qbatch.domain.results.labels import told_apart
from qbatch.results import terminal_lines
from qbatch.results.plot_data import Cloud, Grid, HeatMap, Histograms, LinePlot, Panel, Picture
from qbatch.results.terminal_lines import FEWEST, MARGIN, extent, is_one, part

_SHADES = " ░▒▓█"
_DEEPER = (53, 54, 60, 24, 30, 36, 72, 71, 77, 113, 149, 148, 184, 220)  # of 256: viridis
_EIGHTHS = " ▏▎▍▌▋▊▉█"
_WIDEST_LABEL = 24


def text(shown: Picture, *, width: int = 80, height: int = 20, colour: bool = False) -> str:
    """A picture, a line of at most ``width`` characters each, no line break at the end.

    Args:
        height: rows of a sweep or heat map.
        colour: tell lines apart by colours too.

    Raises:
        UsageError: uniplot, which draws sweeps, is not installed.
    """
    width = max(width, FEWEST)
    if isinstance(shown, Histograms):
        lines = list(_histograms(shown, width))
    elif isinstance(shown, LinePlot):
        lines = terminal_lines.drawn(shown, width, height, colour=colour)
    else:
        lines = list(_heat_map(shown, width, height, colour))
    if shown.note:
        lines += textwrap.wrap(shown.note, width)
    return "\n".join(line.rstrip() for line in lines)


def _histograms(shown: Histograms, width: int) -> Iterator[str]:
    for number, panel in enumerate(shown.panels):
        if number:
            yield ""
        yield panel.title[:width]
        yield from _bars(panel, width, shown.highest or 1.0)


def _bars(panel: Panel, width: int, longest: float) -> Iterator[str]:
    labels = told_apart(panel.outcomes, max(8, min(_WIDEST_LABEL, width // 3)))
    widest = max(map(len, labels))
    room = width - widest - len("  100.0% ± 0.0")
    for label, share, error in zip(labels, panel.shares, panel.errors, strict=True):
        eighths = round(8 * max(room, 5) * share / longest)
        drawn = "█" * (eighths // 8) + _EIGHTHS[eighths % 8].strip()
        yield f"{label:>{widest}} {drawn} {100 * share:.1f}% ± {100 * error:.1f}"
    if panel.others:
        yield f"{panel.others} others together {100 * panel.rest:.1f}%"


def _heat_map(shown: HeatMap, width: int, height: int, colour: bool) -> Iterator[str]:
    """Panels of one scale: shades of blocks, or colours."""
    scale = _Scale(*shown.scale, colour=colour)
    for number, panel in enumerate(shown.panels):
        if number:
            yield ""
        yield f"{shown.title}: {panel.label}, {shown.y_label} (up) over {shown.x_label}"[:width]
        grid = _gridded(panel, width, height) if isinstance(panel, Cloud) else panel
        yield from _cells(grid, width, height, scale)
        if isinstance(panel, Cloud):
            yield _scattered(panel, grid)
    yield scale.legend()


def _cells(grid: Grid, width: int, height: int, scale: _Scale) -> Iterator[str]:
    """A frame of cells; of a finer grid, the mean of those that fall together."""
    label = max(len(f"{value:.3g}") for value in grid.y)
    columns = min(len(grid.x), max(FEWEST, width - label - 3))
    wide = max(1, min(2, (width - label - 3) // columns))  # characters are twice as high as wide
    rows = min(len(grid.y), height)
    yield " " * label + " ┌" + "─" * (columns * wide) + "┐"
    for row in reversed(range(rows)):
        ys = _span(row, rows, len(grid.y))
        spans = (_span(column, columns, len(grid.x)) for column in range(columns))
        cells = (scale.shade(_known(grid, xs, ys), wide) for xs in spans)
        yield f"{grid.y[ys[0]]:{label}.3g} │{''.join(cells)}│"
    yield " " * label + " └" + "─" * (columns * wide) + "┘"
    left, right = f"{grid.x[0]:.3g}", f"{grid.x[-1]:.3g}"
    yield " " * (label + 2) + left + right.rjust(max(columns * wide - len(left), len(right) + 1))
    across, up = grid.means_of or (len(grid.x), len(grid.y))
    if columns < across or rows < up:
        yield f"means of {across} x {up} cells on {columns} x {rows}"


def _scattered(cloud: Cloud, grid: Grid) -> str:
    """How many points there are, and whether some share a cell of the screen."""
    points, cells = len(cloud.z), len(grid.values)
    if points == cells:
        return f"{points} scattered points"
    return f"{points} scattered points in {cells} cells: the means of those that share one"


def _gridded(cloud: Cloud, width: int, height: int) -> Grid:
    """Scattered points in the cells of a screen, where they lie; the mean of those in one."""
    columns, rows = max(FEWEST, width - MARGIN - 3), height
    across, up = extent([list(cloud.x)]), extent([list(cloud.y)])
    found: dict[tuple[int, int], list[float]] = {}
    for x, y, z in zip(cloud.x, cloud.y, cloud.z, strict=True):
        place = part(y, up, rows), part(x, across, columns)
        found.setdefault(place, []).append(z)
    return Grid(
        label=cloud.label,
        x=tuple(_middle(n, across, columns) for n in range(columns)),
        y=tuple(_middle(n, up, rows) for n in range(rows)),
        z=tuple(
            tuple(
                math.fsum(own) / len(own) if (own := found.get((row, column))) else math.nan
                for column in range(columns)
            )
            for row in range(rows)
        ),
    )


def _middle(place: int, within: tuple[float, float], places: int) -> float:
    low, high = within
    return low + (place + 0.5) * (high - low) / places


def _known(grid: Grid, xs: range, ys: range) -> list[float]:
    """The cells of a rectangle that have a value."""
    return [grid.z[i][j] for i in ys for j in xs if not math.isnan(grid.z[i][j])]


def _span(place: int, places: int, size: int) -> range:
    """The indices of an axis that a row or column of characters stands for."""
    return range(place * size // places, max((place + 1) * size // places, place + 1))


class _Scale:
    """Values as shades: with colours one of fourteen, without one of five."""

    def __init__(self, low: float, high: float, *, colour: bool) -> None:
        self._low, self._high, self._colour = low, high, colour

    def shade(self, values: list[float], wide: int) -> str:
        """A cell of that many characters; a dot where there is no value."""
        if not values:
            return "·".ljust(wide) if self._colour else "·" * wide
        if is_one(self._low, self._high):
            return self._drawn(1.0, wide)
        mean = math.fsum(values) / len(values)
        return self._drawn((mean - self._low) / (self._high - self._low), wide)

    def legend(self) -> str:
        """What the ends stand for."""
        first, last = self._drawn(0.0, 1), self._drawn(1.0, 1)
        return f"[{first}] {self._low:.3g} … [{last}] {self._high:.3g}; ·: no value"

    def _drawn(self, share: float, wide: int) -> str:
        if self._colour:
            code = _DEEPER[min(len(_DEEPER) - 1, int(share * len(_DEEPER)))]
            return f"\x1b[48;5;{code}m{' ' * wide}\x1b[0m"
        return _SHADES[min(len(_SHADES) - 1, int(share * len(_SHADES)))] * wide
