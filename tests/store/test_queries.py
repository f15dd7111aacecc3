"""The user's own questions in SQL: what can be asked, and what cannot be done."""

import pytest

from qbatch import JobGroup, UsageError
from qbatch.store.queries import VIEWS, query

from ..conftest import ANSATZ, BELL


@pytest.fixture
def filled(db):
    with JobGroup("g", db=db) as group:
        group.add(BELL, shots=10, tags={"a": "1"})
        group.add(ANSATZ, parameters={"theta": [0.5], "phi": 0.0}, shots=10)
        group.add(BELL, observables=["ZZ", "XX"])
        group.run(executor="serial")
        group.add_program("builtin:rb", seed=1)
    return db


def asked(db, sql):
    with query(db, sql) as (columns, rows):
        return columns, list(rows)


@pytest.mark.parametrize("view", VIEWS)
def test_a_view_has_the_columns_that_it_says(filled, view):
    columns, rows = asked(filled, f"SELECT * FROM {view}")
    said = VIEWS[view][0].partition(":")[0] if view == "results" else VIEWS[view][0]
    depth, plain = 0, ""
    for letter in said:
        depth += (letter == "(") - (letter == ")")
        plain += letter if not depth and letter != ")" else ""
    assert columns == [name.strip() for name in plain.split(",")]
    assert rows


def test_what_a_job_was_asked_and_what_it_answered(filled):
    sql = "SELECT number, parameters ->> 'theta', tags ->> 'a', asks FROM jobs ORDER BY number"
    assert asked(filled, sql)[1] == [
        (1, None, "1", "counts"),
        (2, 0.5, None, "counts"),
        (3, None, None, "expectation_values"),
    ]
    sql = "SELECT sum(count) FROM results WHERE number = 1"
    assert asked(filled, sql)[1] == [(10,)]
    sql = "SELECT outcome, value FROM results WHERE number = 3 ORDER BY outcome"
    assert asked(filled, sql)[1] == [("0", pytest.approx(1.0)), ("1", pytest.approx(1.0))]


@pytest.mark.parametrize(
    "sql",
    [
        "DELETE FROM jobs",
        "UPDATE main.jobs SET shots = 1",
        "DROP TABLE main.jobs",
        "ATTACH 'other.db' AS other",
        "SELECT * FROM main.attempts",
        "SELECT load_extension('x')",
        "PRAGMA query_only = OFF",
        "CREATE TEMP TABLE t (a)",
        "SELECT body FROM main.payloads",
    ],
)
def test_nothing_but_reading_the_views(filled, sql):
    with pytest.raises(UsageError) as refused, query(filled, sql) as (_, rows):
        list(rows)
    assert "views:" in str(refused.value.hint)
    assert asked(filled, "SELECT count(*) FROM jobs")[1] == [(3,)]


@pytest.mark.parametrize(
    ("sql", "said"),
    [("SELECT x FROM jobs", "no such column"), ("", "nothing is asked"), ("SELEC", "syntax error"),
     ("SELECT 1; SELECT 2", "one statement")],
)  # fmt: skip
def test_what_is_not_understood_says_why(filled, sql, said):
    with pytest.raises(UsageError, match=said), query(filled, sql) as (_, rows):
        list(rows)


def test_an_error_in_the_middle_is_one_too(filled):
    sql = "SELECT json(name || '{') FROM groups"
    with pytest.raises(UsageError, match="malformed"), query(filled, sql) as (_, rows):
        list(rows)
