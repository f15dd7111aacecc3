"""Qiskit's objects as they are: observables, parameters, rows, PUBs, precision."""

import numpy
import pytest
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter, ParameterVector
from qiskit.quantum_info import Pauli, SparsePauliOp

from qbatch import InvalidObservable, InvalidParameters, JobGroup, UsageError
from qbatch.payloads import qiskit_inputs


@pytest.fixture
def group(db):
    with JobGroup("g", db=db) as group:
        yield group


def rotated(*parameters, measured=True):
    circuit = QuantumCircuit(2)
    for parameter in parameters:
        circuit.ry(parameter, 0)
    circuit.cx(0, 1)
    if measured:
        circuit.measure_all()
    return circuit


A, B = Parameter("a"), Parameter("b")


def test_observables_are_taken_as_operators(group):
    circuit = rotated(measured=False)
    operator = SparsePauliOp.from_list([("ZZ", 1), ("XX", -0.5)])
    group.add(circuit, observables=operator)
    group.add(circuit, observables=[operator, "ZI", Pauli("IZ")])
    group.run(executor="serial")
    one, several = group.get_results()
    assert one.job.observables == ("1.0*ZZ - 0.5*XX",)
    assert [round(v.value, 9) for v in one.expectation_values] == [1.0]
    assert [round(v.value, 9) for v in several.expectation_values] == [1.0, 1.0, 1.0]


@pytest.mark.parametrize(
    ("observable", "reason"),
    [
        (SparsePauliOp("ZZ", 1j), "not real"),
        (SparsePauliOp.from_list([("ZZ", 1)]) * Parameter("x"), "parameters"),
        (3, "neither a text nor"),
        ([3], "neither a text nor"),
    ],
)
def test_what_is_no_observable_is_refused(group, observable, reason):
    with pytest.raises(InvalidObservable, match=reason):
        group.add(rotated(measured=False), observables=observable)
    assert len(group) == 0


def test_parameters_are_taken_as_keys(group):
    group.add(rotated(A, B), parameters={A: [0.1, 0.2], "b": 0.3}, shots=10)
    assert [job.parameters for job in group.jobs] == [{"a": 0.1, "b": 0.3}, {"a": 0.2, "b": 0.3}]
    with pytest.raises(InvalidParameters, match="no parameter"):
        group.add(rotated(A), parameters={3: 0.1})


def test_vectors_have_a_value_for_each_element_or_rows_of_them(group):
    theta = ParameterVector("theta", 2)
    circuit = rotated(*theta)
    group.add(circuit, parameters={theta: [0.1, 0.2]})
    group.add(circuit, parameters={theta: numpy.array([[0.1, 0.2], [0.3, 0.4]])})
    names = ("theta[0]", "theta[1]")
    rows = [(0.1, 0.2), (0.1, 0.2), (0.3, 0.4)]
    assert [job.parameters for job in group.jobs] == [
        dict(zip(names, r, strict=True)) for r in rows
    ]
    assert [job.number for job in group.select("all")] == [1, 2, 3]
    for wrong in ([0.1], [[0.1, 0.2, 0.3]]):
        with pytest.raises(InvalidParameters, match="2 elements"):
            group.add(circuit, parameters={theta: wrong})
    other = ParameterVector("phi", 2)
    with pytest.raises(InvalidParameters, match="one parameter vector"):
        group.add(rotated(*theta, *other), parameters={theta: [[0, 0]], other: [[0, 0]]})
    with pytest.raises(UsageError, match="give one of them"):
        group.add(circuit, parameters={theta: [[0, 0]]}, rows=[{"x": 1}])


def test_rows_are_arrays_with_a_column_per_parameter(group):
    circuit = rotated(B, A)  # Qiskit sorts them: a, b
    group.add(circuit, rows=numpy.array([[1.0, 2.0], [3.0, 4.0]]))
    group.add(circuit, rows=[[5, 6]])
    group.add(circuit, rows=[{A: 7, "b": 8}])
    values = [tuple(job.parameters[name] for name in ("a", "b")) for job in group.jobs]
    assert values == [(1, 2), (3, 4), (5, 6), (7, 8)]
    with pytest.raises(InvalidParameters, match="2 elements, and 3 values"):
        group.add(circuit, rows=numpy.zeros((2, 3)))
    with pytest.raises(InvalidParameters, match="belongs to one Qiskit circuit"):
        group.add(circuit, circuit, rows=numpy.zeros((2, 2)))


def test_pubs_of_a_sampler_and_of_an_estimator(group):
    plain, bare = rotated(A), rotated(A, measured=False)
    group.add((plain, [0.5], 100), (plain, [[0.1], [0.2]]), (bare, SparsePauliOp("ZZ"), [0.3], 0.1))
    group.add((bare, ["ZZ", "XX"], {A: 0.4}), plain.assign_parameters([0.0]))
    jobs = group.jobs
    assert [job.shots for job in jobs] == [100, 1024, 1024, 100, None, 1024]
    assert [job.parameters.get("a") for job in jobs] == [0.5, 0.1, 0.2, 0.3, 0.4, None]
    assert [len(job.observables) for job in jobs] == [0, 0, 0, 1, 2, 0]
    with pytest.raises(UsageError, match="stands in the PUB or job already"):
        group.add((plain, [0.5], 100), shots=3)


def test_precision_becomes_shots(group):
    bare = rotated(measured=False)
    group.add(bare, observables="ZZ", precision=0.01)
    assert group.jobs[0].shots == 10_000
    assert qiskit_inputs.shots_for(0.03) == 1112
    for wrong in (0, -1, float("nan"), float("inf"), "x"):
        with pytest.raises(UsageError, match="not a number above 0"):
            group.add(bare, observables="ZZ", precision=wrong)
    for said in ({"shots": 5, "observables": "ZZ"}, {}):
        with pytest.raises(UsageError, match="instead of shots"):
            group.add(bare, precision=0.1, **said)


def test_what_is_there_is_found_by_content(group):
    circuit = rotated(A)
    group.add(circuit, parameters={A: [0.1, 0.2]}, shots=100, tags={"x": "y"})
    assert group.has(circuit, parameters={"a": 0.1})
    assert group.has(circuit, parameters={"a": [0.1, 0.2]}, shots=100)
    assert not group.has(circuit, parameters={"a": [0.1, 0.3]})
    assert not group.has(circuit, parameters={"a": 0.1}, shots=99)
    assert not group.has(circuit, parameters={"a": 0.1}, probabilities=True)
    found = group.get(circuit, parameters={A: 0.2})
    assert found is not None
    assert found.id == "g/2"
    assert group.get(circuit, parameters={A: 0.3}) is None
    with pytest.raises(UsageError, match="name 2 jobs"):
        group.get(circuit, parameters={A: [0.1, 0.2]})
    assert len(group) == 2


def test_the_configurations_shots_are_for_counts(group, tmp_path):
    config = tmp_path / "c.toml"
    config.write_text("[defaults]\nshots = 77\n")
    with JobGroup("h", db=group.path, config=config) as other:
        other.add(rotated())
        other.add(rotated(), shots=5)
        other.add(rotated(measured=False), observables="ZZ")
        other.add(rotated(), probabilities=True)
        assert [job.shots for job in other.jobs] == [77, 5, None, None]
