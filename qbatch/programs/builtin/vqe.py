"""The variational quantum eigensolver: the least expectation value that a circuit can reach.

A. Peruzzo et al., Nature Communications 5, 4213 (2014).
"""

from __future__ import annotations

import math
from typing import Any

from qbatch.programs.builtin.inputs import num_parameters, read_sum
from qbatch.programs.builtin.minimising import minimise
from qbatch.programs.context import Context


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
        optimizer: one of SciPy's (``minimising.OPTIMIZERS``), or ``SPSA``.
        iterations: of it, at most.
        start: parameters to begin with; default: at random in [0, 2 pi).

    Returns:
        ``value``, ``parameters`` and ``evaluations`` (number of circuits).
    """
    observable = read_sum(hamiltonian)
    if start is None:
        start = list(ctx.rng.uniform(0, 2 * math.pi, num_parameters(circuit)))
    return minimise(ctx, circuit, observable, start, optimizer, iterations)._asdict()
