"""The quantum approximate optimization algorithm on a graph's cut, or any diagonal cost.

E. Farhi, J. Goldstone, S. Gutmann, arXiv:1411.4028.
"""

from __future__ import annotations

import itertools
import math
from typing import Any

from qbatch.errors import UsageError
from qbatch.programs.builtin.costs import cost_of, cut, diagonal, text_of
from qbatch.programs.builtin.minimising import minimise
from qbatch.programs.context import Context


def solve(
    ctx: Context,
    edges: str = "",
    cost: str = "",
    layers: int = 1,
    optimizer: str = "COBYLA",
    iterations: int = 200,
    shots: int | None = None,
) -> dict[str, Any]:
    """Minimise a diagonal cost, and sample the best state.

    Args:
        ctx: of the program.
        edges: of a graph whose largest cut is sought: ``0-1,1-2,2-0``, or with weights
            ``0-1:0.5``. The cost is minus the weight of the cut.
        cost: instead of it, a sum of strings of I and Z.
        layers: of the circuit.
        optimizer: one of SciPy's (``minimising.OPTIMIZERS``), or ``SPSA``.
        iterations: of it, at most.
        shots: that are drawn from the best state; default: the program's, or 1024.

    Returns:
        ``value`` (the least expectation value), ``outcome`` (of the shots the one of the
        least cost, qubit 0 rightmost), ``cost`` (its own), ``parameters`` (the angles gamma and
        then beta) and ``evaluations``.
    """
    if bool(edges) == bool(cost):
        raise UsageError("either edges or cost says what is minimised")
    terms = cut(edges) if edges else diagonal(cost)
    circuit, observable = ansatz(terms, layers), text_of(terms)
    measured = circuit.measure_all(inplace=False)
    first = ctx.rng.uniform(0, math.pi / 2, 2 * layers).tolist()
    found = minimise(ctx, circuit, observable, first, optimizer, iterations)
    counts = ctx.counts(measured, found.parameters, shots)
    costs = {outcome: cost_of(terms, outcome) for outcome in counts}
    outcome = min(sorted(costs), key=lambda one: costs[one])
    return {**found._asdict(), "outcome": outcome, "cost": costs[outcome]}


def ansatz(terms: dict[str, float], layers: int) -> Any:
    """Layers of exp(-i gamma C) and of turns by 2 beta about x, after H on every qubit."""
    from qiskit import QuantumCircuit
    from qiskit.circuit import ParameterVector

    width = len(next(iter(terms)))
    gammas, betas = ParameterVector("a", layers), ParameterVector("b", layers)
    circuit = QuantumCircuit(width)
    circuit.h(range(width))
    for gamma, beta in zip(gammas, betas, strict=True):
        for string, factor in terms.items():
            qubits = [place for place, z in enumerate(reversed(string)) if z == "Z"]
            for one, other in itertools.pairwise(qubits):
                circuit.cx(one, other)
            if qubits:
                circuit.rz(2 * factor * gamma, qubits[-1])
            for one, other in reversed(list(itertools.pairwise(qubits))):
                circuit.cx(one, other)
        circuit.rx(2 * beta, range(width))
    return circuit
