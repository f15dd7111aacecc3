"""Lines of a picture as characters: errors and curves by uniplot, and a letter for each point."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import TypeAlias

from qbatch.errors import UsageError
from qbatch.results.plot_data import Line, LinePlot

FEWEST = 20  # columns and rows that a drawing needs
MARGIN = 10  # of labels, to the right
_ROUNDING = 1e-12  # of a value; smaller differences are those of arithmetic
_MANY_POINTS = 100  # of a line; above, error bars would hide it
_MARKS = "•ox+*#%@"  # of lines: told apart also where there are no colours
# Neither black nor white, which some terminals have behind everything.
_COLOURS = {"blue": 34, "red": 31, "green": 32, "magenta": 35, "yellow": 33, "cyan": 36}
_PLAIN = "\x1b[0m"
_CELL = re.compile(r"((?:\x1b\[[0-9;]*m)*)(.)")

_Extent: TypeAlias = tuple[float, float]


def drawn(shown: LinePlot, width: int, height: int, *, colour: bool) -> list[str]:
    """The lines of characters that show the picture's.

    Raises:
        UsageError: uniplot is not installed.
    """
    try:
        from uniplot import plot_to_string
    except ImportError:
        raise UsageError(
            "uniplot is not installed", hint="pip install uniplot installs it"
        ) from None
    strokes = [
        (xs, ys, is_joined, list(_COLOURS)[number % len(_COLOURS)])
        for number, line in enumerate(shown.lines)
        for xs, ys, is_joined in _strokes(line)
    ]
    xs, ys, joined, colours = (list(column) for column in zip(*strokes, strict=True))
    across, up = extent(xs), extent(ys)
    margin = max(MARGIN, 3 + max(len(_number(value, up)) for _, value in _marked(up, height)))
    text: str = plot_to_string(
        xs=xs,
        ys=ys,
        lines=joined,
        color=colours if colour else False,
        width=max(width - margin, FEWEST),
        height=height,
        character_set="braille",
        title=f"{shown.title}: {shown.y_label} against {shown.x_label}"[:width],
        x_min=across[0],
        x_max=across[1],
        y_min=up[0],
        y_max=up[1],
        x_labels=False,
        y_labels=False,
    )
    lines = _with_marks(text.splitlines(), shown, across, up, colour=colour)
    lines = _labelled(lines, across, up)
    return [*lines, *_legend(shown, width, colour=colour)]


def _strokes(line: Line) -> Iterator[tuple[list[float], list[float], bool]]:
    """What is drawn of a line: its points, the curve through them, a stroke for each error."""
    yield list(line.x), list(line.y), False
    if line.fit is not None:
        yield list(line.fit.x), list(line.fit.y), True
    if line.errors is not None and len(line.x) <= _MANY_POINTS:
        for x, y, error in zip(line.x, line.y, line.errors, strict=True):
            yield [x, x], [y - error, y + error], True


def _with_marks(
    lines: list[str], shown: LinePlot, across: _Extent, up: _Extent, *, colour: bool
) -> list[str]:
    """The drawing with a letter where each point lies.

    It tells them from their errors, and lines from each other. Lines of more than there are
    letters stay dots, but for those that are named.
    """
    first = next(number for number, line in enumerate(lines) if line.startswith("┌"))
    cells = [_CELL.findall(line)[1:-1] for line in lines[first + 1 : -1]]
    rows, columns = len(cells), len(lines[first]) - 2
    for number, line in enumerate(shown.lines):
        mark = _mark(number, colour=colour)
        for x, y in _points(line, is_one_of_many=len(shown.lines) > len(_MARKS)):
            cells[rows - 1 - part(y, up, rows)][part(x, across, columns)] = ("", mark)
    body = [f"│{''.join(_alone(*cell) for cell in row)}│" for row in cells]
    return [*lines[: first + 1], *body, lines[-1]]


def _points(line: Line, *, is_one_of_many: bool) -> Iterator[tuple[float, float]]:
    """Where a line has letters."""
    if line.label or not is_one_of_many:
        for x, y in zip(line.x, line.y, strict=True):
            if math.isfinite(x) and math.isfinite(y):
                yield x, y


def _alone(before: str, letter: str) -> str:
    """A cell whose colour ends with it: the next one may have become a mark."""
    colour = before.replace(_PLAIN, "")
    return f"{colour}{letter}{_PLAIN}" if colour else letter


def _mark(number: int, *, colour: bool) -> str:
    letter = _MARKS[number % len(_MARKS)]
    if not colour:
        return letter
    return f"\x1b[{list(_COLOURS.values())[number % len(_COLOURS)]}m{letter}{_PLAIN}"


def _legend(shown: LinePlot, width: int, *, colour: bool) -> Iterator[str]:
    if len(shown.lines) > 1:
        for number, line in enumerate(shown.lines):
            if line.label:
                yield f"  {_mark(number, colour=colour)}: {line.label[: width - 5]}"


def extent(values: list[list[float]]) -> _Extent:
    """The least and the largest of all; apart from each other, so that there is a scale."""
    known = [value for row in values for value in row if math.isfinite(value)] or [0.0]
    low, high = min(known), max(known)
    if is_one(low, high):
        half = abs(high) / 2 or 0.5
        return low - half, high + half
    return low, high


def is_one(low: float, high: float) -> bool:
    """Whether two values are one, but for what arithmetic makes of it."""
    return high - low <= _ROUNDING * max(abs(low), abs(high))


def part(value: float, within: _Extent, parts: int) -> int:
    """Which of so many equal parts of an extent a value lies in, from 0 on."""
    low, high = within
    return max(0, min(parts - 1, int((value - low) / (high - low) * parts)))


def _labelled(lines: list[str], across: _Extent, up: _Extent) -> list[str]:
    """A drawing with what its edges and its middle stand for: uniplot rounds to whole numbers."""
    first = next(number for number, line in enumerate(lines) if line.startswith("┌"))
    rows = len(lines) - first - 2
    for row, value in _marked(up, rows):
        lines[first + 1 + row] += f" {_number(value, up)}"
    left, right = _number(across[0], across), _number(across[1], across)
    inner = len(lines[-1]) - 2
    return [*lines, f" {left}{right.rjust(max(inner - len(left), len(right) + 1))}"]


def _marked(up: _Extent, rows: int) -> list[tuple[int, float]]:
    """The rows whose values are said: the first, the middle and the last."""
    middle = up[1] - (rows // 2 + 0.5) * (up[1] - up[0]) / rows
    return [(0, up[1]), (rows // 2, middle), (rows - 1, up[0])]


def _number(value: float, within: _Extent) -> str:
    """A value of an axis, in as many digits as tell its ends apart."""
    span = within[1] - within[0]
    largest = max(abs(within[0]), abs(within[1]))
    digits = 3 + max(0, math.ceil(math.log10(largest / span))) if span > 0 else 3
    return f"{0.0 if abs(value) < 1e-9 * span else value:.{min(digits, 15)}g}"
