"""Lines of a picture: a quantity against a parameter, a tag or a column."""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple, TypeAlias

from qbatch.errors import UsageError
from qbatch.results import axes
from qbatch.results.plot_data import Line, LinePlot, PlotOptions
from qbatch.results.points import EXACT, Mean, Overview, Point

CHOOSING = "--tag, --where"
_MOST_LINES = 8


def drawn(
    points: Iterator[Point], label: str, group: str, found: Overview, options: PlotOptions
) -> LinePlot:
    """The lines of a picture.

    Raises:
        UsageError: there is nothing to draw them against, or there are too many of them, or
            several jobs lie at one place of a line that are no repeats of each other.
    """
    x = options.x or next(iter((*found.varying, *found.parameters)), None)
    if x is None:
        raise UsageError("a sweep needs a parameter; these circuits have none", hint="--x tag:NAME")
    others = options.by or tuple(name for name in found.varying if name != x)
    by_circuit = not options.by and not options.mean and x in found.parameters
    series = _Series(x, others, options, by_circuit=by_circuit)
    series.take(found.with_parameters(points, [x]))
    shares = found.distributions > 0 and options.observable is None
    lines = [_fitted(line, options.fit, shares) for line in series.lines(are_shares=shares)]
    return LinePlot(title=group, x_label=x.removeprefix("tag:"), y_label=label, lines=tuple(lines))


def _fitted(line: Line, fit: str | None, are_shares: bool) -> Line:
    if fit is None:
        return line
    from qbatch.results.fits import fitted

    return replace(line, fit=fitted(line, fit, are_shares=are_shares))


_Apart: TypeAlias = tuple[tuple[str, float | str], ...]
"""By name the values that tell a line from others."""


class _Key(NamedTuple):
    """What a line shows: a quantity, at these values of the others, of a circuit or of any."""

    name: str
    apart: _Apart
    circuit: str


class _Series:
    """What was measured, by line.

    Args:
        others: what tells lines apart.
        by_circuit: so do circuits; otherwise those at one place must be one, or are averaged.
    """

    def __init__(
        self, x: str, others: Sequence[str], options: PlotOptions, *, by_circuit: bool
    ) -> None:
        self._x = x
        self._others = others
        self._mean = options.mean
        # What compiling made of a circuit is no axis that anyone chose the places on.
        self._is_joined = options.mean or x not in axes.COMPILED
        self._by_circuit = by_circuit
        self._found: dict[_Key, _Measured] = {}
        self._there: dict[tuple[_Key, float], object] = {}

    def take(self, points: Iterable[Point]) -> None:
        """Take in points."""
        for point in points:
            there = point.parameters[self._x]
            if isinstance(there, str):
                raise UsageError(
                    f"{self._x} is {there!r}, which is no number", hint="--by tells lines apart"
                )
            apart = _apart(point, self._others)
            for name, (value, error) in point.quantities.items():
                key = _Key(name, apart, point.payload if self._by_circuit else "")
                if not self._by_circuit and not self._mean:
                    self._check_alone(key, there, point)
                self._line(key).add(there, value, error, point)

    def _line(self, key: _Key) -> _Measured:
        if key not in self._found:
            if len(self._found) == _MOST_LINES:
                raise _too_many_lines(self._others)
            self._found[key] = _Measured()
        return self._found[key]

    def _check_alone(self, key: _Key, there: float, point: Point) -> None:
        """Different jobs at one place of a line are not added up unasked."""
        own = (point.payload, tuple(sorted(point.parameters.items(), key=str)))
        if self._there.setdefault((key, there), own) != own:
            raise UsageError(
                f"several jobs lie at {self._x} = {there:g}, and are no repeats of each other",
                hint="--mean shows their mean, --by what tells them apart",
            )

    def lines(self, *, are_shares: bool) -> list[Line]:
        """All of them, in the order in which they first came.

        Args:
            are_shares: of shots, where they are no exact probabilities.
        """
        names, words = _circuit_names(self._found), _words(key.apart for key in self._found)
        lines = []
        for key, measured in self._found.items():
            parts = (key.name, words[key.apart], names[key.circuit])
            label = ", ".join(part for part in parts if part)
            made = measured.averaged(label) if self._mean else measured.line(label, are_shares)
            lines.append(replace(made, is_joined=self._is_joined))
        return lines


