"""What an archive's records may hold."""

from __future__ import annotations

import pytest

from qbatch.store.integrity import WORDS
from qbatch.store.records import FIELDS

RECORDS = {"groups": "group", "jobs": "job", "batches": "batch", "attempts": "attempt"}
CHECKED = [
    (RECORDS[table], column)
    for table, column in WORDS
    if table in RECORDS and column in FIELDS[RECORDS[table]]
]


@pytest.mark.parametrize(("record", "column"), CHECKED)
def test_no_word_is_taken_that_verify_would_not_know(record: str, column: str) -> None:
    """Else an import would bring in what ``db verify`` calls a fault."""
    assert not FIELDS[record][column]("nonsense")


def test_the_words_of_states_and_failures_are_among_them() -> None:
    assert {("batch", "failure"), ("batch", "state"), ("job", "status")} <= set(CHECKED)
