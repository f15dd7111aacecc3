"""The canonical text: one for one circuit however it was built, another for any other."""

import copy
import io
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister, qpy, transpile
from qiskit.circuit import Clbit, Gate, Parameter, Qubit
from qiskit.circuit.classical import expr, types
from qiskit.circuit.library import (
    CXGate,
    Initialize,
    PauliGate,
    RXGate,
    UnitaryGate,
)

from benchmarks.qiskits import circuits
from qbatch import JobGroup
from qbatch.payloads.circuit.canonical import Canonical
from qbatch.payloads.circuit.expressions import NotCanonical, text_of
from qbatch.payloads.circuit.format import CircuitFormat
from qbatch.payloads.circuit.formats import content_hash, from_qiskit

TOP = Path(__file__).parents[3]
A, B = Parameter("a"), Parameter("b")


def text(circuit):
    return Canonical(circuit).text


def numbered(kind):
    """A circuit with a part that has no name, which Qiskit numbers."""
    part = QuantumCircuit(2)
    part.rx(0.3, 0)
    part.cx(0, 1)
    whole = QuantumCircuit(3)
    operation = kind(part)
    whole.append(operation, range(operation.num_qubits))
    return whole


@pytest.mark.parametrize(
    "kind",
    [
        lambda part: part.to_gate(),
        lambda part: part.to_instruction(),
        lambda part: part.to_gate().control(1),
        lambda part: part.to_gate().inverse(),
        lambda part: part.to_gate().power(2),
        lambda part: part.repeat(2).to_gate(),
    ],
)
def test_a_number_that_qiskit_gave_a_part_is_no_name(kind):
    first, second = numbered(kind), numbered(kind)
    assert from_qiskit(first).hash == from_qiskit(second).hash
    named = QuantumCircuit(2, name="mine")
    other = QuantumCircuit(3)
    other.append(named.to_gate(), [0, 1])
    assert text(other) != text(first)


def test_where_its_qubits_came_from_is_no_part_of_a_circuit():
    def transpiled():
        circuit = QuantumCircuit(2)
        circuit.ry(Parameter("x"), 0)
        circuit.cx(0, 1)
        return transpile(circuit, basis_gates=["u", "cx"], coupling_map=[[1, 0]], seed_transpiler=1)

    first, second = transpiled(), transpiled()
    assert first.layout is not None
    assert from_qiskit(first).hash == from_qiskit(second).hash
    assert first.layout is not None  # the user's own is as it was
    assert from_qiskit(first).hash.startswith("circuit-sha256:")


def test_one_hash_in_twenty_processes():
    """Built anew with other ids in each, and another order of sets in each four."""
    command = [sys.executable, "-W", "ignore", "-m", "benchmarks.qiskits", "--hashes", "5"]
    found = []
    for _ in range(2):  # two at a time
        pair = [subprocess.Popen(command, cwd=TOP, stdout=subprocess.PIPE) for _ in range(2)]
        for process in pair:
            found += process.communicate()[0].splitlines()
    assert len(found) == 20
    assert len(set(found)) == 1
    assert b'"circuit-sha256:' in found[0]


def test_what_is_built_twice_is_stored_once(db):
    group = JobGroup("g", db=db)
    for _ in range(2):
        values = [
            group.add(circuit, parameters=dict.fromkeys(map(str, circuit.parameters), 0.2),
                      if_new=True, name=name)
            for name, circuit in circuits().items()
        ]  # fmt: skip
    assert [len(report.numbers) for report in values] == [0] * 4
    assert group.status().total == 4
    group.close()


def built(change=lambda circuit: None, *, registers=("q", "c")):
    circuit = QuantumCircuit(QuantumRegister(3, registers[0]), ClassicalRegister(3, registers[1]))
    circuit.ry(A + 2 * B, 0)
    circuit.cx(0, 1)
    circuit.delay(100, 2)
    change(circuit)
    circuit.measure([0, 1, 2], [0, 1, 2])
    return circuit


