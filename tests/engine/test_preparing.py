"""What is refused beforehand, answered by position, sent again, or of another environment."""

import pytest

from qbatch import JobGroup
from qbatch.api.database import verify
from qbatch.domain.limits import Limits
from qbatch.domain.states import BatchState, Failure, Status
from qbatch.engine import Run, RunSettings, watcher
from qbatch.errors import NotInstalled
from qbatch.seam import ItemResult
from qbatch.store import Store
from qbatch.testing import InstantBackend, PositionalBackend, PositionalService

from ..conftest import ANSATZ, BELL

OPAQUE = """OPENQASM 2.0;
opaque nothing a;
qreg q[2];
creg c[2];
nothing q[0];
measure q -> c;
"""


@pytest.fixture
def group(db):
    group = JobGroup("g", db=db)
    yield group
    group.close()


@pytest.fixture
def service():
    return PositionalService()


def run(group, backend, **settings):
    with Store(group.path) as store:
        found = [store.groups.get(group.name)]
        return Run(store, found, lambda _: backend, RunSettings(**settings)).execute()


def statuses(group):
    return [job.status for job in group.jobs]


def test_a_refused_item_shifts_nobodys_answer(group, service):
    for shots in (10, 20, 30):
        group.add(OPAQUE if shots == 20 else BELL, shots=shots)
    report = run(group, PositionalBackend(service))
    assert (report.done, report.failed, report.submissions) == (2, 1, 1)
    assert statuses(group) == [Status.DONE, Status.ERROR, Status.DONE]
    assert group.jobs[1].failure is Failure.INVALID
    assert [sum(r.counts.values()) if r.counts else None for r in group.results()] == [10, None, 30]
    assert verify(group.path) == []
    assert service.started == 1


def test_also_where_another_process_reads_the_answers(group, service, monkeypatch):
    """Sent and left; a new adapter, which was told nothing, fetches."""
    monkeypatch.setattr(watcher, "backoff", lambda *_: 0.01)
    for shots in (10, 20, 30, 40):
        group.add(OPAQUE if shots in (10, 30) else BELL, shots=shots)
    run(group, PositionalBackend(service), wait=False, submit=True)
    with Store(group.path) as store:
        store.database.execute("UPDATE batches SET state = 'submitted', finished_at = NULL")
    report = run(group, PositionalBackend(service), submit=False)
    assert report.unknown == 0
    found = [sum(r.counts.values()) if r.counts else None for r in group.results()]
    assert found == [None, 20, None, 40]


def test_a_batch_of_refused_items_alone_is_never_sent(group, service):
    group.add(OPAQUE, shots=10)
    group.add(OPAQUE, shots=20)
    report = run(group, PositionalBackend(service))
    assert (report.failed, report.submissions, service.started) == (2, 0, 0)
    assert report.exit_code == 1
    (batch,) = group.batches()
    assert batch.state is BatchState.ERROR
    assert "definition" in str(group.jobs[0].error)
    assert group.rerun(executor="serial", backend="aer").failed == 2
    assert verify(group.path) == []


def test_what_a_backend_cannot_answer_costs_nothing(group, service):
    group.add(ANSATZ, parameters={"theta": 0.1, "phi": 0.2}, observables="ZZ")
    group.add(BELL, probabilities=True)
    group.add(BELL, shots=7)
    report = run(group, PositionalBackend(service))
    assert statuses(group) == [Status.ERROR, Status.ERROR, Status.DONE]
    assert (report.done, report.failed, service.started) == (1, 2, 1)
    assert "no expectation values" in group.jobs[0].error
    assert "no exact probabilities" in group.jobs[1].error
    plan_warnings = group.jobs[0].failure, group.jobs[1].failure
    assert plan_warnings == (Failure.INVALID, Failure.INVALID)


def test_refused_parts_of_a_split_job_end_it_once(group):
    group.add(OPAQUE, shots=250)

    class Small(PositionalBackend):
        def __init__(self, service):
            super().__init__(service)
            self.limits = Limits(shots=100, values=False)

    report = run(group, Small(PositionalService()))
    assert (report.failed, statuses(group)) == (1, [Status.ERROR])


