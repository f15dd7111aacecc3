"""What is said of a check that could not have seen a change."""

import pytest

from qbatch.results.undecided import undecided_text
from qbatch.results.verdicts import CheckReport


@pytest.mark.parametrize(
    ("detectable", "shots", "said"),
    [
        (1.0, None, "no change would have shown with these shots; more shots are needed"),
        (0.5, 900, "a change below 0.5 would not have shown; about 900 shots a job would show 0.2"),
        (0.5, None, "how many, these do not tell"),
    ],
)
def test_why_and_what_would_decide_it(detectable, shots, said):
    report = CheckReport(findings=[], detectable=detectable, deciding_shots=shots)
    assert said in undecided_text(report)
