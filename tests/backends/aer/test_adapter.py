"""Aer through the adapter, against Aer by hand."""

import math

import pytest
from qiskit import QuantumCircuit, qasm2
from qiskit.quantum_info import SparsePauliOp, Statevector
from qiskit_aer import AerSimulator

from qbatch.backends.aer import AerBackend
from qbatch.errors import BatchNotFound, UsageError
from qbatch.execution.registry import parse_executor
from qbatch.payloads.circuit.formats import parse, read_circuits

from ...builders import item_of, payload_of, submission_of


def run(circuits, *, executor="serial", options=None, **item):
    """Results of circuits (Qiskit's, or OpenQASM text), an item each."""
    found = [payload_of(circuit) for circuit in circuits]
    items = [(p, item_of(p, str(number), **item)) for number, p in enumerate(found)]
    backend = AerBackend("aer", {"executor": executor})
    batch = submission_of(*items, options=options)
    remote_id = backend.submit(batch)
    backend.wait([remote_id], 60)
    try:
        return backend.results(remote_id, [])
    finally:
        backend.close()


def rotations(n, angle):
    circuit = QuantumCircuit(n, n)
    for qubit in range(n):
        circuit.ry(angle + qubit, qubit)
    for qubit in range(n - 1):
        circuit.cx(qubit, qubit + 1)
    circuit.measure(range(n), range(n))
    return circuit


def distance(counts, circuit):
    """Total variation between counts and the circuit's exact distribution."""
    bare = circuit.remove_final_measurements(inplace=False)
    exact = Statevector(bare).probabilities_dict()
    shots = sum(counts.values())
    return 0.5 * sum(
        abs(counts.get(k, 0) / shots - exact.get(k, 0)) for k in counts.keys() | exact.keys()
    )


def test_counts_follow_the_exact_distribution():
    circuits = [rotations(3, 0.2 * k) for k in range(5)]
    for result, circuit in zip(run(circuits, shots=20_000), circuits, strict=True):
        assert sum(result.counts.values()) == 20_000
        assert distance(result.counts, circuit) < 3 * math.sqrt(8 / 20_000)
        assert result.info["method"] == "kernel"


def test_registers_are_separated_by_a_space_as_qiskit_does():
    text = (
        'OPENQASM 2.0;include "qelib1.inc";qreg q[3];creg a[1];creg b[2];'
        "x q[0];x q[2];measure q[0]->a[0];measure q[1]->b[0];measure q[2]->b[1];"
    )
    assert run([text])[0].counts == {"10 1": 1000}


def test_gates_of_the_file_are_unrolled_also_where_the_name_is_aers_own():
    text = (
        'OPENQASM 2.0;include "qelib1.inc";'
        "gate inner a { x a; } gate outer a,b { inner a; cx a,b; } gate diagonal a { x a; }"
        "qreg q[3];creg c[3];outer q[0],q[1];diagonal q[2];measure q->c;"
    )
    assert run([text])[0].counts == {"111": 1000}
    shadow = "OPENQASM 3.0; gate h q { U(pi, 0, pi) q; } qubit q; bit c; h q; c = measure q;"
    assert run([shadow])[0].counts == {"1": 1000}


def test_gates_of_the_file_inside_a_branch_are_unrolled():
    text = (
        'OPENQASM 3.0; include "stdgates.inc"; gate flip q { x q; }'
        "qubit[2] q; bit[2] c; x q[0]; c[0] = measure q[0]; if (c[0]) { flip q[1]; }"
        "c[1] = measure q[1];"
    )
    assert run([text])[0].counts == {"11": 1000}


def test_opaque_gates_are_invalid_and_leave_their_neighbours_alone():
    good = rotations(2, 0.3)
    opaque = "OPENQASM 2.0;opaque foo a;qreg q[1];creg c[1];foo q[0];measure q->c;"
    results = run([good, opaque, good])
    assert [result.failure for result in results] == [None, "invalid", None]
    assert "'foo' has no definition" in results[1].error


def test_a_circuit_too_large_for_the_memory_is_invalid():
    big = QuantumCircuit(60, 60)
    for qubit in range(60):
        big.ry(0.1 + qubit, qubit)
    big.cx(range(59), range(1, 60))
    big.measure(range(60), range(60))
    results = run([rotations(2, 0.1), big])
    assert [result.failure for result in results] == [None, "invalid"]
    assert results[1].error.startswith("Insufficient memory to run circuit using")


def test_a_seed_gives_the_same_counts_wherever_the_circuit_stands():
    a, b, c = (rotations(4, 0.1 * k) for k in range(3))
    for sampling in ("exact", "shots"):
        ways = {"seed": 7, "options": {"sampling": sampling}}
        alone = run([b], **ways)[0].counts
        assert run([a, b, c], **ways)[1].counts == alone
        assert run([c, a, b, b], executor="local:1", **ways)[2].counts == alone
    by_hand = AerSimulator().run(b, shots=1000, seed_simulator=7).result().get_counts()
    assert alone == by_hand
    assert run([b], seed=8)[0].counts != alone


