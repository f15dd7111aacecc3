"""What every local backend has from `LocalBackend`: workers, cancelling, bystanders, costs."""

import os
import signal
import time

import pytest

from qbatch.domain.limits import Limits
from qbatch.domain.states import Failure, RemoteState
from qbatch.errors import BackendError, BatchNotFound, UsageError
from qbatch.execution.base import Setup, cores
from qbatch.execution.local import LocalBackend
from qbatch.execution.processes import ProcessExecutor
from qbatch.execution.registry import parse_executor
from qbatch.execution.serial import SerialExecutor
from qbatch.seam import ItemResult

from ..builders import item_of, payload_of, planned_job, submission_of
from ..conftest import BELL


def work(batch, options):
    """Sleep as long as the batch says, or die of it."""
    seconds = float(batch.options.get("seconds", 0))
    if seconds < 0:
        os.kill(os.getpid(), signal.SIGKILL)
    if batch.options.get("raises"):
        raise RuntimeError("the work is broken")
    time.sleep(seconds)
    found = [ItemResult(label=i.label, counts={"00": i.shots}, info={"pid": os.getpid()})
             for i in batch.items]  # fmt: skip
    return found, 0.25


class Local(LocalBackend):
    """Two qubits are wide here."""

    process_bytes = 1000

    def __init__(self, executor="local:1", **settings):
        super().__init__("l", {"executor": executor, **settings}, Limits())

    def work(self):
        return work

    def cost(self, job, *, again=False):
        return 0.5 if again else 2.0

    def bytes_of(self, info):
        return 2 ** info["num_qubits"]

    def is_wide(self, info):
        return info["num_qubits"] >= 10

    def is_bounded(self, batch):
        return not batch.options


@pytest.fixture
def local():
    made = []

    def make(*args, **settings):
        made.append(Local(*args, **settings))
        return made[-1]

    yield make
    for backend in made:
        backend.close()


PAYLOAD = payload_of(BELL)


def batch(name="t", **options):
    return submission_of((PAYLOAD, item_of(PAYLOAD, "0", shots=5)), submission_id=name,
                         options=options)  # fmt: skip


def ended(backend, remote_id, seconds=20.0):
    end = time.monotonic() + seconds
    while (status := backend.status(remote_id)).state in (RemoteState.QUEUED, RemoteState.RUNNING):
        backend.wait([remote_id], 0.1)
        assert time.monotonic() < end, status
    return status


def test_it_runs_in_a_worker_and_says_how_long_it_took(local):
    backend = local()
    remote_id = backend.submit(batch())
    assert backend.find("t") == "t"
    assert ended(backend, remote_id).state is RemoteState.DONE
    (result,) = backend.results(remote_id, ["0"])
    assert (result.counts, result.info["pid"] == os.getpid()) == ({"00": 5}, False)
    assert backend.worked_seconds(remote_id) == 0.25
    assert backend.worked_seconds(remote_id) is None
    with pytest.raises(BatchNotFound):
        backend.status(remote_id)


def test_serial_work_is_done_here_only_where_it_is_bounded(local):
    backend = local("serial")
    assert backend.limits.in_flight == 1
    backend.submit(batch("bounded"))
    assert backend.results("bounded", [])[0].info["pid"] == os.getpid()
    backend.submit(batch("free", seconds=0.01))
    assert ended(backend, "free").state is RemoteState.DONE
    assert backend.results("free", [])[0].info["pid"] != os.getpid()


def test_what_is_cancelled_ends_and_its_bystander_is_told(local):
    backend = local()
    for name in ("one", "two"):
        backend.submit(batch(name, seconds=60))
    while backend.status("one").state is not RemoteState.RUNNING:
        time.sleep(0.02)
    backend.cancel("one")
    assert backend.status("one").state is RemoteState.CANCELLED
    with pytest.raises(BackendError):
        backend.results("one", [])
    status = backend.status("two")
    assert (status.state, status.failure) == (RemoteState.ERROR, Failure.CANCELLED)
    # And it goes on working.
    backend.submit(batch("three"))
    assert ended(backend, "three").state is RemoteState.DONE


def test_a_worker_that_dies_is_a_loss_and_not_the_end(local):
    backend = local()
    backend.submit(batch("dies", seconds=-1))
    status = ended(backend, "dies")
    assert (status.state, status.failure) == (RemoteState.ERROR, Failure.LOST)
    backend.submit(batch("lives"))
    assert ended(backend, "lives").state is RemoteState.DONE


def test_work_that_raises_fails_its_batch(local):
    backend = local()
    backend.submit(batch("raises", raises=True))
    status = ended(backend, "raises")
    assert (status.failure, status.message) == (Failure.BACKEND, "the work is broken")


def test_little_work_stays_here_and_much_goes_to_workers(local):
    little, much = local("auto"), local("auto")
    little.expect(0.5)
    much.expect(100.0)
    assert (little.limits.in_flight, much.limits.in_flight) == (1, 2 * cores())
    asked = local("local:3")
    asked.expect(0.5)
    assert asked.limits.in_flight == 6


def test_wide_work_has_workers_of_its_own(local):
    backend = local("local:4")
    narrow, wide = planned_job(1), planned_job(2, info={"num_qubits": 10})
    assert backend.apart(narrow) != backend.apart(wide)
    assert (backend.workers(narrow), backend.workers(wide)) == (4, 1)
    # Four of 2**5 bytes side by side, or one of 2**10; and what every process holds.
    assert backend.memory([narrow] * 9) == 4 * 2**5 + 4 * 1000
    assert backend.memory([narrow, wide]) == 2**10 + 4 * 1000
    assert backend.workload(planned_job(1, options='{"a":1}')) == 'counts, {"a":1}'


def test_executors_are_told_by_name_argument_and_type():
    assert parse_executor("local:2").workers == ProcessExecutor.check("2") == 2
    assert parse_executor("local").workers == cores()
    assert parse_executor("auto").name == "auto"
    tables = {"mine": {"type": "qbatch.execution.serial:SerialExecutor"}}
    assert parse_executor("mine", tables).name == "mine"
    for text, given in (("mine", {}), ("serial:3", {}), ("mine", {"mine": {"type": "no.such:X"}})):
        with pytest.raises(UsageError):
            parse_executor(text, given)


def test_an_executor_of_the_configuration_runs_batches(local):
    tables = {"mine": {"type": "qbatch.execution.serial:SerialExecutor"}}
    backend = local("mine", executors=tables)
    backend.submit(batch("x", seconds=0.01))
    assert backend.results("x", [])[0].info["pid"] == os.getpid()


def test_a_serial_call_keeps_its_error_for_who_asks():
    executor = SerialExecutor("", Setup())
    future = executor.submit(lambda: 1 / 0)
    assert isinstance(future.exception(), ZeroDivisionError)
    assert not executor.is_worker_loss(ZeroDivisionError())
