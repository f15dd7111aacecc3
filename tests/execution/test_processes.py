"""Worker processes: real ones, that die, hold on, and leave Ctrl-C to their parent."""

import os
import signal
import time

import pytest

from qbatch.errors import UsageError
from qbatch.execution import processes
from qbatch.execution.base import Setup, cores, memory
from qbatch.execution.processes import ProcessExecutor


@pytest.fixture
def executor():
    executor = ProcessExecutor("2", Setup())
    yield executor
    executor.stop()


def ignores_interrupts() -> bool:
    return signal.getsignal(signal.SIGINT) is signal.SIG_IGN


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def hold(size: int) -> int:
    return len(bytearray(size))


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.parametrize("argument", ["0", "-1", "x", "1.5", "100000"])
def test_a_number_of_workers_that_cannot_be_is_refused_with_what_can(argument):
    with pytest.raises(UsageError, match=f"local:{argument}") as refused:
        ProcessExecutor.check(argument)
    assert "N from 1 to" in str(refused.value.hint)


def test_the_number_of_workers_is_what_is_asked_for_or_the_cores():
    assert ProcessExecutor.check("") == cores()
    assert ProcessExecutor.check("1") == 1
    assert ProcessExecutor.check(str(max(16, 4 * cores()))) == max(16, 4 * cores())


def test_work_is_done_elsewhere_by_workers_that_ignore_ctrl_c(executor):
    before = ignores_interrupts()  # as a process in the background may be made to
    assert executor.slots == 2
    assert not executor.in_process
    assert executor.submit(os.getpid).result(60) != os.getpid()
    assert executor.submit(ignores_interrupts).result(60)
    # and this process hears it as before
    assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, ())
    assert ignores_interrupts() is before


def test_a_worker_that_dies_is_told_from_a_call_that_fails(executor):
    with pytest.raises(ValueError, match="invalid literal") as failed:
        executor.submit(int, "x").result(60)
    assert not executor.is_worker_loss(failed.value)
    died = executor.submit(die).exception(60)
    assert executor.is_worker_loss(died)


def test_what_wants_more_than_its_share_of_memory_fails_alone():
    executor = ProcessExecutor("1", Setup())
    try:
        with pytest.raises(MemoryError):
            executor.submit(hold, memory() + 2 * processes._SLACK).result(60)
        assert executor.submit(hold, 10).result(60) == 10
    finally:
        executor.stop()


def test_stop_ends_a_worker_in_the_middle_of_its_work(executor):
    worker = executor.submit(os.getpid).result(60)
    executor.submit(time.sleep, 600)
    executor.submit(time.sleep, 600)
    started = time.monotonic()
    executor.stop()
    assert time.monotonic() - started < 60  # not the ten minutes of the work
    for _ in range(200):
        if not is_alive(worker):
            return
        time.sleep(0.05)
    pytest.fail("the worker lives on")
