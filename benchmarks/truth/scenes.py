"""Circuits on every path that a job may take, run by qbatch and judged by the reference.

A scene is a group of jobs of one kind with the settings of its run: `SCENES` names a maker
for each. Makers give cases (what is added, and how the reference sees it); `play` adds them
to a group, runs it as any user would, and judges what came back.
"""

from __future__ import annotations

import contextlib
import json
import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest import mock

import numpy
from qiskit import QuantumCircuit
from qiskit.circuit import Gate, Parameter
from qiskit.circuit.library import RXGate
from qiskit.quantum_info import SuperOp
from qiskit_aer.noise import NoiseModel, ReadoutError, depolarizing_error, pauli_error

from benchmarks.truth import compiled as compiled_scenes
from benchmarks.truth import expressions, reference
from benchmarks.truth.cases import (
    Case,
    Maker,
    Scene,
    observable,
    plain_case,
    qiskit_circuit,
    text_case,
)
from benchmarks.truth.judging import Judged, of_counts, of_estimates, of_exact_values
from benchmarks.truth.texts import clifford_text, number, qasm3_text
from qbatch import JobGroup
from qbatch.payloads.circuit.formats import read_circuits
from qbatch.rules.pauli import parse_observable


def texts(rng: random.Random, count: int, _: Path) -> Scene:
    """Texts of both languages, mostly with an exact law."""
    return Scene([text_case(rng, dynamic=0.02) for _ in range(count)])


def sampled(rng: random.Random, count: int, _: Path) -> Scene:
    """The same, sampled by Aer."""
    cases = [text_case(rng, dynamic=0.02) for _ in range(count)]
    return Scene(cases, {"sampling": "shots"})


def by_stim(rng: random.Random, count: int, _: Path) -> Scene:
    """Clifford circuits sampled by Stim: nothing is drawn."""
    found = [clifford_text(rng) for _ in range(count)]
    cases = [Case(text, "qasm2", [reference.parse(text, "qasm2")]) for text in found]
    drawn = "qbatch.backends.aer.sampling.is_faster"
    run = {"sampling": "stim"}
    return Scene(cases, run, patch=lambda: mock.patch(drawn, return_value=False))


def probabilities(rng: random.Random, count: int, _: Path) -> Scene:
    """Texts with an exact law, whose probabilities are asked for."""
    cases: list[Case] = []
    while len(cases) < count:
        case = text_case(rng, dynamic=0)
        (payload,) = read_circuits(str(case.circuit).encode(), "text", path=_named(case))
        if not payload.info["dynamic"]:
            cases.append(replace(case, probabilities=True))
    return Scene(cases)


def _named(case: Case) -> Path:
    """A file of that name would be read in the case's language, header or not."""
    return Path(f"text.{case.language}")


def dynamic(rng: random.Random, count: int, _: Path) -> Scene:
    """Texts that measure, reset and branch in the middle, and loop."""
    return Scene([text_case(rng, dynamic=0.35, most=3) for _ in range(count)])


def families(rng: random.Random, count: int, _: Path) -> Scene:
    """Texts of one shape each that differ in their numbers: templates."""
    cases: list[Case] = []
    while len(cases) < count:
        case = text_case(rng, dynamic=0.0)
        assert isinstance(case.circuit, str)
        head, *calls = case.circuit.split("\n")
        for _ in range(6):
            lines = [head]
            for line in calls:
                if "(" in line and not line.startswith(("gate", "//")) and "[" in line:
                    start, end = line.index("("), line.rindex(")")
                    old = line[start + 1 : end]
                    new = [number(rng, language=case.language) for _ in old.split(",")]
                    line = line[: start + 1] + ",".join(new) + line[end:]
                lines.append(line)
            text = "\n".join(lines)
            with contextlib.suppress(BaseException):
                found = reference.parse(text, case.language)
                cases.append(Case(text, case.language, [found]))
    return Scene(cases[:count])


