"""Schemas 1 to 3, as they were made: what older stores are migrated from."""

from __future__ import annotations

import sqlite3

INITIAL = (
    """
    CREATE TABLE groups (
        id INTEGER PRIMARY KEY AUTOINCREMENT, -- locks are named by it: never used again
        name TEXT NOT NULL UNIQUE,
        state TEXT NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'closed')),
        created_at REAL NOT NULL,
        last_number INTEGER NOT NULL DEFAULT 0,
        runner TEXT -- JSON {pid, host, since} of the process that holds the run lock
    )
    """,
    """
    CREATE TABLE circuits (
        id INTEGER PRIMARY KEY,
        hash TEXT NOT NULL UNIQUE, -- <format>-sha256:<hex> of the body before compression
        format TEXT NOT NULL,
        body BLOB NOT NULL, -- zlib
        num_bytes INTEGER NOT NULL, -- before compression
        num_qubits INTEGER NOT NULL,
        num_clbits INTEGER NOT NULL,
        size INTEGER NOT NULL,
        parameters TEXT NOT NULL, -- JSON list of names
        measured INTEGER NOT NULL,
        dynamic INTEGER NOT NULL
    )
    """,
    """
    CREATE TABLE observables (
        id INTEGER PRIMARY KEY,
        texts TEXT NOT NULL UNIQUE -- JSON list
    )
    """,
    """
    CREATE TABLE jobs (
        id INTEGER PRIMARY KEY,
        group_id INTEGER NOT NULL REFERENCES groups ON DELETE CASCADE,
        number INTEGER NOT NULL,
        key BLOB NOT NULL,
        status TEXT NOT NULL DEFAULT 'unsent' CHECK (status IN
            ('unsent', 'queued', 'running', 'done', 'error', 'cancelled', 'unknown')),
        priority INTEGER NOT NULL DEFAULT 0,
        circuit_id INTEGER NOT NULL, -- no foreign key: deleting a circuit would scan all jobs
        parameters TEXT NOT NULL DEFAULT '[]', -- JSON list of values
        observables_id INTEGER, -- likewise
        shots INTEGER, -- NULL: exact expectation values
        shots_done INTEGER NOT NULL DEFAULT 0,
        seed INTEGER,
        measure_all INTEGER NOT NULL DEFAULT 0,
        name TEXT,
        tags TEXT, -- JSON object
        backend TEXT,
        options TEXT, -- JSON object
        failure TEXT,
        error TEXT,
        cancel_requested INTEGER NOT NULL DEFAULT 0,
        created_at REAL NOT NULL,
        parent INTEGER, -- number of the job that this one reruns
        UNIQUE (group_id, number)
    )
    """,
    "CREATE INDEX jobs_by_status ON jobs (group_id, status, priority DESC, number)",
    """
    CREATE TABLE counters (
        group_id INTEGER NOT NULL REFERENCES groups ON DELETE CASCADE,
        status TEXT NOT NULL,
        jobs INTEGER NOT NULL,
        PRIMARY KEY (group_id, status)
    ) WITHOUT ROWID
    """,
    """
    CREATE TRIGGER job_added AFTER INSERT ON jobs BEGIN
        INSERT INTO counters VALUES (new.group_id, new.status, 1)
        ON CONFLICT DO UPDATE SET jobs = jobs + 1;
    END
    """,
    """
    CREATE TRIGGER job_changed AFTER UPDATE OF status ON jobs
    WHEN old.status IS NOT new.status BEGIN
        UPDATE counters SET jobs = jobs - 1
            WHERE group_id = old.group_id AND status = old.status;
        INSERT INTO counters VALUES (new.group_id, new.status, 1)
        ON CONFLICT DO UPDATE SET jobs = jobs + 1;
    END
    """,
    """
    CREATE TRIGGER job_deleted AFTER DELETE ON jobs BEGIN
        UPDATE counters SET jobs = jobs - 1
            WHERE group_id = old.group_id AND status = old.status;
    END
    """,
    """
    CREATE TABLE batches (
        id INTEGER PRIMARY KEY AUTOINCREMENT, -- users name it in settle: never used again
        token TEXT NOT NULL UNIQUE,
        backend TEXT NOT NULL,
        options TEXT NOT NULL DEFAULT '{}',
        state TEXT NOT NULL CHECK (state IN
            ('prepared', 'submitted', 'done', 'error', 'cancelled', 'unknown')),
        remote_id TEXT,
        num_jobs INTEGER NOT NULL,
        num_items INTEGER NOT NULL,
        failure TEXT,
        error TEXT,
        created_at REAL NOT NULL,
        submitted_at REAL,
        finished_at REAL
    )
    """,
    "CREATE INDEX batches_open ON batches (state)"
    " WHERE state IN ('prepared', 'submitted', 'unknown')",
    """
    CREATE TABLE attempts (
        id INTEGER PRIMARY KEY,
        batch_id INTEGER NOT NULL REFERENCES batches ON DELETE CASCADE,
        job_id INTEGER NOT NULL REFERENCES jobs ON DELETE CASCADE,
        item INTEGER NOT NULL, -- which circuit of the batch; equal circuits share one
        status TEXT NOT NULL CHECK (status IN
            ('queued', 'running', 'done', 'error', 'cancelled', 'unknown')),
        shots INTEGER,
        "offset" INTEGER NOT NULL DEFAULT 0, -- first shot of the job that this attempt is for
        seed INTEGER,
        failure TEXT,
        error TEXT,
        finished_at REAL,
        info TEXT, -- JSON object, what the backend said of the run
        result BLOB -- JSON, zlib where that is shorter
    )
    """,
    "CREATE INDEX attempts_by_job ON attempts (job_id)",
    "CREATE INDEX attempts_by_batch ON attempts (batch_id)",
)


GROUP_BACKEND = ("ALTER TABLE groups ADD COLUMN backend TEXT",)

NOTES_AND_PACES = (
    "ALTER TABLE groups ADD COLUMN note TEXT",
    "ALTER TABLE jobs ADD COLUMN note TEXT",
    """
    CREATE TABLE paces (
        backend TEXT NOT NULL,
        kind TEXT NOT NULL, -- of jobs, of the backend
        seconds REAL NOT NULL, -- of a worker, for a second that was estimated
        startup REAL NOT NULL, -- seconds until the workers began
        measured_at REAL NOT NULL,
        PRIMARY KEY (backend, kind)
    ) WITHOUT ROWID
    """,
)


def initial(connection: sqlite3.Connection) -> None:
    """Make the tables of schema 1."""
    for statement in INITIAL:
        connection.execute(statement)


def group_backend(connection: sqlite3.Connection) -> None:
    """Let a group name its backend."""
    for statement in GROUP_BACKEND:
        connection.execute(statement)


def notes_and_paces(connection: sqlite3.Connection) -> None:
    """Notes, and how fast backends are."""
    for statement in NOTES_AND_PACES:
        connection.execute(statement)
