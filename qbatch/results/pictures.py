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

_MOST_BARS = 32
_MOST_PANELS = 6
_MOST_LINES = 8
_MOST_CELLS = 250_000


@dataclass(frozen=True, slots=True, kw_only=True)
class PlotOptions:
    """What the user wants to see; None leaves it to the results.

    Attributes:
        kind: ``histogram``, ``sweep`` or ``heatmap``.
        x, y: names of parameters.
        outcome: whose probability is shown; default: the most frequent one of all jobs.
        observable: whose expectation value is shown; default: all (of a heat map: the first).
    """

    kind: str | None = None
    x: str | None = None
    y: str | None = None
    outcome: str | None = None
    observable: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """The leading outcomes of one job by name, with their shares.

    ``errors`` are the standard errors, 0 where shares are exact; ``others`` outcomes have
    the ``rest`` together.
    """

    title: str
    outcomes: tuple[str, ...]
    shares: tuple[float, ...]
    errors: tuple[float, ...]
    others: int = 0
    rest: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Histograms:
    """One panel a job."""

    title: str
    panels: tuple[Panel, ...]
    left_out: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """Points by rising x; ``errors`` are standard errors, None where all are exact."""

    label: str
    x: tuple[float, ...]
    y: tuple[float, ...]
    errors: tuple[float, ...] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LinePlot:
    """A quantity against a parameter."""

    title: str
    x_label: str
    y_label: str
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class HeatMap:
    """A quantity over two parameters; ``z[i][j]`` belongs to ``y[i]`` and ``x[j]``, NaN: none."""

    title: str
    x_label: str
    y_label: str
    z_label: str
    x: tuple[float, ...]
    y: tuple[float, ...]
    z: tuple[tuple[float, ...], ...]


Picture = Histograms | LinePlot | HeatMap


@dataclass(frozen=True, slots=True, kw_only=True)
class _Point:
    """``weight``: shots behind the quantities, 1 where they are exact."""

    payload: str
    parameters: dict[str, float]
    quantities: dict[str, tuple[float, float | None]]
    weight: float


def picture(results: Iterable[JobResult], group: str, wish: PlotOptions | None = None) -> Picture:
    """The picture that suits the results, or the one that is wished.

    Jobs without a result are left out.

    Raises:
        UsageError: there is nothing to show, or no such parameter, outcome or observable,
            or more parameters vary than a picture has room for.
    """
    wish = wish or PlotOptions()
    found = [r for r in results if r.result is not None and not r.result.is_empty]
    if not found:
        raise UsageError(
            f"group {group!r} has no results to show", hint=f"qbatch run {shell_quote(group)}"
        )
    varying = _varying(found)
    for name in (wish.x, wish.y):
        names = dict.fromkeys(name for result in found for name in result.job.parameters)
        if name is not None and name not in names:
            known = ", ".join(names) or "none"
            raise UsageError(f"there is no parameter {name!r}", hint=f"parameters: {known}")
    kind = wish.kind or _kind(found, varying, wish)
    if kind == "histogram":
        return _histograms(found, group)
    points, label = _points(found, wish)
    if not points:
        raise UsageError(f"group {group!r} has no results of that observable")
    if kind == "heatmap":
        return _heat_map(points, group, varying, wish)
    return _sweep(points, label, group, varying, wish)


def _varying(results: Sequence[JobResult]) -> list[str]:
    """Parameters that have more than one value, in the circuit's order."""
    values: dict[str, set[float]] = {}
    for result in results:
        for name, value in result.job.parameters.items():
            values.setdefault(name, set()).add(value)
    return [name for name, found in values.items() if len(found) > 1]


def _kind(results: Sequence[JobResult], varying: Sequence[str], wish: PlotOptions) -> str:
    if wish.x is None and wish.y is None and not varying:
        if not _distributions(results):
            raise UsageError(
                "expectation values without a parameter that varies make no picture",
                hint="qbatch results shows them",
            )
        return "histogram"
    if wish.y is not None or (wish.x is None and len(varying) == 2):
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


