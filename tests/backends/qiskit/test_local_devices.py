"""Qiskit's backends that simulate here: the contract, and noise against Aer's own model."""

import json
import math

import pytest
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister
from qiskit.circuit import Clbit, Qubit
from qiskit.providers.fake_provider import GenericBackendV2
from qiskit.quantum_info import SparsePauliOp, Statevector
from qiskit_aer.noise import NoiseModel

from qbatch import JobGroup
from qbatch.backends.experiments import spaced
from qbatch.backends.qiskit import QiskitBackend, devices, work
from qbatch.errors import NotInstalled, UsageError
from qbatch.testing import BackendContract
from tests.backends.aer.test_sampling import p_value
from tests.builders import item_of, payload_of, submission_of

ARGUMENTS = {"num_qubits": 5, "seed": 4, "coupling_map": [[0, 1], [1, 2], [2, 3], [3, 4]]}


class TestContract(BackendContract):
    noise = 0.1

    @pytest.fixture
    def backend(self):
        settings = {"provider": "generic", "arguments": ARGUMENTS, "executor": "local:1"}
        backend = QiskitBackend("device", settings)
        yield backend
        backend.close()


@pytest.fixture
def config(tmp_path):
    model = NoiseModel.from_backend(GenericBackendV2(**ARGUMENTS))
    (tmp_path / "noise.json").write_text(json.dumps(model.to_dict(serializable=True)))
    arguments = "{ num_qubits = 5, seed = 4, coupling_map = [[0, 1], [1, 2], [2, 3], [3, 4]] }"
    path = tmp_path / "config.toml"
    path.write_text(
        f'[backends.device]\ntype = "qiskit"\nprovider = "generic"\narguments = {arguments}\n'
        '[backends.model]\ntype = "aer"\nnoise_model = "noise.json"\n'
        'compile = { target = "qiskit.providers.fake_provider:GenericBackendV2",'
        f" target_arguments = {arguments} }}\n"
    )
    return path


def spread():
    circuit = QuantumCircuit(4, 4)
    for place in range(3):
        circuit.ry(0.7 + place, place)
        circuit.cx(place, (place + 2) % 4)
        circuit.cx(3, place)
    circuit.measure(range(4), [2, 0, 3, 1])
    return circuit


def test_a_device_and_its_noise_model_under_aer_agree(db, config):
    """Two ways that share neither wires nor noise: all of the device, and the used wires."""
    group = JobGroup("g", db=db, config=config)
    for backend in ("device", "model", "aer"):
        group.add(spread(), shots=60_000, backend=backend)
    group.run()
    device, model, ideal = (result.counts for result in group.results())
    assert p_value(device, model) > 1e-6
    assert p_value(device, ideal) < 1e-6


def test_values_are_estimated_from_counts(db, config):
    bare = QuantumCircuit(3)
    bare.ry(0.7, 0)
    bare.cx(0, 1)
    bare.cx(1, 2)
    bare.s(2)
    observables = ["ZZI + 0.5*XXX", "IIY", "III - 2*YXX"]
    group = JobGroup("g", db=db, config=config)
    group.add(bare, observables=observables, shots=40_000, backend="device")
    group.add(bare, observables=observables, backend="device")
    report = group.run()
    assert (report.done, report.failed) == (1, 1)
    assert "no exact expectation values" in report.errors[0][1]
    estimated, _ = group.results()
    terms = [[("ZZI", 1), ("XXX", 0.5)], [("IIY", 1)], [("III", 1), ("YXX", -2)]]
    for found, own in zip(estimated.expectation_values, terms, strict=True):
        exact = Statevector(bare).expectation_value(SparsePauliOp.from_list(own)).real
        assert found.value == pytest.approx(exact, abs=0.15)  # the device is noisy
        assert 0 < found.standard_error < 0.02


def test_a_seeds_counts_are_the_same_merged_and_alone(db, config):
    group = JobGroup("g", db=db, config=config)
    group.add(*[spread()] * 3, shots=100, seed=5, backend="device")
    group.run("1")
    group.run()
    one, two, three = (result.counts for result in group.results())
    assert one == two == three


def test_a_sweep_is_compiled_once(db, config, tmp_path):
    group = JobGroup("g", db=db, config=config)
    group.add("examples/ansatz.qasm3", parameters={"theta": [0.0, math.pi], "phi": 0}, shots=2000)
    group.run(backend="device")
    zero, one = (result.counts for result in group.results())
    assert zero["00"] > 1700
    assert one["11"] > 1700
    assert group.compile("device").stored == 1


def run(circuit, **item):
    payload = payload_of(circuit)
    batch = submission_of((payload, item_of(payload, "0", **item)))
    (found,) = work.run(batch, {"provider": "generic", "arguments": ARGUMENTS})[0]
    return found


def test_what_a_device_does_not_answer():
    again = QuantumCircuit(2, 1)
    again.measure(0, 0)
    again.measure(1, 0)
    assert "more than once" in run(again, shots=10).error
    assert "nothing exact" in run(spread(), shots=None).error
    wide = QuantumCircuit(6, 6)
    wide.measure(range(6), range(6))
    assert "needs 6 qubits" in run(wide, shots=10).error


