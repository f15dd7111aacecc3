"""What a run reports, and its exit code."""

import pytest

from qbatch.domain.states import RunEnd
from qbatch.engine.report import RunReport


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
