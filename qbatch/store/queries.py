"""Questions of the user's own, in SQL, read-only, over views that stay while the schema moves.

The views have the names of the tables that they stand before, and are temporary: they
belong to the connection that asks.
"""

from __future__ import annotations

import contextlib
import functools
import json
import math
import sqlite3
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from qbatch.domain.results import RESULT_KINDS
from qbatch.errors import UsageError
from qbatch.store.columns import VIEW
from qbatch.store.results import decode_result

if TYPE_CHECKING:
    from qbatch.domain.data import Row

VIEWS = {
    "groups": (
        "id, name, state, backend, note, parent (it was copied from), created_at (seconds since the"
        " epoch), jobs",
        """SELECT id, name, state, backend, note, parent, created_at,
            coalesce((SELECT sum(jobs) FROM main.counters WHERE group_id = g.id), 0) AS jobs
        FROM main.groups g""",
    ),
    "jobs": (
        "id, group_name, number, key, name, parameters (JSON, by name), tags (JSON), status,"
        " shots, until (JSON), max_shots, until_end, asks (counts, expectation_values or"
        " probabilities), observables (JSON), seed,"
        " priority, backend, options (JSON), kind, payload (its hash), info (JSON, of the"
        " payload), parent, failure, error, note, created_at, program (its number), step, place",
        f"""SELECT {VIEW}
        FROM main.jobs j JOIN main.groups g ON g.id = j.group_id
        JOIN main.payloads p ON p.id = j.payload_id
        JOIN main.requests r ON r.id = j.request_id""",
    ),
    "attempts": (
        "job_id, group_name, number, batch, backend, remote_id, status, shots, seed, failure,"
        " error, created_at, submitted_at, finished_at, info (JSON), compiled_for (a target),"
        " depth (of the compiled circuit), two_qubit (its gates on two or more)",
        """SELECT a.job_id, g.name AS group_name, j.number, a.batch_id AS batch, b.backend,
            b.remote_id, a.status, a.shots, a.seed, a.failure, a.error, b.created_at,
            b.submitted_at, a.finished_at, coalesce(a.info, '{}') AS info,
            t.name AS compiled_for, c.depth, c.two_qubit
        FROM main.attempts a JOIN main.jobs j ON j.id = a.job_id
        JOIN main.groups g ON g.id = j.group_id
        LEFT JOIN main.batches b ON b.id = a.batch_id
        LEFT JOIN main.compilations c ON c.id = a.compilation
        LEFT JOIN main.targets t ON t.hash = c.target""",
    ),
    "programs": (
        "id, group_name, number, name, reference, arguments (JSON), seed, status, value (JSON, what"
        " it returned), best, steps, failure, error, created_at, finished_at",
        """SELECT r.id, g.name AS group_name, r.number, r.name, r.reference, r.arguments, r.seed,
            r.status, r.value, r.best,
            (SELECT count(*) FROM main.steps WHERE program_id = r.id) AS steps,
            r.failure, r.error, r.created_at, r.finished_at
        FROM main.programs r JOIN main.groups g ON g.id = r.group_id""",
    ),
    "batches": (
        "id, backend, state, remote_id, jobs, items, failure, error, created_at,"
        " submitted_at, finished_at, run_seconds, price, currency (as the service reports them),"
        " ran_on (JSON: versions, device, target, calibration)",
        """SELECT id, backend, state, remote_id, num_jobs AS jobs, num_items AS items,
            failure, error, created_at, submitted_at, finished_at, run_seconds,
            charged AS price, currency,
            (SELECT body FROM main.provenance WHERE hash = b.provenance) AS ran_on
        FROM main.batches b""",
    ),
    "results": (
        "group_name, number, outcome, count, value, standard_error: one row per outcome or an"
        " expectation value (outcome is then its observable's place, from 0)",
        """SELECT g.name AS group_name, j.number, r.key AS outcome,
            sum(CASE WHEN r.type = 'integer' THEN r.value END) AS count,
            sum(CASE WHEN r.type = 'array' THEN (r.value ->> 0) * coalesce(a.shots, 1) END)
                / sum(coalesce(a.shots, 1)) AS value,
            root(sum(CASE WHEN r.type = 'array' THEN (r.value ->> 1) * (r.value ->> 1)
                * a.shots * a.shots END)) / sum(coalesce(a.shots, 1)) AS standard_error
        FROM main.attempts a JOIN main.jobs j ON j.id = a.job_id
        JOIN main.groups g ON g.id = j.group_id, json_each(outcomes(a.result)) r
        WHERE a.status = 'done' AND a.result IS NOT NULL AND j.status = 'done'
        GROUP BY j.id, r.key""",
    ),
}
"""By name: the columns, and the query."""

