"""Numbered migrations, recorded as sqlite-utils does; a new file gets the newest schema at once."""

from __future__ import annotations

import datetime
import sqlite3
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from qbatch.store import first_schemas, fourth_schema, schema
from qbatch.store.columns import COLUMNS

if TYPE_CHECKING:
    from sqlite_utils.db import Database
    from sqlite_utils.migrations import Migrations


def _execute(statements: Sequence[str], connection: sqlite3.Connection) -> None:
    for statement in statements:
        connection.execute(statement)


def add_missing_columns(connection: sqlite3.Connection) -> None:
    """Give ``jobs`` the columns that a later version has; a table made by it has them already."""
    rows = connection.execute("SELECT name FROM pragma_table_info('jobs')").fetchall()
    there = {row[0] for row in rows}
    for column in COLUMNS:
        if column.sql is not None and column.name not in there:
            connection.execute(f'ALTER TABLE jobs ADD COLUMN "{column.name}" {column.sql}')


STEPS: tuple[tuple[str, Callable[[sqlite3.Connection], None]], ...] = (
    ("0001_initial", partial(_execute, first_schemas.INITIAL)),
    ("0002_group_backend", partial(_execute, first_schemas.GROUP_BACKEND)),
    ("0003_notes_and_paces", partial(_execute, first_schemas.NOTES_AND_PACES)),
    ("0004_payloads_and_requests", fourth_schema.migrate),
)
"""Every migration: its name for life, and what it does.

A later column of ``jobs`` needs a step that is `add_missing_columns`.
"""
VERSION = len(STEPS)

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
    connection.execute(f"PRAGMA application_id={schema.APPLICATION_ID}")
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
    for name, step in STEPS:

        def apply(db: Database, step: Callable[[sqlite3.Connection], None] = step) -> None:
            step(db.conn)

        found(name=name)(apply)
    return found


def _create(connection: sqlite3.Connection) -> None:
    """The newest schema in a new file, recorded as if every step had been applied.

    Importing sqlite-utils (with numpy and pandas, where they are installed) takes longer than
    all the rest of adding a few circuits.
    """
    now = str(datetime.datetime.now(datetime.UTC))
    connection.execute("BEGIN IMMEDIATE")
    try:
        _execute((*_RECORD, *schema.TABLES, *schema.TRIGGERS), connection)
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
