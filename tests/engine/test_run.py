"""The run loop over a backend that answers at once, and with faults where a test wants one."""

import time

import pytest

from qbatch import JobGroup
from qbatch.domain.limits import Limits
from qbatch.domain.states import Failure, Status
from qbatch.engine import Run, RunSettings
from qbatch.errors import LostAnswer, Rejected
from qbatch.seam import ItemResult
from qbatch.store import Store
from qbatch.testing import InstantBackend, all_zeros

from ..conftest import ANSATZ, BELL


@pytest.fixture
def group(db):
    group = JobGroup("g", db=db)
    group.add(ANSATZ, parameters={"theta": [float(i) for i in range(20)], "phi": 0.5})
    yield group
    group.close()


def run(group, backend=None, **settings):
    backend = backend or InstantBackend()
    store = Store(group.path)
    try:
        work = Run(store, [group.status()], lambda name: backend, RunSettings(**settings))
        return work.execute()
    finally:
        store.close()


def sizes(backend):
    return [len(batch.items) for batch in backend.submissions]


def test_everything_is_run_once_in_one_batch(group):
    backend = InstantBackend()
    report = run(group, backend)
    assert (report.jobs, report.done, report.failed, report.exit_code) == (20, 20, 0, 0)
    assert sizes(backend) == [20]
    assert [result.counts for result in group.get_results()] == [{"00": 1024}] * 20
    assert run(group, backend).jobs == 0
    assert len(backend.submissions) == 1


def test_caps_and_limits_hold(group):
    backend = InstantBackend(limits=Limits(circuits=7))
    run(group, backend)
    assert sizes(backend) == [7, 7, 6]
    group.add(ANSATZ, parameters={"theta": [0.0] * 5, "phi": 0.5})
    run(group, backend, max_batch_size=2)
    assert sizes(backend)[3:] == [1, 1, 1]  # five equal circuits, two and two joined


def test_a_sequential_run_sends_one_job_at_a_time_and_waits_between(group):
    backend = InstantBackend()
    started = time.monotonic()
    run(group, backend, sequential=True, delay=0.05, limit=4)
    assert sizes(backend) == [1, 1, 1, 1]
    assert time.monotonic() - started >= 3 * 0.05
    order = [batch.items[0].parameters[1] for batch in backend.submissions]
    assert order == [0.0, 1.0, 2.0, 3.0]


def test_priority_goes_first_and_key_order_does_not_depend_on_adding(group):
    group.add(BELL, priority=5)
    backend = InstantBackend()
    run(group, backend, max_batch_size=1, by_key=True)
    keys = [job.key for job in group.jobs[:20]]
    sent = [batch.items[0].parameters for batch in backend.submissions]
    assert sent[0] == ()
    by_value = {tuple(job.parameters.values()): job.key for job in group.jobs[:20]}
    assert [by_value[values] for values in sent[1:]] == sorted(keys)


def test_equal_circuits_are_run_once_and_dealt_out(group):
    for shots in (100, 200, 300):
        group.add(BELL, shots=shots)
    backend = InstantBackend()
    report = run(group, backend)
    assert report.coalesced == 2
    assert backend.submissions[0].items[-1].shots == 600
    assert [sum(r.counts.values()) for r in group.get_results()[-3:]] == [100, 200, 300]


def test_several_groups_share_batches(group, db):
    other = JobGroup("other", db=db)
    other.add(BELL)
    backend = InstantBackend()
    with Store(db) as store:
        groups = [other.status(), group.status()]
        report = Run(store, groups, lambda name: backend, RunSettings()).execute()
    assert (sizes(backend), report.done) == ([21], 21)
    assert backend.submissions[0].items[0].parameters == ()
    other.close()


def test_shots_above_the_cap_come_back_added_up(db):
    group = JobGroup("g", db=db)
    group.add(BELL, shots=2500, seed=3)
    backend = InstantBackend(limits=Limits(shots=1000, finds_tokens=True))
    report = run(group, backend, max_batch_size=1)
    items = [batch.items[0] for batch in backend.submissions]
    assert [item.shots for item in items] == [1000, 1000, 500]
    assert len({item.seed for item in items}) == 3
    assert (report.jobs, report.done) == (1, 1)
    (result,) = group.get_results()
    assert (result.counts, result.shots) == ({"00": 2500}, 2500)
    group.close()


