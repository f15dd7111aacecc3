"""Randomized benchmarking, beside counts that decay as they should."""

import numpy as np
import pytest
from qiskit.quantum_info import Statevector

from qbatch import UsageError
from qbatch.programs.builtin import rb
from qbatch.programs.context import Context
from qbatch.programs.messages import Reply


@pytest.mark.parametrize("qubits", [1, 2])
def test_a_sequence_comes_back(qubits):
    rng = np.random.default_rng(2)
    circuit = rb.sequence(rng, qubits, 6)
    circuit.remove_final_measurements()
    assert abs(Statevector(circuit).data[0]) == pytest.approx(1)


def test_randomized_benchmarking_measures_the_error_that_is_there():
    """Depolarizing with probability e a Clifford: r = e (d - 1) / d, here 0.5 % of one qubit."""
    decayed = {m: 0.5 + 0.48 * 0.99**m for m in (1, 10, 20, 50, 100, 150, 200)}
    rng = np.random.default_rng(4)

    def ask(asking):
        lengths = [m for m in decayed for _ in range(20)]
        zeros = [int(rng.binomial(1000, decayed[m])) for m in lengths]
        return Reply(
            answers=[
                {"result": {"counts": {"0": n, "1": 1000 - n}}, "observables": []} for n in zeros
            ]
        )

    ctx = Context(ask, number=1, args={}, seed=3)
    found = rb.solve(ctx, qubits=1, samples=20)
    assert found["error"] == pytest.approx(0.005, abs=5 * found["standard_error"])
    assert found["standard_error"] < 0.0005
    assert found["survival"]["1"] == pytest.approx(0.975, abs=0.01)


def test_one_sample_has_no_spread():
    with pytest.raises(UsageError, match="two at least"):
        rb.solve(Context(lambda _: Reply(), number=1, args={}, seed=3), samples=1)


@pytest.mark.parametrize(
    ("own", "given", "asked"), [(None, None, 1000), (50, None, 50), (50, 7, 7)]
)
def test_shots_are_those_that_are_told(own, given, asked):
    class Asked(Exception):
        pass

    def ask(asking):
        assert {question.shots for question in asking.questions} == {asked}
        raise Asked

    ctx = Context(ask, number=1, args={}, seed=3, shots=own)
    with pytest.raises(Asked):
        rb.solve(ctx, lengths=[1, 2], samples=2, shots=given)
