"""Values of options as users write them."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qbatch.cli import values
from qbatch.errors import UsageError


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1000", 1000),
        ("1e4", 10_000),
        ("4k", 4000),
        ("1.5k", 1500),
        ("2M", 2_000_000),
        ("1G", 10**9),
        ("1_000", 1000),
        (" 7 ", 7),
        ("-1", -1),
        ("+9000", 9000),
        ("9223372036854775807", 2**63 - 1),
        (None, None),
    ],
)
def test_counts(text, number):
    assert values.count(text, "--shots") == number


@pytest.mark.parametrize(
    "text", ["", "k", "1.5", "1e-3", "ten", "1e999", "4kk", "0x10", "1e17", "nan"]
)
def test_what_is_no_count_is_refused(text):
    with pytest.raises(UsageError, match="--shots"):
        values.count(text, "--shots")


@given(st.integers())
def test_every_whole_number_is_read_exactly(number):
    assert values.count(str(number), "--seed") == number


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90", 90), ("90s", 90), ("10m", 600), ("2h", 7200), ("1d", 86400), ("0.5", 0.5), (".5", 0.5)],
)
def test_durations(text, seconds):
    assert values.seconds(text, "--timeout") == seconds


@pytest.mark.parametrize("text", ["", "-1", "nan", "inf", "1w", "1 h", "10x"])
def test_what_is_no_duration_is_refused(text):
    with pytest.raises(UsageError, match="not a duration"):
        values.seconds(text, "--timeout")


def test_numbers():
    assert values.number("0.25", "--rate") == 0.25
    assert values.number(None, "--rate") is None
    for wrong in ("x", "nan", "inf"):
        with pytest.raises(UsageError, match="--rate"):
            values.number(wrong, "--rate")


def test_choices():
    assert values.choice("a", "--x", ("a", "b")) == "a"
    assert values.choice(None, "--x", ("a", "b")) is None
    with pytest.raises(UsageError, match="one of a, b"):
        values.choice("c", "--x", ("a", "b"))


def test_pairs():
    assert values.pairs(["a=1", "b = x=y"], "--tag") == {"a": "1", "b": " x=y"}
    assert values.json_pairs(["a=1", "b=true", "c=x"], "--option") == {"a": 1, "b": True, "c": "x"}
    for wrong in (["a"], ["=1"], ["a=1", "a=2"]):
        with pytest.raises(UsageError, match="--tag"):
            values.pairs(wrong, "--tag")


def test_deadlines():
    assert values.deadline(None) is None
    in_a_year = time.time() + 365 * 86400
    said = values.deadline(time.strftime("%Y-%m-%dT%H:%M:%S", time.localtime(in_a_year)))
    assert abs(said - in_a_year) < 2
    clock = values.deadline("06:00")
    assert 0 < clock - time.time() <= 25 * 3600
    for wrong in ("soon", "2020-01-01", "25:00"):
        with pytest.raises(UsageError, match="--deadline"):
            values.deadline(wrong)


def test_failures():
    assert values.max_failures("20") == 20
    assert values.max_failures("5%") == 0.05
    assert values.max_failures(None) is None
    for wrong in ("0", "-1", "100%", "0%", "x", "1.5", "%"):
        with pytest.raises(UsageError, match="--max-failures"):
            values.max_failures(wrong)


def test_dates():
    assert values.date("2026-01-31T00:00:00+00:00").timestamp() == 1769817600
    with pytest.raises(UsageError, match="is no date"):
        values.date("soon")