def test_a_job_that_failed_in_part_runs_only_what_is_missing(db):
    group = JobGroup("g", db=db)
    group.add(BELL, shots=2500)
    seen = []

    def second_fails(item):
        seen.append(item.shots)
        if len(seen) == 2:
            return ItemResult(label=item.label, failure=Failure.BACKEND, error="hiccup")
        return all_zeros(item)

    limits = Limits(shots=1000)
    report = run(group, InstantBackend(limits=limits, answer=second_fails), max_batch_size=1)
    assert report.exit_code == 1
    assert group.jobs[0].status is Status.ERROR
    jobs = group._stored.store.jobs
    again = jobs.reset(jobs.to_rerun(group.status().id, group._stored.selection(None)))
    assert len(again) == 1
    backend = InstantBackend(limits=limits)
    run(group, backend, max_batch_size=1)
    shots_before = sum(seen) - 1000
    assert sum(b.items[0].shots for b in backend.submissions) == 2500 - shots_before
    assert group.get_results()[0].counts == {"00": 2500}
    group.close()


def test_each_item_is_judged_by_itself(group):
    def third_fails(item):
        if item.label.endswith(".2"):
            return ItemResult(label=item.label, failure=Failure.INVALID, error="too many qubits")
        return all_zeros(item)

    report = run(group, InstantBackend(answer=third_fails))
    assert (report.done, report.failed, report.exit_code) == (19, 1, 1)
    assert report.errors == [("g/3", "too many qubits")]
    (failed,) = group.list_unsuccessful_jobs()
    assert (failed.number, failed.job.failure, failed.job.error) == (
        3,
        "invalid",
        "too many qubits",
    )


class Labels(InstantBackend):
    """Loses one label and repeats two."""

    def results(self, remote_id, labels):
        results = list(super().results(remote_id, labels))
        wrong = ItemResult(label="4", counts={"11": 1024})
        return [*results[:2], *results[3:], results[3], wrong]


def test_missing_and_repeated_labels_are_errors_of_their_jobs_alone(group):
    report = run(group, Labels())
    assert (report.done, report.failed) == (18, 2)
    errors = {job.number: job.job.error for job in group.list_unsuccessful_jobs()}
    assert set(errors) == {3, 5}
    assert "no result" in errors[3]
    assert "2 different results" in errors[5]


class Picky(InstantBackend):
    """Refuses a batch whole where it holds a certain point."""

    def submit(self, batch):
        remote_id = super().submit(batch)
        if any(item.parameters[1] == 13.0 for item in batch.items):
            raise Rejected("this batch holds something evil")
        return remote_id


def test_a_refused_batch_is_split_until_the_culprit_stands_alone(group):
    backend = Picky()
    report = run(group, backend)
    assert (report.done, report.failed) == (19, 1)
    assert [job.number for job in group.list_unsuccessful_jobs()] == [14]
    assert len(backend.submissions) <= 1 + 2 * 5
    assert len(group[13].attempts) > 1


class Lossy(InstantBackend):
    """Accepts (or not) and loses its answer, once."""

    def __init__(self, accepts, **settings):
        super().__init__(**settings)
        self.accepts, self.lost = accepts, False

    def submit(self, batch):
        if self.lost:
            return super().submit(batch)
        self.lost = True
        if self.accepts:
            super().submit(batch)
        raise LostAnswer("connection reset")


def test_a_lost_answer_is_looked_up(group):
    backend = Lossy(accepts=True, limits=Limits(finds_tokens=True))
    report = run(group, backend)
    assert (report.done, len(backend.submissions)) == (20, 1)


def test_a_lost_answer_that_cannot_be_looked_up_is_unknown_and_not_sent_again(group):
    class Blind(Lossy):
        def find(self, submission_id):
            return None

    backend = Blind(accepts=True, limits=Limits(finds_tokens=False))
    report = run(group, backend)
    assert (report.done, report.unknown, len(backend.submissions)) == (0, 20, 1)
    assert report.exit_code == 1
    assert run(group, backend).jobs == 0