def twins(rng: random.Random, count: int, _: Path) -> Scene:
    """Texts alike but for one thing: other gates, other qubits, or other bits, and numbers."""
    like = [("rx", "ry", "rz"), ("h", "x", "sx"), ("cx", "cz", "cy"), ("crx", "cry", "cp")]
    cases: list[Case] = []
    while len(cases) < count:
        kinds = [rng.choice(like) for _ in range(5)]
        gates = [(rng.choice(kind), rng.sample(range(3), 2)) for kind in kinds]
        bits = rng.sample(range(3), 3)
        for _ in range(6):
            changed = rng.choice(("gates", "qubits", "bits"))
            if changed == "gates":
                gates = [(rng.choice(k), on) for k, (_, on) in zip(kinds, gates, strict=True)]
            elif changed == "qubits":
                gates = [(name, rng.sample(range(3), 2)) for name, _ in gates]
            else:
                bits = rng.sample(range(3), 3)
            lines = [f"u3({rng.uniform(0.2, 2.9)},0.3,0.7) q[{qubit}];" for qubit in range(3)]
            for name, (one, two) in gates:
                angle = f"({rng.uniform(0.2, 2.9)})" if name[0] == "r" or name[1:] in _TURNS else ""
                on = f"q[{one}],q[{two}]" if name[0] == "c" else f"q[{one}]"
                lines.append(f"{name}{angle} {on};")
            lines += [f"measure q[{qubit}] -> c[{bit}];" for qubit, bit in enumerate(bits)]
            text = 'OPENQASM 2.0;\ninclude "qelib1.inc";\nqreg q[3]; creg c[3];\n'
            text += "\n".join(lines)
            cases.append(Case(text, "qasm2", [reference.parse(text, "qasm2")]))
    # Two of one shape make a template here: else few would, and what is wrong with them hides.
    many = "qbatch.backends.aer.small._MANY"
    return Scene(cases[:count], patch=lambda: mock.patch(many, 2))


_TURNS = ("rx", "ry", "p")


def sweeps(rng: random.Random, count: int, _: Path) -> Scene:
    """Texts and circuits with parameters, at several points each."""
    cases: list[Case] = []
    points = 5
    while sum(len(case.laws) for case in cases) < count:
        case = plain_case(rng, qasm3_text, "qasm3", inputs=rng.randint(1, 3))
        circuit = case.laws[0]
        if rng.random() < 0.3:
            case.circuit, case.language = circuit, "qpy"
        names = [parameter.name for parameter in circuit.parameters]
        case.rows = [{n: rng.uniform(-3, 3) for n in names} for _ in range(points)]
        case.laws = [circuit.assign_parameters(row) for row in case.rows]
        cases.append(case)
    return Scene(cases)


def points(rng: random.Random, count: int, _: Path) -> Scene:
    """Texts with parameters at many points, and families of many: the kernel's templates."""
    cases: list[Case] = []
    while sum(len(case.laws) for case in cases) < count:
        case = plain_case(rng, qasm3_text, "qasm3", inputs=rng.randint(1, 3))
        circuit = case.laws[0]
        names = [parameter.name for parameter in circuit.parameters]
        case.rows = [{n: rng.uniform(-3, 3) for n in names} for _ in range(12)]
        case.laws = [circuit.assign_parameters(row) for row in case.rows]
        cases.append(case)
    block = "qbatch.simulation.kernel._BLOCK"
    return Scene(cases, patch=lambda: mock.patch(block, 40))


