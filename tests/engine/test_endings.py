"""How batches end that did not end by themselves."""

import pytest

from qbatch.domain.states import AttemptStatus, Failure, Status, StopReason
from qbatch.engine import endings


@pytest.mark.parametrize(
    ("reason", "end"),
    [
        (StopReason.TIMEOUT, (Failure.TIMEOUT, AttemptStatus.ERROR, Status.ERROR)),
        (StopReason.HALF_SENT, (Failure.TRANSIENT, AttemptStatus.ERROR, Status.ERROR)),
        (StopReason.USER, (Failure.CANCELLED, AttemptStatus.CANCELLED, Status.CANCELLED)),
        (StopReason.RUN, (Failure.CANCELLED, AttemptStatus.CANCELLED, Status.CANCELLED)),
        (None, (Failure.CANCELLED, AttemptStatus.CANCELLED, Status.CANCELLED)),
    ],
)
def test_how_a_stopped_batch_ends(reason, end):
    assert endings.of_stopped(reason) == end
    assert endings.sentence(reason)


def test_sentences_name_the_time_if_it_is_this_runs():
    assert endings.sentence(StopReason.TIMEOUT, 2.5) == "no result after 2.5 s"
    assert endings.sentence(StopReason.TIMEOUT) == "no result in time"
    assert endings.sentence(StopReason.USER, 2.5) == "cancelled by the user"


@pytest.mark.parametrize("failure", [*Failure, "moody", None, ""])
def test_what_adapters_invent_counts_as_the_backends_failure(failure):
    known = failure in tuple(Failure)
    assert endings.known_failure(failure) is (Failure(failure) if known else Failure.BACKEND)
