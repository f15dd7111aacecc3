"""Minimising an expectation value: by any of SciPy's optimizers, or by SPSA."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from qbatch.errors import UsageError
from qbatch.programs.builtin.spsa import spsa
from qbatch.programs.context import Context, Evaluation

_PLAIN = ("Nelder-Mead", "Powell", "COBYLA", "COBYQA")
_WITH_GRADIENT = ("CG", "BFGS", "Newton-CG", "L-BFGS-B", "TNC", "SLSQP", "trust-constr")
_IN_A_BOX = ("differential_evolution", "dual_annealing", "direct")
OPTIMIZERS = (*_PLAIN, *_WITH_GRADIENT, *_IN_A_BOX, "SPSA")
_STEP = 1e-4  # of the central differences, whose error is of the order of its square


class Minimum(NamedTuple):
    """The least value, where it is, and how many values were asked for."""

    value: float
    parameters: list[float]
    evaluations: int


def minimise(
    ctx: Context,
    circuit: Any,
    observable: str,
    start: Sequence[float],
    optimizer: str,
    iterations: int,
) -> Minimum:
    """Find the least value; each point that is asked alone is reported.

    Args:
        ctx: of the program; its random numbers are those of the optimizer.
        circuit: with the parameters.
        start: parameters to begin with; SciPy's global optimizers seek in [0, 2 pi] instead.
        optimizer: one of `OPTIMIZERS`, whatever its case.
        iterations: the optimizer's, at most; of COBYLA's kind evaluations.

    Raises:
        UsageError: there is no such optimizer.
    """
    names = {name.lower(): name for name in OPTIMIZERS}
    if (name := names.get(optimizer.lower())) is None:
        raise UsageError(f"optimizer {optimizer!r}: one of {', '.join(OPTIMIZERS)}")
    evaluations = 0

    def values(points: Sequence[Any]) -> list[float]:
        nonlocal evaluations
        evaluations += len(points)
        asked = [Evaluation(circuit=circuit, parameters=x, observables=observable) for x in points]
        return [one.value for one in ctx.evaluate(asked)]

    def value(x: Any) -> float:
        (found,) = values([x])
        ctx.report(found)
        return found

    if name == "SPSA":
        best, where = spsa(ctx.rng, value, values, start, iterations)
    elif name in _IN_A_BOX:
        best, where = _in_a_box(ctx, value, len(start), name, iterations)
    else:
        best, where = _from(value, values, start, name, iterations)
    return Minimum(float(best), list(map(float, where)), evaluations)


def _from(
    value: Callable[[Any], float],
    values: Callable[[Sequence[Any]], list[float]],
    start: Sequence[float],
    method: str,
    iterations: int,
) -> tuple[float, Any]:
    """One of ``scipy.optimize.minimize``'s methods."""
    import numpy as np
    from scipy.optimize import minimize

    def gradient(x: Any) -> Any:
        """Central differences, all in one round."""
        steps = _STEP * np.eye(len(x))
        found = np.array(values([*(x + steps), *(x - steps)]))
        return (found[: len(x)] - found[len(x) :]) / (2 * _STEP)

    jac = gradient if method in _WITH_GRADIENT else None
    most = "maxfun" if method == "TNC" else "maxiter"
    found = minimize(value, start, method=method, jac=jac, options={most: iterations})
    return found.fun, found.x


def _in_a_box(
    ctx: Context, value: Callable[[Any], float], number: int, name: str, iterations: int
) -> tuple[float, Any]:
    """One of SciPy's global optimizers, over a whole turn of each angle."""
    import scipy.optimize

    seed = {} if name == "direct" else {"seed": ctx.rng}
    bounds = [(0.0, 2 * math.pi)] * number
    found = getattr(scipy.optimize, name)(value, bounds, maxiter=iterations, **seed)
    return found.fun, found.x
