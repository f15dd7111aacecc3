"""Quantities over two parameters: a grid of cells, or scattered points where there is no grid."""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterable, Iterator, Sequence

from qbatch.errors import UsageError
from qbatch.results.lines import CHOOSING
from qbatch.results.plot_data import Cloud, Grid
from qbatch.results.points import Mean, Point

_MOST_PANELS = 6
_MOST_A_SIDE = 500  # cells; a finer grid is averaged


def drawn(points: Iterable[Point], x: str, y: str) -> tuple[Grid | Cloud, ...]:
    """A panel for each quantity, over two parameters that all points have.

    Raises:
        UsageError: there are several circuits, or too many quantities.
    """
    found: dict[str, _Measured] = {}
    payload: str | None = None
    for point in points:
        if payload is not None and point.payload != payload:
            raise UsageError(
                "several circuits, or exact and sampled values, do not make one heat map",
                hint=f"GROUP/JOBS or {CHOOSING} choose the jobs",
            )
        payload = point.payload
        there = float(point.parameters[x]), float(point.parameters[y])
        for label, (value, error) in point.quantities.items():
            if label not in found and len(found) == _MOST_PANELS:
                raise UsageError(
                    f"more than {_MOST_PANELS} observables are too many for heat maps",
                    hint="--observable chooses one",
                )
            found.setdefault(label, _Measured()).add(there, value, error, point)
    return tuple(measured.panel(label) for label, measured in found.items())


class _Measured:
    """A quantity over a plane, in no order: 48 bytes a point."""

    def __init__(self) -> None:
        self._x, self._y, self._values, self._errors = (array("d") for _ in range(4))
        self._weights, self._numbers = array("d"), array("q")

    def add(
        self, there: tuple[float, float], value: float, error: float | None, point: Point
    ) -> None:
        self._x.append(there[0])
        self._y.append(there[1])
        self._values.append(value)
        self._errors.append(math.nan if error is None else error)
        self._weights.append(point.weight)
        self._numbers.append(point.number)

    def panel(self, label: str) -> Grid | Cloud:
        """A grid where at least half of its cells have a value, else a cloud of points."""
        xs, ys = sorted(set(self._x)), sorted(set(self._y))
        if len(xs) * len(ys) > 2 * len(self._x):
            return self._cloud(label)
        places = list(self._places())
        if len(xs) * len(ys) > 2 * len(places):
            return self._cloud(label)
        if max(len(xs), len(ys)) <= _MOST_A_SIDE:
            return self._grid(label, xs, ys, places)
        return self._averaged(label, xs, ys, places)

    def _places(self) -> Iterator[list[int]]:
        """What was measured at each place, by rising y and x."""
        same: list[int] = []
        order = sorted(range(len(self._x)), key=lambda i: (self._y[i], self._x[i]))
        for i in order:
            if same and (self._x[i], self._y[i]) != (self._x[same[0]], self._y[same[0]]):
                yield same
                same = []
            same.append(i)
        yield same

    def _value(self, same: Sequence[int]) -> float:
        """Of all measurements of a place, by their shots."""
        mean = Mean()
        for i in same:
            mean.add(self._values[i], None, self._weights[i])
        return mean.value

    def _jobs(self, same: Sequence[int]) -> tuple[int, int]:
        return min(self._numbers[i] for i in same), len(same)

    def _cloud(self, label: str) -> Cloud:
        places = list(self._places())
        return Cloud(
            label=label,
            x=array("d", (self._x[same[0]] for same in places)),
            y=array("d", (self._y[same[0]] for same in places)),
            z=array("d", map(self._value, places)),
            jobs=[self._jobs(same) for same in places],
        )

    def _grid(self, label: str, xs: list[float], ys: list[float], places: list[list[int]]) -> Grid:
        cells = {(self._y[same[0]], self._x[same[0]]): same for same in places}
        found = [[cells.get((b, a)) for a in xs] for b in ys]
        return Grid(
            label=label,
            x=tuple(xs),
            y=tuple(ys),
            z=tuple(
                tuple(self._value(same) if same else math.nan for same in row) for row in found
            ),
            jobs=tuple(
                tuple(self._jobs(same) if same else (0, 0) for same in row) for row in found
            ),
        )

    def _averaged(
        self, label: str, xs: list[float], ys: list[float], places: list[list[int]]
    ) -> Grid:
        """The grid with so many cells that they can be told apart, each the mean of its own."""
        across, up = _coarse(xs), _coarse(ys)
        columns, rows = max(across.values()) + 1, max(up.values()) + 1
        sums, numbers = array("d", bytes(8 * rows * columns)), array("q", bytes(8 * rows * columns))
        for same in places:
            cell = up[self._y[same[0]]] * columns + across[self._x[same[0]]]
            sums[cell] += self._value(same)
            numbers[cell] += 1
        means = [s / n if n else math.nan for s, n in zip(sums, numbers, strict=True)]
        return Grid(
            label=label,
            x=_middles(across),
            y=_middles(up),
            z=tuple(tuple(means[row * columns : (row + 1) * columns]) for row in range(rows)),
            means_of=(len(xs), len(ys)),
        )


def _coarse(values: Sequence[float]) -> dict[float, int]:
    """By each value of an axis the coarse cell that it falls into."""
    cells = min(len(values), _MOST_A_SIDE)
    return {value: i * cells // len(values) for i, value in enumerate(values)}


def _middles(cells: dict[float, int]) -> tuple[float, ...]:
    """The mean of the values in each coarse cell."""
    own: dict[int, list[float]] = {}
    for value, cell in cells.items():
        own.setdefault(cell, []).append(value)
    return tuple(math.fsum(values) / len(values) for values in own.values())
