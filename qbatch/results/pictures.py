"""What a picture shows, told from the results: histograms, a sweep, or a heat map.

Pure: no library draws here. `qbatch.results.figures` makes images of these,
`qbatch.results.terminal` characters.
"""

from __future__ import annotations

import itertools
import math
from array import array
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from qbatch.domain.history import JobResult
from qbatch.domain.naming import shell_quote
from qbatch.domain.results import Result
from qbatch.errors import UsageError
from qbatch.results.plot_data import (
    HeatMap,
    Histograms,
    Line,
    LinePlot,
    Panel,
    Picture,
    PlotOptions,
)
from qbatch.results.points import Mean, Overview, Point, overview

_MOST_BARS = 32
_MOST_LINES = 8
_MOST_CELLS = 250_000

_CHOOSING = "--tag, --where"


def picture(
    results: Iterable[JobResult], group: str, options: PlotOptions | None = None
) -> Picture:
    """The picture that suits the results, or the one that is asked for.

    Jobs without a result are left out.

    Raises:
        UsageError: there is nothing to show, or no such parameter, outcome or observable,
            or more parameters vary than a picture has room for.
    """
    options = options or PlotOptions()
    found = overview(results)
    if not found.results:
        raise UsageError(
            f"group {group!r} has no results to show", hint=f"qbatch run {shell_quote(group)}"
        )
    _check_axes(found, options)
    kind = options.kind or _kind(found, options)
    if kind == "histogram":
        return _histograms(found, group)
    points, label = _points(found, options)
    if kind == "heatmap":
        return _heat_map(points, group, found.varying, options)
    return _sweep(points, label, group, found, options)


def _check_axes(found: Overview, options: PlotOptions) -> None:
    for axis in (options.x, options.y):
        if axis is not None and axis not in found.parameters:
            known = ", ".join(found.parameters) or "none"
            raise UsageError(f"there is no parameter {axis!r}", hint=f"parameters: {known}")


def _kind(found: Overview, options: PlotOptions) -> str:
    if options.x is None and options.y is None and not found.varying:
        if not found.distributions:
            raise UsageError(
                "expectation values without a parameter that varies make no picture",
                hint="qbatch results shows them",
            )
        return "histogram"
    if options.y is not None or (options.x is None and len(found.varying) == 2):
        return "heatmap"
    return "sweep"


# -- histograms ---------------------------------------------------------------------


def _histograms(found: Overview, group: str) -> Histograms:
    if not found.distributions:
        raise UsageError(
            "a histogram needs counts; these jobs have expectation values",
            hint="qbatch results shows them",
        )
    most = _MOST_BARS if found.distributions == 1 else _MOST_BARS // 2
    panels = tuple(_panel(job, result, most) for job, result in found.first)
    return Histograms(title=group, panels=panels, left_out=found.distributions - len(panels))


def _panel(result: JobResult, own: Result, most: int) -> Panel:
    quantities = own.quantities()
    shown = dict(sorted(own.shares(most)))
    return Panel(
        title=_job_title(result),
        outcomes=tuple(shown),
        shares=tuple(shown.values()),
        errors=tuple(quantities[outcome][1] or 0.0 for outcome in shown),
        others=len(quantities) - len(shown),
        rest=1 - math.fsum(shown.values()),
    )


def _job_title(result: JobResult) -> str:
    job = result.job
    words = [f"{job.group}/{job.number}", job.name or ""]
    words += [f"{name}={value:.4g}" for name, value in job.parameters.items()]
    return " ".join(word for word in words if word)


# -- sweeps and heat maps -----------------------------------------------------------


def _points(found: Overview, options: PlotOptions) -> tuple[Iterator[Point], str]:
    """The quantity or quantities at each job's parameters, and what an axis calls them."""
    if found.distributions:
        outcome = _outcome(found.weights, options)
        label = f"P({outcome})"
        return found.points(label=label, outcome=outcome), label
    return found.points(observables=_observables(found, options)), "expectation value"


def _observables(found: Overview, options: PlotOptions) -> list[str]:
    """All observables, or the one that is asked for."""
    if options.observable is None:
        return list(found.observables)
    if options.observable not in found.observables:
        known = ", ".join(found.observables)
        raise UsageError(
            f"there is no observable {options.observable!r}", hint=f"observables: {known}"
        )
    return [options.observable]


def _outcome(weights: dict[str, float], options: PlotOptions) -> str:
    leading = min(weights, key=lambda outcome: (-weights[outcome], outcome))
    if options.outcome is None:
        return leading
    if options.outcome not in weights and not _could_come(options.outcome, weights):
        raise UsageError(
            f"there is no outcome {options.outcome!r}", hint=f"outcomes look like {leading!r}"
        )
    return options.outcome


def _could_come(outcome: str, seen: Iterable[str]) -> bool:
    """Whether an outcome that never came, whose probability is 0, is one that could come."""
    widths = {len(known) for known in seen}
    letters = {letter for known in seen for letter in known}
    if letters <= set("01 "):
        letters = set("01 ")
    return len(outcome) in widths and set(outcome) <= letters


def _sweep(
    points: Iterator[Point], label: str, group: str, found: Overview, options: PlotOptions
) -> LinePlot:
    x = options.x or next(iter((*found.varying, *found.parameters)), None)
    if x is None:
        raise UsageError("a sweep needs a parameter; these circuits have none")
    others = [name for name in found.varying if name != x]
    series = _series(_with_parameters(points, [x]), x, others)
    names = _circuit_names(series)
    lines = []
    for key, measured in series.items():
        parts = (key.name, key.apart, names[key.circuit])
        lines.append(measured.line(", ".join(part for part in parts if part)))
    return LinePlot(title=group, x_label=x, y_label=label, lines=tuple(lines))


