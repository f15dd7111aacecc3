"""The VQE programs of the benchmark, as qbatch hosts them."""

import scipy.optimize
from qiskit.circuit.library import efficient_su2
from qiskit.quantum_info import SparsePauliOp


def solve(ctx, r, evaluations):
    """So many evaluations of one Hamiltonian, and the least value."""
    circuit = efficient_su2(5, reps=0)
    hamiltonian = SparsePauliOp.from_list(
        [("ZZIII", 1.0), ("IZZII", 1.0), ("IIZZI", r), ("XIIII", 0.5), ("IIXII", 0.5)]
    )
    best = scipy.optimize.minimize(
        lambda x: ctx.expectation(circuit, x, hamiltonian),
        ctx.rng.uniform(0, 1, 10),
        method="COBYLA",
        options={"maxiter": evaluations},
    )
    return {"energy": best.fun, "x": list(best.x)}
