"""What a picture shows, told from the results: histograms, a sweep, or a heat map.

Pure: no library draws here. `qbatch.results.figures` makes images of these,
`qbatch.results.terminal` characters.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

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

_MOST_BARS = 32
_MOST_PANELS = 6
_MOST_LINES = 8
_MOST_CELLS = 250_000


_CHOOSING = "--tag, --where"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Point:
    """``weight``: shots behind the quantities, 1 where they are exact."""

    payload: str
    parameters: dict[str, float]
    quantities: dict[str, tuple[float, float | None]]
    weight: float


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
    found = [r for r in results if r.result is not None and not r.result.is_empty]
    if not found:
        raise UsageError(
            f"group {group!r} has no results to show", hint=f"qbatch run {shell_quote(group)}"
        )
    varying = _varying(found)
    _check_axes(found, options)
    kind = options.kind or _kind(found, varying, options)
    if kind == "histogram":
        return _histograms(found, group)
    points, label = _points(found, options)
    if not points:
        raise UsageError(f"group {group!r} has no results of that observable")
    if kind == "heatmap":
        return _heat_map(points, group, varying, options)
    return _sweep(points, label, group, varying, options)


def _check_axes(found: Sequence[JobResult], options: PlotOptions) -> None:
    for axis in (options.x, options.y):
        if axis is None:
            continue
        names = dict.fromkeys(name for result in found for name in result.job.parameters)
        if axis not in names:
            known = ", ".join(names) or "none"
            raise UsageError(f"there is no parameter {axis!r}", hint=f"parameters: {known}")


def _varying(results: Sequence[JobResult]) -> list[str]:
    """Parameters that have more than one value, in the circuit's order."""
    values: dict[str, set[float]] = {}
    for result in results:
        for name, value in result.job.parameters.items():
            values.setdefault(name, set()).add(value)
    return [name for name, found in values.items() if len(found) > 1]


def _kind(results: Sequence[JobResult], varying: Sequence[str], options: PlotOptions) -> str:
    if options.x is None and options.y is None and not varying:
        if not _distributions(results):
            raise UsageError(
                "expectation values without a parameter that varies make no picture",
                hint="qbatch results shows them",
            )
        return "histogram"
    if options.y is not None or (options.x is None and len(varying) == 2):
        return "heatmap"
    return "sweep"


# -- histograms ---------------------------------------------------------------------


def _histograms(results: Sequence[JobResult], group: str) -> Histograms:
    counted = _distributions(results)
    if not counted:
        raise UsageError(
            "a histogram needs counts; these jobs have expectation values",
            hint="qbatch results shows them",
        )
    most = _MOST_BARS if len(counted) == 1 else _MOST_BARS // 2
    panels = tuple(_panel(job, result, most) for job, result in counted[:_MOST_PANELS])
    return Histograms(title=group, panels=panels, left_out=len(counted) - len(panels))


def _distributions(results: Iterable[JobResult]) -> list[tuple[JobResult, Result]]:
    """Those that say how often outcomes come."""
    found = [(result, result.result) for result in results]
    return [(r, own) for r, own in found if own is not None and own.is_distribution]


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


def _points(results: Sequence[JobResult], options: PlotOptions) -> tuple[list[_Point], str]:
    """The quantity or quantities at each job's parameters, and what an axis calls them."""
    if counted := _distributions(results):
        outcome = _outcome(counted, options)
        label = f"P({outcome})"
        points = [
            _point(job, {label: own.quantities().get(outcome, own.unseen)}) for job, own in counted
        ]
        return points, label
    observables = _observables(results, options)
    points = []
    for job in results:
        own_values = {} if job.result is None else job.result.quantities()
        quantities = {name: own_values[name] for name in observables if name in own_values}
        if quantities:
            points.append(_point(job, quantities))
    return points, "expectation value"


def _observables(results: Sequence[JobResult], options: PlotOptions) -> list[str]:
    """All observables, or the one that is asked for."""
    found = list(dict.fromkeys(o for result in results for o in result.job.observables))
    if options.observable is None:
        return found
    if options.observable not in found:
        known = ", ".join(found)
        raise UsageError(
            f"there is no observable {options.observable!r}", hint=f"observables: {known}"
        )
    return [options.observable]


def _point(result: JobResult, quantities: dict[str, tuple[float, float | None]]) -> _Point:
    return _Point(
        payload=result.job.payload,
        parameters=dict(result.job.parameters),
        quantities=quantities,
        weight=float(result.shots or 1),
    )


