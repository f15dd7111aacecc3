"""Rules by which jobs have enough shots, as they are written."""

import pytest

from qbatch.domain.until import Measure, parse_rules, parse_until
from qbatch.errors import UsageError


@pytest.mark.parametrize(
    ("text", "written", "measure", "of", "bound"),
    [
        ("stderr < 0.01", "stderr<0.01", Measure.STDERR, "", 0.01),
        ("stderr(ZZ + 0.5*XX)<1e-2", "stderr(ZZ+0.5*XX)<0.01", Measure.STDERR, "ZZ+0.5*XX", 0.01),
        ("count(11)>=1000", "count(11)>=1000", Measure.COUNT, "11", 1000),
        ("count( 0 1 ) >= 1e3", "count(01)>=1000", Measure.COUNT, "01", 1000),
        ("count(|1,0>)>=5", "count(|1,0>)>=5", Measure.COUNT, "|1,0>", 5),
        ("halfwidth(P(00))<0.005", "halfwidth(P(00))<0.005", Measure.HALFWIDTH, "00", 0.005),
    ],
)
def test_a_rule_is_read_and_written_alike(text, written, measure, of, bound):
    rule = parse_until(text)
    assert (rule.measure, rule.of, rule.bound) == (measure, of, bound)
    assert str(rule) == written
    assert parse_until(written) == rule


@pytest.mark.parametrize(
    "text",
    ["", "stderr", "stderr<", "stderr<0", "stderr<-1", "stderr<nan", "stderr<1e999",
     "stderr<1e-300", "count(1)>=1e10", "stderr>=0.1",
     "count>=5", "count(11)<5", "count(11)>=0.5", "count(11)>=0", "halfwidth(00)<0.1",
     "halfwidth(P())<0.1", "halfwidth(P(0))<0.5", "variance<1", "stderr<0.1 and stderr<0.2",
     "stderr<1e", "P(00)<0.1"],
)  # fmt: skip
def test_what_is_no_rule_is_refused_with_an_example(text):
    with pytest.raises(UsageError, match="--until") as refused:
        parse_until(text)
    assert "stderr<0.01" in (refused.value.hint or "")


def test_rules_are_kept_once_each():
    assert parse_rules(["stderr<0.01", "stderr < 1e-2", "count(1)>=2"]) == (
        "stderr<0.01", "count(1)>=2"
    )  # fmt: skip
