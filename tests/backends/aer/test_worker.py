"""What a batch yields, against Qiskit's own law: circuits that fast paths once got wrong."""

import json
import math

import numpy as np
import pytest
from qiskit import QuantumCircuit, qasm2
from qiskit.circuit import Clbit, Gate, Parameter, Qubit
from qiskit.circuit.library import CYGate, RXGate, UnitaryGate
from qiskit.quantum_info import Kraus, Statevector
from qiskit_aer.noise import NoiseModel, ReadoutError, depolarizing_error, pauli_error

from qbatch import JobGroup
from tests.backends.aer.test_adapter import run
from tests.builders import item_of, payload_of, submission_of

HEAD = 'OPENQASM 2.0;\ninclude "qelib1.inc";\n'
SHOTS = 4000


def share(result, outcome):
    """The share of an outcome, and five standard deviations of it at the most."""
    assert result.error is None, result.error
    return result.counts.get(outcome, 0) / sum(result.counts.values())


def noise(*errors):
    model = NoiseModel()
    for error, gates in errors:
        model.add_all_qubit_quantum_error(error, gates)
    return json.dumps(model.to_dict(serializable=True))


# -- texts of one shape -------------------------------------------------------------


def test_what_a_gate_computes_from_its_arguments_is_computed_for_each_text():
    text = HEAD + (
        "gate g(a,b,c) q {{ rx(a-c) q; ry(b) q; }}\nqreg q[1]; creg c[1];\n"
        "rz({}) q[0]; rz({}) q[0]; g({},{},{}) q[0];\nmeasure q -> c;"
    )
    numbers = [(0.1, 0.2, 0.3, 0.4, 2.9), (0.5, 0.1, 1.3, 0.2, 0.1), (0.3, 0.7, 2.0, 1.0, 0.4)]
    texts = [text.format(*row) for row in numbers]
    found = run(texts, shots=100_000, seed=1)
    for result, (_, _, a, b, c) in zip(found, numbers, strict=True):
        exact = 0.5 - 0.5 * math.cos(a - c) * math.cos(b)
        assert share(result, "1") == pytest.approx(exact, abs=0.01)


def test_the_same_text_in_two_languages_is_read_in_each(qbatch, write):
    """Without a header the ending decides; ``1/2`` is 0.5 in OpenQASM 2 and 0 in 3."""
    text = "qreg q[1]; creg c[1];\nU(pi*(1/2),0,0) q[0];\nU({},0.0,0.0) q[0];\nmeasure q -> c;"
    paths = [
        write(f"{i}.{ending}", text.format(i / 10)) for ending in ("qasm", "qasm3") for i in (1, 2)
    ]
    qbatch("add", "g", *paths, "--shots", "20000")
    qbatch("run", "g", "-q")
    entries = qbatch.json("results", "g", "--json")["results"]
    wanted = [(0.5, 0.1), (0.5, 0.2), (0.0, 0.1), (0.0, 0.2)]
    for entry, (half, angle) in zip(entries, wanted, strict=True):
        exact = math.sin((math.pi * half + angle) / 2) ** 2
        assert entry["counts"].get("1", 0) / 20_000 == pytest.approx(exact, abs=0.02), entry


@pytest.mark.parametrize("number", [1, 3])
def test_valid_gates_run_however_many_texts_hold_them(number):
    bodies = [
        "u0(1.0) q[0]; x q[0];",
        "gate unitary a { x a; } gate outer(t) a { unitary a; rz(t) a; } outer(0.1) q[0];",
    ]
    for body in bodies:
        texts = [
            f"{HEAD}qreg q[1]; creg c[1]; rz(0.{k + 1}) q[0]; {body} measure q -> c;"
            for k in range(number)
        ]
        assert [r.counts for r in run(texts, shots=50)] == [{"1": 50}] * number


# -- noise --------------------------------------------------------------------------


@pytest.mark.parametrize("points", [3, 13])
@pytest.mark.parametrize("noisy", ["cx", "crx"])
def test_under_noise_a_controlled_rotation_keeps_its_own_errors(noisy, points):
    theta = Parameter("theta")
    circuit = QuantumCircuit(2, 2)
    circuit.x(0)
    circuit.append(RXGate(theta).control(), [0, 1])
    circuit.measure([0, 1], [0, 1])
    model = noise((pauli_error([("XI", 0.3), ("II", 0.7)]), [noisy]))
    values = np.linspace(0, math.pi, points)
    found = run(
        [circuit.assign_parameters([value]) for value in values], shots=SHOTS, seed=3,
        options={"noise_model": model},
    )  # fmt: skip
    swept = _swept(circuit, values, model)
    for result, counts, value in zip(found, swept, values, strict=True):
        ideal = math.sin(value / 2) ** 2
        exact = 0.7 * ideal + 0.3 * (1 - ideal) if noisy == "crx" else ideal
        assert share(result, "11") == pytest.approx(exact, abs=0.05)
        assert counts.get("11", 0) / SHOTS == pytest.approx(exact, abs=0.05)


