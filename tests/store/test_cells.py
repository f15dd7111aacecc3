"""Cells of the jobs' settings, to what is stored and back."""

import pytest

from qbatch.store import cells


def test_what_is_empty_is_nothing():
    assert cells.object_or_null({}) is None
    assert cells.list_or_null(()) is None
    assert cells.object_of(None) == {}
    assert cells.texts(None) == ()


def test_what_is_stored_comes_back():
    assert cells.object_of(cells.object_or_null({"b": 1, "a": "x"})) == {"a": "x", "b": 1}
    assert cells.texts(cells.list_or_null(["p", "q"])) == ("p", "q")
    assert cells.object_or_null({"b": 1, "a": 2}) == cells.object_or_null({"a": 2, "b": 1})


@pytest.mark.parametrize("value", [True, 1.0, "1", b"1"])
def test_a_number_is_a_whole_one(value):
    assert cells.whole_number(None) is None
    assert cells.whole_number(3) == 3
    with pytest.raises(TypeError):
        cells.whole_number(value)


@pytest.mark.parametrize("value", [1, b"x"])
def test_a_text_is_one(value):
    assert cells.plain_text(None) is None
    assert cells.plain_text("x") == "x"
    with pytest.raises(TypeError):
        cells.plain_text(value)
