"""Numbered migrations, recorded as sqlite-utils does; a new file gets the newest schema at once."""

from __future__ import annotations

import datetime
import importlib
import sqlite3
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlite_utils.db import Database
    from sqlite_utils.migrations import Migrations

APPLICATION_ID = 0x71626174  # "qbat", so that a foreign SQLite file is never written to

STEPS: tuple[tuple[str, str], ...] = (
    ("0001_initial", "first_schemas:initial"),
    ("0002_group_backend", "first_schemas:group_backend"),
    ("0003_notes_and_paces", "first_schemas:notes_and_paces"),
    ("0004_payloads_and_requests", "fourth_schema:migrate"),
    ("0005_run_seconds", "migrations:add_run_seconds"),
    ("0006_programs", "migrations:make_programs"),
    ("0007_streams", "streams:migrate"),
    ("0008_logs_and_parents", "migrations:add_logs_and_parents"),
)
"""Every migration: its name for life, and the function of this room that does it.

They are imported when they are needed. A later column of ``jobs`` needs a step that is
``migrations:add_missing_columns``.
"""
VERSION = len(STEPS)


def add_missing_columns(connection: sqlite3.Connection) -> None:
    """Give ``jobs`` the columns that a later version has; a table made by it has them already."""
    from qbatch.store.columns import COLUMNS

    rows = connection.execute("SELECT name FROM pragma_table_info('jobs')").fetchall()
    there = {row[0] for row in rows}
    for column in COLUMNS:
        if column.sql is not None and column.name not in there:
            # Without its comment, which would hide what SQLite writes after it.
            sql = column.sql.partition(" -- ")[0]
            connection.execute(f'ALTER TABLE jobs ADD COLUMN "{column.name}" {sql}')


def add_run_seconds(connection: sqlite3.Connection) -> None:
    """Give ``batches`` the column; the fourth schema is made with it."""
    rows = connection.execute("SELECT name FROM pragma_table_info('batches')").fetchall()
    if "run_seconds" not in {row[0] for row in rows}:
        connection.execute("ALTER TABLE batches ADD COLUMN run_seconds REAL")


def add_logs_and_parents(connection: sqlite3.Connection) -> None:
    """Give ``compilations`` its log, and ``groups`` what they were copied from."""
    for table, column in (
        ("compilations", "log TEXT"),
        ("groups", "parent TEXT"),
        ("groups", "parent_id INTEGER"),
        ("groups", "copied_for TEXT"),
    ):
        rows = connection.execute("SELECT name FROM pragma_table_info(?)", (table,)).fetchall()
        # A table made by an earlier step has it.
        if column.partition(" ")[0] not in {row[0] for row in rows}:
            connection.execute(f"ALTER TABLE {table} ADD COLUMN {column}")


def make_programs(connection: sqlite3.Connection) -> None:
    """Make the tables of programs anew: until this step nothing was ever written to them."""
    from qbatch.store import schema

    connection.execute("DROP INDEX IF EXISTS jobs_by_program")
    for name in ("steps", "programs", "sources"):
        connection.execute(f"DROP TABLE IF EXISTS {name}")
    for statement in schema.PROGRAM_TABLES:
        connection.execute(statement)


def _function(place: str) -> Callable[[sqlite3.Connection], None]:
    module, _, name = place.partition(":")
    found = importlib.import_module(f"qbatch.store.{module}")
    function: Callable[[sqlite3.Connection], None] = getattr(found, name)
    return function


_SET = "qbatch"
_RECORD = (  # the table in which sqlite-utils records what was applied, as it makes it
    'CREATE TABLE "_sqlite_migrations" ("id" INTEGER PRIMARY KEY, "migration_set" TEXT,'
    ' "name" TEXT, "applied_at" TEXT)',
    'CREATE UNIQUE INDEX "idx__sqlite_migrations_migration_set_name"'
    ' ON "_sqlite_migrations" ("migration_set", "name")',
)


def migrate(connection: sqlite3.Connection) -> None:
    """Apply what is missing. The caller holds the schema lock.

    The mark that the file is ours comes before its first table, so that nobody who looks
    in between, or after a crash, takes it for another program's.
    """
    connection.execute(f"PRAGMA application_id={APPLICATION_ID}")
    if connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
        from sqlite_utils import Database as Utils

        steps().apply(Utils(connection))
        connection.execute(f"PRAGMA user_version={VERSION}")
    else:
        _create(connection)


def steps() -> Migrations:
    """The migrations as sqlite-utils applies them, each in a transaction of its own."""
    from sqlite_utils.migrations import Migrations

    found = Migrations(_SET)
    for name, place in STEPS:

        def apply(db: Database, place: str = place) -> None:
            _function(place)(db.conn)

        found(name=name)(apply)
    return found


def _create(connection: sqlite3.Connection) -> None:
    """The newest schema in a new file, recorded as if every step had been applied.

    Importing sqlite-utils (with numpy and pandas, where they are installed) takes longer than
    all the rest of adding a few circuits.
    """
    from qbatch.store import schema

    now = str(datetime.datetime.now(datetime.UTC))
    connection.execute("BEGIN IMMEDIATE")
    try:
        for statement in (*_RECORD, *schema.TABLES, *schema.TRIGGERS):
            connection.execute(statement)
        connection.executemany(
            "INSERT INTO _sqlite_migrations (migration_set, name, applied_at) VALUES (?, ?, ?)",
            [(_SET, name, now) for name, _ in STEPS],
        )
        connection.execute(f"PRAGMA user_version={VERSION}")
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
