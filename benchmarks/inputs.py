"""Inputs that the benchmarks share: made anew for each run, the same every time."""

from __future__ import annotations

import csv
import random
from collections.abc import Callable, Iterator
from pathlib import Path

QUBITS = 5
LAYERS = 4


def sweep(directory: Path, points: int) -> Path:
    """``ansatz.qasm3`` with five parameters, and ``points.csv`` with their values."""
    directory.mkdir(parents=True)
    head = ["OPENQASM 3.0;", 'include "stdgates.inc";']
    head += [f"input float t{qubit};" for qubit in range(QUBITS)]
    head += [f"qubit[{QUBITS}] q;", f"bit[{QUBITS}] c;"]
    body = [*_layers(QUBITS, lambda qubit: f"t{qubit}"), "c = measure q;"]
    (directory / "ansatz.qasm3").write_text("\n".join(head + body))
    rng = random.Random(1)
    with (directory / "points.csv").open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow([f"t{qubit}" for qubit in range(QUBITS)])
        writer.writerows([rng.uniform(0, 6) for _ in range(QUBITS)] for _ in range(points))
    return directory


def same_shape(directory: Path, number: int, qubits: int = QUBITS) -> Path:
    """OpenQASM 2 files, layers of ry and cx with angles of their own."""
    rng = random.Random(2)
    return _files(
        directory, number, qubits, lambda: _layers(qubits, lambda _: repr(rng.uniform(0, 6)))
    )


def any_shape(directory: Path, number: int) -> Path:
    """OpenQASM 2 files of as many gates, each drawn by itself: no two of the same shape."""
    rng = random.Random(3)

    def gates() -> Iterator[str]:
        for _ in range(LAYERS * (2 * QUBITS - 1)):
            one, two = rng.sample(range(QUBITS), 2)
            name = rng.choice(("h", "t", "ry", "rz", "cx", "cz"))
            if name in ("cx", "cz"):
                yield f"{name} q[{one}],q[{two}];"
            else:
                angle = f"({rng.uniform(0, 6)})" if name in ("ry", "rz") else ""
                yield f"{name}{angle} q[{one}];"

    return _files(directory, number, QUBITS, lambda: list(gates()))


HEAVY_HEX = (
    (0, 1), (1, 2), (1, 4), (2, 3), (3, 5), (4, 7), (5, 8), (6, 7), (7, 10), (8, 9), (8, 11),
    (10, 12), (11, 14), (12, 13), (12, 15), (13, 14), (14, 16), (15, 18), (16, 19), (17, 18),
    (18, 21), (19, 20), (19, 22), (21, 23), (22, 25), (23, 24), (24, 25), (25, 26),
)  # fmt: skip
"""The couplings of a device of 27 qubits."""


def to_compile(directory: Path, number: int) -> Path:
    """Circuits of 5 to 10 qubits, 8 layers each of rotations and of pairs at random."""
    rng = random.Random(11)
    directory.mkdir(parents=True, exist_ok=True)
    for place in range(number):
        qubits = rng.randint(5, 10)
        lines = [f'OPENQASM 2.0;\ninclude "qelib1.inc";\nqreg q[{qubits}];\ncreg c[{qubits}];']
        for _ in range(8):
            for qubit in range(qubits):
                angles = ",".join(repr(rng.uniform(-3, 3)) for _ in range(3))
                lines.append(f"u3({angles}) q[{qubit}];")
            order = rng.sample(range(qubits), qubits)
            lines += [f"cx q[{a}],q[{b}];" for a, b in zip(order[::2], order[1::2], strict=False)]
        (directory / f"{place:06}.qasm").write_text("\n".join([*lines, "measure q -> c;\n"]))
    return directory


def _files(directory: Path, number: int, qubits: int, body: Callable[[], list[str]]) -> Path:
    directory.mkdir(parents=True)
    head = ["OPENQASM 2.0;", 'include "qelib1.inc";', f"qreg q[{qubits}];", f"creg c[{qubits}];"]
    for index in range(number):
        text = "\n".join([*head, *body(), "measure q -> c;"])
        (directory / f"{index:06d}.qasm").write_text(text)
    return directory


def _layers(qubits: int, angle: Callable[[int], str]) -> list[str]:
    lines = []
    for _ in range(LAYERS):
        lines += [f"ry({angle(qubit)}) q[{qubit}];" for qubit in range(qubits)]
        lines += [f"cx q[{qubit}], q[{qubit + 1}];" for qubit in range(qubits - 1)]
    return lines
