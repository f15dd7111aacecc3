"""A VQE of Divi whose circuits are stored, resumable jobs: a CircuitRunner over qbatch.

Divi's tree is under the GPL: an example, and no dependency of qbatch's. Divi's optimizer keeps
nothing of SciPy's; here it need not: started again, its circuits are answered from the store.

pip install qoro-divi
python divi_vqe.py
"""

import sys

from divi.backends import CircuitRunner, ExecutionResult
from divi.circuits import bound_circuits
from divi.qprog import VQE, GenericLayerAnsatz, ScipyMethod, ScipyOptimizer
from divi.qprog.problems import HamiltonianProblem
from qiskit import qasm2, qasm3
from qiskit.circuit.library import RYGate, RZGate
from qiskit.quantum_info import SparsePauliOp

from qbatch.primitives import SamplerV2


class DurableRunner(CircuitRunner):
    """Runs Divi's circuits as jobs of a group."""

    supports_expval = False
    is_async = False

    def __init__(self, group, shots):
        super().__init__(shots=shots)
        self._sampler = SamplerV2(group=group, default_shots=shots, seed=5)

    def submit_circuits(self, payloads, **_):
        """One call with a PUB for each circuit; counts by label."""
        circuits = bound_circuits(payloads)
        found = self._sampler.run([_circuit(text) for text in circuits.values()]).result()
        results = [
            {"label": label, "results": pub.join_data().get_counts()}
            for label, pub in zip(circuits, found, strict=True)
        ]
        return ExecutionResult(results=results)


def _circuit(text):
    if "OPENQASM 2" in text:
        return qasm2.loads(text, custom_instructions=qasm2.LEGACY_CUSTOM_INSTRUCTIONS)
    return qasm3.loads(text)


def main(group):
    """The least energy of two coupled spins."""
    energy = SparsePauliOp.from_list([("ZZ", 1.0), ("XI", 0.5), ("IX", 0.5)])
    vqe = VQE(
        HamiltonianProblem(energy),
        ansatz=GenericLayerAnsatz([RYGate, RZGate]),
        n_layers=1,
        max_iterations=12,
        optimizer=ScipyOptimizer(ScipyMethod.COBYLA),
        backend=DurableRunner(group, 500),
        seed=3,
    )
    vqe.run()
    print(f"energy {vqe.best_loss:.6f}")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "divi")
