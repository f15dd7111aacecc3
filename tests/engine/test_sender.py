"""Sending: written down first, and what becomes of a batch that is not accepted."""

import pytest

from qbatch import JobGroup
from qbatch.domain.limits import Limits
from qbatch.domain.states import BatchState
from qbatch.engine.backend_queue import BackendQueue
from qbatch.engine.recorder import BatchRecorder
from qbatch.engine.report import Silent
from qbatch.engine.sender import Sender
from qbatch.engine.settings import RunSettings
from qbatch.errors import AuthError, LostAnswer, Rejected, Transient, Unavailable
from qbatch.rules.batching import Policy
from qbatch.seam import ItemResult, Prepared
from qbatch.store import Store
from qbatch.testing import InstantBackend

from ..conftest import BELL


class Failing(InstantBackend):
    """Raises what it is given, once for each batch."""

    def __init__(self, *errors, **limits):
        super().__init__("x", limits=Limits(finds_tokens=True, in_flight=9, **limits))
        self.errors = list(errors)
        self.seen = []

    def submit(self, batch):
        self.seen.append([item.shots for item in batch.items])
        if self.errors:
            raise self.errors.pop(0)
        return super().submit(batch)


class Preparing(InstantBackend):
    """Prepares: refuses some items, or says another order than it was given."""

    submit = None

    def __init__(self, refused=(), order=1, digest=b"d"):
        super().__init__("x", limits=Limits(finds_tokens=True, resends=True))
        self.refused, self.order, self.digest = refused, order, digest
        self.sent = []

    def prepare(self, batch):
        labels = [item.label for item in batch.items]
        refused = [label for label in labels if label.endswith(self.refused)]
        labels = [label for label in labels if label not in refused]
        refused = [ItemResult(label=label, error="too wide") for label in refused]
        return Prepared(body=b"", digest=self.digest, ready=labels[:: self.order], refused=refused)

    def send(self, prepared, submission_id, known):
        known("r1")
        self.sent.append((submission_id, list(prepared.ready)))
        return "r1"


@pytest.fixture
def store(db):
    with JobGroup("g", db=db) as group:
        for shots in (10, 20, 30):
            group.add(BELL, shots=shots)
    with Store(db) as store:
        store.work_queue.begin()
        store.work_queue.pick([1])
        yield store


class Sending:
    """A sender, its queue, and the jobs that it is to send."""

    def __init__(self, store, backend, **settings):
        self.store = store
        self.recorder = BatchRecorder(store, ["g"], Silent())
        self.queue = BackendQueue(backend, Policy(), None)
        self.sender = Sender(self.recorder, RunSettings(**settings))
        self.jobs = [job for _, job in store.work_queue.planned(0, 10)]

    def send(self):
        self.sender.send(self.queue, self.jobs)

    @property
    def counts(self):
        return dict(self.store.groups.find("g").counts)

    @property
    def batch(self):
        return list(self.store.history.batches(1))[-1]


def test_a_batch_is_written_down_before_it_is_sent(store, db):
    class Looking(InstantBackend):
        def submit(self, batch):
            with Store(db) as other:
                (seen,) = other.history.batches(1)
                assert (seen.state, seen.num_jobs) == (BatchState.PREPARED, 3)
                assert [b.submission_id for b in other.ledger.open_batches([1])] == [
                    batch.submission_id
                ]
            return super().submit(batch)

    sending = Sending(store, Looking())
    sending.send()
    (flight,) = sending.queue.flights.values()
    assert flight.remote_id == sending.batch.remote_id
    assert (sending.batch.state, sending.counts) == (BatchState.SUBMITTED, {"queued": 3})
    assert sending.recorder.report.submissions == 1


def test_an_answer_that_is_lost_is_under_way_and_looked_for(store):
    sending = Sending(store, Failing(LostAnswer("no line", retry_after=7.0)))
    sending.send()
    (flight,) = sending.queue.flights.values()
    assert (flight.remote_id, flight.reason, flight.retry_after) == (None, "no line", 7.0)
    assert sending.counts == {"queued": 3}


def test_so_is_what_an_adapter_throws_by_mistake(store):
    sending = Sending(store, Failing(ZeroDivisionError("a mistake")))
    sending.send()
    (flight,) = sending.queue.flights.values()
    assert flight.reason == "ZeroDivisionError: a mistake"


