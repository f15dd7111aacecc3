"""Whether two circuits do the same: what differs is seen, and what does not differ is not."""

import math

import pytest
from qiskit import QuantumCircuit, transpile
from qiskit.circuit.library import quantum_volume
from qiskit.transpiler import CouplingMap

from qbatch.domain.compilations import Layout
from qbatch.stages import equality

SMALL, LARGE = 4, 9


def plain(width):
    same = tuple(range(width))
    return Layout(wires=same, initial=same, final=same)


def routed(width, seed=3):
    given = quantum_volume(width, 4, seed=seed).decompose()
    line = CouplingMap.from_line(width + 1)
    found = transpile(
        given, coupling_map=line, basis_gates=["cx", "u"], seed_transpiler=seed,
        optimization_level=1,
    )  # fmt: skip
    layout = Layout(
        wires=tuple(range(found.num_qubits)),
        initial=tuple(found.layout.initial_index_layout(filter_ancillas=True)),
        final=tuple(found.layout.final_index_layout(filter_ancillas=True)),
    )
    return given, found, layout


@pytest.mark.parametrize("width", [SMALL, LARGE])
def test_a_routed_circuit_is_the_same(width):
    given, found, layout = routed(width)
    assert layout.initial != tuple(range(width))
    assert equality.difference(given, found, layout) < 1e-9


@pytest.mark.parametrize("width", [SMALL, LARGE])
def test_a_swapped_end_is_seen(width):
    given, found, layout = routed(width)
    one, two, *rest = layout.final
    wrong = Layout(wires=layout.wires, initial=layout.initial, final=(two, one, *rest))
    assert equality.difference(given, found, wrong) > 1e-3


def flipped(found, one, two):
    found.x(one)


def turned(found, one, two):
    found.rz(1e-3, two)


def signed(found, one, two):
    found.cz(one, two)


@pytest.mark.parametrize("width", [SMALL, LARGE])
@pytest.mark.parametrize("fault", [flipped, turned, signed])
def test_a_fault_is_seen(width, fault):
    given, found, layout = routed(width)
    fault(found, *layout.final[:2])
    assert equality.difference(given, found, layout) > 1e-5


@pytest.mark.parametrize("width", [SMALL, LARGE])
def test_another_wire_must_end_as_zero(width):
    given, found, layout = routed(width)
    (idle,) = set(range(found.num_qubits)) - set(layout.final)
    found.rx(1e-3, idle)
    assert equality.difference(given, found, layout) > 1e-4


@pytest.mark.parametrize("width", [2, LARGE])
def test_a_global_phase_does_not_count(width):
    given = QuantumCircuit(width)
    given.h(range(width))
    found = given.copy()
    found.global_phase = math.pi / 3
    assert equality.difference(given, found, plain(width)) < 1e-12


def test_nothing_in_common_is_no_division_by_zero():
    given, found = QuantumCircuit(1), QuantumCircuit(1)
    found.x(0)
    assert equality.difference(given, found, plain(1)) == pytest.approx(1)


def test_too_many_qubits_are_not_compared():
    wide = QuantumCircuit(equality.STATE_QUBITS + 1)
    assert equality.difference(wide, wide, plain(wide.num_qubits)) is None
