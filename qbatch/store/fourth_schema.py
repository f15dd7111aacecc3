"""From schema 3 to schema 4: circuits become payloads, what is asked of them requests.

Keys, seeds, numbers and results stay what they are. Tables are made anew and filled, because
lists of words in CHECKs and columns that must not be empty cannot be altered.
"""

from __future__ import annotations

import hashlib
import json
import logging
import sqlite3

from qbatch.domain.requests import Request
from qbatch.domain.results import ResultKind
from qbatch.domain.states import StopReason
from qbatch.store import schema

_LOGGER = logging.getLogger("qbatch.store")
_CHUNK = 50_000
_WORTH_TELLING = 100_000  # jobs

_OLD = ("groups", "circuits", "observables", "jobs", "counters", "batches", "attempts", "paces")
_TRIGGERS = ("job_added", "job_changed", "job_deleted")
_INDEXES = ("jobs_by_status", "batches_open", "attempts_by_job", "attempts_by_batch")

# The first schemas kept why a batch was stopped as the sentence that was told of it.
_STOPPED = {
    StopReason.RUN: "the run was stopped",
    StopReason.USER: "cancelled by the user",
    StopReason.HALF_SENT: "nobody knows whether all of it had arrived",
}

_GROUPS = """
    INSERT INTO groups (id, name, made_as, state, created_at, last_number, runner, backend, note)
    SELECT id, name, name, state, created_at, last_number, runner, backend, note FROM old_groups
"""
_PAYLOADS = """
    INSERT INTO payloads (id, hash, kind, format, body, num_bytes, parameters, info)
    SELECT id, hash, 'circuit', format, body, num_bytes, parameters,
        json_object('num_qubits', num_qubits, 'num_clbits', num_clbits, 'size', size,
            'measured', json(iif(measured, 'true', 'false')),
            'dynamic', json(iif(dynamic, 'true', 'false')), 'gates', 0)
    FROM old_circuits
"""
_JOBS = """
    INSERT INTO jobs (id, group_id, number, key, key_version, name, "values", tags, status, shots,
        shots_done, request_id, seed, priority, backend, options, payload_id, parent, failure,
        error, note, created_at, cancel_requested)
    SELECT id, group_id, number, key, 1, name, parameters, tags, status, shots,
        shots_done, (SELECT request_id FROM temp.asked
            WHERE observables_id = coalesce(j.observables_id, 0) AND measure_all = j.measure_all),
        seed, priority, backend, options, circuit_id, parent, failure,
        error, note, created_at, cancel_requested
    FROM old_jobs j WHERE id BETWEEN ? AND ?
"""
_BATCHES = """
    INSERT INTO batches (id, submission_id, remote_id, backend, options, state, stop_reason,
        num_jobs, num_items, failure, error, created_at, submitted_at, finished_at)
    SELECT id, token, remote_id, backend, options, state,
        iif(state IN ('prepared', 'submitted'), stop_reason(error), NULL),
        num_jobs, num_items, failure, error, created_at, submitted_at, finished_at
    FROM old_batches
"""
_ATTEMPTS = """
    INSERT INTO attempts (id, job_id, batch_id, position, status, shots, "offset", sampler, seed,
        failure, error, finished_at, info, kind, result, digest)
    SELECT a.id, job_id, batch_id, item, a.status, a.shots, "offset", a.info ->> 'sampling',
        a.seed, a.failure, a.error, finished_at, a.info,
        iif(result IS NULL, NULL,
            iif(j.observables_id IS NULL, 'counts', 'expectation_values')), result, digest(result)
    FROM old_attempts a JOIN old_jobs j ON j.id = job_id WHERE a.id BETWEEN ? AND ?
"""


def digest(result: object) -> bytes | None:
    """The digest of a stored result, as it lies in the file."""
    if result is None:
        return None
    raw = result if isinstance(result, bytes) else str(result).encode()
    return hashlib.blake2b(raw, digest_size=8).digest()


