"""What jobs cost, and how fast a backend was."""

from qbatch.engine.throughput import Costs, ThroughputMeter, batch_seconds, pooled
from qbatch.testing import InstantBackend

from ..builders import VALUES, planned_job


class Priced(InstantBackend):
    """Tells what jobs cost: their number in seconds."""

    def cost(self, job, *, again=False):
        return job.number / (2 if again else 1)

    def workload(self, job):
        return "odd" if job.number % 2 else "even"

    def apart(self, job):
        return job.number % 3

    def workers(self, job):
        return job.number

    def memory(self, jobs):
        return sum(job.number for job in jobs)

    def expect(self, seconds):
        pass

    def memory_advice(self):
        return "less"


def test_costs_are_the_backends_if_it_tells_them():
    told, mute = Costs(Priced()), Costs(InstantBackend())
    job = planned_job(3)
    assert told.are_known
    assert not mute.are_known
    assert (told.cost(job), told.cost(job, again=True)) == (3, 1.5)
    assert (told.workload(job), told.apart(job), told.workers(job)) == ("odd", 0, 3)
    assert (mute.workload(job), mute.apart(job), mute.workers(job)) == ("counts", None, 1)
    assert mute.cost(job) == 1e-3
    assert told.memory([planned_job(1), planned_job(2)]) == 3
    assert mute.memory([job]) is None


def test_what_a_backend_cannot_answer_costs_nothing_that_it_knows():
    from qbatch.domain.limits import Limits

    costs = Costs(Priced(limits=Limits(values=False)))
    job = planned_job(3, request=VALUES, request_id=2)
    assert costs.cost(job) == 1e-3
    assert costs.memory([job]) is None


def test_pooled_shots_are_those_of_all_that_share_an_item():
    parts = [planned_job(1, shots=10), planned_job(2, shots=20), planned_job(3, shots=5)]
    assert [part.shots for part in pooled(parts, [0, 0, 1])] == [30, 5]
    seeded = [planned_job(1, shots=10, seed=1), planned_job(2, shots=10, seed=1)]
    assert [part.shots for part in pooled(seeded, [0, 0])] == [10]
    exact = [planned_job(1, shots=None), planned_job(2, shots=None)]
    assert [part.shots for part in pooled(exact, [0, 0])] == [None]


def test_the_estimate_of_a_batch_counts_each_item_once():
    costs = Costs(Priced())
    parts = [planned_job(2, payload_id=1), planned_job(4, payload_id=1), planned_job(6)]
    assert batch_seconds(costs, parts, [0, 1, 2]) == 2 + 2 + 6
    assert batch_seconds(costs, parts, [0, 0, 1]) == 2 + 6


def test_what_was_measured_is_told_by_workload():
    meter = ThroughputMeter(Costs(Priced()))
    assert meter.measured() == {}
    meter.note([planned_job(3)], [0], 6.0, 7.5)
    meter.note([planned_job(2)], [0], 1.0, 1.0)
    meter.note([], [], 1.0, 1.0)
    found = meter.measured()
    assert (found["odd"].seconds, found["odd"].startup) == (2.0, 1.5)
    assert found["even"].seconds == 0.5
    short = ThroughputMeter(Costs(Priced()))
    short.note([planned_job(3)], [0], 0.001, 0.001)  # says more about the machine's mood
    assert short.measured() == {}
