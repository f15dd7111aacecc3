"""JSON as columns hold it."""

import pytest

from qbatch.store.column import Column, compact


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"b": 1, "a": [1.5, None]}, '{"a":[1.5,null],"b":1}'),
        ({"ü": "ß"}, '{"ü":"ß"}'),
        ([], "[]"),
    ],
)
def test_one_text_for_one_value(value, text):
    assert compact(value) == text


def test_a_column_of_which_nothing_is_said_goes_nowhere():
    column = Column("x", "TEXT")
    assert (column.setting, column.copied, column.archived, column.view) == (
        False,
        False,
        None,
        None,
    )
    assert (column.entry, column.encode, column.decode) == (None, None, None)