@pytest.mark.parametrize("way", ["text", "branch", "values"])
def test_under_noise_gates_that_aer_has_no_form_for_keep_their_errors(way):
    """Aer knows no ``ch`` (and, as a density matrix, no ``crx``); a noise model may."""
    flip = pauli_error([("XI", 1.0)])
    options = {"noise_model": noise((flip, ["ch", "crx"]), (pauli_error([("X", 1.0)]), ["h"]))}
    circuit = QuantumCircuit(2, 2)
    if way == "values":
        circuit.crx(0.3, 0, 1)
        (result,) = run([circuit], observables=("ZI", "IZ"), shots=None, options=options)
        assert [value for value, _ in result.expectation_values] == pytest.approx([-1, 1])
        return
    if way == "branch":
        with circuit.if_test((circuit.clbits[0], 0)):
            circuit.ch(0, 1)
    else:
        circuit.ch(0, 1)
    circuit.measure([0, 1], [0, 1])
    assert run([circuit], shots=50, options=options)[0].counts == {"10": 50}


@pytest.mark.parametrize("registers", ["creg c[2];", "creg c[1]; creg overwritten[1];"])
def test_a_read_out_error_does_not_hit_the_outcome_that_overwrites(registers):
    """Aer by itself finds a 1 in one of twenty shots here."""
    model = NoiseModel()
    model.add_readout_error(ReadoutError([[0.5, 0.5], [0.5, 0.5]]), [0])
    options = {"noise_model": json.dumps(model.to_dict(serializable=True))}
    text = f"{HEAD}qreg q[2]; {registers} measure q[0] -> c[0]; measure q[1] -> c[0];"
    (result,) = run([text], shots=100, options=options)
    assert result.counts == ({"00": 100} if "over" not in registers else {"0 0": 100})


def test_overwritten_bits_outside_of_registers_are_refused_under_noise():
    options = {"noise_model": noise((pauli_error([("X", 0.1), ("I", 0.9)]), ["x"]))}
    circuit = QuantumCircuit([Qubit()], [Clbit()])
    for _ in range(2):
        circuit.x(0)
        circuit.measure(0, 0)
    (result,) = run([circuit], options=options)
    assert result.failure == "invalid"
    assert "put each bit into one register" in result.error
    assert run([circuit], shots=20)[0].counts == {"0": 20}


def test_a_register_by_any_name_is_told():
    text = (
        f"{HEAD}qreg q[2]; creg c[1]; creg qbatch_overwritten[1]; x q[1];"
        " measure q[0] -> c[0]; measure q[1] -> qbatch_overwritten[0];"
    )
    (result,) = run([text], shots=20, options={"sampling": "shots"})
    assert result.counts == {"1 0": 20}


def test_values_that_an_option_truncates_are_not_exact():
    circuit = QuantumCircuit(3)
    circuit.h(0)
    circuit.cx(0, [1, 2])
    ways = {"observables": ("XXX",), "shots": None}
    method = {"method": "matrix_product_state"}
    (exact,) = run([circuit], options=method, **ways)
    assert exact.expectation_values[0][0] == pytest.approx(1)
    bond = {**method, "matrix_product_state_max_bond_dimension": 1}
    (refused,) = run([circuit], options=bond, **ways)
    assert refused.failure == "invalid"
    assert "matrix_product_state_max_bond_dimension" in refused.error


@pytest.mark.parametrize("name", ["cswap", "csx", "crx"])
def test_a_density_matrix_takes_gates_that_it_has_no_form_for(name):
    circuit = QuantumCircuit(3, 3)
    circuit.h(0)
    wires = {"cswap": (0, 1, 2), "csx": (0, 1), "crx": (0, 1)}[name]
    getattr(circuit, name)(*([0.3] if name == "crx" else []), *wires)
    circuit.measure(range(3), range(3))
    found = run([circuit], options={"method": "density_matrix", "sampling": "shots"})[0]
    assert found.error is None


