"""Circuits from Python whose angles are expressions, as programs ask for them round by round."""

from __future__ import annotations

import math
import random
from pathlib import Path
from typing import Any

from qiskit import QuantumCircuit
from qiskit.circuit import Parameter

from benchmarks.truth.cases import Case, Maker, Scene, observable

_ONE = ("rx", "ry", "rz", "p")
_TWO = ("rzz", "rxx", "cp", "crx", "cry", "crz", "ryy", "rzx")


def expressions(rng: random.Random, count: int, _: Path) -> Scene:
    """A few circuits, each asked for counts, probabilities, values and estimates of its own."""
    cases: list[Case] = []
    while sum(len(case.laws) for case in cases) < count:
        circuit = _circuit(rng)
        rows = [
            {p.name: rng.uniform(-3, 3) for p in circuit.parameters}
            for _ in range(rng.choice([1, 2, 9]))
        ]
        laws = [circuit.assign_parameters(row) for row in rows]
        cases += [_case(rng, circuit, laws, rows) for _ in range(3)]
    return Scene(cases)


def _case(
    rng: random.Random,
    circuit: QuantumCircuit,
    laws: list[QuantumCircuit],
    rows: list[dict[str, float]],
) -> Case:
    drawn, size = rng.random(), circuit.num_qubits
    if drawn < 0.4:
        observables = observable(rng, size), observable(rng, size)
        return Case(circuit, "qpy", laws, rows, observables=observables)
    if drawn < 0.55:
        observables = (observable(rng, size),)
        return Case(circuit, "qpy", laws, rows, observables=observables, shots=1500)
    measured = [law.measure_all(inplace=False) for law in laws]
    exact = drawn < 0.7
    return Case(circuit, "qpy", measured, rows, measure_all=True, probabilities=exact)


def _circuit(rng: random.Random) -> QuantumCircuit:
    a, b = Parameter("a"), Parameter("b")
    size = rng.choice([2, 3])
    circuit = QuantumCircuit(size)
    for qubit in range(size):
        circuit.ry(a if qubit else b, qubit)
    for _ in range(rng.randint(4, 9)):
        angle = _expression(rng, a, b)
        if rng.random() < 0.6:
            getattr(circuit, rng.choice(_ONE))(angle, rng.randrange(size))
        else:
            getattr(circuit, rng.choice(_TWO))(angle, *rng.sample(range(size), 2))
        if rng.random() < 0.3:
            circuit.h(rng.randrange(size))
    return circuit


def _expression(rng: random.Random, a: Parameter, b: Parameter) -> Any:
    number = round(rng.uniform(0.3, 2.5), 2)
    return rng.choice(
        [
            a, number, number * a, a + b, a - b, number - a, b / number, -a + number * b,
            (a - number) * b, math.pi - (a + b) / 2, a.sin(),
        ]
    )  # fmt: skip


MAKERS: tuple[Maker, ...] = (expressions,)
