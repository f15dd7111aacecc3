"""What all images share: colours, letters, ticks, and what is said below."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING

from qbatch.results.ticks import in_pi

if TYPE_CHECKING:
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure

# After Okabe and Ito's colours, told apart also by most people who see few; each has a contrast of
# 3:1 and more to a white page and to a dark one, as WCAG 2.2, 1.4.11 wants of graphics.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#B8609A", "#B07800", "#1B8FCC", "#757575", "#8A8A2A")
COLUMN = 3.37  # inches, of a page of two columns
MANY_POINTS = 500  # of a line; above, markers and error bars would hide each other
MANY_CELLS = 1000  # of a heat map; above, they are one image
TIPS = "tips-"
"""What the groups of points in an SVG are named by, before the number of a line or panel.

A bar is a group of its own; the number of its panel and its own follow.
"""
_LETTERS = 90  # of 8 points, below a picture of 7 inches
_MOST_LINES = 3  # of a title


def new_figure(width: float, height: float) -> Figure:
    """An empty figure of so many inches."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained")


def say_below(figure: Figure, said: str, width: float) -> None:
    """What a picture leaves out, or averages."""
    if said:
        figure.supxlabel(textwrap.fill(said, letters(width)), fontsize=8)


def wrapped(text: str, width: float, size: float = 8) -> str:
    """A text in lines that fit so many inches, at most three of them."""
    room = max(8, int(letters(width) * 8 / size))
    lines = textwrap.wrap(text, room, break_on_hyphens=False) or [""]
    if len(lines) > _MOST_LINES:
        lines = [*lines[: _MOST_LINES - 1], lines[_MOST_LINES - 1][: room - 1] + "…"]
    return "\n".join(lines)


def letters(width: float) -> int:
    """How many of 8 points have room side by side."""
    return int(_LETTERS * width / 7.0)


def points(most: float) -> float:
    """A size of letters, no larger than the style's."""
    import matplotlib as mpl

    return min(most, float(mpl.rcParams["font.size"]))


def is_narrow(width: float) -> bool:
    """Whether so many inches are a column's, and have room for few ticks."""
    return width < 1.2 * COLUMN


def mark_angles(axis: Axis, values: Sequence[float], most: int = 9) -> None:
    """Ticks in parts of pi, where the ends are such."""
    ticks = in_pi(min(values), max(values), most) if values else None
    if ticks is not None:
        axis.set_ticks([place for place, _ in ticks], labels=[text for _, text in ticks])