def test_a_read_out_error_does_not_hit_a_bit_that_is_written_again_after_it_was_read():
    """Aer's density matrix by itself puts it there."""
    model = NoiseModel()
    model.add_readout_error(ReadoutError([[0.5, 0.5], [0.5, 0.5]]), [0])
    model.add_all_qubit_quantum_error(depolarizing_error(0.001, 1), ["x"])
    options = {"noise_model": json.dumps(model.to_dict(serializable=True))}
    text = (
        f"{HEAD}qreg q[3]; creg c[2]; measure q[0] -> c[1]; if (c == 1) x q[2];"
        " ry(0.0) q[1]; measure q[1] -> c[1]; measure q[2] -> c[0];"
    )
    (result,) = run([text], shots=200, options=options)
    assert result.counts == {"00": 200}


def test_a_noise_model_that_goes_by_label_does():
    circuits = []
    for label in (None, "noisy"):
        for angle in (0.1, 0.2):
            circuit = QuantumCircuit(1, 1)
            circuit.append(RXGate(angle, label=label), [0])
            circuit.measure(0, 0)
            circuits.append(circuit)
    model = noise((pauli_error([("X", 1.0)]), ["noisy"]))
    shares = [share(r, "1") for r in run(circuits, options={"noise_model": model})]
    assert [round(s) for s in shares] == [0, 0, 1, 1]


def test_exact_values_under_noise_are_never_one_trajectory():
    circuit = QuantumCircuit(1)
    circuit.h(0)
    model = noise((depolarizing_error(0.5, 1), ["h"]))
    ways = {"observables": ("X",), "shots": None}
    (automatic,) = run([circuit], options={"noise_model": model}, **ways)
    assert automatic.expectation_values[0][0] == pytest.approx(0.5)
    options = {"noise_model": model, "method": "statevector"}
    (refused,) = run([circuit], options=options, **ways)
    assert refused.failure == "invalid"
    assert "one random trajectory" in refused.error


def test_options_that_change_the_law_are_left_to_aer():
    circuit = QuantumCircuit(1, 1)
    circuit.ry(0.3, 0)
    circuit.measure(0, 0)
    (result,) = run([circuit], options={"zero_threshold": 0.1})
    assert result.info["sampling"] == "shots"
    (result,) = run([circuit], options={"fusion_enable": False})
    assert result.info["sampling"] == "exact"


# -- what is exact ------------------------------------------------------------------


def test_a_delay_after_the_measurement_leaves_values_exact():
    circuit = QuantumCircuit(1, 1)
    circuit.h(0)
    circuit.measure(0, 0)
    circuit.delay(100, 0)
    for result in run([circuit] * 6, observables=("Z",), shots=None):
        assert result.expectation_values[0][0] == pytest.approx(0.0, abs=1e-12)


def test_a_state_prepared_in_the_middle_is_not_exact(db):
    circuit = QuantumCircuit(2)
    circuit.h(0)
    circuit.cx(0, 1)
    circuit.initialize([1, 0], 0)
    group = JobGroup("g", db=db)
    with pytest.raises(Exception, match="not exact"):
        group.add(circuit, observables=["ZI"])
    group.add(circuit, observables=["ZI"], shots=2000)
    group.run_parallel(executor="serial")
    (value,) = next(iter(group.results())).expectation_values
    assert abs(value.value) < 0.15
    group.close()
    (refused,) = run([circuit], observables=("ZI",), shots=None)
    assert refused.failure == "invalid"
    fresh = QuantumCircuit(2)
    fresh.h(0)
    fresh.initialize([0, 1], 1)
    (result,) = run([fresh], observables=("ZI",), shots=None)
    assert result.expectation_values[0][0] == pytest.approx(-1)


def test_a_composite_that_measures_is_seen_to_measure():
    inner = QuantumCircuit(1, 1)
    inner.h(0)
    inner.measure(0, 0)
    inner.h(0)
    circuit = QuantumCircuit(1, 1)
    circuit.append(inner.to_instruction(), [0], [0])
    (refused,) = run([circuit], observables=("X",), shots=None)
    assert refused.failure == "invalid"
    (sampled,) = run([circuit])
    assert sampled.info["sampling"] == "shots"


def test_a_branch_on_qubits_that_nothing_measures_runs():
    """Aer by itself fails here: it leaves out the qubits that are not measured."""
    text = HEAD + "qreg q[3]; creg c[1]; if (c == 1) x q[2]; x q[1]; measure q[1] -> c[0];"
    assert run([text], shots=20)[0].counts == {"1": 20}


def test_one_shot_has_an_error():
    circuit = QuantumCircuit(1)
    circuit.h(0)
    (result,) = run([circuit], observables=("2*Z + 0.5*X",), shots=1)
    assert result.expectation_values[0][1] == pytest.approx(math.sqrt(2**2 + 0.5**2))


# -- a file's own gates -------------------------------------------------------------


