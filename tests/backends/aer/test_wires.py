"""Noise of a device's qubits on a compiled circuit's wires."""

import json

import pytest
from qiskit import QuantumCircuit
from qiskit_aer.noise import NoiseModel, ReadoutError, depolarizing_error, pauli_error

from qbatch import JobGroup
from qbatch.backends.aer.wires import by_wires, on_wires, turns_of
from qbatch.domain.requests import Expected, Request
from qbatch.domain.results import ResultKind
from qbatch.payloads.circuit.target import from_gates
from qbatch.seam import Item, Submission


def model():
    found = NoiseModel()
    found.add_all_qubit_quantum_error(depolarizing_error(0.1, 1), ["sx"])
    found.add_quantum_error(pauli_error([("XI", 0.5), ("II", 0.5)]), ["cx"], [5, 3])
    found.add_quantum_error(pauli_error([("XI", 0.1), ("II", 0.9)]), ["cx"], [3, 4])
    found.add_readout_error(ReadoutError([[0.8, 0.2], [0.3, 0.7]]), [5])
    return found


NOISE = json.dumps(model().to_dict(serializable=True))


def item(label, wires):
    return Item(
        label=label,
        payload="p",
        parameters=(),
        request=Request(),
        expected=Expected(kind=ResultKind.COUNTS),
        shots=1,
        seed=None,
        wires=wires,
    )


def batch(*items):
    return Submission(submission_id="s", items=items, payloads={}, options={}, target="{}")


def test_errors_follow_their_qubits():
    kept = json.loads(on_wires(NOISE, (5, 3)))["errors"]
    assert [error.get("gate_qubits") for error in kept] == [None, [[0, 1]], [[0]]]
    assert [error["operations"] for error in kept] == [["sx"], ["cx"], ["measure"]]
    (left,) = json.loads(on_wires(NOISE, (9,)))["errors"]
    assert left["operations"] == ["sx"]


def test_a_batch_runs_in_parts_of_the_same_wires():
    whole = batch(item("a", (5, 3)), item("b", (3, 4)), item("c", (5, 3)), item("d", None))
    parts = list(by_wires(whole, {"noise_model": NOISE, "method": "statevector"}))
    assert [[one.label for one in part.items] for part, _ in parts] == [["a", "c"], ["b"], ["d"]]
    assert [options["noise_model"] == NOISE for _, options in parts] == [False, False, True]
    assert all(options["method"] == "statevector" for _, options in parts)


@pytest.mark.parametrize("noise", [None, json.dumps({"errors": [{"operations": ["sx"]}]})])
def test_noise_of_all_qubits_parts_nothing(noise):
    options = {} if noise is None else {"noise_model": noise}
    whole = batch(item("a", (5, 3)), item("b", (3, 4)))
    assert list(by_wires(whole, options)) == [(whole, options)]
    plain = batch(item("a", None))
    assert list(by_wires(plain, {"noise_model": NOISE})) == [(plain, {"noise_model": NOISE})]


def test_a_basis_is_turned_in_the_targets_gates_under_noise_alone():
    body = from_gates(["rz", "sx", "cx"], None)
    assert turns_of(item("a", (5, 3)), body, noisy=False) is None
    assert turns_of(item("a", None), body, noisy=True) is None
    turns = turns_of(item("a", (5, 3)), body, noisy=True)
    assert set(turns(1, "Y").count_ops()) <= {"rz", "sx"}


def test_the_noise_of_the_device_and_not_of_the_first_qubits(db, tmp_path):
    """Qubit 0 of the circuit is compiled to a qubit whose read-out fails in a known way."""
    found = NoiseModel()
    found.add_readout_error(ReadoutError([[0.0, 1.0], [0.0, 1.0]]), [2])
    (tmp_path / "noise.json").write_text(json.dumps(found.to_dict(serializable=True)))
    config = tmp_path / "config.toml"
    config.write_text(
        '[backends.device]\ntype = "aer"\nnoise_model = "noise.json"\n'
        'compile = { basis_gates = ["x", "cx", "rz", "sx"], initial_layout = [2, 1],'
        " coupling_map = [[0, 1], [1, 2], [2, 1], [1, 0]] }\n"
    )
    circuit = QuantumCircuit(2, 2)
    circuit.x(1)
    circuit.measure([0, 1], [0, 1])
    group = JobGroup("g", db=db, config=config)
    group.add(circuit, shots=100)
    group.run_parallel(backend="device", executor="serial")
    (result,) = group.results()
    assert result.counts == {"11": 100}
