"""Zero-noise extrapolation: the value that a noisy device would give without noise.

Noise is made stronger by folding, U -> U (U^dagger U)^k, and the values extrapolated to none:
K. Temme, S. Bravyi, J. M. Gambetta, Physical Review Letters 119, 180509 (2017); T. Giurgica-Tiron
et al., arXiv:2005.10921.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from qbatch.errors import UsageError
from qbatch.programs.builtin.inputs import read_circuit, read_sum
from qbatch.programs.context import Context, Evaluation


def solve(
    ctx: Context,
    circuit: str,
    hamiltonian: str,
    factors: Sequence[int] = (1, 3, 5),
    fit: str = "richardson",
    shots: int | None = None,
) -> dict[str, Any]:
    """Extrapolate an expectation value to zero noise.

    Args:
        ctx: of the program.
        circuit: OpenQASM text without measurements; on a backend that compiles, compiling must
            not undo the folding.
        hamiltonian: sum of Pauli strings.
        factors: odd numbers by which the circuit is made longer.
        fit: ``richardson`` (a polynomial through all points), ``linear`` or ``exponential``
            (towards 0).
        shots: of each point; default: the program's, or 10,000.

    Returns:
        ``value``, ``error`` (one standard deviation), and by factor ``values`` and ``errors``.
    """
    import numpy as np

    plain = read_circuit(circuit)
    observable = read_sum(hamiltonian)
    _check(factors)
    shots = shots or ctx.shots or 10_000
    asked = [
        Evaluation(circuit=folded(plain, factor), observables=observable, shots=shots)
        for factor in factors
    ]
    found = ctx.evaluate(asked)
    values = np.array([one.values[0] for one in found])
    errors = np.array([one.errors[0] for one in found])
    weights = extrapolation(np.array(factors, float), values, fit)
    value = float(weights @ values) if fit != "exponential" else _exponential(factors, values)
    ctx.report(value, unmitigated=values[0])
    return {
        "value": value,
        "error": float(np.sqrt(((weights * errors) ** 2).sum())),
        "values": dict(zip(map(str, factors), values.tolist(), strict=True)),
        "errors": dict(zip(map(str, factors), errors.tolist(), strict=True)),
    }


def _check(factors: Sequence[int]) -> None:
    if len(factors) < 2 or not all(factor % 2 == 1 and factor > 0 for factor in factors):
        raise UsageError(f"factors {list(factors)}: at least two odd numbers from 1")


def folded(circuit: Any, factor: int) -> Any:
    """The circuit with its inverse and itself behind it, as often as the factor says."""
    found = circuit.copy()
    for _ in range((factor - 1) // 2):
        found.barrier()
        found = found.compose(circuit.inverse())
        found.barrier()
        found = found.compose(circuit)
    return found


def extrapolation(factors: Any, values: Any, fit: str) -> Any:
    """The weights of the values in what they extrapolate to, to first order."""
    import numpy as np

    if fit == "exponential":  # of log|v|: d v0 / d v_i = v0 w_i / v_i
        if (values == 0).any() or len(set(np.sign(values))) > 1:
            raise UsageError("values of both signs, or 0: no exponential fits them")
        weights = extrapolation(factors, values, "linear")
        return _exponential(factors, values) * weights / values
    degree = {"richardson": len(factors) - 1, "linear": 1}.get(fit)
    if degree is None:
        raise UsageError(f"fit {fit!r}: richardson, linear or exponential")
    powers = np.vander(factors, degree + 1, increasing=True)
    return np.linalg.pinv(powers)[0]


def _exponential(factors: Sequence[int], values: Any) -> float:
    import numpy as np

    _, height = np.polyfit(np.array(factors, float), np.log(np.abs(values)), 1)
    return float(np.sign(values[0]) * np.exp(height))