def _circuit_names(series: Iterable[_Key]) -> dict[str, str]:
    """What tells circuits apart in a legend: nothing where there is but one."""
    circuits = dict.fromkeys(key.circuit for key in series)
    own = list(dict.fromkeys(circuit.removeprefix(EXACT) for circuit in circuits))
    are_mixed = len({circuit.startswith(EXACT) for circuit in circuits}) > 1
    found = {}
    for circuit in circuits:
        number = own.index(circuit.removeprefix(EXACT)) + 1
        words = [f"circuit {number}"] if len(own) > 1 else []
        if are_mixed:
            words.append("exact" if circuit.startswith(EXACT) else "from shots")
        found[circuit] = ", ".join(words)
    return found


class _Measured:
    """What was measured along a line, in no order: 40 bytes a point."""

    def __init__(self) -> None:
        self._x, self._y, self._errors, self._weights = (array("d") for _ in range(4))
        self._numbers = array("q")

    def add(self, x: float, y: float, error: float | None, point: Point) -> None:
        self._x.append(x)
        self._y.append(y)
        self._errors.append(math.nan if error is None else error)
        self._weights.append(point.weight)
        self._numbers.append(point.number)

    def _jobs(self, places: Sequence[int]) -> tuple[int, int]:
        return min(self._numbers[place] for place in places), len(places)

    def line(self, label: str, are_shares: bool) -> Line:
        """Its points by rising x; those of one x are one, by their shots."""
        x, y, errors, shots = array("d"), array("d"), array("d"), array("d")
        jobs = []
        exact = all(map(math.isnan, self._errors))
        for there, places in self._by_x():
            mean = Mean()
            for place in places:
                error = self._errors[place]
                known = None if math.isnan(error) else error
                mean.add(self._y[place], known, self._weights[place])
            x.append(there)
            y.append(mean.value)
            errors.append(mean.error or 0.0)
            shots.append(math.fsum(self._weights[place] for place in places))
            jobs.append(self._jobs(places))
        behind = shots if are_shares and not exact else None
        found = None if exact else errors
        return Line(label=label, x=x, y=y, errors=found, shots=behind, jobs=jobs)

    def averaged(self, label: str) -> Line:
        """Its points by rising x: the mean of the jobs there, and its standard error.

        That is told by how they spread, and is at least what their own errors make of it: few that
        agree by chance are not certain.
        """
        x, y, errors, known = array("d"), array("d"), array("d"), False
        jobs = []
        for there, places in self._by_x():
            own = [self._errors[place] for place in places if not math.isnan(self._errors[place])]
            mean, error = _mean([self._y[place] for place in places], own)
            known = known or error is not None
            x.append(there)
            y.append(mean)
            errors.append(error or 0.0)
            jobs.append(self._jobs(places))
        return Line(label=label, x=x, y=y, errors=errors if known else None, jobs=jobs)

    def _by_x(self) -> Iterator[tuple[float, list[int]]]:
        """Places of the points by rising x."""
        places: list[int] = []
        for place in sorted(range(len(self._x)), key=self._x.__getitem__):
            if places and self._x[place] != self._x[places[0]]:
                yield self._x[places[0]], places
                places = []
            places.append(place)
        if places:
            yield self._x[places[0]], places


def _mean(values: Sequence[float], errors: Sequence[float]) -> tuple[float, float | None]:
    """The mean of values, and its standard error; None of one that is exact."""
    number = len(values)
    mean = math.fsum(values) / number
    alone = math.hypot(*errors) / number if errors else None
    if number == 1:
        return mean, alone
    spread = math.fsum((value - mean) ** 2 for value in values) / (number - 1)
    return mean, max(math.sqrt(spread / number), alone or 0.0)


def _too_many_lines(others: Sequence[str]) -> UsageError:
    return UsageError(
        f"more than {_MOST_LINES} lines are too many for a picture:"
        f" {', '.join(others) or 'observables'} vary besides",
        hint=f"--by AXIS says what tells lines apart, with --mean over the rest; --x and --y make a"
        f" heat map; GROUP/JOBS, {CHOOSING} or --observable choose",
    )


def _apart(point: Point, names: Sequence[str]) -> _Apart:
    """The values that tell the line of a point from the others."""
    values = ((name, point.parameters.get(name)) for name in names)
    return tuple((name, value) for name, value in values if value is not None)


def _words(values: Iterable[_Apart]) -> dict[_Apart, str]:
    """Lines' values as a legend has them: in as many digits as tell them apart."""
    aparts = list(dict.fromkeys(values))
    for digits in (4, 8, 17):
        words = {apart: _written(apart, digits) for apart in aparts}
        if len(set(words.values())) == len(aparts):
            break
    return words


def _written(apart: _Apart, digits: int) -> str:
    return ", ".join(
        f"{name.removeprefix('tag:')}={value if isinstance(value, str) else f'{value:.{digits}g}'}"
        for name, value in apart
    )
