"""Mitiq's zero-noise extrapolation over a durable executor.

Mitiq is under the GPL: an example, and no dependency of qbatch's. Killed and started again, the
script runs only the circuits that it has not run yet.

pip install mitiq
python mitiq_zne.py
"""

import sys

from mitiq import zne
from qiskit import QuantumCircuit
from qiskit.quantum_info import SparsePauliOp

from qbatch.primitives import EstimatorV2

DEPTH = 10


def bell_and_back():
    """A circuit that does nothing, in many gates: without noise the value is 1."""
    circuit = QuantumCircuit(2)
    for _ in range(DEPTH):
        circuit.h(0)
        circuit.cx(0, 1)
        circuit.cx(0, 1)
        circuit.h(0)
    return circuit


def main(group, backend=None):
    """The value with noise, and what it extrapolates to."""
    estimator = EstimatorV2(group=group, backend=backend, default_precision=0.01, seed=3)

    def executor(circuit):
        bare = circuit.remove_final_measurements(inplace=False) or circuit
        data = estimator.run([(bare, SparsePauliOp("ZI"))]).result()[0].data
        return float(data.evs)

    circuit = bell_and_back()
    factory = zne.inference.LinearFactory(scale_factors=[1.0, 3.0, 5.0])
    mitigated = zne.execute_with_zne(
        circuit, executor, factory=factory, scale_noise=zne.scaling.fold_global
    )
    print(f"noisy {executor(circuit):.4f}")
    print(f"mitigated {mitigated:.4f}")


if __name__ == "__main__":
    main(*sys.argv[1:] or ["mitigated"])