_ALLOWED = {
    sqlite3.SQLITE_SELECT,
    sqlite3.SQLITE_READ,
    sqlite3.SQLITE_FUNCTION,
    sqlite3.SQLITE_RECURSIVE,
}


@contextlib.contextmanager
def query(path: Path, sql: str) -> Iterator[tuple[list[str], Iterator[Row]]]:
    """The columns of a query, and its rows one at a time.

    Raises:
        UsageError: it is not understood, or would do more than read.
    """
    with one_moment(path) as ask, ask(sql) as found:
        yield found


Ask = Callable[[str], "contextlib.AbstractContextManager[tuple[list[str], Iterator[Row]]]"]
"""Gives the columns of a query and its rows, as `query` does."""


@contextlib.contextmanager
def one_moment(path: Path) -> Iterator[Ask]:
    """What answers several queries, one after the other, as of one moment."""
    uri = f"{path.resolve().as_uri()}?mode=ro"
    with contextlib.closing(sqlite3.connect(uri, uri=True, timeout=10)) as connection:
        connection.create_function("by_name", 2, _by_name, deterministic=True)
        connection.create_function("outcomes", 1, _outcomes, deterministic=True)
        connection.create_function("root", 1, _root, deterministic=True)
        for name, (_, body) in VIEWS.items():
            connection.execute(f"CREATE TEMP VIEW {name} AS {body}")
        connection.execute("PRAGMA query_only = ON")
        # Made known now: to do so later is not authorized.
        connection.execute("SELECT 1 FROM json_each('[]'), json_tree('[]')")
        connection.execute("BEGIN")
        connection.set_authorizer(_authorize)
        # Python hears a signal between two steps of its own: SQLite takes one now and then.
        connection.set_progress_handler(lambda: 0, _STEPS)
        yield functools.partial(_asked, connection)


@contextlib.contextmanager
def _asked(connection: sqlite3.Connection, sql: str) -> Iterator[tuple[list[str], Iterator[Row]]]:
    with _errors():
        cursor = connection.execute(sql)
    if cursor.description is None:
        raise UsageError("nothing is asked", hint='qbatch db sql "SELECT * FROM groups"')
    columns = [column[0] for column in cursor.description]
    rows = _rows(cursor)
    try:
        yield columns, rows
    finally:
        rows.close()  # whoever wanted a few of them has left it in the middle


@contextlib.contextmanager
def _errors() -> Iterator[None]:
    """What SQLite finds wrong with a query, in the project's words."""
    try:
        yield
    except (sqlite3.Error, sqlite3.Warning) as error:
        if getattr(error, "sqlite_errorname", "") == "SQLITE_INTERRUPT":
            raise KeyboardInterrupt from error  # it came in the progress handler
        raise _explained(error) from error


_STEPS = 10_000


def _rows(cursor: sqlite3.Cursor) -> Generator[Row]:
    with _errors():
        yield from cursor


def _explained(error: Exception) -> UsageError:
    said = str(error)
    if "not authorized" in said or "prohibited" in said or "readonly" in said:
        said = "only SELECT is allowed"
    return UsageError(f"sql: {said}", hint=f"views: {', '.join(VIEWS)}; qbatch db sql --views")


def _authorize(
    action: int, first: str | None, second: str | None, schema: str | None, view: str | None
) -> int:
    """Reading alone, and of the tables only what the views show."""
    if action == sqlite3.SQLITE_FUNCTION and second == "load_extension":
        return sqlite3.SQLITE_DENY
    # A table of which no column is named, only rows are counted, is told without its view.
    if action == sqlite3.SQLITE_READ and schema == "main" and second and view not in VIEWS:
        return sqlite3.SQLITE_OK if str(first).startswith("json_") else sqlite3.SQLITE_DENY
    return sqlite3.SQLITE_OK if action in _ALLOWED else sqlite3.SQLITE_DENY


def _root(value: float | None) -> float | None:
    return None if value is None else math.sqrt(value)


def _by_name(names: str, values: str) -> str:
    return json.dumps(dict(zip(json.loads(names), json.loads(values), strict=True)))


def _outcomes(data: bytes) -> str:
    """By outcome or by the observable's place: a whole number, or [value, error], as JSON."""
    found = decode_result(data)
    for kind in RESULT_KINDS.values():
        if kind.stored_as in found:
            return json.dumps(kind.view(found[kind.stored_as]))
    return "{}"
