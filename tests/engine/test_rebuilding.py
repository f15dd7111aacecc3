"""A batch made anew of the ledger, and what is read beside it."""

import pytest

from qbatch import JobGroup
from qbatch.domain.states import Failure, RemoteState
from qbatch.engine import Run, RunSettings
from qbatch.engine.rebuilding import fetched, rebuilt
from qbatch.engine.submission import Loader
from qbatch.errors import BackendError
from qbatch.seam import BatchStatus, ItemResult, Submission
from qbatch.store import Store
from qbatch.testing import InstantBackend, PositionalBackend, PositionalService

from ..conftest import BELL

FLIP = 'OPENQASM 2.0; include "qelib1.inc"; qreg q[1]; creg c[1]; x q[0]; measure q -> c;'
REFUSED = "OPENQASM 2.0; opaque nothing a; qreg q[1]; creg c[1]; nothing q[0]; measure q -> c;"


class Seen(PositionalBackend):
    """Notes what is sent, and never says that it has ended."""

    def send(self, prepared, submission_id, known):
        self.ready = prepared.ready
        return super().send(prepared, submission_id, known)

    def status(self, remote_id):
        return BatchStatus(state=RemoteState.RUNNING)


@pytest.fixture
def left(db):
    """A store with one open batch, of which one item was refused; and its backend."""
    backend = Seen(PositionalService())
    with JobGroup("g", db=db) as group:
        for circuit, shots in ((BELL, 10), (REFUSED, 20), (FLIP, 30), (BELL, 5)):
            group.add(circuit, shots=shots)
    with Store(db) as store:
        found = [store.groups.get("g")]
        Run(store, found, lambda _: backend, RunSettings(wait=False)).execute()
        yield store, found, backend


def test_the_items_come_as_they_were_sent_without_those_refused(left):
    store, groups, backend = left
    (batch,) = store.ledger.open_batches([group.id for group in groups])
    made = rebuilt(store, Loader(store), batch)
    assert made is not None
    assert [item.label for item in made.items] == backend.ready
    assert [item.shots for item in made.items] == [15, 30]


class Told(InstantBackend):
    def results(self, remote_id, labels):
        yield ItemResult(label=labels[0], failure=Failure.BACKEND, error=remote_id)
        yield "no result"


class TestFetched:
    def test_results_are_asked_for_by_label_and_anything_else_is_dropped(self):
        (found,) = fetched(Told(), "r", ["a"], lambda: pytest.fail("nobody has to be told"))
        assert (found.label, found.error) == ("a", "r")

    def test_an_adapter_that_is_told_the_batch_needs_it(self):
        class Beside(InstantBackend):
            def answers(self, remote_id, batch):
                said = batch.submission_id
                yield ItemResult(label=said, failure=Failure.BACKEND, error=remote_id)

        batch = Submission(submission_id="told", items=[], payloads={}, options={})
        (found,) = fetched(Beside(), "r", ["a"], lambda: batch)
        assert found.label == "told"
        with pytest.raises(BackendError, match="format of a payload is not installed"):
            fetched(Beside(), "r", ["a"], lambda: None)
