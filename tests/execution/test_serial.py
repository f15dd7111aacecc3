"""Calls that are carried out at once, in this process."""

import pytest

from qbatch.errors import UsageError
from qbatch.execution.serial import SerialExecutor


def fail() -> int:
    raise ValueError("no")


def test_the_future_is_done_when_submit_returns():
    executor = SerialExecutor()
    future = executor.submit(int, "12", base=3)
    assert future.done()
    assert future.result() == 5


def test_an_error_is_the_futures_and_an_interrupt_is_not():
    executor = SerialExecutor()
    error = executor.submit(fail).exception()
    assert isinstance(error, ValueError)
    assert not executor.is_worker_loss(error)

    def interrupted() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        executor.submit(interrupted)


def test_it_is_one_slot_of_this_process_and_has_no_argument():
    assert SerialExecutor.check("") == SerialExecutor.slots == 1
    assert SerialExecutor.in_process
    with pytest.raises(UsageError, match="serial has no argument"):
        SerialExecutor.check("2")
