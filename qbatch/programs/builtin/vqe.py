"""The variational quantum eigensolver: the least expectation value that a circuit can reach.

A. Peruzzo et al., Nature Communications 5, 4213 (2014).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from qbatch.programs.builtin.inputs import read_sum
from qbatch.programs.builtin.spsa import spsa
from qbatch.programs.context import Context, Evaluation

_WITH_GRADIENT = ("BFGS", "L-BFGS-B", "CG", "SLSQP", "TNC")
_STEP = 1e-4  # of the central differences, whose error is of the order of its square


def solve(
    ctx: Context,
    circuit: str,
    hamiltonian: str,
    optimizer: str = "COBYLA",
    iterations: int = 200,
    start: list[float] | None = None,
) -> dict[str, Any]:
    """Minimise the expectation value of a Hamiltonian.

    Args:
        ctx: of the program.
        circuit: OpenQASM 3 text with ``input float`` parameters.
        hamiltonian: sum of Pauli strings, or lines of them that are added up.
        optimizer: a method of ``scipy.optimize.minimize``, or ``SPSA``.
        iterations: at most.
        start: parameters to begin with; default: at random in [0, 2 pi).

    Returns:
        ``value``, ``parameters`` and ``evaluations`` (number of circuits).
    """
    from qbatch.payloads.registry import format_of

    data = circuit.encode()
    (payload,) = format_of(data).read(data, "circuit")
    observable, done = read_sum(hamiltonian), [0]
    first = start or list(ctx.rng.uniform(0, 2 * math.pi, len(payload.parameters)))

    def values(points: Any) -> list[float]:
        done[0] += len(points)
        asked = [Evaluation(circuit=circuit, parameters=x, observables=observable) for x in points]
        return [one.value for one in ctx.evaluate(asked)]

    def value(x: Any) -> float:
        found = values([x])[0]
        ctx.report(found)
        return found

    minimise = spsa if optimizer.upper() == "SPSA" else _scipy
    best, parameters = minimise(ctx, value, values, first, optimizer, iterations)
    return {"value": best, "parameters": list(map(float, parameters)), "evaluations": done[0]}


def _scipy(
    _: Context,
    value: Callable[[Any], float],
    values: Callable[[Any], list[float]],
    start: list[float],
    method: str,
    iterations: int,
) -> tuple[float, Any]:
    import numpy as np
    from scipy.optimize import minimize

    def gradient(x: Any) -> Any:
        """Central differences, all in one round."""
        steps = _STEP * np.eye(len(x))
        found = np.array(values([*(x + steps), *(x - steps)]))
        return (found[: len(x)] - found[len(x) :]) / (2 * _STEP)

    jac = gradient if method.upper() in _WITH_GRADIENT else None
    found = minimize(value, start, method=method, jac=jac, options={"maxiter": iterations})
    return float(found.fun), found.x
