"""Only a remote batch that can be the one that is meant is adopted."""

import pytest

from qbatch.domain.batches import Claim, OpenBatch
from qbatch.engine import labels
from qbatch.engine.adopting import check_id, check_remote
from qbatch.errors import UsageError
from qbatch.seam import BatchStatus, ItemResult
from qbatch.testing.instant import InstantBackend

BATCH = OpenBatch(id=3, submission_id="qbatch-3", backend="b", remote_id=None)
CLAIMS = [Claim(attempt_id=i, job_id=i, item=i, shots=1, seed=None, whole=True) for i in range(3)]


class Remote(InstantBackend):
    def __init__(self, found, state="done"):
        super().__init__()
        self.found, self.state = found, state

    def status(self, remote_id):
        return BatchStatus(state=self.state)

    def results(self, remote_id, labels):
        return [ItemResult(label=label, counts={"0": 1}) for label in self.found]


@pytest.mark.parametrize(
    "text", ["../../credits?x=", "a b", "", "x?y", "a/../b", "-x", "a\nb", "a#"]
)
def test_what_is_no_id_is_refused(text):
    with pytest.raises(UsageError, match="is no id"):
        check_id(text)


def test_ids_of_services_are_taken():
    for text in ("job-7f3a", "b12", "arn:aws:braket:us-east-1:1:quantum-task/1b2c"):
        check_id(text)


@pytest.mark.parametrize(
    "found", [["0", "7"], [labels.label("qbatch-4", 0)], [labels.label("qbatch-3", 9)]]
)
def test_results_of_another_batch_are_refused(found):
    with pytest.raises(UsageError, match="is another batch"):
        check_remote(Remote(found), BATCH, CLAIMS, "b1")


def test_its_own_results_are_taken():
    check_remote(Remote([labels.label("qbatch-3", i) for i in range(3)]), BATCH, CLAIMS, "b1")
    check_remote(Remote(["7"], state="running"), BATCH, CLAIMS, "b1")
    with pytest.raises(UsageError, match="knows no b1"):
        check_remote(InstantBackend(), BATCH, CLAIMS, "b1")


class Marked(Remote):
    """Its answers come by position: it says whose a batch is, or does not."""

    def __init__(self, mark):
        super().__init__([], "running")
        self.mark = mark

    def carries(self, remote_id, submission_id):
        return None if self.mark is None else self.mark == submission_id


def test_where_answers_come_by_position_the_mark_decides():
    check_remote(Marked("qbatch-3"), BATCH, CLAIMS, "r")
    with pytest.raises(UsageError, match="was not sent as batch 3"):
        check_remote(Marked("qbatch-4"), BATCH, CLAIMS, "r", sure=True)
    with pytest.raises(UsageError, match="does not say"):
        check_remote(Marked(None), BATCH, CLAIMS, "r")
    check_remote(Marked(None), BATCH, CLAIMS, "r", sure=True)
