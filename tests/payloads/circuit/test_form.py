"""What a circuit is, told from its form alone."""

import pytest

from qbatch.payloads.circuit.form import Form, Kind, Operation, nature, overwritten


def form(*operations, qubits=3, clbits=3, **more):
    return Form(
        num_qubits=qubits,
        num_clbits=clbits,
        qregs=(("q", qubits),),
        cregs=(("c", tuple(range(clbits))),),
        operations=list(operations),
        **more,
    )


def gate(*qubits, name="h", numbers=(), label=None):
    return Operation(Kind.STANDARD, name, qubits, (), numbers, label)


def measure(qubit, clbit):
    return Operation(Kind.MEASURE, "measure", (qubit,), (clbit,))


def of(kind, *qubits, clbits=(), inside=False):
    return Operation(kind, kind.value, qubits, clbits, (), None, inside)


@pytest.mark.parametrize(
    ("operations", "why_not"),
    [
        ([gate(0), measure(0, 0)], None),
        ([measure(0, 0), gate(1), measure(1, 1)], None),
        ([measure(0, 0), measure(0, 1)], None),
        ([measure(0, 0), of(Kind.NOTHING, 0), of(Kind.BARRIER, 0, 1)], None),
        ([of(Kind.RESET, 0), gate(0), measure(0, 0)], None),
        ([of(Kind.PREPARE, 0), gate(0)], None),
        ([measure(0, 0), gate(0)], "goes on after a measurement"),
        ([measure(0, 0), of(Kind.RESET, 0)], "goes on after a measurement"),
        ([gate(0), of(Kind.RESET, 0)], "resets a qubit that was used"),
        ([gate(0, 1), of(Kind.PREPARE, 1)], "resets a qubit that was used"),
        ([of(Kind.PREPARE, 0), of(Kind.RESET, 0)], "resets a qubit that was used"),
        ([of(Kind.CONTROL, 0)], "classical control"),
        ([of(Kind.OTHER, 0)], "no gate"),
    ],
)
def test_whether_there_is_an_exact_law(operations, why_not):
    found = nature(form(*operations))
    assert found.is_exact is (why_not is None)
    assert why_not is None or why_not in found.why_not


def test_classical_variables_leave_no_exact_law():
    assert "variables" in nature(form(gate(0), variables=True)).why_not


def test_what_is_read_where():
    found = nature(form(measure(0, 0), measure(1, 0), measure(0, 2)))
    assert found.read == {0: 1, 2: 0}
    assert found.from_zero
    assert not nature(form(of(Kind.RESET, 0), measure(0, 0))).from_zero
    assert nature(form(measure(0, 0), gate(0))).read == {}


def test_measurements_are_seen_at_any_depth():
    assert nature(form(of(Kind.CONTROL, 0, inside=True))).measures
    assert not nature(form(of(Kind.CONTROL, 0))).measures


def test_final_measurements():
    plain = form(measure(0, 0), gate(1), of(Kind.BARRIER, 0, 1), measure(1, 1))
    assert nature(plain).final == (0, 3)
    assert nature(form(measure(0, 0), gate(0), measure(0, 0))).final == (2,)
    read = form(measure(0, 0), measure(1, 1), of(Kind.CONTROL, 2, clbits=(0,)))
    assert nature(read).final == (1,)
    assert nature(form(measure(0, 0), of(Kind.CONTROL, 2))).final == ()
    assert nature(form(measure(0, 0), variables=True)).final == ()


def test_skeletons():
    one = form(gate(0, name="rx", numbers=(0.1,)), gate(0, 1, name="cx"), measure(0, 0))
    other = form(gate(0, name="rx", numbers=(0.7,)), gate(0, 1, name="cx"), measure(0, 0))
    assert one.skeleton()[0] == other.skeleton()[0]
    assert (one.skeleton()[1], other.skeleton()[1]) == ((0.1,), (0.7,))
    different = [
        form(gate(1, name="rx", numbers=(0.1,)), gate(0, 1, name="cx"), measure(0, 0)),
        form(gate(0, name="ry", numbers=(0.1,)), gate(0, 1, name="cx"), measure(0, 0)),
        form(gate(0, name="rx", numbers=(0.1,)), gate(1, 0, name="cx"), measure(0, 0)),
        form(gate(0, name="rx", numbers=(0.1,)), gate(0, 1, name="cx"), measure(0, 1)),
        form(gate(0, name="rx", numbers=(0.1,), label="l"), gate(0, 1, name="cx"), measure(0, 0)),
    ]
    assert all(found.skeleton()[0] != one.skeleton()[0] for found in different)
    none = [
        form(gate(0), measure(0, 0)),
        form(gate(0, name="rx", numbers=(0.1,)), of(Kind.RESET, 0)),
        form(gate(0, name="rx", numbers=("a",)), parameters=("a",)),
        form(gate(0, name="rx", numbers=(0.1,)), of(Kind.GATE, 0)),
        form(gate(0, name="rx", numbers=(0.1,)), variables=True),
    ]
    assert [found.skeleton() for found in none] == [None] * len(none)


def test_a_generalized_form_has_a_parameter_for_each_number_in_order():
    many = form(*[gate(0, name="u", numbers=(0.1, 0.2, 0.3)) for _ in range(40)])
    found = many.generalized()
    assert list(found.parameters) == sorted(found.parameters)
    assert [n for o in found.operations for n in o.numbers] == list(found.parameters)
    assert len(found.parameters) == 120


def test_which_outcomes_nobody_reads():
    assert overwritten(form(measure(0, 0), measure(1, 0), measure(2, 1))) == (0,)
    assert overwritten(form(measure(0, 0), gate(0), measure(0, 0), measure(1, 0))) == (0, 2)
    read = form(measure(0, 0), of(Kind.CONTROL, 1, clbits=(0,)), measure(1, 0))
    assert overwritten(read) == ()
    assert overwritten(form(measure(0, 0), of(Kind.CONTROL, 1), measure(1, 0))) == ()
