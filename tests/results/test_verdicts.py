"""What a check says of its jobs together."""

import pytest

from qbatch import UsageError
from qbatch.results.comparing import Comparison
from qbatch.results.matching import MatchedPair
from qbatch.results.verdicts import CheckReport, Finding, Thresholds

from .test_checking import sample


def finding(verdict, tvd=0.1, detectable=0.1):
    own = sample(1, {"00": 10})
    pair = MatchedPair(first=own, second=own, comparison=Comparison(tvd=tvd))
    return Finding(verdict=verdict, pair=pair, detectable=detectable)


@pytest.mark.parametrize(
    ("verdicts", "said"),
    [
        (["same", "same"], "passed"),
        (["same", "new"], "passed"),
        (["same", "drifted"], "failed"),
        (["same", "missing"], "failed"),
        (["new"], "failed"),
        ([], "failed"),
    ],
)
def test_the_verdict_of_all_follows_from_those_of_each(verdicts, said):
    assert CheckReport(findings=[finding(word) for word in verdicts]).verdict == said


def test_a_check_that_could_not_see_is_undecided():
    report = CheckReport(findings=[finding("undecided")], detectable=0.5)
    assert report.verdict == "undecided"
    assert not report.fails()
    assert report.fails(strict=True)


@pytest.mark.parametrize(
    ("findings", "of_itself"),
    [
        ([("same", 0.0, 0.1), ("same", 0.0, 0.1)], True),
        ([("same", 0.0, 0.1), ("same", 0.01, 0.1)], False),
        ([("same", 0.0, None)], False),  # exact: the same every time
        ([], False),
    ],
)
def test_results_that_are_the_baselines_own_are_seen(findings, of_itself):
    assert CheckReport(findings=[finding(*own) for own in findings]).is_of_itself is of_itself


@pytest.mark.parametrize(
    "wish", [{"p_value": 0.0}, {"detect": 0.0}, {"tvd": 1.0}, {"tolerance": -1}]
)
def test_thresholds_that_make_no_sense_are_refused(wish):
    with pytest.raises(UsageError):
        Thresholds(**wish)