def gate(name="g", angle=0.1, label=None):
    inner = QuantumCircuit(1, name=name)
    inner.rx(angle, 0)
    made = inner.to_gate()
    made.label = label
    return made


def branch(value, angle):
    def change(circuit):
        with circuit.if_test((circuit.clbits[0], value)):
            circuit.rz(angle, 1)

    return change


def switched(case):
    def change(circuit):
        with circuit.switch(circuit.cregs[0]) as chosen, chosen(case):
            circuit.x(0)

    return change


def looped(indices):
    def change(circuit):
        with circuit.for_loop(indices, A):
            circuit.x(0)

    return change


def declared(name, value):
    def change(circuit):
        variable = circuit.add_var(name, expr.lift(value, types.Uint(8)))
        with circuit.if_test(expr.less(variable, expr.lift(9, types.Uint(8)))):
            circuit.x(0)

    return change


CHANGES = {
    "nothing": lambda c: None,
    "a gate": lambda c: c.h(2),
    "another": lambda c: c.x(2),
    "elsewhere": lambda c: c.h(1),
    "an angle": lambda c: c.rx(0.1, 0),
    "nearly": lambda c: c.rx(0.1 + 1e-18, 0),
    "the next double": lambda c: c.rx(0.10000000000000002, 0),
    "a parameter": lambda c: c.rx(A, 0),
    "another parameter": lambda c: c.rx(B, 0),
    "a product": lambda c: c.rx(A * B, 0),
    "a sum": lambda c: c.rx(A + B, 0),
    "a quotient": lambda c: c.rx(A / B, 0),
    "a sine": lambda c: c.rx(A.sin(), 0),
    "a label": lambda c: c.append(RXGate(0.1, label="noisy"), [0]),
    "a control on 0": lambda c: c.append(CXGate(ctrl_state=0), [0, 1]),
    "own gate": lambda c: c.append(gate(), [0]),
    "own gate, other name": lambda c: c.append(gate("h"), [0]),
    "own gate, other angle": lambda c: c.append(gate(angle=0.2), [0]),
    "own gate, label": lambda c: c.append(gate(label="x"), [0]),
    "a matrix": lambda c: c.append(UnitaryGate([[0, 1], [1, 0]]), [0]),
    "another matrix": lambda c: c.append(UnitaryGate([[0, 1j], [1j, 0]]), [0]),
    "paulis": lambda c: c.append(PauliGate("XY"), [0, 1]),
    "other paulis": lambda c: c.append(PauliGate("YX"), [0, 1]),
    "a state": lambda c: c.append(Initialize([1, 0]), [0]),
    "another state": lambda c: c.append(Initialize("1"), [0]),
    "a number as state": lambda c: c.append(Initialize(1, 1), [0]),
    "a delay": lambda c: c.delay(300, 0),
    "a longer delay": lambda c: c.delay(200, 0),
    "a phase": lambda c: setattr(c, "global_phase", 0.5),
    "a barrier": lambda c: c.barrier(),
    "a reset": lambda c: c.reset(0),
    "a branch": branch(1, 0.1),
    "the other branch": branch(0, 0.1),
    "a branch's angle": branch(1, 0.2),
    "a switch": switched(1),
    "another case": switched(2),
    "a loop": looped(range(3)),
    "a longer loop": looped(range(4)),
    "a listed loop": looped([0, 2, 1]),
    "a variable": declared("x", 5),
    "another value": declared("x", 6),
    "another variable": declared("y", 5),
    "a register": lambda c: c.add_register(ClassicalRegister(1, "more")),
    "a loose bit": lambda c: c.add_bits([Clbit()]),
    "a loose qubit": lambda c: c.add_bits([Qubit()]),
}  # fmt: skip


def test_every_difference_shows():
    found = {name: text(built(change)) for name, change in CHANGES.items()}
    found["register names"] = text(built(registers=("r", "c")))
    assert found.pop("nearly") == found["an angle"]  # the same double
    assert len(set(found.values())) == len(found)


