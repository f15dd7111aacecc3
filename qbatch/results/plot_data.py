"""What a picture holds, whatever draws it: histograms, lines, or a heat map."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


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
        observable: whose expectation value is shown; default: all (of a heat map: the first).
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
    """One panel a job."""

    title: str
    panels: tuple[Panel, ...]
    left_out: int = 0


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
        return f"{found}; chi²/dof = {self.chi2:.3g}/{self.freedom}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """Points by rising x; ``errors`` are standard errors, None where all are exact.

    ``label``: empty for one of many that are not named. ``fit``: a curve through them. ``shots``:
    behind each point, where they are shares of shots and their errors follow from that alone.
    """

    label: str
    x: Sequence[float]
    y: Sequence[float]
    errors: Sequence[float] | None
    fit: Fit | None = None
    shots: Sequence[float] | None = None


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
