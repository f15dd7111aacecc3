"""By hand, EstimatorV2 of Aer with an array of values: aer_estimator.py INPUT OUTPUT SUM."""

import csv
import json
import sys
from pathlib import Path

import numpy as np
from qiskit import qasm3
from qiskit_aer.primitives import EstimatorV2


def main(source, target, *observables):
    """Exact expectation values, a list for each point."""
    ansatz = qasm3.load(Path(source) / "ansatz.qasm3").remove_final_measurements(inplace=False)
    with (Path(source) / "points.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    values = np.array([[float(row[p.name]) for p in ansatz.parameters] for row in rows])
    pub = (ansatz, [[observable] for observable in observables], values)
    (result,) = EstimatorV2().run([pub], precision=0).result()
    Path(target).write_text(json.dumps(result.data.evs.T.tolist()))


if __name__ == "__main__":
    main(*sys.argv[1:])
