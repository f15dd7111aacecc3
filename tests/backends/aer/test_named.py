"""Aer as several named backends side by side: ideal, noisy, with a device's gates."""

import json

import pytest
from qiskit import QuantumCircuit
from qiskit.quantum_info import Pauli
from qiskit_aer import AerSimulator
from qiskit_aer.noise import NoiseModel, ReadoutError, depolarizing_error

from qbatch import JobGroup
from qbatch.errors import UsageError
from tests.backends.aer.test_sampling import p_value


@pytest.fixture
def noise():
    model = NoiseModel()
    model.add_all_qubit_quantum_error(depolarizing_error(0.1, 1), ["h", "ry"])
    model.add_all_qubit_quantum_error(depolarizing_error(0.2, 2), ["cx"])
    model.add_all_qubit_readout_error(ReadoutError([[0.9, 0.1], [0.2, 0.8]]))
    return model


@pytest.fixture
def config(tmp_path, noise):
    (tmp_path / "noise.json").write_text(json.dumps(noise.to_dict(serializable=True)))
    path = tmp_path / "config.toml"
    path.write_text(
        '[backends.noisy]\ntype = "aer"\nnoise_model = "noise.json"\n'
        '[backends.line]\ntype = "aer"\n'
        'compile = { basis_gates = ["rz", "sx", "x", "cx"],'
        " coupling_map = [[0, 1], [1, 0], [1, 2], [2, 1]] }\n"
        '[backends.former]\ntype = "aer"\nbasis_gates = ["rz", "sx", "x", "cx"]\n'
        '[backends.single]\ntype = "aer"\nprecision = "single"\n'
        '[backends.broken]\ntype = "aer"\nnoise_model = "config.toml"\n'
    )
    return path


def bell(measured=True):
    circuit = QuantumCircuit(3, 3)
    circuit.ry(0.7, 0)
    circuit.cx(0, 2)
    circuit.h(1)
    if measured:
        circuit.measure(range(3), range(3))
    return circuit


def test_one_group_ideal_and_noisy(db, config, noise):
    group = JobGroup("g", db=db, config=config)
    group.add(bell(), shots=20_000, backend="noisy")
    group.add(bell(), shots=20_000)
    group.add(bell(), shots=20_000, backend="line")
    group.add(bell(), shots=20_000, backend="single")
    group.run_parallel()
    noisy, ideal, line, single = (result.counts for result in group.get_results())
    simulator = AerSimulator()
    by_hand = simulator.run(bell(), shots=20_000, noise_model=noise).result().get_counts()
    assert p_value(noisy, by_hand) > 1e-6
    assert p_value(noisy, ideal) < 1e-6
    perfect = simulator.run(bell(), shots=20_000).result().get_counts()
    for counts in (ideal, line, single):
        assert p_value(counts, perfect) > 1e-6


def test_exact_expectation_values_with_noise_and_on_a_device(db, config, noise):
    group = JobGroup("g", db=db, config=config)
    for backend in ("noisy", "line"):
        group.add(bell(measured=False), observables=["ZIZ", "IXI", "ZII"], backend=backend)
    group.run_parallel()
    noisy, line = ([v.value for v in r.expectation_values] for r in group.get_results())
    circuit = bell(measured=False)
    for number, text in enumerate(("ZIZ", "IXI", "ZII")):
        circuit.save_expectation_value(Pauli(text), range(3), label=str(number))
    simulator = AerSimulator(method="density_matrix")
    data = simulator.run(circuit, noise_model=noise).result().data(0)
    assert noisy == pytest.approx([data[str(n)] for n in range(3)])
    data = simulator.run(circuit).result().data(0)
    assert line == pytest.approx([data[str(n)] for n in range(3)])


def test_a_file_that_is_no_noise_model_is_refused(db, config):
    group = JobGroup("g", db=db, config=config)
    group.add(bell(), backend="broken")
    with pytest.raises(UsageError, match="noise model"):
        group.run_parallel()


def test_gates_and_couplings_belong_to_what_is_compiled_for(db, config):
    group = JobGroup("g", db=db, config=config)
    group.add(bell(), backend="former")
    with pytest.raises(UsageError, match="basis_gates is a part of what is compiled for"):
        group.run_parallel()


def test_the_noise_of_a_device_with_its_relaxation(db, tmp_path):
    """Kraus operators, which Aer writes for JSON and does not read again."""
    from qiskit.providers.fake_provider import GenericBackendV2

    device = GenericBackendV2(2, seed=1)
    model = NoiseModel.from_backend(device)
    text = json.dumps(model.to_dict(serializable=True))
    assert '"kraus"' in text
    (tmp_path / "noise.json").write_text(text)
    config = tmp_path / "config.toml"
    config.write_text('[backends.noisy]\ntype = "aer"\nnoise_model = "noise.json"\n')
    circuit = QuantumCircuit(2)
    for _ in range(30):
        circuit.sx(0)
        circuit.cx(0, 1)
    group = JobGroup("g", db=db, config=config)
    group.add(circuit, observables=["ZZ", "IY", "XI"], backend="noisy")
    group.run()
    (found,) = group.results()
    for number, text in enumerate(("ZZ", "IY", "XI")):
        circuit.save_expectation_value(Pauli(text), range(2), label=str(number))
    simulator = AerSimulator(method="density_matrix")
    data = simulator.run(circuit, noise_model=model).result().data(0)
    values = [value.value for value in found.expectation_values]
    assert values == pytest.approx([data[str(n)] for n in range(3)])
    assert abs(values[0]) < 1
