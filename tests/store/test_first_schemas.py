"""Schemas 1 to 3 make what the versions of their time made: a file of that time is the witness."""

import sqlite3
from pathlib import Path

import pytest

from qbatch.store import first_schemas

STORES = Path(__file__).parents[1] / "fixtures" / "stores"
STEPS = [first_schemas.initial, first_schemas.group_backend, first_schemas.notes_and_paces]


def shape(connection):
    """Columns by their tables, then indexes and triggers by what they say."""
    tables = connection.execute(
        'SELECT m.name, c.name, c.type, c."notnull", c.dflt_value, c.pk FROM sqlite_master m'
        " JOIN pragma_table_info(m.name) c WHERE m.type = 'table' AND m.name NOT LIKE '%sqlite%'"
    ).fetchall()
    others = connection.execute(
        "SELECT type, name, sql FROM sqlite_master WHERE type IN ('index', 'trigger')"
        " AND sql IS NOT NULL AND name NOT LIKE '%sqlite%'"
    ).fetchall()
    return set(tables), {(kind, name, " ".join(sql.split())) for kind, name, sql in others}


@pytest.mark.parametrize("version", [1, 2, 3])
def test_the_steps_make_what_a_file_of_that_time_has(version):
    with (
        sqlite3.connect(":memory:") as made,
        sqlite3.connect(
            f"file:{STORES / f'schema{version}.db'}?mode=ro&immutable=1", uri=True
        ) as then,
    ):
        for step in STEPS[:version]:
            step(made)
        assert shape(made) == shape(then)


def test_counters_follow_the_jobs():
    with sqlite3.connect(":memory:") as made:
        first_schemas.initial(made)
        made.execute("INSERT INTO groups (name, created_at) VALUES ('g', 0)")
        for number in (1, 2):
            made.execute(
                "INSERT INTO jobs (group_id, number, key, circuit_id, created_at)"
                " VALUES (1, ?, x'00', 1, 0)",
                (number,),
            )
        made.execute("UPDATE jobs SET status = 'done' WHERE number = 1")
        made.execute("DELETE FROM jobs WHERE number = 2")
        rows = made.execute("SELECT status, jobs FROM counters ORDER BY status").fetchall()
    assert rows == [("done", 1), ("unsent", 0)]
