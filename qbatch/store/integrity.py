"""Integrity of a store: is it sound, and a copy of it while it is in use."""

from __future__ import annotations

import contextlib
import json
import sqlite3
import zlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from qbatch.domain import states
from qbatch.domain.payloads import Source
from qbatch.domain.requests import read_request
from qbatch.domain.results import ResultKind
from qbatch.domain.until import UntilEnd
from qbatch.errors import NotInstalled, StoreError, UsageError
from qbatch.payloads.registry import payload_format
from qbatch.rules.keys import KeyMaker
from qbatch.store import records, schema
from qbatch.store.database import Database
from qbatch.store.reading import PAYLOAD_COLUMNS, REQUEST_COLUMNS, Reader
from qbatch.store.results import LET_GO, decode_result, digest

# Each query names what is wrong; the first column says where.
_REFERENCES = {
    "job {} refers to a payload that is not there": """
        SELECT groups.name || '/' || number FROM jobs JOIN groups ON groups.id = group_id
        WHERE payload_id NOT IN (SELECT id FROM payloads)""",
    "job {} refers to a request that is not there": """
        SELECT groups.name || '/' || number FROM jobs JOIN groups ON groups.id = group_id
        WHERE request_id NOT IN (SELECT id FROM requests)""",
    "compilation {} refers to a circuit that is not there": """
        SELECT id FROM compilations WHERE payload_id NOT IN (SELECT id FROM payloads)
        OR state = 'done' AND coalesce(compiled_id, -1) NOT IN (SELECT id FROM payloads)""",
    "attempt {} refers to a compilation that is not there": """
        SELECT id FROM attempts WHERE compilation IS NOT NULL
        AND compilation NOT IN (SELECT id FROM compilations)""",
    "the counters of group {} do not agree with its jobs": """
        SELECT DISTINCT groups.name FROM groups JOIN (
            SELECT group_id, status, jobs FROM counters WHERE jobs != 0
            EXCEPT SELECT group_id, status, count(*) FROM jobs GROUP BY 1, 2
            UNION SELECT * FROM (SELECT group_id, status, count(*) FROM jobs GROUP BY 1, 2
            EXCEPT SELECT group_id, status, jobs FROM counters)
        ) wrong ON wrong.group_id = groups.id""",
    "job {} is done, but not all of its shots are": """
        SELECT groups.name || '/' || number FROM jobs JOIN groups ON groups.id = group_id
        WHERE status = 'done' AND coalesce((SELECT sum(coalesce(a.shots, 0)) FROM attempts a
            WHERE a.job_id = jobs.id AND a.status = 'done' AND a.result IS NOT NULL), -1)
            != coalesce(shots, 0)""",
    "job {} has more results than it asked for": """
        SELECT groups.name || '/' || number FROM jobs JOIN groups ON groups.id = group_id
        WHERE (SELECT sum(coalesce(a.shots, 0)) FROM attempts a WHERE a.job_id = jobs.id
            AND a.status = 'done') > coalesce(shots, 0)
        OR shots IS NULL AND (SELECT count(*) FROM attempts a WHERE a.job_id = jobs.id
            AND a.status = 'done') > 1""",
    "job {} is under way, but in no open batch": """
        SELECT groups.name || '/' || number FROM jobs JOIN groups ON groups.id = group_id
        WHERE status IN ('queued', 'running') AND NOT EXISTS (
            SELECT 1 FROM attempts a JOIN batches b ON b.id = a.batch_id
            WHERE a.job_id = jobs.id AND b.state IN ('prepared', 'submitted'))""",
    "job {} is of a program or a step that is not there": """
        SELECT groups.name || '/' || jobs.number FROM jobs JOIN groups ON groups.id = group_id
        WHERE program IS NOT NULL AND NOT EXISTS (
            SELECT 1 FROM programs p JOIN steps s ON s.program_id = p.id
            WHERE p.group_id = jobs.group_id AND p.number = program AND s.step = jobs.step)""",
    "program {} has a step without jobs, or lacks one": """
        SELECT groups.name || '/p' || p.number FROM programs p JOIN groups ON groups.id = group_id
        WHERE EXISTS (SELECT 1 FROM steps s WHERE s.program_id = p.id AND NOT EXISTS (
            SELECT 1 FROM jobs j WHERE j.group_id = p.group_id AND j.program = p.number
            AND j.step = s.step))
        OR (SELECT count(*) != coalesce(max(step) + 1, 0) FROM steps WHERE program_id = p.id)""",
    "batch {} is closed, but has attempts under way": """
        SELECT DISTINCT b.id FROM batches b JOIN attempts a ON a.batch_id = b.id
        WHERE b.state NOT IN ('prepared', 'submitted') AND a.status IN ('queued', 'running')""",
}

