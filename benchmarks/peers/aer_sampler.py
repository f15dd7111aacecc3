"""By hand, with SamplerV2 of Aer and an array of values: aer_sampler.py INPUT OUTPUT SHOTS."""

import csv
import json
import sys
from pathlib import Path

import numpy as np
from qiskit import qasm3
from qiskit_aer.primitives import SamplerV2


def main(source, target, shots):
    """Do it."""
    ansatz = qasm3.load(Path(source) / "ansatz.qasm3")
    with (Path(source) / "points.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    values = np.array([[float(row[p.name]) for p in ansatz.parameters] for row in rows])
    (result,) = SamplerV2().run([(ansatz, values)], shots=int(shots)).result()
    bits = result.data[ansatz.cregs[0].name]
    counts = [bits.get_counts(index) for index in range(len(rows))]
    Path(target).write_text(json.dumps(counts))


if __name__ == "__main__":
    main(*sys.argv[1:])
