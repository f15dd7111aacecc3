"""Wires without work are left out, alike of forms and of Qiskit's circuits."""

from hypothesis import given
from hypothesis import strategies as st
from qiskit import QuantumCircuit
from qiskit.circuit.classical import expr, types

from qbatch.domain.compilations import Layout, Metrics
from qbatch.payloads.circuit.convert import form_of
from qbatch.stages.shrinking import form_metrics, form_without_idle, metrics, without_idle

WIDE = Layout(wires=tuple(range(10, 19)), initial=(4, 7), final=(7, 4))


def device():
    """Two qubits on nine wires, which pass a third one."""
    circuit = QuantumCircuit(9, 2)
    circuit.sx(4)
    circuit.barrier()
    circuit.cx(4, 5)
    circuit.cx(5, 7)
    circuit.delay(10, 2)
    circuit.measure([4, 7], [1, 0])
    return circuit


def test_what_is_left():
    small, layout = without_idle(device(), WIDE)
    assert layout == Layout(wires=(14, 15, 17), initial=(0, 2), final=(2, 0))
    names = [(i.name, [small.find_bit(q).index for q in i.qubits]) for i in small.data]
    assert names == [
        ("sx", [0]),
        ("barrier", [0, 1, 2]),
        ("cx", [0, 1]),
        ("cx", [1, 2]),
        ("measure", [0]),
        ("measure", [2]),
    ]


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), max_size=12))
def test_a_form_and_a_circuit_are_made_small_alike(pairs):
    circuit = QuantumCircuit(6, 6)
    for a, b in pairs:
        if a == b:
            circuit.measure(a, b)
        else:
            circuit.cx(a, b)
            circuit.barrier(a)
    layout = Layout(wires=tuple(range(6)), initial=(1, 3), final=(3, 0))
    small, one = without_idle(circuit, layout)
    form, other = form_without_idle(form_of(circuit), layout)
    assert one == other
    assert form_of(small).operations == form.operations
    assert form_metrics(form_of(circuit)) == metrics(circuit) == metrics(small)


def test_nothing_idle_is_the_same():
    circuit = QuantumCircuit(2)
    circuit.cx(0, 1)
    layout = Layout(wires=(0, 1), initial=(0, 1), final=(0, 1))
    assert without_idle(circuit, layout) == (circuit, layout)
    form = form_of(circuit)
    assert form_without_idle(form, layout) == (form, layout)


def test_branches_and_variables_stay():
    circuit = QuantumCircuit(5, 1)
    circuit.add_input("wanted", types.Bool())
    seen = circuit.add_var("seen", expr.lift(False))
    circuit.measure(3, 0)
    circuit.store(seen, circuit.clbits[0])
    with circuit.if_test(seen):
        circuit.cx(3, 1)
    layout = Layout(wires=tuple(range(5)), initial=(3,), final=(3,))
    small, _ = without_idle(circuit, layout)
    assert small.num_qubits == 2
    assert small.count_ops() == circuit.count_ops()
    assert metrics(small) == metrics(circuit)
    assert metrics(circuit).two_qubit == 1


def test_metrics_count_no_barriers():
    assert metrics(device()) == Metrics(depth=4, size=6, two_qubit=2)
