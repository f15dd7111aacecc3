"""Pictures as lines of characters, for a terminal or a log."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator

from qbatch.errors import UsageError
from qbatch.results.plot_data import HeatMap, Histograms, LinePlot, Panel, Picture

_SHADES = " ░▒▓█"
_EIGHTHS = " ▏▎▍▌▋▊▉█"
_WIDEST_LABEL = 24
_MARGIN = 10  # of uniplot's labels, to the right
_ROUNDING = 1e-9  # below, differences are those of arithmetic
_FEWEST = 20  # columns and rows that a drawing needs
_MANY_POINTS = 100  # of a line; above, error bars would hide it


def text(shown: Picture, *, width: int = 80, height: int = 20, colour: bool = False) -> str:
    """A picture, a line of at most ``width`` characters each, no line break at the end.

    Args:
        height: rows of a sweep or heat map.
        colour: tell lines apart by colours too.

    Raises:
        UsageError: uniplot, which draws sweeps, is not installed.
    """
    width = max(width, _FEWEST)
    if isinstance(shown, Histograms):
        lines = list(_histograms(shown, width))
    elif isinstance(shown, LinePlot):
        lines = _sweep(shown, width, height, colour)
    else:
        lines = list(_heat_map(shown, width, height))
    return "\n".join(line.rstrip() for line in lines)


def _histograms(shown: Histograms, width: int) -> Iterator[str]:
    for number, panel in enumerate(shown.panels):
        if number:
            yield ""
        yield panel.title[:width]
        yield from _bars(panel, width)
    if shown.left_out:
        yield f"and {shown.left_out} jobs more"


def _bars(panel: Panel, width: int) -> Iterator[str]:
    labels = [_short(outcome) for outcome in panel.outcomes]
    widest = max(map(len, labels))
    room = width - widest - len("  100.0% ± 0.0")
    longest = max(panel.shares) or 1.0
    for label, share, error in zip(labels, panel.shares, panel.errors, strict=True):
        eighths = round(8 * max(room, 5) * share / longest)
        drawn = "█" * (eighths // 8) + _EIGHTHS[eighths % 8].strip()
        yield f"{label:>{widest}} {drawn} {100 * share:.1f}% ± {100 * error:.1f}"
    if panel.others:
        yield f"{panel.others} others together {100 * panel.rest:.1f}%"


def _short(outcome: str) -> str:
    if len(outcome) <= _WIDEST_LABEL:
        return outcome
    return f"{outcome[: _WIDEST_LABEL // 2]}…{outcome[1 - _WIDEST_LABEL // 2 :]}"


def _sweep(shown: LinePlot, width: int, height: int, colour: bool) -> list[str]:
    try:
        from uniplot import plot_to_string
    except ImportError:
        raise UsageError(
            "uniplot is not installed", hint="pip install uniplot installs it"
        ) from None
    names = ["blue", "red", "green", "magenta", "yellow", "cyan", "white", "bright_black"]
    xs, ys, bars, colours = [], [], [], []
    for number, line in enumerate(shown.lines):
        found = names[number % len(names)]
        xs.append(list(line.x))
        ys.append(list(line.y))
        bars.append(False)
        colours.append(found)
        if line.fit is not None:
            xs.append(list(line.fit.x))
            ys.append(list(line.fit.y))
            bars.append(True)
            colours.append(found)
        if line.errors is None or len(line.x) > _MANY_POINTS:
            continue
        for x, y, error in zip(line.x, line.y, line.errors, strict=True):
            xs.append([x, x])
            ys.append([y - error, y + error])
            bars.append(True)
            colours.append(found)
    across, up = _extent(xs), _extent(ys)
    drawn: str = plot_to_string(
        xs=xs,
        ys=ys,
        lines=bars,
        color=colours if colour else False,
        width=max(width - _MARGIN, _FEWEST),
        height=height,
        title=f"{shown.title}: {shown.y_label} against {shown.x_label}"[:width],
        x_min=across[0],
        x_max=across[1],
        y_min=up[0],
        y_max=up[1],
        x_labels=False,
        y_labels=False,
    )
    lines = _labelled(drawn.splitlines(), across, up)
    if len(shown.lines) > 1:
        lines += _legend(shown, names if colour else ["·"], width)
    return lines


def _legend(shown: LinePlot, marks: list[str], width: int) -> Iterator[str]:
    for line, mark in zip(shown.lines, itertools.cycle(marks), strict=False):
        if line.label:
            yield f"  {mark}: {line.label}"[:width]


def _extent(values: list[list[float]]) -> tuple[float, float]:
    """The least and the largest of all; apart from each other, so that there is a scale."""
    known = [value for row in values for value in row if math.isfinite(value)] or [0.0]
    low, high = min(known), max(known)
    if high - low <= _ROUNDING * max(1.0, abs(high)):
        half = abs(high) / 2 or 0.5
        return low - half, high + half
    return low, high


def _labelled(lines: list[str], across: tuple[float, float], up: tuple[float, float]) -> list[str]:
    """A drawing with what its edges and its middle stand for: uniplot rounds to whole numbers."""
    first = next(number for number, line in enumerate(lines) if line.startswith("┌"))
    rows = len(lines) - first - 2
    for row, value in ((0, up[1]), (rows // 2, up[1] - (rows // 2 + 0.5) * (up[1] - up[0]) / rows),
                       (rows - 1, up[0])):  # fmt: skip
        lines[first + 1 + row] += f" {_number(value)}"
    left, right = _number(across[0]), _number(across[1])
    inner = len(lines[-1]) - 2
    return [*lines, f" {left}{right.rjust(max(inner - len(left), len(right) + 1))}"]


def _number(value: float) -> str:
    return f"{0.0 if abs(value) < _ROUNDING else value:.3g}"


def _heat_map(shown: HeatMap, width: int, height: int) -> Iterator[str]:
    """Shades of blocks; of a finer grid, the mean of the cells that fall together."""
    label = max(len(f"{value:.3g}") for value in shown.y)
    columns = min(len(shown.x), max(_FEWEST, width - label - 3))
    wide = max(1, min(2, (width - label - 3) // columns))  # characters are twice as high as wide
    rows = min(len(shown.y), height)
    known = [v for row in shown.z for v in row if not math.isnan(v)]
    low, high = min(known), max(known)
    yield f"{shown.title}: {shown.z_label}, {shown.y_label} (up) over {shown.x_label}"[:width]
    yield " " * label + " ┌" + "─" * (columns * wide) + "┐"
    for row in reversed(range(rows)):
        ys = _span(row, rows, len(shown.y))
        spans = (_span(column, columns, len(shown.x)) for column in range(columns))
        cells = (_shade(_known(shown, xs, ys), low, high) * wide for xs in spans)
        yield f"{shown.y[ys[0]]:{label}.3g} │{''.join(cells)}│"
    yield " " * label + " └" + "─" * (columns * wide) + "┘"
    left, right = f"{shown.x[0]:.3g}", f"{shown.x[-1]:.3g}"
    yield " " * (label + 2) + left + right.rjust(max(columns * wide - len(left), len(right) + 1))
    yield f"[{_SHADES[0]}] {low:.3g} … [{_SHADES[-1]}] {high:.3g}"
    if columns < len(shown.x) or rows < len(shown.y):
        yield f"means of {len(shown.x)} x {len(shown.y)} cells on {columns} x {rows}"


def _known(shown: HeatMap, xs: range, ys: range) -> list[float]:
    """The cells of a rectangle that have a value."""
    return [shown.z[i][j] for i in ys for j in xs if not math.isnan(shown.z[i][j])]


def _span(place: int, places: int, size: int) -> range:
    """The indices of an axis that a row or column of characters stands for."""
    return range(place * size // places, max((place + 1) * size // places, place + 1))


def _shade(values: list[float], low: float, high: float) -> str:
    if not values:
        return "·"
    if high - low <= _ROUNDING * max(1.0, abs(high)):
        return _SHADES[-1]
    share = (math.fsum(values) / len(values) - low) / (high - low)
    return _SHADES[min(len(_SHADES) - 1, int(share * len(_SHADES)))]
