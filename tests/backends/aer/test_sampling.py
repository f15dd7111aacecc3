"""Counts drawn from exact distributions: the same law as Aer's, and never where it is wrong."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister
from qiskit_aer import AerSimulator
from scipy.stats import chi2_contingency

from qbatch.backends.aer.sampling import is_faster
from qbatch.payloads.circuit.convert import form_of
from qbatch.simulation.readout import outcomes, readout
from tests.backends.aer.test_adapter import run

SHOTS = 4000


def p_value(one, other):
    """Of the hypothesis that two samples of counts come from the same distribution."""
    outcomes = sorted(one.keys() | other.keys(), key=lambda o: -(one.get(o, 0) + other.get(o, 0)))
    table = [[c.get(o, 0) for o in outcomes] for c in (one, other)]
    wide = [column for column in zip(*table, strict=True) if sum(column) >= 10]
    rest = [sum(c) for c in zip(*(c for c in zip(*table, strict=True) if sum(c) < 10), strict=True)]
    columns = [*wide, *([tuple(rest)] if sum(rest) else [])]
    return 1.0 if len(columns) < 2 else chi2_contingency(list(zip(*columns, strict=True))).pvalue


def layered(rng, qubits, *registers):
    circuit = QuantumCircuit(QuantumRegister(qubits, "q"), *registers)
    for _ in range(3):
        for qubit in range(qubits):
            circuit.u(*rng.uniform(0, 6, 3), qubit)
        for qubit in range(qubits - 1):
            circuit.cx(qubit, qubit + 1)
    return circuit


def shapes(rng):
    """Circuits that read their qubits in every way that a user may think of."""
    whole = layered(rng, 4, ClassicalRegister(4, "c"))
    whole.measure(range(4), range(4))
    yield "all", whole
    partial = layered(rng, 5, ClassicalRegister(2, "c"))
    partial.measure([3, 1], [0, 1])
    yield "partial, in another order", partial
    registers = layered(rng, 4, ClassicalRegister(1, "a"), ClassicalRegister(3, "b"))
    registers.measure([2, 0, 3], [3, 0, 1])
    yield "several registers, one bit never written", registers
    twice = layered(rng, 3, ClassicalRegister(4, "c"))
    twice.measure([0, 1, 0, 2], [0, 1, 2, 3])
    yield "a qubit measured twice", twice
    overwritten = layered(rng, 3, ClassicalRegister(2, "c"))
    overwritten.measure([0, 1, 2], [0, 1, 0])
    yield "a bit written twice", overwritten
    early = layered(rng, 3, ClassicalRegister(3, "c"))
    early.measure(0, 0)
    early.barrier()
    early.h(1)
    early.cx(1, 2)
    early.measure([1, 2], [1, 2])
    yield "one measured before the others are ready", early
    loose = QuantumCircuit(3, 3)
    loose.ry(0.7, 0)
    loose.cx(0, 2)
    loose.measure([0, 2, 1], [2, 0, 1])
    yield "unnamed registers", loose


@pytest.mark.parametrize("seed", range(3))
def test_the_law_is_that_of_aers_own_sampling(seed):
    named = list(shapes(np.random.default_rng(seed)))
    circuits = [circuit for _, circuit in named]
    drawn = run(circuits, shots=SHOTS, seed=11 + seed, options={"sampling": "exact"})
    sampled = run(circuits, shots=SHOTS, seed=5 + seed, options={"sampling": "shots"})
    for (name, _), one, other in zip(named, drawn, sampled, strict=True):
        assert one.info["sampling"] == "exact"
        assert other.info["sampling"] == "shots"
        assert sum(one.counts.values()) == SHOTS
        assert p_value(one.counts, other.counts) > 1e-5, name


def test_many_random_circuits_follow_their_law():
    """The p-values of 300 true hypotheses are spread evenly, as they must be."""
    rng = np.random.default_rng(4)
    circuits = []
    for _ in range(300):
        circuit = layered(rng, 3, ClassicalRegister(3, "c"))
        circuit.measure(rng.permutation(3).tolist(), range(3))
        circuits.append(circuit)
    drawn = run(circuits, shots=SHOTS, seed=3, options={"sampling": "exact"})
    result = AerSimulator().run(circuits, shots=SHOTS, seed_simulator=9).result()
    values = [p_value(r.counts, result.get_counts(i)) for i, r in enumerate(drawn)]
    assert min(values) > 1e-6
    deciles = np.histogram(values, bins=10, range=(0, 1))[0]
    assert all(abs(number - 30) < 5 * math.sqrt(30) for number in deciles)


def not_exact():
    middle = QuantumCircuit(2, 2)
    middle.h(0)
    middle.measure(0, 0)
    middle.h(0)
    middle.measure(0, 1)
    yield middle
    reset = QuantumCircuit(2, 2)
    reset.h(0)
    reset.cx(0, 1)
    reset.reset(0)
    reset.measure([0, 1], [0, 1])
    yield reset
    branch = QuantumCircuit(2, 2)
    branch.h(0)
    branch.measure(0, 0)
    with branch.if_test((branch.clbits[0], 1)):
        branch.x(1)
    branch.measure(1, 1)
    yield branch
    initialized = QuantumCircuit(2, 2)
    initialized.h(0)
    initialized.cx(0, 1)
    initialized.initialize([1, 0], 0)
    initialized.measure([0, 1], [0, 1])
    yield initialized


def test_what_has_no_exact_distribution_is_sampled_by_aer():
    for result in run(list(not_exact()), shots=500):
        assert result.info["sampling"] == "shots"
    for result in run(list(not_exact()), shots=500, options={"sampling": "exact"}):
        assert result.failure == "invalid"
        assert "no exact distribution" in result.error
    whole = next(shapes(np.random.default_rng(0)))[1]
    for options in ({"method": "matrix_product_state"}, {"precision": "single"}):
        assert run([whole], options=options)[0].info["sampling"] == "shots"


def test_few_shots_of_many_qubits_are_not_drawn_from_all_outcomes():
    wide = QuantumCircuit(14)
    wide.h(range(14))
    wide.measure_all()
    assert run([wide], shots=100)[0].info["sampling"] == "shots"
    assert run([wide], shots=10_000)[0].info["sampling"] == "exact"
    assert not is_faster(10**6, 17)


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_an_outcomes_name_is_that_of_qiskit(data):
    """A basis state has one outcome; Aer and the read-out must write it alike."""
    qubits = data.draw(st.integers(1, 5))
    sizes = data.draw(st.lists(st.integers(1, 3), min_size=1, max_size=3))
    ones = data.draw(st.lists(st.booleans(), min_size=qubits, max_size=qubits))
    circuit = QuantumCircuit(
        QuantumRegister(qubits, "q"), *(ClassicalRegister(s, f"c{i}") for i, s in enumerate(sizes))
    )
    for qubit, one in enumerate(ones):
        if one:
            circuit.x(qubit)
    pairs = st.tuples(st.integers(0, qubits - 1), st.integers(0, sum(sizes) - 1))
    for qubit, clbit in data.draw(st.lists(pairs, min_size=1, max_size=6)):
        circuit.measure(qubit, clbit)
    found = readout(form_of(circuit))
    index = sum(ones[qubit] << place for place, qubit in enumerate(found.qubits))
    (expected,) = AerSimulator().run(circuit, shots=1).result().get_counts()
    assert outcomes(found)[index] == expected
