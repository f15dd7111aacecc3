"""By hand, for one who knows everything: template, bound by Aer, one multinomial draw a point.

python aer_exact.py INPUT OUTPUT SHOTS. Nothing is stored, nothing survives, one process:
the least that the work can cost with Aer.
"""

import csv
import json
import sys
from pathlib import Path

import numpy as np
from qiskit import qasm3
from qiskit_aer import AerSimulator


def main(source, target, shots):
    """Do it."""
    ansatz = qasm3.load(Path(source) / "ansatz.qasm3")
    with (Path(source) / "points.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    ansatz.remove_final_measurements()
    ansatz.save_probabilities()
    binds = {p: [float(row[p.name]) for row in rows] for p in ansatz.parameters}
    simulator = AerSimulator(runtime_parameter_bind_enable=True)
    result = simulator.run(ansatz, shots=1, parameter_binds=[binds]).result()
    rng = np.random.default_rng()
    names = [format(index, f"0{ansatz.num_qubits}b") for index in range(2**ansatz.num_qubits)]
    counts = []
    for entry in result.results:
        law = entry.data.probabilities
        drawn = rng.multinomial(int(shots), law / law.sum()).tolist()
        counts.append({name: n for name, n in zip(names, drawn, strict=True) if n})
    Path(target).write_text(json.dumps(counts))


if __name__ == "__main__":
    main(*sys.argv[1:])
