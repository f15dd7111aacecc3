"""A floor: the benchmark's own ansatz in qulacs: python qulacs_floor.py INPUT OUTPUT SHOTS.

It reads no circuit, which no user could do, and stores nothing.
"""

import csv
import json
import sys
from collections import Counter
from pathlib import Path

from qulacs import ParametricQuantumCircuit, QuantumState

QUBITS, LAYERS = 5, 4


def main(source, target, shots):
    """Do it."""
    with (Path(source) / "points.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    circuit = ParametricQuantumCircuit(QUBITS)
    for _ in range(LAYERS):
        for qubit in range(QUBITS):
            circuit.add_parametric_RY_gate(qubit, 0.0)
        for qubit in range(QUBITS - 1):
            circuit.add_CNOT_gate(qubit, qubit + 1)
    state = QuantumState(QUBITS)
    names = [format(index, f"0{QUBITS}b") for index in range(2**QUBITS)]
    counts = []
    for row in rows:
        for place in range(LAYERS * QUBITS):
            # qulacs turns by exp(+i θ/2 Y)
            circuit.set_parameter(place, -float(row[f"t{place % QUBITS}"]))
        state.set_zero_state()
        circuit.update_quantum_state(state)
        counts.append({names[o]: n for o, n in Counter(state.sampling(int(shots))).items()})
    Path(target).write_text(json.dumps(counts))


if __name__ == "__main__":
    main(*sys.argv[1:])
