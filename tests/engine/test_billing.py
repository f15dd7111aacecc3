"""Bills that come after a batch has ended."""

import pytest

from qbatch import JobGroup
from qbatch.domain.batches import Usage
from qbatch.domain.limits import Limits
from qbatch.domain.states import RemoteState
from qbatch.engine import RunSettings
from qbatch.engine.backend_queue import BackendQueue
from qbatch.engine.billing import Bills
from qbatch.engine.recorder import BatchRecorder
from qbatch.engine.report import Silent
from qbatch.engine.spending import Spending
from qbatch.errors import BatchNotFound, NotFound, Transient
from qbatch.rules.batching import Policy
from qbatch.seam import BatchStatus
from qbatch.store import Store
from qbatch.testing import InstantBackend

from ..conftest import BELL


class Billing(InstantBackend):
    """Tells a bill, or raises."""

    def __init__(self, bill, *, bills=True):
        super().__init__("lab", Limits(bills=bills))
        self.bill, self.asked = bill, []

    def status(self, remote_id):
        self.asked.append(remote_id)
        if isinstance(self.bill, Exception):
            raise self.bill
        return BatchStatus(state=RemoteState.DONE, usage=self.bill)


@pytest.fixture
def store(db):
    """Three ended batches that reserved 5 each and were not billed."""
    with JobGroup("g", db=db) as group:
        group.add(BELL, BELL, BELL, shots=10)
        group.run(executor="serial", max_batch_size=1)
    with Store(db) as store:
        store.database.execute(
            "UPDATE batches SET backend = 'lab', remote_id = 'r' || id, reserved = 5"
        )
        yield store


def fetch(store, backend):
    recorder = BatchRecorder(store, ["g"], Silent())
    settings = RunSettings(prices={"lab": {"second": 0.5}})

    def queue_of(name):
        if backend is None:
            raise NotFound(name)
        return BackendQueue(backend, Policy(), None)

    bills = Bills(recorder, Spending(settings), settings, [store.groups.get("g").id], queue_of)
    bills.fetch()
    bills.fetch()  # each is asked about once in a run
    rows = store.database.rows("SELECT reserved, charged FROM batches ORDER BY id")
    return [tuple(row) for row in rows]


def test_each_batch_is_asked_for_until_its_bill_is_there(store):
    assert fetch(store, Billing(None)) == [(5.0, None)] * 3
    backend = Billing(Usage(price=2.0, currency="EUR"))
    assert fetch(store, backend) == [(5.0, 2.0)] * 3
    assert backend.asked == ["r3", "r2", "r1"]
    fetch(store, backend)
    assert len(backend.asked) == 3


def test_seconds_settle_what_is_paid_by_the_second(store):
    assert fetch(store, Billing(Usage(seconds=4.0))) == [(2.0, None)] * 3


@pytest.mark.parametrize("reason", [Transient("not now"), NotFound("x")])
def test_a_backend_that_cannot_be_asked_is_asked_once(store, reason):
    backend = None if isinstance(reason, NotFound) else Billing(reason)
    assert fetch(store, backend) == [(5.0, None)] * 3
    assert backend is None or len(backend.asked) == 1


def test_a_backend_that_tells_all_at_the_end_is_not_asked_again(store):
    backend = Billing(Usage(price=2.0), bills=False)
    fetch(store, backend)
    assert backend.asked == []


def test_a_batch_that_is_forgotten_keeps_no_other_from_its_bill(store):
    class Forgetful(Billing):
        def status(self, remote_id):
            if remote_id == "r2":
                raise BatchNotFound("404")
            return super().status(remote_id)

    found = fetch(store, Forgetful(Usage(price=1.0)))
    assert found == [(5.0, 1.0), (5.0, None), (5.0, 1.0)]


def test_a_backend_that_nobody_pays_for_is_not_asked(store):
    store.database.execute("UPDATE batches SET backend = 'free', reserved = NULL")
    backend = Billing(Usage(price=1.0))
    assert fetch(store, backend) == [(None, None)] * 3
    assert backend.asked == []


def test_what_was_not_priced_is_asked_for_and_what_is_old_is_not(store):
    store.database.execute("UPDATE batches SET reserved = NULL WHERE id = 1")
    store.database.execute("UPDATE batches SET created_at = 1000 WHERE id = 2")
    found = fetch(store, Billing(Usage(price=1.0)))
    assert found == [(None, 1.0), (5.0, None), (5.0, 1.0)]
