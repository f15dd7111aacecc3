"""VQE and QAOA of qiskit-algorithms with durable primitives.

Only the import and the constructor of the primitives are qbatch's. Killed and started again, the
script gets the calls that it has made from the store, and makes the others.

pip install qiskit-algorithms
python qiskit_algorithms_vqe.py
"""

import sys
from pathlib import Path

import numpy as np
from qiskit.circuit.library import efficient_su2
from qiskit.quantum_info import SparsePauliOp
from qiskit_algorithms import QAOA, VQE
from qiskit_algorithms.optimizers import COBYLA, SPSA
from qiskit_algorithms.utils import algorithm_globals

from qbatch.primitives import EstimatorV2, SamplerV2

HERE = Path(__file__).parent


def hydrogen():
    """The Hamiltonian of h2.txt."""
    terms = []
    for line in (HERE / "h2.txt").read_text().splitlines():
        if line and not line.startswith("#"):
            factor, letters = line.split("*")
            terms.append((letters, float(factor)))
    return SparsePauliOp.from_list(terms)


def main(group):
    """The energy of hydrogen, and the largest cut of a ring of four."""
    algorithm_globals.random_seed = 7  # a script must do the same when it is started again
    start = np.random.default_rng(7).uniform(-1, 1, 8)
    estimator = EstimatorV2(group=group, seed=7)
    vqe = VQE(estimator, efficient_su2(2, reps=1), COBYLA(150), initial_point=start)
    energy = vqe.compute_minimum_eigenvalue(hydrogen()).eigenvalue.real
    print(f"energy {energy:.6f}")
    ring = [("IIZZ", 0.5), ("IZZI", 0.5), ("ZZII", 0.5), ("ZIIZ", 0.5), ("IIII", -2.0)]
    qaoa = QAOA(
        SamplerV2(group=group, seed=7),
        SPSA(maxiter=15, learning_rate=0.1, perturbation=0.1),
        initial_point=[0.6, 0.3],
    )
    cut = qaoa.compute_minimum_eigenvalue(SparsePauliOp.from_list(ring))
    print(f"cut {cut.best_measurement['bitstring']} {cut.best_measurement['value'].real:.1f}")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "algorithms")
