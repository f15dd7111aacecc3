"""What is added in a scene, and how the reference sees it."""

from __future__ import annotations

import contextlib
import math
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy
from qiskit import QuantumCircuit
from qiskit.circuit import Gate
from qiskit.circuit.library import CXGate, UnitaryGate
from qiskit.quantum_info import Kraus, random_unitary

from benchmarks.truth import reference
from benchmarks.truth.texts import qasm2_text, qasm3_text


@dataclass
class Case:
    """One ``add``: a circuit with its parameters' rows, and the circuits that it stands for.

    ``judged_by``: the observables of these, where they are others than what is asked for.
    """

    circuit: str | QuantumCircuit
    language: str
    laws: list[QuantumCircuit]
    rows: list[dict[str, float]] | None = None
    times: int = 1
    observables: tuple[str, ...] = ()
    shots: int | None = None
    seed: int | None = None
    measure_all: bool = False
    probabilities: bool = False
    judged_by: tuple[str, ...] = ()

    @property
    def is_exact(self) -> bool:
        """Whether it is asked for without shots."""
        return self.probabilities or bool(self.observables)


@dataclass
class Scene:
    """Cases with the settings of their run."""

    cases: list[Case]
    run: dict[str, Any] = field(default_factory=dict)
    config: str = ""
    noise: reference.Noise | None = None
    patch: Callable[[], contextlib.AbstractContextManager[Any]] = contextlib.nullcontext


Maker = Callable[[random.Random, int, Path], Scene]


def plain_case(rng: random.Random, make: Callable[..., str], language: str, **more: Any) -> Case:
    """A text that Qiskit takes, too, with a measurement."""
    while True:
        text = make(rng, **more)
        with contextlib.suppress(BaseException):
            return Case(text, language, [reference.parse(text, language)])


def text_case(rng: random.Random, **more: Any) -> Case:
    """A text of one of the languages."""
    if rng.random() < 0.7:
        return plain_case(rng, qasm2_text, "qasm2", **more)
    return plain_case(rng, qasm3_text, "qasm3", inputs=0, **more)


def observable(rng: random.Random, size: int) -> str:
    """A sum of Pauli strings."""
    terms = [
        f"{round(rng.uniform(0.2, 2), 3)}*{''.join(rng.choice('IXYZ') for _ in range(size))}"
        for _ in range(rng.randint(1, 3))
    ]
    return rng.choice([" + ", " - "]).join(terms)


def qiskit_circuit(rng: random.Random, *, unitary: bool = False) -> QuantumCircuit:
    """Gates with open controls, matrices, own gates by any name, channels, states prepared."""
    size = rng.randint(2, 3)
    circuit = QuantumCircuit(size, size)
    for _ in range(rng.randint(2, 7)):
        qubits = rng.sample(range(size), 2)
        what = rng.random()
        if what < 0.3:
            circuit.u(*(rng.uniform(-3, 3) for _ in range(3)), qubits[0])
        elif what < 0.45:
            circuit.append(CXGate(ctrl_state=rng.randint(0, 1)), qubits)
        elif what < 0.55:
            circuit.append(UnitaryGate(random_unitary(4, seed=rng.randrange(10**6))), qubits)
        elif what < 0.75:
            body = QuantumCircuit(1)
            body.rx(rng.uniform(-3, 3), 0)
            body.t(0)
            name = rng.choice(["h", "x", "delay", "reset", "kraus", "r", "pauli", "save_x", "mcx"])
            gate = Gate(name, 1, [])
            gate.definition = body
            circuit.append(gate, [qubits[0]])
        elif what < 0.8:
            circuit.delay(10, qubits[0])
        elif unitary:
            circuit.crx(rng.uniform(-3, 3), *qubits)
        elif what < 0.86:
            circuit.initialize([0.6, 0.8j], qubits[0])
        elif what < 0.92:
            damping = rng.uniform(0.1, 0.9)
            channel = Kraus(
                [numpy.diag([1, math.sqrt(1 - damping)]), [[0, math.sqrt(damping)], [0, 0]]]
            )
            circuit.append(channel.to_instruction(), [qubits[0]])
        else:
            inner = QuantumCircuit(1, 1)
            inner.ry(rng.uniform(-3, 3), 0)
            inner.measure(0, 0)
            inner.h(0)
            circuit.append(inner.to_instruction(), [qubits[0]], [rng.randrange(size)])
    circuit.measure(range(size), rng.sample(range(size), size))
    if rng.random() < 0.3:
        circuit.delay(5, 0)
    return circuit
