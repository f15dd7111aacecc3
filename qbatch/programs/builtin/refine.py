"""A scan that takes more points where the curve bends."""

from __future__ import annotations

from typing import Any

from qbatch.errors import UsageError
from qbatch.programs.builtin.inputs import read_sum
from qbatch.programs.context import Context, Evaluation


def solve(
    ctx: Context,
    circuit: str,
    hamiltonian: str,
    parameter: str,
    low: float,
    high: float,
    points: int = 9,
    most: int = 60,
    tolerance: float = 0.01,
) -> dict[str, Any]:
    """Scan an expectation value over one parameter.

    Between two neighbours a point is added, round by round, where a straight line through the
    points beside would miss by more than the tolerance, and where that is not known yet.

    Args:
        ctx: of the program.
        circuit: OpenQASM 3 text with that one parameter.
        hamiltonian: sum of Pauli strings.
        parameter: its name.
        low: where the scan begins.
        high: where it ends.
        points: of the first round, evenly spaced.
        most: points in all.
        tolerance: of the value.

    Returns:
        ``x``, ``y`` and ``errors``, sorted by x, and ``rounds``.
    """
    if not (low < high and 3 <= points <= most):
        raise UsageError(
            f"low {low}, high {high}, points {points}, most {most}: low must be below high, and"
            " points from 3 to most"
        )
    observable = read_sum(hamiltonian)
    known: dict[float, tuple[float, float]] = {}
    wanted = [low + (high - low) * place / (points - 1) for place in range(points)]
    rounds = 0
    while wanted:
        asked = [
            Evaluation(circuit=circuit, parameters={parameter: x}, observables=observable)
            for x in wanted
        ]
        for place, found in zip(wanted, ctx.evaluate(asked), strict=True):
            known[place] = found.values[0], found.errors[0]
        rounds += 1
        ctx.report(min(value for value, _ in known.values()), points=len(known))
        wanted = between(known, tolerance)[: most - len(known)]
    x = sorted(known)
    y, errors = [known[one][0] for one in x], [known[one][1] for one in x]
    return {"x": x, "y": y, "errors": errors, "rounds": rounds}


def between(known: dict[float, tuple[float, float]], tolerance: float) -> list[float]:
    """The middles of the gaps beside points that neighbours' line misses, the worst first."""
    x = sorted(known)
    missed: dict[float, float] = {}
    for left, here, right in zip(x, x[1:], x[2:], strict=False):
        share = (here - left) / (right - left)
        line = known[left][0] + share * (known[right][0] - known[left][0])
        # What noise alone makes of it is no bend.
        miss = abs(known[here][0] - line) - 2 * known[here][1]
        # A parabola bends by a quarter as much over gaps of half the width.
        if miss / 4 > tolerance:
            for one, other in ((left, here), (here, right)):
                middle = (one + other) / 2
                missed[middle] = max(miss, missed.get(middle, 0.0))
    return sorted(missed, key=lambda one: -missed[one])
