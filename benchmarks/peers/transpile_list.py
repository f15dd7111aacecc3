"""By hand: parse all, one call of ``transpile``, dump the circuits as QPY.

python transpile_list.py INPUT OUTPUT LEVEL DEVICE; INPUT is a directory of OpenQASM files, DEVICE a
file of JSON with ``basis_gates`` and ``coupling_map``.
"""

import json
import sys
from pathlib import Path

from qiskit import qasm2, qpy, transpile


def main(source, target, level, device):
    """Do it."""
    given = [qasm2.load(path) for path in sorted(Path(source).glob("*.qasm"))]
    found = transpile(
        given,
        **json.loads(Path(device).read_text()),
        optimization_level=int(level),
        seed_transpiler=0,
        num_processes=1,
    )
    with Path(target).open("wb") as stream:
        qpy.dump(found, stream)


if __name__ == "__main__":
    main(*sys.argv[1:])