def test_a_rejected_batch_is_sent_again_in_halves(store):
    backend = Failing(Rejected("no"))
    sending = Sending(store, backend, coalesce=False)
    sending.send()
    assert (sending.counts, sending.queue.flights) == ({"unsent": 3}, {})
    while sending.queue.has_work:
        sending.sender.send(sending.queue, sending.queue.take())
    assert backend.seen == [[10, 20, 30], [10], [20, 30]]
    assert sending.counts == {"queued": 3}


def test_one_job_that_is_rejected_has_failed(store):
    sending = Sending(store, Failing(Rejected("no such gate")))
    sending.sender.send(sending.queue, sending.jobs[:1])
    assert sending.counts == {"error": 1, "unsent": 2}
    assert not sending.queue.has_work
    assert sending.recorder.finish([1]).errors == [("g/1", "no such gate")]


def test_what_may_pass_is_tried_again_as_often_as_is_allowed(store):
    sending = Sending(store, Failing(Transient("busy", retry_after=0.0), Transient("busy")),
                      retries=1)  # fmt: skip
    sending.send()
    assert (sending.counts, sending.recorder.report.retried) == ({"unsent": 3}, 1)
    assert not sending.queue.idle
    sending.send()
    assert (sending.counts, sending.recorder.report.retried) == ({"error": 3}, 1)


@pytest.mark.parametrize("error", [AuthError("who?"), Unavailable("gone")])
def test_credentials_and_services_that_are_gone_end_the_sending(store, error):
    sending = Sending(store, Failing(error))
    with pytest.raises(type(error)):
        sending.send()
    assert (sending.counts, sending.queue.flights) == ({"unsent": 3}, {})
    assert sending.batch.state is BatchState.ERROR


def test_a_job_that_was_cancelled_meanwhile_is_left_out(store, db):
    sending = Sending(store, Failing())
    with JobGroup("g", db=db) as group:
        group.cancel("2")
    sending.send()
    assert not sending.queue.flights
    assert [job.number for job in sending.queue.take()] == [1, 3]


def test_what_cannot_be_answered_is_never_sent(store):
    backend = Failing(formats=frozenset({"qir"}))
    sending = Sending(store, backend)
    sending.send()
    assert backend.seen == []
    assert sending.counts == {"error": 3}
    (first, *_) = sending.recorder.finish([1]).errors
    assert first == ("g/1", "x cannot answer this: it takes qir, and no qasm2")


def test_items_that_an_adapter_refuses_fail_alone(store):
    backend = Preparing(refused=(".1",))
    sending = Sending(store, backend, coalesce=False)
    sending.send()
    ((mark, labels),) = backend.sent
    assert [label.rpartition(".")[2] for label in labels] == ["0", "2"]
    assert mark.startswith("qbatch-")
    assert sending.counts == {"queued": 2, "error": 1}
    assert sending.recorder.finish([1]).errors == [("g/2", "too wide")]
    (flight,) = sending.queue.flights.values()
    assert [part.number for part in flight.parts] == [1, 3]


def test_an_adapter_that_prepares_another_order_is_sent_nothing(store):
    backend = Preparing(order=-1)
    sending = Sending(store, backend, coalesce=False)
    sending.send()
    assert backend.sent == []
    assert "other items" in sending.recorder.finish([1]).errors[0][1]


def test_only_what_is_the_same_to_the_last_byte_is_sent_again(store):
    backend = Preparing()
    sending = Sending(store, backend, coalesce=False)
    sending.send()
    (flight,) = sending.queue.flights.values()
    (flight.batch,) = store.ledger.open_batches([1])
    assert sending.sender.resend(sending.queue, flight) == "r1"
    assert backend.sent[0] == backend.sent[1]
    backend.digest = b"another"
    assert sending.sender.resend(sending.queue, flight) is None
    assert len(backend.sent) == 2


@pytest.mark.parametrize(("coalesce", "shots"), [(True, [60]), (False, [10, 20, 30])])
def test_equal_jobs_are_one_item_unless_that_is_not_wanted(store, coalesce, shots):
    backend = Failing()
    Sending(store, backend, coalesce=coalesce).send()
    assert backend.seen == [shots]
