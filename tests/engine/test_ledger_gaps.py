"""What could send shots twice, lose a result, or leave a job stuck: each once, by name."""

from typing import Any

import pytest

from qbatch import JobGroup
from qbatch.api.database import resolve, verify
from qbatch.domain.limits import Limits
from qbatch.domain.states import Failure
from qbatch.engine import Run, RunSettings
from qbatch.errors import LostAnswer, Transient, UsageError
from qbatch.seam import BatchStatus, ItemResult
from qbatch.store import Store
from qbatch.testing import InstantBackend, all_zeros

from ..conftest import ANSATZ, BELL


@pytest.fixture
def group(db):
    group = JobGroup("g", db=db)
    yield group
    group.close()


class Remote(InstantBackend):
    """A service whose batches the test moves by hand: ``states`` by the order of sender."""

    def __init__(self, **limits):
        values = {"finds_tokens": True, "lookup_seconds": 0.0, "in_flight": 8, **limits}
        super().__init__(limits=Limits(**values))
        self.states = {}
        self.cancelled = []
        self.lose = set()

    def submit(self, batch):
        super().submit(batch)
        number = len(self.submissions)
        if number in self.lose:
            raise LostAnswer("gone")
        return batch.submission_id

    def _number(self, remote_id):
        return [b.submission_id for b in self.submissions].index(remote_id) + 1

    def status(self, remote_id):
        self._batch(remote_id)
        return BatchStatus(**{"state": "done", **self.states.get(self._number(remote_id), {})})

    def cancel(self, remote_id):
        self.cancelled.append(self._number(remote_id))


class Peculiar(BaseException):
    """As the exceptions of some packages."""


def run(group, backend, *, choose=None, **settings):
    with Store(group.path) as store:
        groups = [store.groups.get(group.name)]
        work = Run(store, groups, lambda *_: backend, RunSettings(**settings), choose=choose)
        return work.execute()


def total(group):
    return [sum(r.counts.values()) if r else None for r in group.get_results()]


RUNNING, FAILED = {"state": "running"}, {"state": "error", "message": "broke"}


def test_a_failed_part_does_not_end_a_job_with_another_part_in_flight(group):
    group.add(BELL, shots=200)
    backend = Remote(shots=100)
    backend.states = {1: FAILED, 2: RUNNING}
    assert run(group, backend, max_batch_size=1, wait=False).exit_code == 3
    assert group.status().counts == {"running": 1} or group.status().counts == {"queued": 1}
    assert group.rerun() is None
    backend.states = {}
    run(group, backend, submit=False)
    assert group.status().counts == {"error": 1}
    store = group._stored.store
    run(
        group,
        backend,
        choose=lambda: store.jobs.reset(store.jobs.to_rerun(1, group._stored.selection(None))),
    )
    assert [item.shots for b in backend.submissions for item in b.items] == [100, 100, 100]
    assert total(group) == [200]
    assert verify(group.path) == []


def test_settling_one_of_two_unknown_batches_sends_nothing_of_the_other(group):
    group.add(BELL, shots=200)
    backend = Remote(shots=100, finds_tokens=False)
    backend.find = lambda submission_id: None
    backend.lose = {1, 2}
    run(group, backend, max_batch_size=1)
    assert resolve(1, "resubmit", db=group.path) == 0
    assert run(group, backend).jobs == 0
    assert resolve(2, "resubmit", db=group.path) == 1
    run(group, backend)
    assert total(group) == [200]
    assert verify(group.path) == []


def test_unknown_goes_before_error(group):
    group.add(BELL, shots=200)
    backend = Remote(shots=100, finds_tokens=False)
    backend.find = lambda submission_id: None
    backend.lose, backend.states = {1}, {2: FAILED}
    run(group, backend, max_batch_size=1)
    assert group.status().counts == {"unknown": 1}
    assert group.rerun() is None


def test_only_the_part_that_failed_is_sent_again(group):
    group.add(BELL, shots=300)
    seen = []

    def answer(item):
        seen.append(item.label)
        if len(seen) == 2:
            return ItemResult(label=item.label, failure=Failure.TRANSIENT, error="hiccup")
        return all_zeros(item)

    backend = InstantBackend(limits=Limits(shots=100), answer=answer)
    assert run(group, backend).done == 1
    assert [len(b.items) for b in backend.submissions] == [3, 1]
    assert total(group) == [300]
    assert verify(group.path) == []


def test_one_failure_costs_each_part_one_try(group):
    group.add(BELL, shots=600)

    class Once(Remote):
        def submit(self, batch):
            if not self.submissions:
                self.submissions.append(batch)
                raise Transient("busy")
            return super().submit(batch)

    assert run(group, Once(shots=100), retries=1).done == 1
    assert total(group) == [600]


def test_two_names_of_one_file_have_one_lock(group, tmp_path):
    from qbatch.errors import Locked
    from qbatch.store import run_lock

    group.add(BELL)
    link = tmp_path / "link.db"
    link.symlink_to(group.path)
    other = JobGroup("g", db=link)
    with run_lock.hold(group._stored.store, [group.status()]), pytest.raises(Locked):
        other.run_parallel()
    other.close()


def test_a_batch_that_is_listed_late_is_not_sent_twice(group):
    group.add(BELL)

    class Late(Remote):
        asked = 0

        def find(self, submission_id):
            self.asked += 1
            return super().find(submission_id) if self.asked > 3 else None

    backend = Late(lookup_seconds=3.0)
    backend.lose = {1}
    assert run(group, backend).done == 1
    assert len(backend.submissions) == 1


def test_a_group_with_work_under_way_is_not_deleted(group):
    group.add(BELL)
    backend = Remote()
    backend.states = {1: RUNNING}
    run(group, backend, wait=False)
    with pytest.raises(UsageError, match="1 jobs under way"):
        JobGroup.delete_job_group("g", db=group.path)
    backend.states = {}
    assert run(group, backend, submit=False).done == 1
    JobGroup.delete_job_group("g", db=group.path)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ({"counts": {"00": 37}}, "37 shots instead of 1024"),
        ({"counts": {}}, "counts are {}"),
        ({"expectation_values": [(1.0, None)]}, "counts are None"),
        ({"counts": {"00": "many"}}, "a count is 'many'"),
    ],
)
def test_counts_that_were_not_asked_for_are_an_error(group, answer, said):
    group.add(BELL)
    run(group, InstantBackend(answer=lambda item: ItemResult(label=item.label, **answer)))
    (job,) = group.jobs
    assert job.status == "error"
    assert said in job.error
    assert group.get_results() == [None]


def test_values_that_were_not_asked_for_are_an_error(group):
    group.add(ANSATZ, parameters={"theta": 1, "phi": 1}, observables=["ZZ", "XX"])
    one = InstantBackend(
        answer=lambda item: ItemResult(label=item.label, expectation_values=[(1.0, None)])
    )
    run(group, one)
    assert "1 values for 2 observables" in group.jobs[0].error


def test_numpy_numbers_are_taken(group):
    import numpy

    group.add(BELL, shots=10)
    counts: Any = {"00": numpy.int64(10)}
    run(group, InstantBackend(answer=lambda i: ItemResult(label=i.label, counts=counts)))
    assert total(group) == [10]


def test_shots_are_not_pooled_where_they_must_not_differ(group):
    group.add(BELL, BELL, shots=100)
    group.add(ANSATZ, parameters={"theta": 1, "phi": 1}, shots=100)
    backend = InstantBackend(limits=Limits(mixed_shots=False))
    run(group, backend)
    assert [item.shots for item in backend.submissions[0].items] == [100, 100, 100]