def _circuit_names(series: Iterable[_Key]) -> dict[str, str]:
    """What tells circuits apart in a legend: nothing where there is but one."""
    circuits = dict.fromkeys(key.circuit for key in series)
    if len(circuits) == 1:
        return dict.fromkeys(circuits, "")
    return {circuit: f"circuit {number}" for number, circuit in enumerate(circuits, 1)}


class _Key(NamedTuple):
    """What a line shows: a quantity, at these values of the other parameters, of a circuit."""

    name: str
    apart: str
    circuit: str


class _Measured:
    """What was measured along a line, in no order: 32 bytes a point."""

    def __init__(self) -> None:
        self._x, self._y, self._errors, self._weights = (array("d") for _ in range(4))

    def add(self, x: float, y: float, error: float | None, weight: float) -> None:
        self._x.append(x)
        self._y.append(y)
        self._errors.append(math.nan if error is None else error)
        self._weights.append(weight)

    def line(self, label: str) -> Line:
        """Its points by rising x; those of one x are one."""
        x, y, errors, mean = array("d"), array("d"), array("d"), Mean()
        exact = all(map(math.isnan, self._errors))
        for place in sorted(range(len(self._x)), key=self._x.__getitem__):
            if not x or self._x[place] != x[-1]:
                x.append(self._x[place])
                y.append(0.0)
                errors.append(0.0)
                mean = Mean()
            error = self._errors[place]
            mean.add(self._y[place], None if math.isnan(error) else error, self._weights[place])
            y[-1], errors[-1] = mean.value, mean.error or 0.0
        return Line(label=label, x=x, y=y, errors=None if exact else errors)


def _series(points: Iterable[Point], x: str, others: Sequence[str]) -> dict[_Key, _Measured]:
    """What was measured, by line."""
    series: dict[_Key, _Measured] = {}
    for point in points:
        apart = _apart(point, others)
        for name, (value, error) in point.quantities.items():
            key = _Key(name, apart, point.payload)
            if key not in series:
                if len(series) == _MOST_LINES:
                    raise _too_many_lines(others)
                series[key] = _Measured()
            series[key].add(point.parameters[x], value, error, point.weight)
    return series


def _too_many_lines(others: Sequence[str]) -> UsageError:
    return UsageError(
        f"more than {_MOST_LINES} lines are too many for a picture:"
        f" {', '.join(others) or 'observables'} vary besides",
        hint=f"--x and --y make a heat map; GROUP/JOBS, {_CHOOSING} or --observable choose",
    )


def _apart(point: Point, names: Sequence[str]) -> str:
    """The values that tell the line of a point from the others."""
    values = ((name, point.parameters.get(name)) for name in names)
    return ", ".join(f"{name}={value:.4g}" for name, value in values if value is not None)


def _with_parameters(points: Iterable[Point], names: Sequence[str]) -> Iterator[Point]:
    """The points that have these parameters: circuits of one group may have different ones."""
    some = False
    for point in points:
        if all(name in point.parameters for name in names):
            some = True
            yield point
    if not some:
        raise UsageError(f"no job with a result has the parameters {', '.join(names)}")


def _heat_map(
    points: Iterator[Point], group: str, varying: Sequence[str], options: PlotOptions
) -> HeatMap:
    x, y = _plane(varying, options)
    label, cells = _cells(_with_parameters(points, [x, y]), x, y)
    xs, ys = sorted({b for _, b in cells}), sorted({a for a, _ in cells})
    if len(xs) * len(ys) > _MOST_CELLS:
        raise _no_grid(f"{len(xs)} by {len(ys)} values")
    means = {place: mean.value for place, mean in cells.items()}
    rows = tuple(tuple(means.get((b, a), math.nan) for a in xs) for b in ys)
    return HeatMap(
        title=group, x_label=x, y_label=y, z_label=label, x=tuple(xs), y=tuple(ys), z=rows
    )


def _cells(points: Iterator[Point], x: str, y: str) -> tuple[str, dict[tuple[float, float], Mean]]:
    """The first quantity of all, and what was measured at each place (y, x)."""
    cells: dict[tuple[float, float], Mean] = {}
    first = next(points)
    label = next(iter(first.quantities))
    for point in itertools.chain([first], points):
        if point.payload != first.payload:
            raise UsageError(
                "several circuits do not make one heat map",
                hint=f"GROUP/JOBS or {_CHOOSING} choose the jobs",
            )
        if label in point.quantities:
            place = (point.parameters[y], point.parameters[x])
            cells.setdefault(place, Mean()).add(*point.quantities[label], point.weight)
        if len(cells) > _MOST_CELLS:
            raise _no_grid(f"more than {_MOST_CELLS} places")
    return label, cells


def _no_grid(said: str) -> UsageError:
    return UsageError(
        f"{said} do not make a heat map",
        hint="the points lie on no grid: --kind sweep shows them against one parameter",
    )


def _plane(varying: Sequence[str], options: PlotOptions) -> tuple[str, str]:
    """The parameters to the right and upwards."""
    free = [name for name in varying if name not in (options.x, options.y)]
    wanted = [options.x, options.y]
    x, y = (name if name is not None else free.pop(0) if free else None for name in wanted)
    if x is None or y is None or x == y:
        raise UsageError("a heat map needs two parameters that vary")
    if free:
        raise UsageError(
            f"{', '.join(free)} vary besides {x} and {y}",
            hint=f"GROUP/JOBS or {_CHOOSING} choose the jobs of one plane",
        )
    return x, y
