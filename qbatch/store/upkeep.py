"""Upkeep of a store: is it sound, and a copy of it while it is in use."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator
from pathlib import Path

from qbatch.errors import UsageError
from qbatch.models import CircuitSource
from qbatch.store.database import Database
from qbatch.store.results import decode_result

# Each query names what is wrong; the first column says where.
_REFERENCES = {
    "job {} refers to a circuit that is not there": """
        SELECT groups.name || '/' || number FROM jobs JOIN groups ON groups.id = group_id
        WHERE circuit_id NOT IN (SELECT id FROM circuits)""",
    "job {} refers to observables that are not there": """
        SELECT groups.name || '/' || number FROM jobs JOIN groups ON groups.id = group_id
        WHERE observables_id IS NOT NULL
            AND observables_id NOT IN (SELECT id FROM observables)""",
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
    "batch {} is closed, but has attempts under way": """
        SELECT DISTINCT b.id FROM batches b JOIN attempts a ON a.batch_id = b.id
        WHERE b.state NOT IN ('prepared', 'submitted') AND a.status IN ('queued', 'running')""",
}


class Upkeep:
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
        yield from self._circuits()
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

    def _circuits(self) -> Iterator[str]:
        from qbatch.payloads.circuit.formats import content_hash

        for row in self._db.rows("SELECT id, hash, format, body FROM circuits"):
            try:
                source = CircuitSource(format=row["format"], body=zlib.decompress(row["body"]))
            except zlib.error:
                yield f"circuit {row['hash']} cannot be read"
                continue
            if content_hash(source) != row["hash"]:
                yield f"circuit {row['hash']} is not what its hash says"

    def _results(self) -> Iterator[str]:
        sql = (
            "SELECT attempts.id, shots, result FROM attempts"
            " WHERE status = 'done' AND result IS NOT NULL"
        )
        for row in self._db.rows(sql):
            try:
                counts = decode_result(row["result"]).get("counts")
            except (ValueError, zlib.error, json.JSONDecodeError):
                yield f"the result of attempt {row['id']} cannot be read"
                continue
            if counts is not None and sum(counts.values()) != row["shots"]:
                yield f"the result of attempt {row['id']} has {sum(counts.values())} shots"