def by_aer(rng: random.Random, count: int, place: Path) -> Scene:
    """Sweeps, families, twins and texts on Aer's exact path: nothing goes to the kernel."""
    quarter = max(1, count // 4)
    scenes = [make(rng, quarter, place) for make in (sweeps, families, twins, texts)]
    cases = [case for scene in scenes for case in scene.cases]
    taken = "qbatch.simulation.kernel.takes"
    return Scene(cases, patch=lambda: mock.patch(taken, return_value=False))


def dealt(rng: random.Random, count: int, _: Path) -> Scene:
    """The same circuit asked for several times: simulated once, dealt out."""
    times = 2
    return Scene([replaced(text_case(rng), times=times) for _ in range(math.ceil(count / times))])


def replaced(case: Case, **more: Any) -> Case:
    """The case with some attributes changed."""
    for name, value in more.items():
        setattr(case, name, value)
    return case


def split(rng: random.Random, count: int, _: Path) -> Scene:
    """Shots above the backend's most: parts that are added up, with seeds and without."""
    cases = [
        replaced(text_case(rng), seed=rng.randrange(10**6) if rng.random() < 0.5 else None)
        for _ in range(count)
    ]
    return Scene(cases, patch=lambda: mock.patch("qbatch.backends.aer.MAX_SHOTS", 150))


def seeded(rng: random.Random, count: int, _: Path) -> Scene:
    """Every job with a seed of its own, in small batches."""
    cases = [replaced(text_case(rng, dynamic=0.1), seed=rng.randrange(10**9)) for _ in range(count)]
    return Scene(cases, {"max_batch_size": 7})


def workers(rng: random.Random, count: int, _: Path) -> Scene:
    """On two worker processes, in batches of eleven."""
    cases = [text_case(rng, dynamic=0.1) for _ in range(count)]
    return Scene(cases, {"executor": "local:2", "max_batch_size": 11})


def measured(rng: random.Random, count: int, _: Path) -> Scene:
    """Circuits without measurement that the job measures."""
    cases = []
    for _ in range(count):
        case = text_case(rng, measure=False, dynamic=0.0)
        case.laws = [circuit.measure_all(inplace=False) for circuit in case.laws]
        cases.append(replaced(case, measure_all=True))
    return Scene(cases)


def from_qiskit(rng: random.Random, count: int, _: Path) -> Scene:
    """Circuits from Python: what has no text."""
    cases = []
    for _ in range(count):
        circuit = qiskit_circuit(rng)
        cases.append(Case(circuit, "qpy", [circuit]))
    return Scene(cases)


def own_blocks(rng: random.Random, count: int, _: Path) -> Scene:
    """A text's own gates inside branches, called like gates of Qiskit's and Aer's."""
    cases = []
    for _ in range(count):
        name = rng.choice(["h", "x", "r", "sx", "mcx", "pauli", "mine"])
        angle, turn = rng.uniform(0.3, 2.8), rng.uniform(0.3, 2.8)
        text = (
            f"OPENQASM 3.0;\ngate {name} a {{ U({angle},0.1,0) a; }}\nqubit[2] q;\nbit[2] c;\n"
            f"U({turn},0,0) q[0];\nc[0] = measure q[0];\n"
            f"if ({rng.choice(['', '!'])}c[0]) {{ {name} q[1]; {name} q[0]; }}\n"
            "c[1] = measure q[1];\n"
        )
        cases.append(Case(text, "qasm3", [reference.parse(text, "qasm3")]))
    return Scene(cases)


def right_angles_first(rng: random.Random, count: int, _: Path) -> Scene:
    """Sweeps whose first point could be simulated as a Clifford circuit, and no other."""
    cases: list[Case] = []
    while sum(len(case.laws) for case in cases) < count:
        circuit = QuantumCircuit(2, 2)
        a, b = Parameter("a"), Parameter("b")
        circuit.h([0, 1])
        circuit.rz(a, 0)
        circuit.sx(0)
        circuit.cx(0, 1)
        circuit.rz(b, 1)
        circuit.sx(1)
        circuit.measure([0, 1], [1, 0])
        rows = [{p: rng.randrange(4) * math.pi / 2 for p in ("a", "b")}]
        rows += [{p: rng.uniform(-3, 3) for p in ("a", "b")} for _ in range(5)]
        case = Case(circuit, "qpy", [circuit.assign_parameters(row) for row in rows], rows)
        asked = rng.random()
        if asked < 0.3:
            case = replace(case, observables=(observable(rng, 2),))
        elif asked < 0.5:
            case = replace(case, observables=(observable(rng, 2),), shots=1500)
        elif asked < 0.7:
            case = replace(case, probabilities=True)
        cases.append(case)
    return Scene(cases, {"sampling": rng.choice(["auto", "exact", "shots"])})


_CONTROLLED = ("cx", "cz", "cp", "crx", "cry", "crz", "ch", "cu", "cu1", "swap")


def noisy(rng: random.Random, count: int, place: Path) -> Scene:
    """Noise on controlled gates, a rotation, a label and the read-out; sweeps and families."""
    errors = {
        name: pauli_error([("XI", x), ("ZY", zy), ("II", 1 - x - zy)])
        for name in _CONTROLLED
        for x, zy in [(round(rng.uniform(0, 0.3), 2), round(rng.uniform(0, 0.3), 2))]
    }
    errors |= {
        "rx": depolarizing_error(0.2, 1),
        "noisy": pauli_error([("X", 0.4), ("I", 0.6)]),
    }
    model = NoiseModel()
    for name, error in errors.items():
        model.add_all_qubit_quantum_error(error, [name])
    told = [[0.95, 0.05], [0.12, 0.88]]
    model.add_readout_error(ReadoutError(told), [0])
    noise = reference.Noise({n: SuperOp(e) for n, e in errors.items()}, {0: told})
    file = place / f"noise-{rng.randrange(10**9)}.json"
    file.write_text(json.dumps(model.to_dict(serializable=True)))
    config = f'[backends.noisy]\ntype = "aer"\nnoise_model = "{file}"\n'
    cases: list[Case] = []
    while sum(len(case.laws) for case in cases) < count:
        theta = Parameter("theta")
        circuit = QuantumCircuit(2, 2)
        circuit.rx(theta, 0)
        circuit.append(RXGate(0.4, label=rng.choice([None, "noisy"])), [1])
        circuit.ry(0.3, 1)
        gate = _controlled(rng.choice(_CONTROLLED), theta)
        circuit.append(gate, [0, 1])
        circuit.h(1)
        circuit.measure([0, 1], [0, 1])
        rows = [{"theta": rng.uniform(-3, 3)} for _ in range(5)]
        laws = [circuit.assign_parameters(row) for row in rows]
        if rng.random() < 0.5:
            cases.append(Case(circuit, "qpy", laws, rows))
        else:
            cases += [Case(law, "qpy", [law]) for law in laws]
    return Scene(cases, {"backend": "noisy"}, config, noise)


def _controlled(name: str, theta: Parameter) -> Gate:
    from qiskit.circuit.library import get_standard_gate_name_mapping

    cls = get_standard_gate_name_mapping()[name].base_class
    angles = {"cp": [theta], "crx": [theta], "cry": [theta], "crz": [theta], "cu1": [theta],
              "cu": [theta, 0.2, 0.3, theta * 0.5]}.get(name, [])  # fmt: skip
    return cls(*angles)


def noisy_texts(rng: random.Random, count: int, place: Path) -> Scene:
    """Texts under noise: their own gates are unrolled, their gates' own errors apply."""
    scene = noisy(rng, 1, place)
    cases = [text_case(rng, dynamic=0.1, most=3) for _ in range(count)]
    return Scene(cases, scene.run, scene.config, scene.noise)


def coupled(rng: random.Random, count: int, _: Path) -> Scene:
    """On other gates and couplings: transpiled, and the same law."""
    config = (
        '[backends.line]\ntype = "aer"\n'
        'compile = { level = 0, basis_gates = ["rz", "sx", "x", "cx"], coupling_map ='
        " [[0, 1], [1, 0], [1, 2], [2, 1], [2, 3], [3, 2], [3, 4], [4, 3]] }\n"
    )
    cases = []
    while len(cases) < count:
        case = text_case(rng, dynamic=0.0)
        if all(len(i.qubits) <= 2 or i.name == "barrier" for i in case.laws[0].data):
            cases.append(case)
    return Scene(cases, {"backend": "line"}, config, patch=compiled_scenes.here)


def exact_values(rng: random.Random, count: int, _: Path) -> Scene:
    """Exact expectation values."""
    cases = []
    for _ in range(count):
        case = text_case(rng, dynamic=0.0)
        if rng.random() < 0.3:
            circuit = qiskit_circuit(rng, unitary=True)
            case = Case(circuit, "qpy", [circuit])
        size = case.laws[0].num_qubits
        cases.append(replaced(case, observables=tuple(observable(rng, size) for _ in range(2))))
    return Scene(cases)


def coupled_values(rng: random.Random, count: int, place: Path) -> Scene:
    """Exact expectation values on other gates and couplings."""
    scene = coupled(rng, count, place)
    for case in scene.cases:
        size = case.laws[0].num_qubits
        case.observables = (observable(rng, size),)
    return scene


def noisy_values(rng: random.Random, count: int, place: Path) -> Scene:
    """Exact expectation values under noise."""
    scene = noisy(rng, count, place)
    for case in scene.cases:
        case.observables = ("ZZ + 0.5*XY", "IZ")
    return scene


def estimates(rng: random.Random, count: int, place: Path) -> Scene:
    """Expectation values from shots, after measurements in the middle as well."""
    scene = exact_values(rng, count, place)
    for case in scene.cases:
        case.shots = 1500
        if rng.random() < 0.3:
            circuit = QuantumCircuit(2, 2)
            circuit.ry(rng.uniform(-3, 3), 0)
            circuit.measure(0, 0)
            with circuit.if_test((circuit.clbits[0], 1)):
                circuit.rx(rng.uniform(-3, 3), 1)
            case.circuit, case.language, case.laws = circuit, "qpy", [circuit]
            case.observables = (observable(rng, 2), observable(rng, 2))
    return scene


def split_estimates(rng: random.Random, count: int, place: Path) -> Scene:
    """Estimates of parts of a job, put together."""
    scene = estimates(rng, count, place)
    scene.patch = lambda: mock.patch("qbatch.backends.aer.MAX_SHOTS", 1400)
    return scene


SCENES: dict[str, Maker] = {
    maker.__name__.replace("_", " "): maker
    for maker in (
        texts, sampled, probabilities, dynamic, families, twins, sweeps, points, by_aer, by_stim,
        dealt, split, seeded, workers, measured, from_qiskit, own_blocks, noisy, noisy_texts,
        right_angles_first, coupled, exact_values, coupled_values,
        noisy_values, estimates, split_estimates, *compiled_scenes.MAKERS, *expressions.MAKERS,
    )
}  # fmt: skip
"""Every path, by name."""


def play(name: str, scene: Scene, place: Path, rng: random.Random, shots: int) -> list[Judged]:
    """Add a scene's cases to a group, run it, and judge every job."""
    config = place / "config.toml"
    config.write_text(scene.config)
    group = JobGroup(name, db=place / f"{rng.randrange(10**9)}.db", config=config)
    expected: list[tuple[Case, QuantumCircuit]] = []
    for case in scene.cases:
        for _ in range(case.times):
            group.add(
                _added(case, place),
                rows=case.rows,
                shots=case.shots or (None if case.is_exact else shots),
                probabilities=case.probabilities,
                observables=case.observables,
                seed=case.seed,
                measure_all=case.measure_all,
            )
            expected += [(case, law) for law in case.laws]
    # Faults are planted in this process: whatever a scene runs serially must run here.
    here = mock.patch("qbatch.backends.aer.bounds.is_bounded", return_value=True)
    with scene.patch(), here:
        group.run_parallel(**{"executor": "serial", **scene.run})
    numbers = numpy.random.default_rng(rng.randrange(10**9))
    laws: dict[int, Any] = {}
    found = []
    for (case, law), result in zip(expected, group.results(), strict=True):
        what = f"{case.circuit}\n{case.rows}" if isinstance(case.circuit, str) else _told(law)
        if result.job.status != "done":
            found.append(Judged(name, f"{result.job.error}\n{what}", 0.0))
            continue
        found.append(_judged(name, what, case, law, scene.noise, result, numbers, laws))
    group.close()
    return found


def _told(circuit: QuantumCircuit) -> str:
    """A circuit in a few words, as a text of it need not exist."""
    place = {bit: index for index, bit in enumerate([*circuit.qubits, *circuit.clbits])}
    return "; ".join(
        f"{i.name}{i.params} {[place[bit] for bit in (*i.qubits, *i.clbits)]}" for i in circuit.data
    )


def _added(case: Case, place: Path) -> Any:
    """What is handed to ``add``: a headerless text needs a file whose ending says what it is."""
    if isinstance(case.circuit, str) and not case.circuit.lstrip().startswith("OPENQASM"):
        file = place / f"text.{case.language}"
        file.write_text(case.circuit)
        return file
    return case.circuit


def _judged(name, what, case, law, noise, result, numbers, laws) -> Judged:
    if result.counts is not None:
        if id(law) not in laws:
            laws[id(law)] = reference.law(law, noise)
        return of_counts(name, what, result.counts, laws[id(law)], result.shots, numbers)
    if case.probabilities:
        assert result.result is not None
        wanted, seen = reference.law(law, noise), result.result.quantities()
        names = sorted({*wanted, *seen})
        told = [seen.get(outcome, (0.0, None))[0] for outcome in names]
        return of_exact_values(name, what, told, [wanted.get(o, 0.0) for o in names])
    exact = reference.values(law, case.judged_by or case.observables, noise)
    values = result.expectation_values or ()
    if case.shots is None:
        return of_exact_values(name, what, [value.value for value in values], exact)
    spreads = [
        sum(abs(factor) for _, factor in parse_observable(text)) / math.sqrt(case.shots)
        for text in case.observables
    ]
    pairs = [(value.value, value.standard_error or 0.0) for value in values]
    return of_estimates(name, what, pairs, exact, spreads)


def shuffled(rng: random.Random, names: Sequence[str]) -> Iterator[str]:
    """The names in random order."""
    yield from rng.sample(list(names), len(names))