def test_expectation_values_are_exact_without_shots():
    circuit = rotations(3, 0.4)
    bare = circuit.remove_final_measurements(inplace=False)
    texts = ("ZZI + 0.5*XIX", "IIY", "III", "2*ZII - XXX")
    (result,) = run([circuit], observables=texts, shots=None)
    operators = [
        SparsePauliOp(["ZZI", "XIX"], [1, 0.5]),
        SparsePauliOp("IIY"),
        SparsePauliOp("III"),
        SparsePauliOp(["ZII", "XXX"], [2, -1]),
    ]
    expected = [Statevector(bare).expectation_value(op).real for op in operators]
    assert [value for value, _ in result.expectation_values] == pytest.approx(expected, abs=1e-9)
    assert all(error is None for _, error in result.expectation_values)


def test_estimates_lie_within_their_standard_errors():
    circuit = rotations(3, 0.4)
    bare = circuit.remove_final_measurements(inplace=False)
    texts = ("ZZI + 0.5*XIX + 0.25*YYZ + 0.1*III", "IIY", "III")
    (exact,) = run([bare], observables=texts, shots=None)
    pulls, errors = [], []
    for seed in range(60):
        (result,) = run([circuit], observables=texts, shots=400, seed=seed)
        pairs = zip(result.expectation_values, exact.expectation_values, strict=True)
        for (value, error), (truth, _) in list(pairs)[:2]:
            pulls.append((value - truth) / error)
            errors.append(error)
        assert result.expectation_values[2] == (1.0, 0.0)
    assert 0.7 < math.sqrt(sum(p * p for p in pulls) / len(pulls)) < 1.3
    assert abs(sum(pulls) / len(pulls)) < 5 / math.sqrt(len(pulls))
    assert max(errors) < 0.12


def test_estimates_work_after_a_measurement_in_the_middle():
    circuit = QuantumCircuit(2, 1)
    circuit.h(0)
    circuit.measure(0, 0)
    circuit.cx(0, 1)
    (result,) = run([circuit], observables=("ZZ", "ZI"), shots=2000)
    (zz, _), (zi, error) = result.expectation_values
    assert zz == 1.0
    assert abs(zi) < 5 * error


def test_a_measurement_that_a_branch_reads_is_kept():
    circuit = QuantumCircuit(2, 2)
    circuit.x(0)
    circuit.measure(0, 0)
    with circuit.if_test((circuit.clbits[0], 1)):
        circuit.x(1)
    circuit.measure(1, 1)
    (result,) = run([circuit], observables=("ZZ", "ZI", "IZ"), shots=100)
    assert [value for value, _ in result.expectation_values] == [1.0, -1.0, -1.0]


def test_a_final_measurement_does_not_disturb_an_observable():
    circuit = QuantumCircuit(2, 2)
    circuit.h(0)
    circuit.barrier()
    circuit.measure([0, 1], [1, 0])
    circuit.barrier()
    (result,) = run([circuit], observables=("IX",), shots=None)
    assert result.expectation_values[0][0] == pytest.approx(1.0)


def test_options_reach_aer_and_unknown_ones_are_refused():
    results = run([rotations(3, 0.2)], options={"method": "matrix_product_state"})
    assert results[0].info["method"] == "matrix_product_state"
    backend = AerBackend("aer", {})
    backend.check_options({"method": "statevector", "precision": "single"})
    with pytest.raises(UsageError, match="no option 'metod'") as caught:
        backend.check_options({"metod": 1})
    assert "method" in caught.value.hint
    with pytest.raises(UsageError, match="no option 'memory'") as caught:
        backend.check_options({"memory": True})
    assert "no list of single shots" in caught.value.hint


def test_workers_give_the_same_as_this_process():
    circuits = [rotations(3, 0.1 * k) for k in range(4)]
    here, there = (run(circuits, seed=3, executor=e) for e in ("serial", "local:2"))
    assert [result.counts for result in here] == [result.counts for result in there]


def test_a_batch_of_another_process_is_not_known():
    backend = AerBackend("aer", {})
    assert backend.find("x") is None
    with pytest.raises(BatchNotFound):
        backend.status("x")


def test_executors_are_named():
    assert parse_executor("local:3").workers == 3
    assert parse_executor("serial").name == "serial"
    assert parse_executor("dask:tcp://h:8786").argument == "tcp://h:8786"
    for text in ("dask:", "dask:http://h", "local:0", "threads", "local:x", "", "local:999"):
        with pytest.raises(UsageError):
            parse_executor(text)


def test_circuits_without_foreign_gates_are_sent_as_they_are():
    from qbatch.backends.aer.circuits import unrolled

    entry = payload_of(rotations(3, 0.1))
    circuit = parse(entry.source)
    assert unrolled(circuit) is circuit
    text = qasm2.dumps(rotations(2, 0.2))
    (entry,) = read_circuits(text.encode(), "x")
    circuit = parse(entry.source)
    assert unrolled(circuit) is circuit