def _outcome(counted: Sequence[tuple[JobResult, Result]], options: PlotOptions) -> str:
    sums: dict[str, float] = {}
    for job, own in counted:
        for outcome, share in own.shares():
            sums[outcome] = sums.get(outcome, 0.0) + share * (job.shots or 1)
    leading = min(sums, key=lambda outcome: (-sums[outcome], outcome))
    if options.outcome is None:
        return leading
    if options.outcome not in sums and not _could_come(options.outcome, sums):
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
    points: Sequence[_Point], label: str, group: str, varying: Sequence[str], options: PlotOptions
) -> LinePlot:
    x = options.x or next(iter((*varying, *points[0].parameters)), None)
    if x is None:
        raise UsageError("a sweep needs a parameter; these circuits have none")
    points = _with_parameters(points, [x])
    others = [name for name in varying if name != x]
    series = _series(points, x, others)
    if len(series) > _MOST_LINES:
        raise UsageError(
            f"{len(series)} lines are too many for a picture: {', '.join(others) or 'observables'}"
            " vary besides",
            hint=f"--x and --y make a heat map; GROUP/JOBS, {_CHOOSING} or --observable choose",
        )
    lines = tuple(_line(name, found) for name, found in series.items())
    return LinePlot(title=group, x_label=x, y_label=label, lines=lines)


def _series(
    points: Sequence[_Point], x: str, others: Sequence[str]
) -> dict[str, dict[float, list[_Measured]]]:
    """What was measured, by line and by place on it."""
    series: dict[str, dict[float, list[_Measured]]] = {}
    circuits = _circuit_names(points)
    for point in points:
        beside = (_apart(point, others), circuits[point.payload])
        for name, (value, error) in point.quantities.items():
            key = ", ".join(part for part in (name, *beside) if part)
            place = series.setdefault(key, {}).setdefault(point.parameters[x], [])
            place.append((value, error, point.weight))
    return series


def _apart(point: _Point, names: Sequence[str]) -> str:
    """The values that tell the line of a point from the others."""
    values = ((name, point.parameters.get(name)) for name in names)
    return ", ".join(f"{name}={value:.4g}" for name, value in values if value is not None)


def _with_parameters(points: Sequence[_Point], names: Sequence[str]) -> list[_Point]:
    """The points that have these parameters: circuits of one group may have different ones."""
    found = [point for point in points if all(name in point.parameters for name in names)]
    if not found:
        raise UsageError(f"no job with a result has the parameters {', '.join(names)}")
    return found


_Measured = tuple[float, float | None, float]
"""A value, its standard error or None, and its weight."""


def _joined(found: Sequence[_Measured]) -> tuple[float, float | None]:
    """The mean of several measurements by their shots, and its standard error."""
    total = math.fsum(weight for _, _, weight in found)
    value = math.fsum(value * weight for value, _, weight in found) / total
    if all(error is None for _, error, _ in found):
        return value, None
    return value, math.sqrt(math.fsum(((e or 0.0) * w) ** 2 for _, e, w in found)) / total


def _circuit_names(points: Sequence[_Point]) -> dict[str, str]:
    """What tells circuits apart in a legend: nothing where there is but one."""
    circuits = dict.fromkeys(point.payload for point in points)
    if len(circuits) == 1:
        return dict.fromkeys(circuits, "")
    return {circuit: f"circuit {number}" for number, circuit in enumerate(circuits, 1)}


def _line(label: str, found: dict[float, list[_Measured]]) -> Line:
    points = [(x, *_joined(measured)) for x, measured in sorted(found.items())]
    exact = all(error is None for _, _, error in points)
    return Line(
        label=label,
        x=tuple(x for x, _, _ in points),
        y=tuple(y for _, y, _ in points),
        errors=None if exact else tuple(error or 0.0 for _, _, error in points),
    )


def _heat_map(
    points: Sequence[_Point], group: str, varying: Sequence[str], options: PlotOptions
) -> HeatMap:
    x, y = _plane(varying, options)
    points = _with_parameters(points, [x, y])
    label = next(iter(points[0].quantities))
    if len({point.payload for point in points}) > 1:
        raise UsageError(
            "several circuits do not make one heat map",
            hint=f"GROUP/JOBS or {_CHOOSING} choose the jobs",
        )
    cells = _cells(points, label, x, y)
    xs, ys = sorted({b for _, b in cells}), sorted({a for a, _ in cells})
    if len(xs) * len(ys) > _MOST_CELLS:
        raise UsageError(
            f"{len(xs)} by {len(ys)} values do not make a heat map",
            hint="the points lie on no grid: --kind sweep shows them against one parameter",
        )
    means = {place: _joined(found)[0] for place, found in cells.items()}
    rows = tuple(tuple(means.get((b, a), math.nan) for a in xs) for b in ys)
    return HeatMap(
        title=group, x_label=x, y_label=y, z_label=label, x=tuple(xs), y=tuple(ys), z=rows
    )


def _cells(
    points: Sequence[_Point], label: str, x: str, y: str
) -> dict[tuple[float, float], list[_Measured]]:
    """What was measured at each place (y, x)."""
    cells: dict[tuple[float, float], list[_Measured]] = {}
    for point in points:
        if label in point.quantities:
            place = (point.parameters[y], point.parameters[x])
            cells.setdefault(place, []).append((*point.quantities[label], point.weight))
    return cells


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
