"""What a picture shows, told from the results: histograms, a sweep, or a heat map.

Pure: no library draws here. `qbatch.results.figures` makes images of these,
`qbatch.results.terminal` characters.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from qbatch.domain.history import JobResult
from qbatch.domain.naming import shell_quote
from qbatch.domain.results import Result
from qbatch.errors import UsageError
from qbatch.results import axes, lines, planes
from qbatch.results.lines import CHOOSING
from qbatch.results.plot_data import (
    HeatMap,
    Histograms,
    Panel,
    Picture,
    PlotOptions,
)
from qbatch.results.points import Overview, Point, could_come, overview

_MOST_BARS = 32


def picture(
    results: Iterable[JobResult],
    group: str,
    options: PlotOptions | None = None,
    *,
    total: int | None = None,
) -> Picture:
    """The picture that suits the results, or the one that is asked for.

    Jobs that it does not show are left out, and its note says so.

    Args:
        total: number of jobs that there are, where the results are those of chosen ones.

    Raises:
        UsageError: there is nothing to show, or no such parameter, outcome or observable,
            or more parameters vary than a picture has room for.
    """
    options = options or PlotOptions()
    found = overview(results, against(options))
    _check_there_is_something(found, group)
    _check_axes(found, options)
    _check_quantity(found, options)
    kind = _kind(found, options)
    made: Picture
    if kind == "histogram":
        made = _histograms(found, group)
    else:
        points, label = _points(found, options)
        if kind == "heatmap":
            made = _heat_map(points, group, found, options)
        else:
            made = lines.drawn(points, label, group, found, options)
    return replace(made, note=found.note(total))


def against(options: PlotOptions) -> list[str]:
    """What is asked for besides quantities: it may be a parameter, a tag or a column."""
    return [axis for axis in (options.x, *options.by) if axis is not None]


def _check_axes(found: Overview, options: PlotOptions) -> None:
    known = f"parameters: {', '.join(found.parameters) or 'none'}"
    if options.y is not None and options.y not in found.parameters:
        raise UsageError(f"there is no parameter {options.y!r}", hint=known)
    for axis in against(options):
        if axis not in found.placed:
            raise UsageError(
                f"there is no parameter {axis!r}, nor such a tag or column",
                hint=f"{known}; {_besides(found)}",
            )


def _check_quantity(found: Overview, options: PlotOptions) -> None:
    """Nothing that is asked for is dropped."""
    if options.outcome is not None and options.observable is not None:
        raise UsageError("--outcome is of counts and --observable of values: one of them")
    if options.outcome is not None and not found.distributions:
        known = ", ".join(found.observables)
        raise UsageError(
            "--outcome is of counts, and these jobs have expectation values",
            hint=f"--observable chooses one: {known}",
        )


def _besides(found: Overview) -> str:
    """What a picture may be drawn against besides parameters."""
    tags = ", ".join(axes.TAG + tag for tag in found.tags) or "none"
    return f"tags: {tags}; columns: {', '.join(axes.COLUMNS)}"


def _check_there_is_something(found: Overview, group: str) -> None:
    if not found.jobs:
        raise UsageError("no job is chosen, so there is nothing to show")
    if not found.results:
        raise UsageError(
            f"group {group!r} has no results to show", hint=f"qbatch run {shell_quote(group)}"
        )


def _kind(found: Overview, options: PlotOptions) -> str:
    """The picture that is asked for, or suits the results; it has what is asked for besides."""
    kind = options.kind or _suited(found, options)
    if kind == "histogram" and options.outcome is not None:
        raise UsageError("--outcome is for lines and heat maps, and this is a histogram")
    if options.is_of_lines and kind != "sweep":
        raise UsageError(f"--by, --mean and --fit are for lines, and this is a {kind}")
    return kind


def _suited(found: Overview, options: PlotOptions) -> str:
    if options.is_of_lines and options.y is None:
        return "sweep"
    if options.y is not None or (options.x is None and len(found.varying) == 2):
        return "heatmap"
    if options.x is not None or found.varying:
        return "sweep"
    if not found.distributions or options.observable is not None:
        raise UsageError(
            "expectation values without a parameter that varies make no picture",
            hint="qbatch results shows them",
        )
    return "histogram"


# -- histograms ---------------------------------------------------------------------


def _histograms(found: Overview, group: str) -> Histograms:
    if not found.distributions:
        raise UsageError(
            "a histogram needs counts; these jobs have expectation values",
            hint="qbatch results shows them",
        )
    most = _MOST_BARS if found.distributions == 1 else _MOST_BARS // 2
    panels = tuple(_panel(job, result, most) for job, result in found.first)
    values, more = found.results - found.distributions, found.distributions - len(panels)
    found.left_out.update({"with expectation values": values, "more": more})
    return Histograms(title=group, panels=panels)


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
    if found.distributions and options.observable is None:
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
    if options.outcome not in weights and not could_come(options.outcome, weights):
        raise UsageError(
            f"there is no outcome {options.outcome!r}", hint=f"outcomes look like {leading!r}"
        )
    return options.outcome


def _heat_map(
    points: Iterator[Point], group: str, found: Overview, options: PlotOptions
) -> HeatMap:
    x, y = _plane(found.varying, options)
    panels = planes.drawn(found.with_parameters(points, [x, y]), x, y)
    return HeatMap(title=group, x_label=x.removeprefix("tag:"), y_label=y, panels=panels)


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
            hint=f"GROUP/JOBS or {CHOOSING} choose the jobs of one plane",
        )
    return x, y
