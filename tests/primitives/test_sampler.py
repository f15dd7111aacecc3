"""The durable sampler, held against the law and Qiskit's shapes."""

import numpy as np
import pytest
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister
from qiskit.circuit import Parameter
from qiskit.primitives import StatevectorSampler

from qbatch.primitives import SamplerV2


@pytest.fixture
def sampler(db):
    found = SamplerV2(group="s", db=db, run={"executor": "serial"}, seed=5, default_shots=200)
    yield found
    found.close()


def circuit():
    """Two registers whose bits agree, shot by shot."""
    one, two = ClassicalRegister(1, "one"), ClassicalRegister(2, "two")
    found = QuantumCircuit(QuantumRegister(2, "q"), one, two)
    found.ry(Parameter("a"), 0)
    found.cx(0, 1)
    found.measure(0, one[0])
    found.measure(1, two[1])
    return found


def test_shapes_are_those_of_qiskit(sampler):
    pub = (circuit(), np.linspace(0, 3, 6).reshape(2, 3, 1), 150)
    ours, theirs = sampler.run([pub]).result()[0], StatevectorSampler().run([pub]).result()[0]
    for name in ("one", "two"):
        mine, qiskits = getattr(ours.data, name), getattr(theirs.data, name)
        assert (mine.shape, mine.num_shots, mine.num_bits) == (
            qiskits.shape, qiskits.num_shots, qiskits.num_bits
        )  # fmt: skip
    assert ours.data.shape == theirs.data.shape
    assert ours.metadata["shots"] == 150


def test_counts_follow_the_law_and_registers_stay_together(sampler):
    data = sampler.run([(circuit(), [1.2])], shots=4000).result()[0].data
    ones = data.one.get_counts().get("1", 0) / 4000
    assert ones == pytest.approx(np.sin(0.6) ** 2, abs=0.04)
    together = zip(data.one.array[:, 0], data.two.array[:, 0], strict=True)
    assert all(bool(one) == bool(two & 2) for one, two in together)


def test_shots_come_from_the_pub_the_call_or_the_sampler(sampler):
    pubs = [(circuit(), [0.1], 7), (circuit(), [0.1])]
    found = sampler.run(pubs, shots=9).result()
    assert [one.data.one.num_shots for one in found] == [7, 9]
    (default,) = sampler.run([(circuit(), [0.1])]).result()
    assert default.data.one.num_shots == sampler.default_shots == 200


def test_a_circuit_without_registers_has_an_empty_result(sampler):
    bare = QuantumCircuit(1)
    bare.h(0)
    with pytest.warns(UserWarning, match="no classical registers"):
        (found,) = sampler.run([bare]).result()
    assert len(found.data) == 0
