"""Divi: all circuits as one merged submission to one of its simulators.

python divi_merged.py INPUT OUTPUT SHOTS qiskit|maestro; this is what its batch coordinator
sends after merging, without the time that merging takes.
"""

import json
import sys
from pathlib import Path


def main(source, target, shots, kind):
    """Do it."""
    from divi.backends import MaestroSimulator, QiskitSimulator

    simulator = (MaestroSimulator if kind == "maestro" else QiskitSimulator)(shots=int(shots))
    texts = {path.stem: path.read_text() for path in sorted(Path(source).glob("*.qasm"))}
    found = {r["label"]: r["results"] for r in simulator.submit_circuits(texts).results}
    counts = [{str(k): int(v) for k, v in found[label].items()} for label in texts]
    Path(target).write_text(json.dumps(counts))


if __name__ == "__main__":
    main(*sys.argv[1:])
