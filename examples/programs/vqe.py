"""The ground state of hydrogen over bond strengths: an ordinary function, and SciPy.

qbatch add study examples/programs/vqe.py:solve --param r=0.5:2.5:10 --seed 7
qbatch run study
qbatch results study
qbatch plot study -o study.png
"""

import scipy.optimize
from qiskit.circuit.library import efficient_su2
from qiskit.quantum_info import SparsePauliOp


def hamiltonian(r):
    """Two spins in a field, bound as strongly as r says."""
    return SparsePauliOp.from_list([("ZZ", r), ("XI", 0.5), ("IX", 0.5)])


def solve(ctx, r):
    """The least energy, and the parameters at which it was found."""
    circuit, energy = efficient_su2(2, reps=1), hamiltonian(r)
    best = scipy.optimize.minimize(
        lambda x: ctx.expectation(circuit, x, energy),
        ctx.rng.uniform(0, 1, circuit.num_parameters),
        method="COBYLA",
        options={"maxiter": 120},
    )
    return {"energy": best.fun, "x": list(best.x)}
