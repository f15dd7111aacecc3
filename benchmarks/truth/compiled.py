"""Circuits that are compiled before they are run, judged by the law of what was added.

Under noise the law is that of the circuit compiled for the whole device, every wire kept, with
the noise of the device's own qubits.
"""

from __future__ import annotations

import contextlib
import json
import random
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest import mock

from qiskit import QuantumCircuit
from qiskit.circuit import Parameter
from qiskit.quantum_info import SuperOp
from qiskit_aer.noise import NoiseModel, ReadoutError, depolarizing_error, pauli_error

from benchmarks.truth import reference
from benchmarks.truth.cases import Case, Scene, observable, qiskit_circuit, text_case
from qbatch.domain.compilations import Layout, Readout
from qbatch.execution.serial import SerialExecutor
from qbatch.payloads.circuit import target
from qbatch.payloads.circuit.formats import from_qiskit, parse
from qbatch.seam import Compiled, Target
from qbatch.stages import workers
from qbatch.stages.qiskit_compiler import QiskitCompiler

_GATES = ["rz", "sx", "x", "cx"]
_DEVICE = [(0, 1), (1, 2), (2, 3), (3, 4), (2, 5), (5, 6)]  # seven qubits, one with three others
_SMALL = [(0, 1), (1, 2), (2, 3)]  # that a density matrix still holds in no time


def here() -> contextlib.AbstractContextManager[Any]:
    """Faults are planted in this process: circuits must be compiled in it."""
    return mock.patch.object(workers, "local", return_value=SerialExecutor())


def _edges(pairs: list[tuple[int, int]], *, both: bool = True) -> list[list[int]]:
    return [list(p) for p in pairs] + ([[b, a] for a, b in pairs] if both else [])


def _config(
    rng: random.Random, pairs: list[tuple[int, int]], more: str = "", least: int = 0
) -> str:
    edges = _edges(pairs, both=rng.random() < 0.7)
    level, seed = rng.randint(least, 3), rng.randrange(100)
    return (
        f'[backends.device]\ntype = "aer"\n{more}compile = {{ level = {level}, seed = {seed},'
        f" basis_gates = {json.dumps(_GATES)}, coupling_map = {json.dumps(edges)} }}\n"
    )


def _narrow(rng: random.Random) -> Case:
    while True:
        case = text_case(rng, dynamic=rng.choice([0.0, 0.0, 0.2]), most=5)
        if case.laws[0].num_qubits <= len(_DEVICE) + 1:
            return case


def _sweep(rng: random.Random) -> Case:
    """A circuit with parameters, one of which may cancel, and rows of values."""
    a, b, c = Parameter("b"), Parameter("a"), Parameter("c")
    circuit = QuantumCircuit(4, 4)
    for _ in range(rng.randint(3, 6)):
        one, two = rng.sample(range(4), 2)
        circuit.rx(a, one)
        circuit.ry(b * rng.uniform(-2, 2), two)
        circuit.cx(one, two)
        circuit.rz(rng.uniform(-3, 3), two)
    circuit.rz(c, 0)  # only a phase, or before a measurement
    circuit.measure(range(4), rng.sample(range(4), 4))
    rows = [{p: rng.uniform(-3, 3) for p in ("a", "b", "c")} for _ in range(4)]
    return Case(circuit, "qpy", [circuit.assign_parameters(row) for row in rows], rows)


def compiled(rng: random.Random, count: int, _: Path) -> Scene:
    """Counts of texts, of circuits from Python, of sweeps, with all qubits measured or not."""
    cases: list[Case] = []
    while sum(len(case.laws) for case in cases) < count:
        chosen = rng.random()
        if chosen < 0.5:
            cases.append(_narrow(rng))
        elif chosen < 0.75:
            cases.append(_sweep(rng))
        else:
            circuit = qiskit_circuit(rng, unitary=True)
            law = circuit.copy()
            if measure_all := rng.random() < 0.5:
                law.measure_all()
            cases.append(Case(circuit, "qpy", [law], measure_all=measure_all))
    return Scene(cases, {"backend": "device"}, _config(rng, _DEVICE), patch=here)


def compiled_values(rng: random.Random, count: int, _: Path) -> Scene:
    """Exact expectation values: layouts are applied, and measurements lead no pass astray."""
    cases: list[Case] = []
    while sum(len(case.laws) for case in cases) < count:
        case = _sweep(rng) if rng.random() < 0.3 else text_case(rng, dynamic=0.0, most=5)
        size = case.laws[0].num_qubits
        if size <= len(_DEVICE) + 1:
            cases.append(replace(case, observables=tuple(observable(rng, size) for _ in "ab")))
    return Scene(cases, {"backend": "device"}, _config(rng, _DEVICE, least=2), patch=here)


