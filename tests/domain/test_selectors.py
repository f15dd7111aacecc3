"""Selectors as they are written, and what of a group they mean."""

import pytest

from qbatch.domain.selectors import Selection, parse_selection
from qbatch.errors import InvalidSelector

MOST = 2**63 - 1


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("7", Selection(numbers=(7,))),
        ("1,3,5-8", Selection(numbers=(1, 3), ranges=((5, 8, 1),))),
        (" 2-10:2 , last", Selection(ranges=((2, 10, 2),), last=True)),
        ("1,all", Selection(numbers=(1,), ranges=((1, MOST, 1),))),
        ("bell,ghz*", Selection(names=("bell", "ghz*"))),
        ('"7","a,b","say ""x""",c', Selection(exact=("7", "a,b", 'say "x"'), names=("c",))),
        (f"{MOST}", Selection(numbers=(MOST,))),
        ("all", Selection()),
        (None, Selection()),
        ([3, 1], Selection(numbers=(3, 1))),
    ],
)
def test_what_is_written_is_meant(text, meant):
    assert parse_selection(text) == meant


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("0", "'0'"),
        ("1,,2", "at ''"),
        ("3-", "at '3-'"),
        ("-3", "at '-3'"),
        ("1;2", "at '1;2'"),
        ('"open', "at '\"open'"),
        ("8-5", "not a range"),
        ("0-5", "not a range"),
        ("1-5:0", "not a range"),
        (f"{MOST + 1}", "cannot be understood"),
        (f"1-{MOST + 1}", "not a range"),
        (",".join(["1-2"] * 401), "401 ranges; at most 400"),
    ],
)
def test_what_means_nothing_is_refused_by_its_part(text, said):
    with pytest.raises(InvalidSelector, match="selector") as error:
        parse_selection(text)
    assert said in str(error.value)


def test_as_many_ranges_as_there_may_be():
    assert len(parse_selection(",".join(["1-2"] * 400)).ranges) == 400


def test_a_selection_is_narrowed_down_by_everything_that_is_said():
    found = parse_selection(
        "1-3", statuses=["error"], tags={"day": "1"}, where="theta > 1", containing="x", sort="-a,b"
    )
    assert (found.ranges, found.statuses, found.tags) == (((1, 3, 1),), ("error",), {"day": "1"})
    assert found.condition is not None
    assert found.containing == "x"
    assert [(field.name, down) for field, down in found.order] == [("a", True), ("b", False)]
    assert not found.is_all


def test_an_order_leaves_all_jobs_meant():
    assert parse_selection("all", sort="number").is_all
    assert parse_selection(containing="").is_all
    assert not parse_selection(since="2026-01-31").is_all
    assert not parse_selection("1").is_all


@pytest.mark.parametrize(("word", "hint"), [("failed", "status error"), ("fine", "one of unsent")])
def test_a_status_that_is_none_is_told_with_those_there_are(word, hint):
    with pytest.raises(InvalidSelector, match=f"unknown status '{word}'") as error:
        parse_selection(statuses=[word])
    assert hint in str(error.value.hint)
