"""What a shell's TAB offers from a database: read-only, at once, and never an error.

Nothing here imports more than the standard library: a shell starts a process for every TAB.
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from qbatch.domain.data import Cell, Row

_SECONDS = 0.2  # that a TAB waits for a database that is being written
_MOST_NAMES, _MOST_NUMBERS, _MOST_TAGS = 100, 20, 100


def groups(database: Path, most: int) -> Iterator[tuple[str, int]]:
    """Names of groups and their numbers of jobs, the newest first."""
    sql = (
        "SELECT name, (SELECT sum(jobs) FROM counters WHERE group_id = groups.id)"
        " FROM groups ORDER BY id DESC LIMIT ?"
    )
    for name, jobs in _rows(database, sql, most):
        yield str(name), int(jobs or 0)


def jobs(database: Path, group: str, start: str) -> Iterator[tuple[str, str]]:
    """Numbers and names of a group's jobs that begin so, each with a few words."""
    if start.isdecimal():
        sql = (
            "SELECT number, coalesce(jobs.name, '') || ' ' || status FROM jobs"
            " JOIN groups ON groups.id = group_id"
            " WHERE groups.name = ? AND (number = ? OR number BETWEEN ? AND ?) LIMIT ?"
        )
        first = int(start)
        numbers = (first, first * 10, first * 10 + 9)
        for number, text in _rows(database, sql, group, *numbers, _MOST_NUMBERS):
            yield str(number), str(text).strip()
    pattern = start.replace("*", "").replace("?", "").replace("[", "") + "*"
    sql = (
        "SELECT DISTINCT jobs.name FROM jobs JOIN groups ON groups.id = group_id"
        " WHERE groups.name = ? AND jobs.name GLOB ? LIMIT ?"
    )
    for (name,) in _rows(database, sql, group, pattern, _MOST_NAMES):
        yield str(name), ""


def tags(database: Path) -> Iterator[tuple[str, str]]:
    """Keys and values of tags."""
    sql = "SELECT DISTINCT tags FROM jobs WHERE tags IS NOT NULL LIMIT ?"
    for (text,) in _rows(database, sql, _MOST_TAGS):
        yield from ((str(key), str(value)) for key, value in json.loads(str(text)).items())


def _rows(database: Path, sql: str, *values: Cell) -> Iterator[Row]:
    if not database.is_file():
        return
    uri = f"{database.resolve().as_uri()}?mode=ro"
    with contextlib.closing(sqlite3.connect(uri, uri=True, timeout=_SECONDS)) as connection:
        yield from connection.execute(sql, values)
