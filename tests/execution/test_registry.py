"""Executors by the words that a user says."""

import pytest

from qbatch import UsageError
from qbatch.execution.registry import parse_executor


@pytest.mark.parametrize(
    "text", ["auto", "serial", "local", "local:3", "dask:tcp://127.0.0.1:8786"]
)
def test_executors_that_are_known(text):
    parse_executor(text, {})


@pytest.mark.parametrize(
    "text", ["bogus", "", "local:0", "local:-1", "local:x", "serial:2", "dask:"]
)
def test_what_is_no_executor_is_refused(text):
    with pytest.raises(UsageError):
        parse_executor(text, {})