def test_outcomes_are_written_as_qiskit_writes_them():
    circuit = QuantumCircuit(3)
    circuit.measure_all()
    assert spaced({"0 0 1": 2, "110": 3, "001": 1}, circuit) == {"001": 3, "110": 3}
    loose = QuantumCircuit([Qubit()], [Clbit(), Clbit()])
    assert spaced({"01": 2}, loose) == {"01": 2}
    with pytest.raises(ValueError, match="for 3 bits"):
        spaced({"01": 2}, circuit)


class Service:
    """What talks to somebody else's machine."""

    def __init__(self, **_):
        self.name = "service"


@pytest.mark.parametrize(
    ("settings", "error", "said"),
    [
        ({"provider": 3}, UsageError, "provider is 3"),
        ({"provider": "generic", "max_shots": 0}, UsageError, "max_shots is 0"),
        ({"provider": "generic", "arguments": 3}, UsageError, "arguments is no table"),
        ({"provider": "generic", "colour": 1}, UsageError, "no setting 'colour'"),
        ({"provider": "nobody"}, UsageError, "there is no provider 'nobody'"),
        ({"provider": "nowhere.at_all:Device"}, NotInstalled, "cannot be loaded"),
        ({"provider": "generic", "arguments": {"size": 3}}, UsageError, "TypeError"),
        ({"provider": f"{__name__}:Service"}, UsageError, "not known to simulate on this machine"),
    ],
)
def test_settings_that_make_no_backend(settings, error, said):
    with pytest.raises(error, match=said):
        QiskitBackend("device", settings).check()


def test_jobs_have_no_options():
    backend = QiskitBackend("device", {"provider": "generic", "arguments": ARGUMENTS})
    backend.check_options({})
    with pytest.raises(UsageError, match="no option 'method'"):
        backend.check_options({"method": "statevector"})
    assert backend.check() == "generic_backend_5q simulates here, 5 qubits"


def test_calibrations_of_the_device_may_count():
    backend = QiskitBackend("device", {"provider": "generic", "arguments": ARGUMENTS})
    assert "errors" not in backend.target().body
    assert "errors" in backend.target(calibration=True).body


def test_without_settings_it_is_a_small_noisy_device():
    assert QiskitBackend("qiskit", {}).check() == "generic_backend_5q simulates here, 5 qubits"


def test_known_limits():
    assert QiskitBackend("a", {"provider": "aqt-offline"}).limits.shots == 2_000
    assert QiskitBackend("a", {"provider": "aqt-offline", "max_shots": 10}).limits.shots == 10
    assert devices.most_shots("some:where") is None


@pytest.mark.parametrize(
    "provider",
    [
        "qiskit.primitives:StatevectorSampler",
        "qiskit_aer.primitives:SamplerV2",
        "tests.backends.qiskit.test_local_devices:sampler",
    ],
)
def test_a_sampler_that_simulates_here_is_a_device(db, write, provider):
    config = write("config.toml", f'[backends.s]\ntype = "qiskit"\nprovider = "{provider}"\n')
    group = JobGroup("g", db=db, config=config)
    circuit = QuantumCircuit(
        QuantumRegister(3), ClassicalRegister(1, "a"), ClassicalRegister(2, "b")
    )
    circuit.x(2)
    circuit.measure([2, 0, 1], [0, 1, 2])
    group.add(circuit, shots=50)
    bell = QuantumCircuit(2)
    bell.h(0)
    bell.cx(0, 1)
    group.add(bell, observables=["ZZ", "XX", "ZI"], shots=1_000)
    assert group.run(backend="s").done == 2
    counts, values = group.results()
    assert counts.counts == {"00 1": 50}
    assert [v.value for v in values.expectation_values] == pytest.approx([1, 1, 0], abs=0.15)


def sampler():
    from qiskit.primitives import BackendSamplerV2

    backend = GenericBackendV2(5, seed=3, noise_info=False)
    return BackendSamplerV2(backend=backend)


def test_a_sampler_over_a_service_is_refused():
    from qiskit.primitives import BackendSamplerV2

    class Somewhere:
        options = None

    assert devices.simulates_here(sampler())
    made = object.__new__(BackendSamplerV2)
    made._backend = Somewhere()
    assert not devices.simulates_here(made)


@pytest.mark.parametrize(
    "provider",
    [
        "qiskit.primitives:StatevectorEstimator",
        "qiskit_aer.primitives:EstimatorV2",
        "tests.backends.qiskit.test_local_devices:estimator",
    ],
)
def test_an_estimator_yields_values_and_nothing_else(db, write, provider):
    config = write("config.toml", f'[backends.e]\ntype = "qiskit"\nprovider = "{provider}"\n')
    group = JobGroup("g", db=db, config=config)
    circuit = QuantumCircuit(3)
    circuit.ry(0.9, 0)
    circuit.cx(0, 2)
    group.add(circuit, observables=["ZIZ", "IIZ + 0.5*XII"], shots=10_000)
    counted = QuantumCircuit(1, 1)
    counted.measure(0, 0)
    group.add(counted, shots=10)
    report = group.run(backend="e")
    assert (report.done, report.failed) == (1, 1)
    values, counts = group.results()
    found = [v.value for v in values.expectation_values]
    assert found == pytest.approx([1, math.cos(0.9)], abs=0.1)
    assert "yields expectation values only" in counts.job.error


def estimator():
    from qiskit.primitives import BackendEstimatorV2

    return BackendEstimatorV2(backend=GenericBackendV2(5, seed=3, noise_info=False))