def compiled_estimates(rng: random.Random, count: int, place: Path) -> Scene:
    """Expectation values from shots."""
    scene = compiled_values(rng, count, place)
    scene.cases = [replace(case, shots=1500) for case in scene.cases]
    scene.run = {**scene.run, "sampling": rng.choice(["auto", "shots"])}
    return scene


# -- under noise of single qubits ---------------------------------------------------


def _noise(rng: random.Random, place: Path, *, readout: bool) -> tuple[reference.Noise, str]:
    """Noise that differs from qubit to qubit, for the reference and as a file."""
    model, places, told = NoiseModel(), {}, {}
    for a, b in _edges(_SMALL):
        x = round(rng.uniform(0, 0.3), 2)
        error = pauli_error([("XI", x), ("ZY", 0.1), ("II", 0.9 - x)])
        model.add_quantum_error(error, ["cx"], [a, b])
        places["cx", (a, b)] = SuperOp(error)
    for qubit in range(4):
        error = depolarizing_error(round(rng.uniform(0, 0.2), 3), 1)
        model.add_quantum_error(error, ["sx"], [qubit])
        places["sx", (qubit,)] = SuperOp(error)
        if readout:
            p, q = round(rng.uniform(0, 0.2), 2), round(rng.uniform(0, 0.2), 2)
            told[qubit] = [[1 - p, p], [q, 1 - q]]
            model.add_readout_error(ReadoutError(told[qubit]), [qubit])
    file = place / f"device-{rng.randrange(10**9)}.json"
    file.write_text(json.dumps(model.to_dict(serializable=True)))
    return reference.Noise(readout=told, places=places), f'noise_model = "{file}"\n'


def _of_device(circuit: QuantumCircuit, config: str, readout: Readout) -> Compiled:
    """A circuit as it is compiled for the whole device."""
    import tomllib

    settings = tomllib.loads(config)["backends"]["device"]["compile"]
    body = target.from_gates(settings["basis_gates"], settings["coupling_map"])
    compiler = QiskitCompiler()
    options = compiler.settle({"level": settings["level"], "seed": settings["seed"]})
    whole = Target(name="device", body=body)
    return compiler.compile(from_qiskit(circuit).source, readout, whole, options)


def _noisy(rng: random.Random, count: int, place: Path, *, values: bool) -> Scene:
    noise, line = _noise(rng, place, readout=not values)
    config = _config(rng, _SMALL, line)
    cases = []
    for _ in range(count):
        circuit = QuantumCircuit(3, 3)
        for _ in range(rng.randint(2, 5)):
            circuit.ry(rng.uniform(-3, 3), rng.randrange(3))
            circuit.cx(*rng.sample(range(3), 2))
        if not values:
            circuit.measure(range(3), rng.sample(range(3), 3))
        found = _of_device(circuit, config, Readout.NONE if values else Readout.GIVEN)
        law = parse(found.payload.source)
        case = Case(circuit, "qpy", [law])
        if values:
            asked = tuple(observable(rng, 3) for _ in "ab")
            wider = tuple(placed_by_hand(text, found.layout) for text in asked)
            case = replace(case, observables=asked, judged_by=wider)
        cases.append(case)
    return Scene(cases, {"backend": "device"}, config, noise, patch=here)


def placed_by_hand(text: str, layout: Layout) -> str:
    """An observable on the device's qubits, by Qiskit's own operators."""
    from qiskit.quantum_info import SparsePauliOp

    from qbatch.rules.pauli import parse_observable

    operator = SparsePauliOp.from_list(parse_observable(text))
    moved = operator.apply_layout(list(layout.final), num_qubits=len(layout.wires))
    return " + ".join(f"{factor.real}*{pauli}" for pauli, factor in moved.to_list())


def compiled_noise(rng: random.Random, count: int, place: Path) -> Scene:
    """Counts under noise of the device's single qubits."""
    return _noisy(rng, count, place, values=False)


def compiled_noise_values(rng: random.Random, count: int, place: Path) -> Scene:
    """Exact values under it."""
    return _noisy(rng, count, place, values=True)


MAKERS = (compiled, compiled_values, compiled_estimates, compiled_noise, compiled_noise_values)