def migrate(connection: sqlite3.Connection) -> None:
    """Move every table over, in the caller's transaction, and tell how far it is."""
    connection.create_function("digest", 1, digest, deterministic=True)
    connection.create_function("stop_reason", 1, _stop_reason, deterministic=True)
    last_ids = dict(connection.execute("SELECT name, seq FROM sqlite_sequence").fetchall())
    _rename(connection)
    for statement in schema.TABLES:
        if not statement.startswith("CREATE INDEX"):
            connection.execute(statement)
    connection.execute(_GROUPS)
    connection.execute(_PAYLOADS)
    _requests(connection)
    connection.execute(_BATCHES)
    _in_chunks(connection, "jobs", _JOBS)
    _in_chunks(connection, "attempts", _ATTEMPTS)
    connection.execute("INSERT INTO counters SELECT * FROM old_counters")
    connection.execute("INSERT INTO paces SELECT * FROM old_paces")
    connection.execute("DROP TABLE temp.asked")
    for name in _OLD:
        connection.execute(f"DROP TABLE old_{name}")
    for statement in schema.TABLES:
        if statement.startswith("CREATE INDEX"):
            connection.execute(statement)
    for statement in schema.TRIGGERS:
        connection.execute(statement)
    # Numbers that were given once are never given again, also those of what was deleted.
    for name, last in last_ids.items():
        connection.execute("DELETE FROM sqlite_sequence WHERE name = ?", (name,))
        connection.execute("INSERT INTO sqlite_sequence VALUES (?, ?)", (name, last))


def _rename(connection: sqlite3.Connection) -> None:
    """Put the old tables aside, without having what refers to them follow."""
    for name in _TRIGGERS:
        connection.execute(f"DROP TRIGGER {name}")
    for name in _INDEXES:
        connection.execute(f"DROP INDEX {name}")
    connection.execute("PRAGMA legacy_alter_table=ON")
    try:
        for name in _OLD:
            connection.execute(f"ALTER TABLE {name} RENAME TO old_{name}")
    finally:
        connection.execute("PRAGMA legacy_alter_table=OFF")


def _requests(connection: sqlite3.Connection) -> None:
    """A request for each pair of observables and measuring that jobs have."""
    connection.execute(
        "CREATE TEMP TABLE asked (observables_id, measure_all, request_id,"
        " PRIMARY KEY (observables_id, measure_all)) WITHOUT ROWID"
    )
    pairs = connection.execute(
        "SELECT DISTINCT coalesce(observables_id, 0), measure_all, texts FROM old_jobs"
        " LEFT JOIN old_observables ON old_observables.id = observables_id"
    ).fetchall()
    for observables_id, measure_all, texts in pairs:
        kind = ResultKind.EXPECTATION_VALUES if observables_id else ResultKind.COUNTS
        request = Request(
            kind=kind,
            observables=tuple(json.loads(texts or "[]")),
            options={"measure_all": True} if measure_all else {},
        )
        connection.execute(
            "INSERT INTO requests (hash, kind, spec) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
            (request.hash(), request.kind.value, request.spec()),
        )
        connection.execute(
            "INSERT INTO temp.asked SELECT ?, ?, id FROM requests WHERE hash = ?",
            (observables_id, measure_all, request.hash()),
        )


def _in_chunks(connection: sqlite3.Connection, table: str, statement: str) -> None:
    rows = connection.execute(f"SELECT count(*), min(id), max(id) FROM old_{table}").fetchone()
    number, first, last = rows
    if not number:
        return
    done = told = 0
    for start in range(first, last + 1, _CHUNK):
        done += connection.execute(statement, (start, start + _CHUNK - 1)).rowcount
        tenths = 10 * done // number
        if number >= _WORTH_TELLING and tenths > told:
            told = tenths
            said = f"{done:,} of {number:,} {table}"
            _LOGGER.warning("bringing the database up to date: %s", said)


def _stop_reason(error: str | None) -> str | None:
    if error is None:
        return None
    if error.startswith("no result after"):
        return StopReason.TIMEOUT.value
    found = (reason.value for reason, sentence in _STOPPED.items() if error == sentence)
    return next(found, None)
