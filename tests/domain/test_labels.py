"""Long outcomes stay apart when they are cut."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qbatch.domain.results.labels import short, told_apart


def test_what_fits_stays():
    assert told_apart(["00", "11"]) == ["00", "11"]


def test_only_letters_that_differ_are_kept():
    place = 60
    ends = ["1" + "0" * place + "0", "1" + "0" * place + "1", "0" + "0" * place + "1"]
    assert told_apart(ends) == ["1…0", "1…1", "0…1"]
    assert told_apart(["00 " + "0" * 40, "01 " + "0" * 40]) == ["00…", "01…"]


def test_one_alone_loses_its_middle():
    (found,) = told_apart(["01" * 40], 12)
    assert found == "010101…10101"
    assert len(found) == 12


@pytest.mark.parametrize("widest", [8, 16, 24])
def test_many_of_random_bits_are_apart(widest):
    rng = random.Random(1)
    outcomes = ["".join(rng.choice("01") for _ in range(100)) for _ in range(32)]
    found = told_apart(outcomes, widest)
    assert len(set(found)) == 32
    assert max(map(len, found)) <= widest


@given(st.lists(st.text("01 ", min_size=1, max_size=60), min_size=1, max_size=12, unique=True),
       st.integers(8, 30))  # fmt: skip
def test_different_outcomes_are_different_texts(outcomes, widest):
    found = told_apart(outcomes, widest)
    assert len(found) == len(outcomes)
    assert len(set(found)) == len(outcomes)
    assert max(map(len, found)) <= widest


@given(st.text(max_size=60), st.integers(3, 30))
def test_a_short_text_is_no_longer_than_its_place(text, widest):
    assert len(short(text, widest)) <= max(widest, 0)
