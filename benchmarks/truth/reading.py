"""The own readers beside Qiskit's parsers: whatever they take they must read alike."""

from __future__ import annotations

import random
import sys
import warnings
from pathlib import Path

import numpy
from qiskit import QuantumCircuit, qasm2, qasm3
from qiskit.circuit.library import C4XGate
from qiskit.quantum_info import Operator

from benchmarks.truth.texts import qasm2_text, qasm3_text
from qbatch.domain.payloads import Source
from qbatch.payloads.circuit.convert import flattened, to_qiskit
from qbatch.payloads.circuit.form import Form
from qbatch.payloads.circuit.formats import read_plain

_MOST_QUBITS = 8  # with more, operators are too large to be compared
_TOLERANCE = 1e-9
_ALPHABET = [*"qcab01[](){};,.+-*/ \n", "pi", "->", "gate ", "measure ", "1e3", "qreg ", "//"]


def parsed_by_qiskit(text: str, language: str) -> QuantumCircuit | None:
    """What Qiskit's parser makes of a text; None where it refuses it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            if language == "qasm2":
                known = qasm2.LEGACY_CUSTOM_INSTRUCTIONS
                return qasm2.loads(text, custom_instructions=known)
            return qasm3.loads(text)
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException:
            return None


def difference(text: str, language: str, *, operators: bool = True) -> str | None:
    """How the own reader's form differs from Qiskit's circuit; None where it does not.

    A text that the own reader leaves alone differs from nothing: Qiskit's parser reads it.
    """
    form = read_plain(Source(format=language, body=text.encode()))
    if form is None:
        return None
    circuit = parsed_by_qiskit(text, language)
    if circuit is None:
        return "Qiskit refuses it"
    return _difference(form, circuit, operators=operators)


def _difference(form: Form, circuit: QuantumCircuit, *, operators: bool) -> str | None:
    said = {
        "qubits": (form.num_qubits, circuit.num_qubits),
        "clbits": (form.num_clbits, circuit.num_clbits),
        "qregs": (form.qregs, tuple((r.name, r.size) for r in circuit.qregs)),
        "cregs": ([(n, len(b)) for n, b in form.cregs], [(r.name, r.size) for r in circuit.cregs]),
        "parameters": (form.parameters, tuple(p.name for p in circuit.parameters)),
        "size": (form.size, circuit.size()),
    }
    for what, (ours, theirs) in said.items():
        if ours != theirs:
            return f"{what}: {ours} instead of {theirs}"
    values = {name: 0.3 + 0.7 * place for place, name in enumerate(form.parameters)}
    bound = circuit.assign_parameters(values) if values else circuit
    ours = to_qiskit(form)
    ours = ours.assign_parameters(values) if values else ours
    one, other = _operations(ours), _operations(flattened(bound, _is_plain))
    if len(one) != len(other):
        return f"{len(one)} operations instead of {len(other)}"
    for place, (a, b) in enumerate(zip(one, other, strict=True)):
        if a[:3] != b[:3] or not numpy.allclose(a[3], b[3], rtol=_TOLERANCE, atol=_TOLERANCE):
            return f"operation {place}: {a} instead of {b}"
    if operators and form.num_qubits <= _MOST_QUBITS:
        unitary = Operator(_gates_alone(ours)).equiv(Operator(_gates_alone(bound)))
        return None if unitary else "another operator"
    return None


def _is_plain(instruction: object) -> bool:
    if instruction.is_standard_gate() or instruction.name in ("measure", "reset", "barrier"):
        return True
    return isinstance(instruction.operation, C4XGate)


def _operations(circuit: QuantumCircuit) -> list[tuple]:
    return [
        (
            i.name,
            [circuit.find_bit(q).index for q in i.qubits],
            [circuit.find_bit(b).index for b in i.clbits],
            [float(p) for p in i.params],
        )
        for i in circuit.data
    ]


def _gates_alone(circuit: QuantumCircuit) -> QuantumCircuit:
    bare = circuit.copy_empty_like()
    for instruction in circuit.data:
        if instruction.name not in ("measure", "reset", "barrier"):
            bare.append(instruction)
    return bare


def mutated(rng: random.Random, text: str) -> str:
    """The text with a few characters or words changed, so that most are wrong."""
    for _ in range(rng.choice((1, 1, 1, 2, 4))):
        place = rng.randrange(len(text) + 1)
        what = rng.random()
        if what < 0.35:
            text = text[:place] + text[place + rng.randint(1, 3) :]
        elif what < 0.7:
            text = text[:place] + rng.choice(_ALPHABET) + text[place:]
        elif what < 0.85:
            lines = text.split("\n")
            one, other = rng.randrange(len(lines)), rng.randrange(len(lines))
            lines[one], lines[other] = lines[other], lines[one]
            text = "\n".join(lines)
        else:
            other = rng.randrange(len(text) + 1)
            low, high = sorted((place, other))
            text = text[:place] + text[low : min(high, low + 8)] + text[place:]
    return text


def compare(number: int, seed: int, folder: Path | None = None) -> int:
    """Compare so many generated and mutated texts, and all files of a folder; faults found."""
    rng = random.Random(seed)
    wrong = taken = refused = 0
    for place in range(number):
        language = "qasm3" if place % 3 == 2 else "qasm2"
        make = qasm3_text if language == "qasm3" else qasm2_text
        text = make(rng)
        if place % 2:
            text = mutated(rng, text)
        form = read_plain(Source(format=language, body=text.encode()))
        taken += form is not None
        refused += form is None and parsed_by_qiskit(text, language) is None
        if said := difference(text, language):
            wrong += 1
            print(f"{said}\n{text}\n", file=sys.stderr)
    print(
        f"reading: {number} texts, {taken} taken, {refused} refused by Qiskit, {wrong} read"
        " otherwise"
    )
    if folder is not None:
        files = sorted(folder.glob("*.qasm"))
        parses = [f for f in files if parsed_by_qiskit(f.read_text(), "qasm2") is not None]
        took = [f for f in parses if read_plain(Source(format="qasm2", body=f.read_bytes()))]
        otherwise = [f for f in files if difference(f.read_text(), "qasm2")]
        print(
            f"{folder.name}: {len(files)} files, {len(parses)} parsed by Qiskit, {len(took)} taken,"
            f" {len(otherwise)} read otherwise; left to Qiskit:"
            f" {', '.join(f.stem for f in parses if f not in took)}"
        )
        wrong += len(otherwise)
    return wrong
