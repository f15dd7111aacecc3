"""What a circuit is to Aer and the kernel before anybody has read it."""

import pytest

from qbatch.backends.aer.costs import Costs, state_bytes
from tests.builders import VALUES, planned_job


@pytest.mark.parametrize(
    ("changes", "small"),
    [
        ({}, True),
        ({"info": {"num_qubits": 10}, "shots": 100}, True),
        ({"info": {"num_qubits": 10}, "shots": 63}, False),  # 2^10 outcomes, 16 a shot
        ({"info": {"num_qubits": 10}, "shots": 64}, True),
        ({"info": {"num_qubits": 11}, "shots": 10**6}, False),
        ({"info": {"num_qubits": 11}, "shots": None, "request": VALUES}, False),
        ({"info": {"num_qubits": 10}, "shots": None, "request": VALUES}, True),
        ({"info": {"dynamic": True}}, False),
        ({"format": "qpy"}, False),
        ({"format": "qasm3"}, True),
        ({"options": '{"sampling":"shots"}'}, False),
    ],
)
def test_which_jobs_are_the_kernels(changes, small):
    job = planned_job(1, **changes)
    assert Costs().is_small(job) is small
    assert not Costs(kernel=False).is_small(job)
    seen = Costs()
    seen.seconds(job)
    assert seen.needs_aer is not small


def test_more_work_costs_more_and_a_further_point_less():
    costs = Costs()
    for more in ({"info": {"size": 1000}}, {"info": {"num_qubits": 15}}):
        aer = {"format": "qpy", "payload_id": 7}
        assert costs.seconds(planned_job(1, format="qpy")) < Costs().seconds(
            planned_job(1, **{**aer, **more})
        )
    few, many = (planned_job(n, info={"num_qubits": 18}, shots=n) for n in (10, 10**5))
    assert costs.seconds(few) < costs.seconds(many)
    for changes in ({}, {"format": "qpy"}):
        job = planned_job(2, payload_id=hash(str(changes)), **changes)
        assert costs.seconds(job, again=True) < costs.seconds(job)
    dynamic = planned_job(3, info={"dynamic": True}, payload_id=33)
    longer = planned_job(3, info={"dynamic": True}, payload_id=33, shots=1000)
    assert costs.seconds(longer) > 5 * costs.seconds(dynamic)


def test_words_for_what_costs_alike():
    def word(**changes):
        return Costs().workload(planned_job(1, **changes))

    assert word() == "counts, small"
    assert word(format="qpy") == "counts"
    assert word(request=VALUES, shots=None) == "values, small"
    assert word(info={"dynamic": True}) == "counts, dynamic"
    assert word(info={"num_qubits": 20}) == "large"
    assert Costs(stim=True).workload(planned_job(1, info={"num_qubits": 20})) == "large, stim"
    assert word(info={"num_qubits": 20}, options='{"a":1}') == 'large, {"a":1}'


def test_a_state_takes_sixteen_bytes_an_amplitude():
    assert state_bytes(10) == 16_384
