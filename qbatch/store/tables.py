"""The views as tables of a plain SQLite file, for tools that know nothing of qbatch."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING

from qbatch.errors import UsageError
from qbatch.files import replacing
from qbatch.store import queries

if TYPE_CHECKING:
    from sqlite_utils import Database

_WHOLE = {"id", "number", "job_id", "batch", "jobs", "items", "shots", "seed", "priority",
          "parent", "count", "depth", "two_qubit", "program", "step", "place", "steps"}  # fmt: skip
_REAL = {"created_at", "submitted_at", "finished_at", "standard_error", "best"}
_KEYS: dict[str, str | tuple[str, ...]] = {
    "groups": "id",
    "jobs": "id",
    "batches": "id",
    "programs": "id",
    "results": ("group_name", "number", "outcome"),
}
_REFERENCES = {"attempts": [("job_id", "jobs", "id"), ("batch", "batches", "id")]}
_SEARCHED = ("group_name", "name", "tags", "note", "error")  # of jobs
_ROWS = 500  # that are inserted at once


def write_tables(store: Path, path: Path) -> dict[str, int]:
    """Write all views of a store, as of one moment, as tables of a new file.

    Jobs have a full-text index (FTS5) over what people write about them. A file that was
    there is replaced when the new one is whole.

    Returns:
        By table its number of rows.

    Raises:
        UsageError: the file cannot be written.
    """
    import sqlite_utils

    try:
        with replacing(path) as made, contextlib.closing(sqlite3.connect(made)) as connection:
            return _written(store, sqlite_utils.Database(connection))
    except sqlite3.OperationalError as error:
        raise UsageError(f"{path}: cannot be written: {error}") from error


def _written(store: Path, made: Database) -> dict[str, int]:
    with queries.one_moment(store) as ask:
        for view in sorted(queries.VIEWS, key=_REFERENCES.__contains__):  # after what they refer to
            with ask(f"SELECT * FROM {view}") as (columns, rows):
                table = made.table(view)
                table.create(
                    {column: _type(view, column) for column in columns},
                    pk=_KEYS.get(view),
                    foreign_keys=_REFERENCES.get(view, []),
                )
                table.insert_all(
                    (dict(zip(columns, row, strict=True)) for row in rows), batch_size=_ROWS
                )
    made.table("jobs").create_index(["group_name", "number"])
    made.table("jobs").enable_fts(_SEARCHED)
    return {view: made.table(view).count for view in queries.VIEWS}


def _type(view: str, column: str) -> type:
    if column == "value":  # of a program it is JSON
        return str if view == "programs" else float
    return int if column in _WHOLE else float if column in _REAL else str
