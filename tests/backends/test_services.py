"""What adapters to services of one content share."""

from types import SimpleNamespace
from typing import Any

import pytest

from qbatch.backends import services
from qbatch.domain.requests import Expected, Request
from qbatch.domain.states import RemoteState
from qbatch.errors import AlreadyEnded, InvalidJob, Rejected
from qbatch.seam import Item, Submission


def batch(*shots):
    request = Request()
    items = [
        Item(
            label=str(n), payload="p", parameters=(), request=request, shots=n, seed=None,
            expected=Expected(kind=request.kind),
        )
        for n in shots
    ]  # fmt: skip
    return Submission(submission_id="s", items=items, payloads={}, options={})


def encode(item):
    if item.shots == 13:
        raise InvalidJob("thirteen")
    return item.shots


def made(batch):
    return services.prepared(batch, encode, lambda items, codes: list(codes))


def test_what_is_refused_leaves_the_others_in_their_order():
    found = made(batch(1, 13, 2))
    assert (list(found.ready), found.body) == (["1", "2"], [1, 2])
    assert [(one.label, one.error) for one in found.refused] == [("13", "thirteen")]
    assert found.digest == made(batch(1, 2)).digest != made(batch(2, 1)).digest


def test_where_all_is_refused_nothing_is_made():
    found = services.prepared(batch(13), encode, lambda items, codes: 1 / 0)
    assert (list(found.ready), found.body) == ([], None)


def test_a_batch_is_one_request_unless_nothing_is_left():
    backend: Any = SimpleNamespace(prepare=made)
    assert services.one_request(backend, batch(1, 13)).requests == 1
    estimate = services.one_request(backend, batch(13))
    assert (estimate.requests, list(estimate.refused)) == (0, ["thirteen"])


class Standing:
    """A backend that stands so, one word after another."""

    def __init__(self, *states):
        self.states = list(states)

    def status(self, _):
        return SimpleNamespace(state=self.states.pop(0))


def stop(backend, error=None):
    asked = []

    def ask():
        asked.append(1)
        if error is not None:
            raise error

    services.stop(backend, "b", ask)
    return len(asked)


def test_what_has_ended_is_not_asked_to_stop():
    assert stop(Standing(RemoteState.DONE)) == 0
    assert stop(Standing(RemoteState.RUNNING)) == 1


@pytest.mark.parametrize("error", [AlreadyEnded("x"), Rejected("x")])
def test_a_refusal_is_no_error_where_it_ended_meanwhile(error):
    assert stop(Standing(RemoteState.RUNNING, RemoteState.DONE), error) == 1
    with pytest.raises(type(error)):
        stop(Standing(RemoteState.RUNNING, RemoteState.RUNNING), error)


def test_a_seed_that_nobody_takes_is_refused():
    from dataclasses import replace

    (item,) = batch(1).items
    services.draws_by_itself("cloud", item)
    with pytest.raises(InvalidJob, match="cloud draws by itself"):
        services.draws_by_itself("cloud", replace(item, seed=3))
