"""Images of quantities over two parameters, a panel each, all on one scale of colours."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from qbatch.results.figure_style import (
    COLUMN,
    MANY_CELLS,
    TIPS,
    is_narrow,
    mark_angles,
    new_figure,
    say_below,
    wrapped,
)
from qbatch.results.plot_data import Cloud, Grid, HeatMap

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_ABREAST = 3
_TICKS, _FEW_TICKS = 9, 5
_EMPTY = "#9A9A9A"  # behind cells without a value: none of the colours of values


def drawn(shown: HeatMap, width: float, *, plain: bool) -> Figure:
    """Panels, up to three side by side where the picture is wide.

    Args:
        plain: of shades that a print without colours tells apart.
    """
    is_alone = len(shown.panels) == 1
    columns = min(len(shown.panels), _ABREAST if width > 1.5 * COLUMN else 1)
    rows = math.ceil(len(shown.panels) / columns)
    height = 0.75 * width if is_alone else rows * (0.7 * width / columns + 0.5) + 0.6
    figure = new_figure(width, height)
    axes: Any = figure.subplots(rows, columns, squeeze=False, sharex=True, sharey=True)
    look = _shades(shown, plain=plain)
    for number, (axis, panel) in enumerate(zip(axes.flat, shown.panels, strict=False)):
        mesh = _draw(axis, panel, _widths(shown), look)
        mesh.set_gid(f"{TIPS}{number}")
        axis.grid(visible=False)
        if not isinstance(panel, Cloud):
            axis.set_facecolor(_EMPTY)
        title = shown.title if is_alone else panel.label
        axis.set_title(wrapped(title, width / columns, 12))
    _label(axes, shown, few_ticks=is_narrow(width) or not is_alone)
    if not is_alone:
        figure.suptitle(wrapped(shown.title, width, 12))
    figure.colorbar(mesh, ax=axes, label=shown.panels[0].label if is_alone else "expectation value")
    said = (_averaged(shown), _holes(shown), shown.note)
    say_below(figure, "; ".join(filter(None, said)), width)
    return figure


def _draw(axis: Any, panel: Grid | Cloud, widths: tuple[float, float], look: dict[str, Any]) -> Any:
    if isinstance(panel, Cloud):
        return axis.scatter(
            panel.x, panel.y, c=panel.z, s=14, edgecolors="0.4", linewidths=0.3,
            rasterized=len(panel.z) > MANY_CELLS, **look,
        )  # fmt: skip
    many = len(panel.x) * len(panel.y) > MANY_CELLS
    across, up = _edges(panel.x, widths[0]), _edges(panel.y, widths[1])
    return axis.pcolormesh(across, up, panel.z, shading="flat", rasterized=many, **look)


def _widths(shown: HeatMap) -> tuple[float, float]:
    """Of a cell that has no neighbour: the least distance of any panel's, or 1."""
    grids = [panel for panel in shown.panels if isinstance(panel, Grid)]
    x = min((b - a for grid in grids for a, b in itertools.pairwise(grid.x)), default=1.0)
    y = min((b - a for grid in grids for a, b in itertools.pairwise(grid.y)), default=1.0)
    return x, y


def _edges(values: Sequence[float], alone: float) -> list[float]:
    """Of cells in the middle of which these values lie, as nearly as they can."""
    if len(values) == 1:
        return [values[0] - alone / 2, values[0] + alone / 2]
    middles = [(a + b) / 2 for a, b in itertools.pairwise(values)]
    return [2 * values[0] - middles[0], *middles, 2 * values[-1] - middles[-1]]


def _label(axes: Any, shown: HeatMap, *, few_ticks: bool) -> None:
    """Say at the outer axes what they are, and leave out those without a panel."""
    columns = axes.shape[1]
    for axis in list(axes.flat)[len(shown.panels) :]:
        axis.set_axis_off()
    lowest = list(axes.flat)[max(0, len(shown.panels) - columns) : len(shown.panels)]
    for axis in lowest:
        axis.set_xlabel(shown.x_label)
        axis.tick_params(labelbottom=True)
    for row in axes:
        row[0].set_ylabel(shown.y_label)
    ticks = _FEW_TICKS if few_ticks else _TICKS
    mark_angles(axes[0][0].xaxis, [x for panel in shown.panels for x in panel.x], ticks)
    mark_angles(axes[0][0].yaxis, [y for panel in shown.panels for y in panel.y], ticks)


def _shades(shown: HeatMap, *, plain: bool) -> dict[str, Any]:
    """Colours and their scale, which is that of all panels."""
    low, high = shown.scale
    signed = low < 0 < high and not plain  # of one shade on each side of 0
    limit = max(-low, high)
    return {
        # Without colours red and blue are one grey; the others go from dark to light.
        "cmap": "cividis" if plain else "RdBu_r" if signed else "viridis",
        "vmin": -limit if signed else low,
        "vmax": limit if signed else high,
    }


def _holes(shown: HeatMap) -> str:
    """What is said of cells without a value."""
    holes = sum(
        len(panel.x) * len(panel.y) - len(panel.values)
        for panel in shown.panels
        if isinstance(panel, Grid)
    )
    return f"grey: {holes} cells without a result" if holes else ""


def _averaged(shown: HeatMap) -> str:
    """What is said of a grid that was too fine."""
    for panel in shown.panels:
        if not isinstance(panel, Cloud) and panel.means_of is not None:
            columns, rows = panel.means_of
            return f"means of {columns} x {rows} cells on {len(panel.x)} x {len(panel.y)}"
    return ""
