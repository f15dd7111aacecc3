"""Steps from schema to schema, and a new file that has the newest at once."""

import sqlite3

import pytest

from qbatch.store import migrations, schema
from qbatch.store.columns import COLUMNS


@pytest.fixture
def connection():
    with sqlite3.connect(":memory:", isolation_level=None) as connection:
        yield connection


def pragma(connection, name):
    return connection.execute(f"PRAGMA {name}").fetchone()[0]


def applied(connection):
    return [row[0] for row in connection.execute("SELECT name FROM _sqlite_migrations")]


def test_a_new_file_is_marked_and_has_every_step_noted(connection):
    migrations.migrate(connection)
    assert pragma(connection, "application_id") == migrations.APPLICATION_ID
    assert pragma(connection, "user_version") == migrations.VERSION == len(migrations.STEPS)
    assert applied(connection) == [name for name, _ in migrations.STEPS]
    migrations.migrate(connection)  # and nothing is left to do
    assert applied(connection) == [name for name, _ in migrations.STEPS]


def test_a_new_file_is_whole_or_empty(connection, monkeypatch):
    monkeypatch.setattr(schema, "TRIGGERS", (*schema.TRIGGERS, "CREATE nonsense"))
    with pytest.raises(sqlite3.Error):
        migrations.migrate(connection)
    assert connection.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,)
    assert pragma(connection, "application_id") == migrations.APPLICATION_ID


def test_a_step_is_applied_once_and_after_those_before_it(connection, monkeypatch):
    migrations.migrate(connection)
    steps = (*migrations.STEPS, ("9999_x", "migrations:add_missing_columns"))
    monkeypatch.setattr(migrations, "STEPS", steps)
    monkeypatch.setattr(migrations, "VERSION", len(steps))
    migrations.migrate(connection)
    assert applied(connection)[-2:] == [migrations.STEPS[-2][0], "9999_x"]
    assert pragma(connection, "user_version") == len(steps)


def test_columns_that_came_later_are_added_with_their_defaults(connection):
    migrations.migrate(connection)
    connection.execute("DROP VIEW IF EXISTS jobs_view")
    before = connection.execute("SELECT name FROM pragma_table_info('jobs')").fetchall()
    connection.execute('ALTER TABLE jobs DROP COLUMN "note"')
    migrations.add_missing_columns(connection)
    after = connection.execute("SELECT name FROM pragma_table_info('jobs')").fetchall()
    assert set(after) == set(before)
    migrations.add_missing_columns(connection)
    assert {name for (name,) in after} >= {c.name for c in COLUMNS if c.sql is not None}


@pytest.mark.parametrize(("name", "place"), migrations.STEPS)
def test_every_step_names_a_function_that_is_there(name, place):
    assert callable(migrations._function(place))
    assert name[:4].isdecimal()


def test_batches_of_the_fourth_schema_get_their_run_seconds(connection):
    migrations.migrate(connection)
    connection.execute("ALTER TABLE batches DROP COLUMN run_seconds")
    connection.execute("DELETE FROM _sqlite_migrations WHERE name = '0005_run_seconds'")
    migrations.migrate(connection)
    names = [row[0] for row in connection.execute("SELECT name FROM pragma_table_info('batches')")]
    assert names.count("run_seconds") == 1
    migrations.add_run_seconds(connection)  # and not twice
