"""By hand, for one who knows ``parameter_binds``: python aer_binds.py INPUT OUTPUT SHOTS."""

import csv
import json
import sys
from pathlib import Path

from qiskit import qasm3
from qiskit_aer import AerSimulator


def main(source, target, shots):
    """Do it."""
    ansatz = qasm3.load(Path(source) / "ansatz.qasm3")
    with (Path(source) / "points.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    binds = {p: [float(row[p.name]) for row in rows] for p in ansatz.parameters}
    simulator = AerSimulator(runtime_parameter_bind_enable=True)
    result = simulator.run(ansatz, shots=int(shots), parameter_binds=[binds]).result()
    counts = [result.get_counts(index) for index in range(len(rows))]
    Path(target).write_text(json.dumps(counts))


if __name__ == "__main__":
    main(*sys.argv[1:])
