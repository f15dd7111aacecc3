"""What a picture holds, whatever draws it: histograms, lines, or a heat map."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar, cast

_NO_FIT = 10.0  # of chi² over the degrees of freedom: far beyond what chance explains


@dataclass(frozen=True, slots=True, kw_only=True)
class PlotOptions:
    """What the user wants to see; None leaves it to the results.

    Attributes:
        kind: ``histogram``, ``sweep``, ``heatmap``, or ``convergence`` of programs.
        x, y: names of parameters; x also ``tag:NAME`` or a column of `qbatch.results.axes`.
        by: what tells lines apart, likewise; default: the other parameters that vary.
        mean: over the jobs that share a place on a line, whatever else tells them apart; its
            error is the standard error of that mean.
        fit: a curve through each line, of `qbatch.results.fits`.
        outcome: whose probability is shown; default: the most frequent one of all jobs.
        observable: whose expectation value is shown; default: all.
    """

    kind: str | None = None
    x: str | None = None
    y: str | None = None
    by: tuple[str, ...] = ()
    mean: bool = False
    fit: str | None = None
    outcome: str | None = None
    observable: str | None = None

    @property
    def is_of_lines(self) -> bool:
        """Whether something is asked for that lines alone have."""
        return bool(self.by or self.mean or self.fit)


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
    """One panel a job, all on one scale; ``note``: what is left out."""

    title: str
    panels: tuple[Panel, ...]
    note: str = ""

    @property
    def highest(self) -> float:
        """The largest share of all, its error included."""
        tops = (
            share + error
            for panel in self.panels
            for share, error in zip(panel.shares, panel.errors, strict=True)
        )
        return max(tops, default=0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """A curve that was fitted to a line.

    Attributes:
        formula: with the parameters' names.
        parameters: name, value and standard error of each, what follows from them included.
        chi2: the sum of squares over the errors, where points have errors; else None.
        freedom: points less parameters.
        x, y: of the curve.
    """

    formula: str
    parameters: tuple[tuple[str, float, float], ...]
    chi2: float | None
    freedom: int
    x: Sequence[float]
    y: Sequence[float]

    def text(self) -> str:
        """The parameters with their errors, and how well it fits."""
        found = ", ".join(f"{name} = {v:.6g} ± {error:.2g}" for name, v, error in self.parameters)
        if self.chi2 is None:
            return found
        each = self.chi2 / self.freedom
        said = f"{found}; chi²/dof = {each:.3g} ({self.chi2:.3g}/{self.freedom})"
        return f"{said}: it does not fit" if each > _NO_FIT else said


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """Points by rising x; ``errors`` are standard errors, None where all are exact.

    ``label``: empty for one of many that are not named. ``fit``: a curve through them. ``shots``:
    behind each point, where they are shares of shots and their errors follow from that alone.
    ``jobs``: the number of each point's first job, and of how many it is made; empty where the
    points are not of jobs. ``is_joined``: they are values along one axis that was chosen;
    otherwise scattered.
    """

    label: str
    x: Sequence[float]
    y: Sequence[float]
    errors: Sequence[float] | None
    fit: Fit | None = None
    shots: Sequence[float] | None = None
    jobs: Sequence[tuple[int, int]] = ()
    is_joined: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class LinePlot:
    """A quantity against a parameter; ``note``: what is left out."""

    title: str
    x_label: str
    y_label: str
    lines: tuple[Line, ...]
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """A quantity at every place of a grid; ``z[i][j]`` belongs to ``y[i]`` and ``x[j]``, NaN: none.

    Attributes:
        means_of: columns and rows of the grid whose cells were averaged for this one; None where
            it is as it was measured.
        jobs: of each cell as of a `Line`'s point; empty where cells were averaged.
    """

    label: str
    x: tuple[float, ...]
    y: tuple[float, ...]
    z: tuple[tuple[float, ...], ...]
    means_of: tuple[int, int] | None = None
    jobs: tuple[tuple[tuple[int, int], ...], ...] = ()

    @property
    def values(self) -> list[float]:
        """Those that there are."""
        return [value for row in self.z for value in row if not math.isnan(value)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cloud:
    """A quantity at places that make no grid; ``jobs`` as of a `Line`."""

    label: str
    x: Sequence[float]
    y: Sequence[float]
    z: Sequence[float]
    jobs: Sequence[tuple[int, int]] = ()

    @property
    def values(self) -> list[float]:
        """All of them."""
        return list(self.z)


@dataclass(frozen=True, slots=True, kw_only=True)
class HeatMap:
    """Quantities over two parameters, a panel each, all on one scale.

    ``note``: what is left out.
    """

    title: str
    x_label: str
    y_label: str
    panels: tuple[Grid | Cloud, ...]
    note: str = ""

    @property
    def scale(self) -> tuple[float, float]:
        """The least and the largest value of all panels."""
        known = [value for panel in self.panels for value in panel.values]
        return min(known), max(known)


Picture = Histograms | LinePlot | HeatMap

_Shown = TypeVar("_Shown")


def printable(shown: _Shown) -> _Shown:
    """A picture, or a part of one, without the control characters that no image has a form for."""
    if isinstance(shown, str):
        told = (c if c.isprintable() else f"\\x{ord(c):02x}" for c in shown)
        return cast("_Shown", "".join(told))
    if isinstance(shown, tuple) and _has_texts(shown):
        return cast("_Shown", tuple(map(printable, shown)))
    if dataclasses.is_dataclass(shown) and not isinstance(shown, type):
        names = [own.name for own in dataclasses.fields(shown)]
        return dataclasses.replace(shown, **{n: printable(getattr(shown, n)) for n in names})
    return shown


def _has_texts(values: Sequence[object]) -> bool:
    return any(isinstance(value, str) or dataclasses.is_dataclass(value) for value in values[:1])