WORDS = {
    ("groups", "state"): states.GroupState,
    ("jobs", "status"): states.Status,
    ("jobs", "failure"): states.Failure,
    ("batches", "state"): states.BatchState,
    ("batches", "failure"): states.Failure,
    ("batches", "stop_reason"): states.StopReason,
    ("attempts", "status"): states.AttemptStatus,
    ("attempts", "failure"): states.Failure,
    ("attempts", "kind"): ResultKind,
    ("requests", "kind"): ResultKind,
    ("compilations", "state"): states.CompilationState,
    ("programs", "status"): states.ProgramStatus,
    ("programs", "failure"): states.Failure,
    ("jobs", "until_end"): UntilEnd,
}
"""Columns that hold a word of a vocabulary, or nothing."""

_MADE_OF = """
    SELECT s.name AS owner, c.name, c.type, c."notnull", c.pk
    FROM sqlite_schema s JOIN pragma_table_xinfo(s.name) c WHERE s.type = 'table'
    UNION ALL
    SELECT name, tbl_name, sql, 0, 0 FROM sqlite_schema WHERE type IN ('index', 'trigger')
"""
"""The columns of tables, and indexes and triggers, each with the name that it belongs to."""


class Integrity:
    """What keeps a store sound."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def problems(self) -> Iterator[str]:
        """What is wrong with the store, a sentence each; nothing for a sound one."""
        for row in self._db.rows("PRAGMA integrity_check"):
            if row[0] != "ok":
                yield f"SQLite: {row[0]}"
        for row in self._db.rows("PRAGMA foreign_key_check"):
            yield f"a row of {row[0]} refers to a row of {row[2]} that is not there"
        yield from self._schema()
        yield from self._words()
        yield from self._payloads()
        yield from self._keys()
        for sentence, query in _REFERENCES.items():
            for row in self._db.rows(query):
                yield sentence.format(row[0])
        yield from self._results()

    def backup(self, path: Path) -> None:
        """A consistent copy of the store, also while others write to it.

        Raises:
            UsageError: the file exists, or cannot be made.
        """
        if path.exists():
            raise UsageError(f"{path}: exists; a backup never overwrites anything")
        if not path.parent.is_dir():
            raise UsageError(f"{path}: there is no directory {path.parent}")
        # SQLite would make it readable for others; an empty file of ours it takes as it is.
        path.touch(0o600)
        try:
            self._db.execute("VACUUM INTO ?", (str(path),))
        except BaseException:
            path.unlink(missing_ok=True)
            raise

    def _schema(self) -> Iterator[str]:
        """Tables, indexes and triggers that are not as they were made."""
        with contextlib.closing(sqlite3.connect(":memory:")) as fresh:
            for statement in (*schema.TABLES, *schema.TRIGGERS):
                fresh.execute(statement)
            made = set(fresh.execute(_MADE_OF))
        found = {tuple(row) for row in self._db.rows(_MADE_OF)}
        for name in sorted({owner for owner, *_ in made - found}):
            yield f"{name}: not as qbatch made it; its definition is damaged"

    def _words(self) -> Iterator[str]:
        """Words that no vocabulary has."""
        for (table, column), words in WORDS.items():
            known = json.dumps([word.value for word in words])
            sql = (
                f"SELECT id, {column} AS word FROM {table} WHERE {column} IS NOT NULL"
                f" AND {column} NOT IN (SELECT value FROM json_each(?))"
            )
            for row in self._db.rows(sql, (known,)):
                yield f"{column} of row {row['id']} of {table} is {row['word']!r}"

    def _payloads(self) -> Iterator[str]:
        """Payloads that are not what their hash says, or whose kind nothing here can check."""
        sql = "SELECT hash, kind, format, body, num_bytes, info FROM payloads"
        unknown: Counter[str] = Counter()
        for row in self._db.rows(sql):
            try:
                body = zlib.decompress(row["body"])
                source = Source(kind=row["kind"], format=row["format"], body=body)
                own, info = payload_format(row["kind"]), json.loads(row["info"])
                own.check_info(info)
                good = own.is_sound(source, row["hash"], info)
            except NotInstalled:
                unknown[str(row["kind"])] += 1
                continue
            except (zlib.error, TypeError, ValueError, AttributeError, KeyError, RecursionError):
                yield f"payload {row['hash']} cannot be read"
                continue
            if not good or len(body) != row["num_bytes"]:
                yield f"payload {row['hash']} is not what its hash says"
        for kind, number in unknown.items():
            yield f"payloads of kind {kind!r} cannot be checked, no format installed here: {number}"

    def _keys(self) -> Iterator[str]:
        """Jobs whose key is not that of their payload, values and request."""
        sql = f"""
            SELECT groups.name || '/' || number AS label, key, key_version, "values",
                {PAYLOAD_COLUMNS}, {REQUEST_COLUMNS}, requests.hash AS request_hash
            FROM jobs JOIN groups ON groups.id = group_id
            JOIN payloads ON payloads.id = payload_id JOIN requests ON requests.id = request_id
            ORDER BY payload_id, request_id
        """
        before, maker = None, None
        for row in self._db.rows(sql):
            try:
                mark = (row["payload_hash"], row["request_hash"])
                if mark != before or maker is None:
                    request = read_request(row["request_kind"], row["spec"])
                    before, maker = mark, KeyMaker(row["payload_hash"], request)
                    if request.hash() != row["request_hash"]:
                        yield f"the request of job {row['label']} is not what its hash says"
                values = json.loads(row["values"])
                good = maker.key(row["values"]) == row["key"]
                good = good and maker.version == row["key_version"]
                good = good and len(values) == len(json.loads(row["names"]))
            except (TypeError, ValueError, AttributeError, RecursionError):
                good = False
            if not good:
                yield f"the key of job {row['label']} is not that of its question"

    def _results(self) -> Iterator[str]:
        sql = f"""
            SELECT a.id AS attempt_id, a.shots AS part_shots, a.result, a.digest, a.kind AS told,
                payload_id, request_id, {PAYLOAD_COLUMNS}, {REQUEST_COLUMNS}
            FROM attempts a JOIN jobs ON jobs.id = job_id
            JOIN payloads ON payloads.id = payload_id JOIN requests ON requests.id = request_id
            WHERE a.status = 'done' AND result IS NOT NULL
        """
        reader = Reader()
        for row in self._db.rows(sql):
            where = f"the result of attempt {row['attempt_id']}"
            data = row["result"]
            if data != LET_GO and digest(data) != row["digest"]:
                yield f"{where} is not what its digest says"
            try:
                result, expected = decode_result(data), reader.expected(row)
            except StoreError:
                yield f"{where} cannot be read"
                continue
            if expected is None:
                continue
            if row["told"] != expected.kind:
                yield f"{where}: it is said to be of kind {row['told']}"
                continue
            try:
                records.check_result(result, row["part_shots"], expected)
            except (TypeError, ValueError, AttributeError) as error:
                yield f"{where}: {error}"
