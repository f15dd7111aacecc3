"""Divi: many VQE programs merged round by round: python … PROGRAMS ITERATIONS qiskit|maestro.

Five qubits, ten parameters, COBYLA, exact values; nothing is stored. Prints the number of circuits
that it ran.
"""

import sys

BONDS = (0.5, 2.5)


def hamiltonian(bond):
    """Of one program."""
    from qiskit.quantum_info import SparsePauliOp

    return SparsePauliOp.from_list(
        [("ZZIII", 1.0), ("IZZII", 1.0), ("IIZZI", bond), ("XIIII", 0.5), ("IIXII", 0.5)]
    )


def main(programs, iterations, kind):
    """Do it."""
    from divi import backends
    from divi.qprog import (
        VQE,
        GenericLayerAnsatz,
        ProgramEnsemble,
        ScipyMethod,
        ScipyOptimizer,
    )
    from divi.qprog.problems import HamiltonianProblem
    from qiskit.circuit.library import RYGate, RZGate

    class Study(ProgramEnsemble):
        def create_programs(self, state=None):
            super().create_programs(state)
            step = (BONDS[1] - BONDS[0]) / max(1, programs - 1)
            self.programs = {
                place: VQE(
                    HamiltonianProblem(hamiltonian(BONDS[0] + step * place)),
                    ansatz=GenericLayerAnsatz([RYGate, RZGate]),
                    n_layers=1,
                    max_iterations=iterations,
                    optimizer=ScipyOptimizer(ScipyMethod.COBYLA),
                    backend=self.backend,
                    seed=place,
                )
                for place in range(programs)
            }

        def aggregate_results(self):
            return None

    make = getattr(backends, "MaestroSimulator" if kind == "maestro" else "QiskitSimulator")
    study = Study(make())
    study.run(max_rounds=1)
    print(study.total_circuit_count)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3])
