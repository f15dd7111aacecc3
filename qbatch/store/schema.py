"""The tables of the newest schema.

Times are seconds since the epoch, JSON is compact text. Words in columns of states are those
of `qbatch.domain.states`, which ``db verify`` holds them against. ``counters`` is kept by
triggers, so that the status of a group costs the same for ten jobs and for a million.
"""

from __future__ import annotations

from qbatch.store.columns import COLUMNS


def _jobs() -> str:
    rows = []
    for column in COLUMNS:
        if column.sql is not None:
            sql, dashes, comment = column.sql.partition(" -- ")
            rows.append(f'    "{column.name}" {sql},{dashes}{comment}')
    return "CREATE TABLE jobs (\n" + "\n".join(rows) + "\n    UNIQUE (group_id, number)\n)"


PROGRAM_TABLES = (
    """
    CREATE TABLE programs (
        id INTEGER PRIMARY KEY,
        group_id INTEGER NOT NULL REFERENCES groups ON DELETE CASCADE,
        number INTEGER NOT NULL,
        name TEXT NOT NULL,
        reference TEXT NOT NULL, -- file.py:function
        source TEXT NOT NULL, -- hash
        environment TEXT NOT NULL DEFAULT '{}', -- JSON object, versions
        arguments TEXT NOT NULL, -- JSON object
        settings TEXT NOT NULL, -- JSON object: of its jobs
        seed INTEGER NOT NULL,
        accepted INTEGER NOT NULL DEFAULT 1, -- 0: it came in an archive
        status TEXT NOT NULL DEFAULT 'waiting',
        value TEXT, -- JSON, what it returned
        failure TEXT,
        error TEXT,
        best REAL, -- the least value that it reported
        created_at REAL NOT NULL,
        finished_at REAL,
        UNIQUE (group_id, number)
    )
    """,
    """
    CREATE TABLE steps (
        program_id INTEGER NOT NULL REFERENCES programs ON DELETE CASCADE,
        step INTEGER NOT NULL,
        shape BLOB NOT NULL, -- digest of payloads, requests and shots that were asked for
        reported TEXT, -- JSON list of [value, numbers], after the step was answered
        recorded TEXT, -- JSON list of [name, value], before it was asked
        PRIMARY KEY (program_id, step)
    ) WITHOUT ROWID
    """,
    """
    CREATE TABLE sources (
        hash TEXT PRIMARY KEY,
        body BLOB NOT NULL -- zlib, JSON: the user's files as they were added
    ) WITHOUT ROWID
    """,
    "CREATE INDEX jobs_by_program ON jobs (group_id, program, step, place)"
    " WHERE program IS NOT NULL",
)

BY_RULES = "CREATE INDEX jobs_by_rules ON jobs (group_id) WHERE until IS NOT NULL"