@pytest.mark.parametrize("name", CHANGES)
def test_every_build_and_every_trip_through_qpy_is_the_same(name):
    circuit, again = built(CHANGES[name]), built(CHANGES[name])
    assert text(circuit) == text(again) == text(copy.deepcopy(circuit))
    payload = from_qiskit(circuit)
    assert payload.hash.startswith("circuit-sha256:")
    assert content_hash(payload.source) == payload.hash
    assert CircuitFormat().is_sound(payload.source, payload.hash, payload.info)
    (read,) = qpy.load(io.BytesIO(payload.source.body))
    assert text(read) == text(circuit)


def test_bodies_are_of_the_lowest_version_that_holds_them():
    plain = from_qiskit(built()).source.body
    assert plain[:6] == b"QISKIT"
    assert plain[6] == qpy.common.QPY_COMPATIBILITY_VERSION
    stretched = QuantumCircuit(1, 1)
    stretched.delay(stretched.add_stretch("s"), 0)
    stretched.measure(0, 0)
    newer = from_qiskit(stretched)
    assert newer.source.body[6] > plain[6]
    assert newer.hash.startswith("qpy-sha256:")  # the text does not tell a stretch
    assert content_hash(newer.source) == newer.hash


def test_what_nobody_knows_whole_has_no_text():
    class Odd(Gate):
        """A gate that holds more than its parameters tell."""

        def __init__(self, secret):
            super().__init__("odd", 1, [])
            self.secret = secret

    circuit = QuantumCircuit(1, 1)
    circuit.append(Odd(3), [0])
    with pytest.raises(NotCanonical):
        Canonical(circuit)


numbers = st.floats(-4, 4, allow_nan=False).filter(lambda x: x == 0 or abs(x) > 1e-6)
terms = st.recursive(
    numbers | st.sampled_from([A, B]),
    lambda inner: st.tuples(st.sampled_from("+-*"), inner, inner),
    max_leaves=8,
)


def value(term, a=A, b=B):
    if isinstance(term, tuple):
        sign, left, right = term
        x, y = value(left, a, b), value(right, a, b)
        return x + y if sign == "+" else x - y if sign == "-" else x * y
    return a if term is A else b if term is B else term


@given(terms)
def test_an_expression_is_told_by_what_it_computes(term):
    first = value(term)
    again = value(term, Parameter("a"), Parameter("b"))
    assert text_of(first) == text_of(again)
    assert text_of(value(("+", term, 1.0))) != text_of(first)
    assert text_of(value(("+", term, A))) == text_of(value(("+", A, term)))


def test_numbers_that_differ_in_their_last_bit_are_two():
    assert text_of(0.1 * A) != text_of(0.10000000000000002 * A)
    assert text_of(2 * A + A) == text_of(3 * A)
    assert text_of(A - A + B) == text_of(B)
    assert text_of((A + B) ** 2) == text_of(A * A + 2 * A * B + B * B)
    for odd in (float("nan"), True, "1", None):
        with pytest.raises(NotCanonical):
            text_of(odd)


def test_a_permutation_is_told_whole():
    """Beside a gate whose QPY differs each time, its circuit had another name each time."""
    from qiskit.circuit.library import PauliEvolutionGate, PermutationGate
    from qiskit.quantum_info import SparsePauliOp

    def built(pattern):
        circuit = QuantumCircuit(3)
        circuit.append(PermutationGate(pattern), [0, 1, 2])
        evolved = PauliEvolutionGate(SparsePauliOp(["XZ", "YY"], [0.3, 0.2]), time=0.7)
        circuit.append(evolved, [0, 1])
        return from_qiskit(circuit).hash

    assert len({built([1, 2, 0]) for _ in range(3)}) == 1
    assert built([1, 2, 0]) != built([2, 0, 1])
