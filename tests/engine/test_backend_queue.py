"""One backend's queue: slots, order, what is sent again, and when something is due."""

import pytest

from qbatch.domain.batches import OpenBatch
from qbatch.domain.limits import Limits
from qbatch.engine.backend_queue import BackendQueue, InFlightBatch
from qbatch.rules.batching import Policy
from qbatch.seam import ItemResult
from qbatch.testing import InstantBackend

from ..builders import planned_job


class Clock:
    """A clock that the test moves."""

    def __init__(self):
        self.now = 100.0

    def monotonic(self):
        return self.now


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr("qbatch.engine.backend_queue.time.monotonic", clock.monotonic)
    return clock


def queue(max_in_flight=None, size=None, backend=None, **limits):
    backend = backend or InstantBackend(limits=Limits(finds_tokens=True, **limits))
    return BackendQueue(backend, Policy(max_batch_size=size), max_in_flight)


def flight(number, **more):
    batch = OpenBatch(id=number, submission_id=f"s{number}", backend="x", remote_id=None)
    return InFlightBatch(batch=batch, remote_id=f"r{number}", claims=[], parts=[], **more)


@pytest.mark.parametrize(("mine", "its", "most"), [(None, 4, 4), (2, 4, 2), (9, 4, 4)])
def test_the_smaller_of_both_limits_holds(mine, its, most):
    assert queue(mine, in_flight=its).in_flight == most


def test_slots_are_taken_and_given_back():
    one = queue(2, in_flight=8)
    assert one.has_slot
    one.flights = {1: flight(1)}
    assert one.has_slot
    one.flights[2] = flight(2)
    assert not one.has_slot
    del one.flights[1]
    assert one.has_slot


def test_full_batches_are_ready_and_the_rest_when_flushed():
    one = queue(size=2)
    for number in (1, 2, 3):
        one.add(planned_job(number))
    assert one.has_work
    assert [job.id for job in one.take()] == [1, 2]
    assert not one.has_work
    assert one.idle  # what waits to be flushed is no work yet
    one.flush()
    assert not one.idle
    assert [job.id for job in one.take()] == [3]
    assert one.idle


def test_what_is_sent_again_goes_first_in_its_order():
    one = queue(size=1)
    one.add(planned_job(9))
    one.again([[planned_job(1)], [], [planned_job(2)]])
    assert [one.take()[0].id for _ in range(3)] == [1, 2, 9]


def test_what_is_tried_later_waits_for_its_time(clock):
    one = queue()
    one.again_in(5.0, [planned_job(2)])
    one.again_in(3.0, [planned_job(1)])
    one.again_in(1.0, [])
    assert not one.idle
    assert not one.has_work
    assert one.next_event() == 103.0
    clock.now = 103.0
    assert one.has_work
    assert one.take()[0].id == 1
    assert not one.has_work
    assert one.next_event() == 105.0
    clock.now = 106.0
    assert one.has_work
    assert one.take()[0].id == 2
    assert one.idle
    assert one.next_event() is None


def test_batches_under_way_are_asked_less_and_less_often(clock):
    one = flight(1)
    assert (one.next_poll, one.poll_seconds) == (0.0, 0.1)
    one.looked_at()
    assert one.next_poll == 100.1
    assert one.poll_seconds == pytest.approx(0.15)
    for _ in range(50):
        one.looked_at()
    assert one.poll_seconds == 10.0
    both = queue()
    both.flights = {1: one, 2: flight(2, next_poll=101.0)}
    assert both.next_event() == 101.0
    assert not both.idle


class Account(InstantBackend):
    """Says how many batches it takes now."""

    free = 1

    def free_slots(self):
        return self.free


def test_an_account_that_is_full_is_asked_again_after_a_while(clock):
    backend = Account(limits=Limits(in_flight=8, finds_tokens=True))
    one = queue(backend=backend)
    assert one.has_room()
    backend.free = 0
    assert not one.has_room()
    assert not one.has_slot
    clock.now += 2.0
    assert one.has_slot
    backend.free = 2
    assert one.has_room()
    assert queue().has_room()  # who does not say is asked by sending


def test_only_local_backends_teach_how_large_batches_should_be(clock):
    remote = queue()
    remote.learn(flight(1, started=90.0), [])
    assert remote.sizer.size() == 100
    local = queue(local=True)
    one = flight(1, started=99.0)
    one.claims = [None] * 10
    local.learn(one, [ItemResult(label="0"), ItemResult(label="1", error="no memory")])
    assert local.sizer.size() == 100  # what failed says nothing of the speed
    local.learn(one, [ItemResult(label="0")])
    assert local.sizer.size() == 10  # ten jobs a second
    lost = flight(2, started=0.0)
    lost.remote_id = None
    local.learn(lost, [])
    assert local.sizer.size() == 10


def test_a_backend_is_closed_once(clock):
    class Closing(InstantBackend):
        closed = 0

        def close(self):
            self.closed += 1

    backend = Closing()
    queue(backend=backend).close()
    assert backend.closed == 1
    queue().close()