def test_an_answer_that_got_lost_is_had_by_sending_again(group, service):
    group.add(BELL, shots=10)
    group.add(OPAQUE, shots=20)
    group.add(BELL, shots=30)
    service.lose = 1
    report = run(group, PositionalBackend(service))
    assert (report.done, report.failed, report.unknown) == (2, 1, 0)
    assert service.started == 1
    assert [sum(r.counts.values()) if r.counts else None for r in group.results()] == [10, None, 30]


def killed_while_sending(group, service):
    """The batch is written down, the service has it, and the run is gone."""

    class Dying(PositionalBackend):
        def send(self, prepared, submission_id, known):
            super().send(prepared, submission_id, known)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(group, Dying(service))


def test_after_a_kill_the_same_batch_is_sent_again_and_paid_once(group, service):
    group.add(BELL, shots=10)
    group.add(OPAQUE, shots=20)
    group.add(BELL, shots=30, seed=4)
    killed_while_sending(group, service)
    report = run(group, PositionalBackend(service))
    assert (report.done, report.unknown, service.started) == (2, 0, 1)
    assert verify(group.path) == []


def test_another_encoding_is_never_sent_again(group, service):
    """An adapter of another version would send another batch under the same id."""
    group.add(BELL, shots=10)
    killed_while_sending(group, service)
    report = run(group, PositionalBackend(service, version=2))
    assert (report.done, report.unknown, service.started) == (0, 1, 1)
    assert statuses(group) == [Status.UNKNOWN]
    assert report.unknown_batches == [1]


def test_more_or_fewer_answers_than_items_are_nobodys(group, service):
    group.add(BELL, shots=10, seed=1)
    group.add(BELL, shots=20, seed=2)

    class Short(PositionalBackend):
        def results(self, remote_id, labels):
            return super().results(remote_id, labels[:1])

    report = run(group, Short(service), wait_seconds=2.0)
    assert (report.done, report.failed) == (0, 0)
    assert report.exit_code == 3


def test_probabilities_become_counts_the_same_each_time(group):
    group.add(BELL, shots=1000, seed=3)
    group.add(BELL, shots=500)

    def answer(item):
        return ItemResult(label=item.label, probabilities={"00": 0.25, "11": 0.75})

    run(group, InstantBackend(answer=answer))
    first, second = (dict(r.counts) for r in group.results())
    assert (sum(first.values()), sum(second.values())) == (1000, 500)
    assert 150 < first["00"] < 350
    again = JobGroup("again", db=group.path)
    again.add(BELL, shots=1000, seed=3)
    run(again, InstantBackend(answer=answer))
    assert [dict(r.counts) for r in again.results()] == [first]
    again.close()


# -- another environment ---------------------------------------------------------------


def test_a_batch_whose_adapter_is_not_here_is_left_alone_and_named(group, service):
    group.add(BELL, shots=10)
    killed_while_sending(group, service)

    class Notes:
        def __init__(self):
            self.said = []

        def update(self, state):
            pass

        def note(self, message):
            self.said.append(message)

    def missing(name):
        raise NotInstalled(f"there is no backend type {name!r}")

    notes = Notes()
    with Store(group.path) as store:
        found = [store.groups.get(group.name)]
        work = Run(store, found, missing, RunSettings(), observer=notes)
        report = work.execute()
    assert any("is left as it is: there is no backend type" in said for said in notes.said)
    assert report.exit_code == 3
    assert statuses(group) == [Status.QUEUED]
    # Where it is installed, it is taken up.
    assert run(group, PositionalBackend(service)).done == 1


def test_jobs_of_a_format_that_is_not_here_are_left_alone_and_named(group, qbatch):
    group.add(BELL, shots=10)
    group.add(BELL, shots=20)
    with Store(group.path) as store:
        store.database.execute(
            "INSERT INTO payloads (id, hash, kind, format, body, num_bytes, parameters, info)"
            " SELECT 9, 'x', 'unheard', format, body, num_bytes, '[]', '{}' FROM payloads"
        )
        store.database.execute("UPDATE jobs SET payload_id = 9 WHERE number = 1")
    ran = qbatch("run", "g", code=3)
    assert "'unheard' cannot be read here" in ran.stderr
    assert statuses(group) == [Status.UNSENT, Status.DONE]
    assert qbatch.json("jobs", "g", "--json")["jobs"][0]["kind"] == "unheard"
    assert "unheard" in qbatch("show", "g/1", code=4).stderr
