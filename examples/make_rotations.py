"""Writes rotations.qpy: three circuits in one file, which become three jobs."""

import math
from pathlib import Path

from qiskit import QuantumCircuit, qpy

circuits = []
for name, angle in (("quarter", math.pi / 4), ("half", math.pi / 2), ("full", math.pi)):
    circuit = QuantumCircuit(1, name=name)
    circuit.ry(angle, 0)
    circuit.measure_all()
    circuits.append(circuit)

with Path(__file__).with_name("rotations.qpy").open("wb") as file:
    qpy.dump(circuits, file, version=13)  # readable by every Qiskit that qbatch supports