def test_a_nested_gate_named_like_one_of_aers_is_what_the_file_says():
    text = HEAD + (
        "gate r(t,p) a { ry(t) a; }\ngate outer(t) a { r(t,pi) a; h a; }\n"
        "qreg q[1]; creg c[1];\nouter(pi/2) q[0];\nmeasure q -> c;"
    )
    # ry(pi/2) makes |+>, h makes |0>.
    assert run([text], shots=200)[0].counts == {"0": 200}


@pytest.mark.parametrize("where", ["h q[0];", "c[1] = measure q[1]; if (!c[1]) { h q[0]; }"])
def test_an_own_gate_keeps_its_meaning_inside_a_branch(where):
    text = (
        "OPENQASM 3.0;\ngate h a { U(pi,0,pi) a; }\nqubit[2] q; bit[2] c;\n"
        f"{where}\nc[0] = measure q[0];"
    )
    assert run([text], shots=100)[0].counts == {"01": 100}


def test_gates_of_qpy_are_told_by_what_they_are():
    """A gate from Python whose name is that of a directive, of a channel, of Aer's own."""
    for name in ("delay", "kraus", "save_state", "pauli", "mcx", "barrier", "measure"):
        body = QuantumCircuit(1)
        body.x(0)
        gate = Gate(name, 1, [])
        gate.definition = body
        circuit = QuantumCircuit(1, 1)
        circuit.append(gate, [0])
        circuit.measure(0, 0)
        assert run([circuit], shots=20)[0].counts == {"1": 20}, name


def test_qasm2_defines_a_delay_of_its_own():
    text = HEAD + "gate delay a { x a; }\nqreg q[1]; creg c[1]; delay q[0]; measure q -> c;"
    try:
        qasm2.loads(text, custom_instructions=qasm2.LEGACY_CUSTOM_INSTRUCTIONS)
    except qasm2.QASM2ParseError:
        pytest.skip("this Qiskit keeps the name for itself")
    assert run([text], shots=20)[0].counts == {"1": 20}


# -- Aer's own instructions ---------------------------------------------------------


def test_channels_run_and_are_not_exact():
    damping = Kraus([np.diag([1, math.sqrt(0.5)]), [[0, math.sqrt(0.5)], [0, 0]]])
    circuit = QuantumCircuit(1, 1)
    circuit.x(0)
    circuit.append(damping.to_instruction(), [0])
    circuit.measure(0, 0)
    (result,) = run([circuit], shots=SHOTS)
    assert share(result, "1") == pytest.approx(0.5, abs=0.05)
    (refused,) = run([circuit], observables=("Z",), shots=None)
    assert refused.failure == "invalid"


def test_read_only_matrices_are_not_transposed():
    """Aer by itself does; Qiskit's own gates give such."""
    from qbatch.backends.aer.circuits import simulator, unrolled

    circuit = QuantumCircuit(2)
    circuit.ry(0.3, 0)
    circuit.ry(1.3, 1)
    circuit.append(UnitaryGate(CYGate().to_matrix()), [0, 1])
    circuit.rx(0.2, 0)
    circuit.rx(0.9, 1)
    exact = Statevector(circuit).probabilities()
    ready = unrolled(circuit).copy()
    ready.save_probabilities()
    assert simulator().run(ready).result().data()["probabilities"] == pytest.approx(exact)


def test_what_only_looks_at_the_state_changes_nothing():
    circuit = QuantumCircuit(1, 1)
    circuit.ry(0.4, 0)
    circuit.measure(0, 0)
    looking = circuit.copy_empty_like()
    looking.ry(0.4, 0)
    looking.save_statevector()
    looking.save_probabilities()
    looking.measure(0, 0)
    looking.save_state()
    one, other = run([circuit, looking], seed=5)
    assert one.counts == other.counts
    assert other.info["sampling"] == "exact"


def test_a_state_that_is_set_is_set():
    circuit = QuantumCircuit(1, 1)
    circuit.set_statevector([0, 1])
    circuit.measure(0, 0)
    assert run([circuit], shots=20)[0].counts == {"1": 20}


# -- helpers ------------------------------------------------------------------------


def _swept(circuit, values, model):
    """The points of a sweep: one circuit with parameters, as a group has it."""
    from qbatch.backends.aer import AerBackend

    payload = payload_of(circuit)
    items = [
        (payload, item_of(payload, str(i), parameters=(float(value),), shots=SHOTS))
        for i, value in enumerate(values)
    ]
    backend = AerBackend("noisy", {"executor": "serial"})
    batch = submission_of(*items, options={"noise_model": model})
    found = backend.results(backend.submit(batch), [])
    backend.close()
    return [result.counts for result in found]
