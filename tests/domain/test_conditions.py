"""What ``--where`` takes, and what it refuses."""

import contextlib
import math
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qbatch.domain.conditions import (
    Comparison,
    Field,
    Junction,
    Origin,
    fields,
    moment,
    parse_condition,
    parse_field,
)
from qbatch.errors import InvalidSelector

THETA, SHOTS = Field(Origin.ANY, "theta"), Field(Origin.COLUMN, "shots")


@pytest.mark.parametrize(
    ("text", "condition"),
    [
        ("theta>1", Comparison(THETA, ">", (1,))),
        ("theta = 1", Comparison(THETA, "=", (1,))),
        ("theta == 1", Comparison(THETA, "=", (1,))),
        ("theta <> 1", Comparison(THETA, "!=", (1,))),
        ("theta <= pi/2", Comparison(THETA, "<=", (math.pi / 2,))),
        ("theta > -2*tau", Comparison(THETA, ">", (-2 * math.tau,))),
        ("theta >= 2**-1", Comparison(THETA, ">=", (0.5,))),
        ("1 < theta", Comparison(THETA, ">", (1,))),
        ("1000 >= shots", Comparison(SHOTS, "<=", (1000,))),
        ("shots in (1, 2)", Comparison(SHOTS, "in", (1, 2))),
        ("shots IN [3]", Comparison(SHOTS, "in", (3,))),
        ("name = 'a=b'", Comparison(Field(Origin.COLUMN, "name"), "=", ("a=b",))),
        ('name = "x AND y"', Comparison(Field(Origin.COLUMN, "name"), "=", ("x AND y",))),
        ("theta[3] > 0", Comparison(Field(Origin.ANY, "theta[3]"), ">", (0,))),
        ("param.shots > 0", Comparison(Field(Origin.PARAMETER, "shots"), ">", (0,))),
        ('tag["a b"] = "c"', Comparison(Field(Origin.TAG, "a b"), "=", ("c",))),
        ("shots > 9007199254740993", Comparison(SHOTS, ">", (9007199254740992.0,))),
    ],
)
def test_a_comparison_means_what_it_says(text, condition):
    assert parse_condition(text) == condition


def test_conditions_are_joined():
    found = parse_condition("theta>1 AND NOT (shots=1 OR shots=2)")
    one, two = Comparison(SHOTS, "=", (1,)), Comparison(SHOTS, "=", (2,))
    either = Junction("or", (one, two))
    above = Comparison(THETA, ">", (1,))
    assert found == Junction("and", (above, Junction("not", (either,))))
    assert list(fields(found)) == [THETA, SHOTS, SHOTS]
    between = parse_condition("0 < theta <= 1")
    low, high = Comparison(THETA, ">", (0,)), Comparison(THETA, "<=", (1,))
    assert between == Junction("and", (low, high))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "invalid syntax"),
        ("theta", "is no comparison"),
        ("theta >", "invalid syntax"),
        ("theta > phi", "phi stands for no value"),
        ("1 > 2", "names nothing of a job"),
        ("status = error", "error stands for no value"),
        ("shots > 'x'", "shots is compared with a number"),
        ("status = 1", "status is compared with a text"),
        ("status in 'x'", "in takes a list"),
        ("theta is 1", "compare with"),
        ("theta in 1", "in takes a list"),
        ("f(theta) > 1", "names nothing of a job"),
        ("theta > True", "neither a number nor a text"),
        ("theta > 1 % 2", "neither a number nor a text"),
        ("theta > 10**400", "range"),
        ("theta > 1/0", "division"),
        ("a.b.c > 1", "names nothing of a job"),
        ("tag[x] = 'y'", "stands in quotes"),
        ("created_at > 'soon'", "no date"),
        ("(theta > 1", "never closed"),
        ("x" * 20_000 + " > 1", "at most"),
        ("(" * 5000 + "theta > 1" + ")" * 5000, ""),
        ("theta > 1\0", ""),
    ],
)
def test_what_is_no_condition_is_refused_with_its_reason(text, reason):
    with pytest.raises(InvalidSelector) as refused:
        parse_condition(text)
    assert reason in str(refused.value)


@given(st.text())
def test_any_text_is_a_condition_or_refused(text):
    with contextlib.suppress(InvalidSelector):
        parse_condition(text)


def test_fields_to_sort_by():
    assert parse_field("shots") == SHOTS
    assert parse_field(" theta ") == THETA
    assert parse_field("tag.day") == Field(Origin.TAG, "day")
    for wrong in ("", "1", "a b", "f(x)"):
        with pytest.raises(InvalidSelector, match="names nothing"):
            parse_field(wrong)


def test_dates_and_how_long_ago():
    now = time.time()
    for text, seconds in (("90m", 5400), ("2h", 7200), ("3d", 259200), ("1w", 604800)):
        assert abs(now - seconds - moment(text)) < 2 * 3600  # a change of clocks in between
    assert moment("2026-01-31T00:00:00+00:00") == 1769817600
    column = parse_condition("created_at >= '2026-01-31T00:00:00+00:00'")
    assert column == Comparison(Field(Origin.COLUMN, "created_at"), ">=", (1769817600,))
    for wrong in ("", "2", "2y", "yesterday", "2026-13-01", "9999999d"):
        with pytest.raises(InvalidSelector):
            moment(wrong)
