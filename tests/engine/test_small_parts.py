"""Small parts of the engine that decide: endings, calls, stopping, seeds, reports, throughput."""

import signal
import threading
from dataclasses import replace

import pytest

from qbatch.domain.states import AttemptStatus, Failure, RunEnd, Status, StopReason
from qbatch.engine import endings
from qbatch.engine.adapter_calls import asked
from qbatch.engine.report import RunReport
from qbatch.engine.settings import RunSettings
from qbatch.engine.stop import StopSignals
from qbatch.engine.submission import fix_seed
from qbatch.engine.throughput import Costs, ThroughputMeter, batch_seconds, pooled
from qbatch.errors import BackendError, Transient
from qbatch.testing import InstantBackend

from ..builders import VALUES, planned_job


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


def test_adapters_may_raise_what_they_like():
    class Odd(BaseException):
        pass

    def raising(error):
        def call():
            raise error

        return call

    assert asked(lambda: 3) == 3
    for error in (ValueError("no"), Odd("no"), SystemExit(2)):
        with pytest.raises(BackendError, match=type(error).__name__):
            asked(raising(error))
    for error in (Transient("later"), KeyboardInterrupt(), GeneratorExit()):
        with pytest.raises(type(error)):
            asked(raising(error))


def test_the_first_signal_is_noted_and_the_second_ends():
    before = signal.getsignal(signal.SIGTERM)
    with StopSignals() as stop:
        assert stop.received is None
        signal.raise_signal(signal.SIGTERM)
        assert stop.received == signal.SIGTERM
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGTERM) is before


def test_signals_are_left_alone_outside_the_main_thread():
    before, seen = signal.getsignal(signal.SIGINT), []

    def inside():
        with StopSignals():
            seen.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=inside)
    thread.start()
    thread.join()
    assert seen == [before]


def test_seeds_differ_by_key_offset_and_for_a_runs_also_by_number():
    plain = planned_job(1)
    assert fix_seed(plain, None).seed is None
    own = planned_job(1, seed=5)
    assert fix_seed(own, 9).seed == fix_seed(own, None).seed != 5
    assert fix_seed(own, 9).seed == fix_seed(replace(planned_job(1, seed=5), number=8), 9).seed
    assert fix_seed(own, 9).seed != fix_seed(planned_job(1, seed=5, offset=10), 9).seed
    assert fix_seed(own, 9).seed != fix_seed(planned_job(1, seed=5, key=b"x"), 9).seed
    assert fix_seed(own, 9).seed != fix_seed(planned_job(1, seed=6), 9).seed
    assert fix_seed(plain, 9).seed != fix_seed(replace(planned_job(1), number=8), 9).seed
    assert fix_seed(plain, 9).seed != fix_seed(plain, 8).seed


@pytest.mark.parametrize(
    ("report", "code"),
    [
        ({}, 0),
        ({"failed": 1}, 1),
        ({"unknown": 1}, 1),
        ({"unknown_batches": [3]}, 1),
        ({"unfinished": True}, 3),
        ({"unfinished": True, "failed": 1}, 1),
        ({"stopped_for": RunEnd.DEADLINE, "left": 1, "failed": 1}, 3),
        ({"stopped_for": RunEnd.DEADLINE, "failed": 1}, 1),
        ({"stopped_for": RunEnd.FAILURES, "left": 1, "failed": 1}, 1),
        ({"stopped_by": 2}, 130),
        ({"stopped_by": 15, "failed": 1}, 143),
    ],
)
def test_exit_codes(report, code):
    assert RunReport(groups=["g"], **report).exit_code == code


def test_too_many_failures():
    assert not RunSettings().too_many_failures(99, 100)
    few = RunSettings(max_failures=2)
    assert [few.too_many_failures(n, 100) for n in (0, 1, 2, 3)] == [False, False, True, True]
    share = RunSettings(max_failures=0.05)
    assert [share.too_many_failures(n, 100) for n in (0, 4, 5)] == [False, False, True]


class Priced(InstantBackend):
    """Tells what jobs cost: their number in seconds."""

    def cost(self, job, *, again=False):
        return job.number / (2 if again else 1)

    def workload(self, job):
        return "odd" if job.number % 2 else "even"

    def apart(self, job):
        return job.number % 3

    def workers(self, job):
        return job.number

    def memory(self, jobs):
        return sum(job.number for job in jobs)

    def expect(self, seconds):
        pass

    def memory_advice(self):
        return "less"


def test_costs_are_the_backends_if_it_tells_them():
    told, mute = Costs(Priced()), Costs(InstantBackend())
    job = planned_job(3)
    assert told.are_known
    assert not mute.are_known
    assert (told.cost(job), told.cost(job, again=True)) == (3, 1.5)
    assert (told.workload(job), told.apart(job), told.workers(job)) == ("odd", 0, 3)
    assert (mute.workload(job), mute.apart(job), mute.workers(job)) == ("counts", None, 1)
    assert mute.cost(job) == 1e-3
    assert told.memory([planned_job(1), planned_job(2)]) == 3
    assert mute.memory([job]) is None


def test_what_a_backend_cannot_answer_costs_nothing_that_it_knows():
    from qbatch.domain.limits import Limits

    costs = Costs(Priced(limits=Limits(values=False)))
    job = planned_job(3, request=VALUES, request_id=2)
    assert costs.cost(job) == 1e-3
    assert costs.memory([job]) is None


def test_pooled_shots_are_those_of_all_that_share_an_item():
    parts = [planned_job(1, shots=10), planned_job(2, shots=20), planned_job(3, shots=5)]
    assert [part.shots for part in pooled(parts, [0, 0, 1])] == [30, 5]
    seeded = [planned_job(1, shots=10, seed=1), planned_job(2, shots=10, seed=1)]
    assert [part.shots for part in pooled(seeded, [0, 0])] == [10]
    exact = [planned_job(1, shots=None), planned_job(2, shots=None)]
    assert [part.shots for part in pooled(exact, [0, 0])] == [None]


def test_the_estimate_of_a_batch_counts_each_item_once():
    costs = Costs(Priced())
    parts = [planned_job(2, payload_id=1), planned_job(4, payload_id=1), planned_job(6)]
    assert batch_seconds(costs, parts, [0, 1, 2]) == 2 + 2 + 6
    assert batch_seconds(costs, parts, [0, 0, 1]) == 2 + 6


def test_what_was_measured_is_told_by_workload():
    meter = ThroughputMeter(Costs(Priced()))
    assert meter.measured() == {}
    meter.note([planned_job(3)], [0], 6.0, 7.5)
    meter.note([planned_job(2)], [0], 1.0, 1.0)
    meter.note([], [], 1.0, 1.0)
    found = meter.measured()
    assert (found["odd"].seconds, found["odd"].startup) == (2.0, 1.5)
    assert found["even"].seconds == 0.5
    short = ThroughputMeter(Costs(Priced()))
    short.note([planned_job(3)], [0], 0.001, 0.001)  # says more about the machine's mood
    assert short.measured() == {}
