"""Upkeep of a store: is it sound, and a copy of it while it is in use."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator
from pathlib import Path

from qbatch.circuits.identity import KeyMaker
from qbatch.errors import StoreError, UsageError
from qbatch.models import CircuitSource
from qbatch.store import records
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

    def _circuits(self) -> Iterator[str]:
        from qbatch.payloads.circuit.formats import content_hash

        for row in self._db.rows("SELECT id, hash, format, body, num_bytes FROM circuits"):
            try:
                source = CircuitSource(format=row["format"], body=zlib.decompress(row["body"]))
                good = content_hash(source) == row["hash"]
            except (zlib.error, TypeError, ValueError):
                yield f"circuit {row['hash']} cannot be read"
                continue
            if not good or len(source.body) != row["num_bytes"]:
                yield f"circuit {row['hash']} is not what its hash says"

    def _keys(self) -> Iterator[str]:
        """Jobs whose key is not that of their circuit, parameters and observables."""
        sql = """
            SELECT groups.name || '/' || number AS label, key, jobs.parameters, measure_all, hash,
                texts, circuits.parameters AS names
            FROM jobs JOIN groups ON groups.id = group_id JOIN circuits ON circuits.id = circuit_id
            LEFT JOIN observables ON observables.id = observables_id
            ORDER BY circuit_id, observables_id, measure_all
        """
        before, maker = None, None
        for row in self._db.rows(sql):
            try:
                mark = (row["hash"], row["texts"], row["measure_all"])
                if mark != before or maker is None:
                    texts = json.loads(row["texts"] or "[]")
                    before, maker = mark, KeyMaker(row["hash"], texts, bool(row["measure_all"]))
                values = json.loads(row["parameters"])
                good = maker.key(row["parameters"]) == row["key"]
                good = good and len(values) == len(json.loads(row["names"]))
            except (TypeError, ValueError, AttributeError, RecursionError):
                good = False
            if not good:
                yield f"the key of job {row['label']} is not that of its question"

    def _results(self) -> Iterator[str]:
        sql = """
            SELECT attempts.id, attempts.shots, result,
                num_clbits + iif(measure_all, num_qubits, 0) AS num_bits,
                coalesce(json_array_length(texts), 0) AS observables
            FROM attempts JOIN jobs ON jobs.id = job_id JOIN circuits ON circuits.id = circuit_id
            LEFT JOIN observables ON observables.id = observables_id
            WHERE attempts.status = 'done' AND result IS NOT NULL
        """
        for row in self._db.rows(sql):
            try:
                result = decode_result(row["result"])
            except StoreError:
                yield f"the result of attempt {row['id']} cannot be read"
                continue
            try:
                records.check_result(result, row["shots"], row["observables"], row["num_bits"])
            except (TypeError, ValueError) as error:
                yield f"the result of attempt {row['id']}: {error}"
