"""By hand: parse all, ``AerSimulator().run(list)`` once, dump the counts as JSON.

python aer_list.py INPUT OUTPUT SHOTS; INPUT is a directory of OpenQASM files, or a
directory that holds ``ansatz.qasm3`` and ``points.csv``: a circuit a point then.
"""

import csv
import json
import sys
from pathlib import Path

from qiskit import qasm2, qasm3
from qiskit_aer import AerSimulator


def circuits(directory):
    """The circuits of a directory, in order."""
    if (directory / "ansatz.qasm3").exists():
        ansatz = qasm3.load(directory / "ansatz.qasm3")
        with (directory / "points.csv").open() as stream:
            points = [{k: float(v) for k, v in row.items()} for row in csv.DictReader(stream)]
        return [ansatz.assign_parameters(point) for point in points]
    return [qasm2.load(path) for path in sorted(directory.glob("*.qasm"))]


def main(source, target, shots):
    """Do it."""
    batch = circuits(Path(source))
    result = AerSimulator().run(batch, shots=int(shots)).result()
    counts = [result.get_counts(index) for index in range(len(batch))]
    Path(target).write_text(json.dumps(counts))


if __name__ == "__main__":
    main(*sys.argv[1:])
