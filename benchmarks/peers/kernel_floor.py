"""A floor: readers and kernel, nothing stored: python kernel_floor.py INPUT OUTPUT SHOTS."""

import csv
import json
import sys
from pathlib import Path

from qbatch.domain.payloads import Source
from qbatch.payloads.circuit.formats import read_plain
from qbatch.simulation import drawing, kernel
from qbatch.simulation.readout import outcomes, readout


def main(source, target, shots):
    """Do it."""
    place, rng, counts = Path(source), drawing.generator(None), []
    if (place / "ansatz.qasm3").exists():
        form = read_plain(Source(format="qasm3", body=(place / "ansatz.qasm3").read_bytes()))
        with (place / "points.csv").open() as stream:
            rows = [[float(row[p]) for p in form.parameters] for row in csv.DictReader(stream)]
        forms, states = [form], kernel.at_points(form, rows)
    else:
        texts = [file.read_bytes() for file in sorted(place.glob("*.qasm"))]
        forms = [read_plain(Source(format="qasm2", body=text)) for text in texts]
        states = kernel.together(forms)
    assert all(map(kernel.takes, forms))
    read = readout(forms[0])  # all of the benchmark's circuits measure alike
    for state in states:
        laws = drawing.distributions(state.probabilities(read.qubits))
        number = state.circuits
        drawn = drawing.draw(laws, [int(shots)] * number, [None] * number, rng)
        counts += [drawing.counts(row, outcomes(read)) for row in drawn]
    Path(target).write_text(json.dumps(counts))


if __name__ == "__main__":
    main(*sys.argv[1:])