def _points(results: Sequence[JobResult], wish: PlotOptions) -> tuple[list[_Point], str]:
    """The quantity or quantities at each job's parameters, and what an axis calls them."""
    if counted := _distributions(results):
        outcome = _outcome(counted, wish)
        label = f"P({outcome})"
        points = []
        for job, own in counted:
            found = own.quantities().get(outcome, own.unseen)
            points.append(_point(job, {label: found}))
        return points, label
    observables = list(dict.fromkeys(o for result in results for o in result.job.observables))
    if wish.observable is not None:
        if wish.observable not in observables:
            known = ", ".join(observables)
            raise UsageError(
                f"there is no observable {wish.observable!r}", hint=f"observables: {known}"
            )
        observables = [wish.observable]
    points = []
    for job in results:
        own_values = {} if job.result is None else job.result.quantities()
        quantities = {name: own_values[name] for name in observables if name in own_values}
        if quantities:
            points.append(_point(job, quantities))
    return points, "expectation value"


def _point(result: JobResult, quantities: dict[str, tuple[float, float | None]]) -> _Point:
    return _Point(
        payload=result.job.payload,
        parameters=dict(result.job.parameters),
        quantities=quantities,
        weight=float(result.shots or 1),
    )


def _outcome(counted: Sequence[tuple[JobResult, Result]], wish: PlotOptions) -> str:
    sums: dict[str, float] = {}
    for job, own in counted:
        for outcome, share in own.shares():
            sums[outcome] = sums.get(outcome, 0.0) + share * (job.shots or 1)
    leading = min(sums, key=lambda outcome: (-sums[outcome], outcome))
    if wish.outcome is None:
        return leading
    widths = {len(outcome) for outcome in sums}
    letters = {letter for outcome in sums for letter in outcome}
    if letters <= set("01 "):
        letters = set("01 ")
    # One that never came has probability 0, but it must be one that could come.
    if wish.outcome not in sums and (
        len(wish.outcome) not in widths or set(wish.outcome) - letters
    ):
        raise UsageError(
            f"there is no outcome {wish.outcome!r}", hint=f"outcomes look like {leading!r}"
        )
    return wish.outcome


def _sweep(
    points: Sequence[_Point], label: str, group: str, varying: Sequence[str], wish: PlotOptions
) -> LinePlot:
    x = wish.x or (varying[0] if varying else next(iter(points[0].parameters), None))
    if x is None:
        raise UsageError("a sweep needs a parameter; these circuits have none")
    points = _with_parameters(points, [x])
    others = [name for name in varying if name != x]
    series: dict[str, dict[float, list[_Measured]]] = {}
    circuits = _circuit_names(points)
    for point in points:
        values = ((name, point.parameters.get(name)) for name in others)
        apart = ", ".join(f"{name}={v:.4g}" for name, v in values if v is not None)
        for name, (value, error) in point.quantities.items():
            key = ", ".join(part for part in (name, apart, circuits[point.payload]) if part)
            place = series.setdefault(key, {}).setdefault(point.parameters[x], [])
            place.append((value, error, point.weight))
    if len(series) > _MOST_LINES:
        raise UsageError(
            f"{len(series)} lines are too many for a picture: {', '.join(others) or 'observables'}"
            " vary besides",
            hint="--x and --y make a heat map; --select, --tag or --observable choose",
        )
    lines = tuple(_line(name, found) for name, found in series.items())
    return LinePlot(title=group, x_label=x, y_label=label, lines=lines)


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
    points: Sequence[_Point], group: str, varying: Sequence[str], wish: PlotOptions
) -> HeatMap:
    free = [name for name in varying if name not in (wish.x, wish.y)]
    x = wish.x or (free.pop(0) if free else None)
    y = wish.y or (free.pop(0) if free else None)
    if x is None or y is None or x == y:
        raise UsageError("a heat map needs two parameters that vary")
    if free:
        raise UsageError(
            f"{', '.join(free)} vary besides {x} and {y}",
            hint="--select or --tag choose the jobs of one plane",
        )
    points = _with_parameters(points, [x, y])
    label = next(iter(points[0].quantities))
    if len({point.payload for point in points}) > 1:
        raise UsageError(
            "several circuits do not make one heat map", hint="--select or --tag choose the jobs"
        )
    cells: dict[tuple[float, float], list[_Measured]] = {}
    for point in points:
        if label in point.quantities:
            place = (point.parameters[y], point.parameters[x])
            cells.setdefault(place, []).append((*point.quantities[label], point.weight))
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