TABLES = (
    """
    CREATE TABLE groups (
        id INTEGER PRIMARY KEY AUTOINCREMENT, -- locks are named by it: never used again
        name TEXT NOT NULL UNIQUE,
        made_as TEXT NOT NULL, -- the name it was made with
        state TEXT NOT NULL DEFAULT 'open',
        hold TEXT, -- why nothing of it is sent; NULL: it is
        created_at REAL NOT NULL,
        last_number INTEGER NOT NULL DEFAULT 0,
        runner TEXT, -- JSON {pid, host, since} of the process that holds the run lock
        backend TEXT,
        note TEXT,
        parent TEXT, -- the name of the group that it was copied from
        parent_id INTEGER, -- its id; NULL where it came from elsewhere
        copied_for TEXT -- the backend that the copy is for; NULL: it is for none
    )
    """,
    """
    CREATE TABLE payloads (
        id INTEGER PRIMARY KEY,
        hash TEXT NOT NULL UNIQUE,
        kind TEXT NOT NULL, -- the payload format that reads it
        format TEXT NOT NULL, -- in which of its forms
        body BLOB NOT NULL, -- zlib
        num_bytes INTEGER NOT NULL, -- before compression
        parameters TEXT NOT NULL, -- JSON list of names
        info TEXT NOT NULL -- JSON object, what the format keeps of it
    )
    """,
    """
    CREATE TABLE requests (
        id INTEGER PRIMARY KEY,
        hash TEXT NOT NULL UNIQUE,
        kind TEXT NOT NULL,
        spec TEXT NOT NULL -- JSON object
    )
    """,
    _jobs(),
    "CREATE INDEX jobs_by_status ON jobs (group_id, status, priority DESC, number)",
    BY_RULES,
    """
    CREATE TABLE counters (
        group_id INTEGER NOT NULL REFERENCES groups ON DELETE CASCADE,
        status TEXT NOT NULL,
        jobs INTEGER NOT NULL,
        PRIMARY KEY (group_id, status)
    ) WITHOUT ROWID
    """,
    """
    CREATE TABLE batches (
        id INTEGER PRIMARY KEY AUTOINCREMENT, -- users name it in resolve: never used again
        submission_id TEXT NOT NULL UNIQUE,
        remote_id TEXT,
        backend TEXT NOT NULL,
        options TEXT NOT NULL DEFAULT '{}',
        state TEXT NOT NULL,
        stop_reason TEXT, -- why the backend was asked to stop it
        prepared_digest BLOB, -- of what its adapter prepared
        provenance TEXT, -- hash of what it ran on
        reserved REAL, -- of a budget, until the price is known
        charged REAL, -- what the service says that it cost
        currency TEXT,
        run_seconds REAL, -- what the service says that it worked
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
        job_id INTEGER NOT NULL REFERENCES jobs ON DELETE CASCADE,
        batch_id INTEGER REFERENCES batches ON DELETE CASCADE,
        position INTEGER NOT NULL, -- which item of the batch; equal jobs share one
        status TEXT NOT NULL,
        shots INTEGER,
        "offset" INTEGER NOT NULL DEFAULT 0, -- first shot of the job that this attempt is for
        stream INTEGER NOT NULL DEFAULT 0, -- of random numbers (`qbatch.store.streams`)
        sampler TEXT, -- that drew the shots
        compilation INTEGER, -- which compiled payload was sent
        origin TEXT, -- where it was run, if not here
        seed INTEGER,
        failure TEXT,
        error TEXT,
        finished_at REAL,
        info TEXT, -- JSON object, what the backend said of the run
        kind TEXT, -- of the result
        result BLOB, -- JSON, zlib where that is shorter
        digest BLOB -- of the result, as it lies here
    )
    """,
    "CREATE INDEX attempts_by_job ON attempts (job_id)",
    "CREATE INDEX attempts_by_batch ON attempts (batch_id)",
    """
    CREATE TABLE targets (
        hash TEXT PRIMARY KEY,
        name TEXT,
        body TEXT NOT NULL -- JSON
    ) WITHOUT ROWID
    """,
    """
    CREATE TABLE compilations (
        id INTEGER PRIMARY KEY,
        payload_id INTEGER NOT NULL,
        target TEXT NOT NULL,
        options TEXT NOT NULL, -- JSON
        compiler TEXT NOT NULL, -- name and version
        state TEXT NOT NULL,
        compiled_id INTEGER, -- the payload that came of it
        layout TEXT, -- JSON, logical qubit to physical, initial and final
        depth INTEGER,
        size INTEGER,
        two_qubit INTEGER,
        seconds REAL,
        error TEXT,
        at REAL,
        log TEXT, -- what the compiler told of its work
        UNIQUE (payload_id, target, options, compiler)
    )
    """,
    """
    CREATE TABLE provenance (
        hash TEXT PRIMARY KEY,
        body TEXT NOT NULL -- JSON
    ) WITHOUT ROWID
    """,
    """
    CREATE TABLE paces (
        backend TEXT NOT NULL,
        workload TEXT NOT NULL, -- see qbatch.seam.SupportsCost
        seconds REAL NOT NULL, -- of a worker, for a second that was estimated
        startup REAL NOT NULL, -- seconds until the workers began
        measured_at REAL NOT NULL,
        PRIMARY KEY (backend, workload)
    ) WITHOUT ROWID
    """,
    *PROGRAM_TABLES,
)

TRIGGERS = (
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
)
