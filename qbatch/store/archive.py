"""A group as records, and records as a group: what an archive holds.

Records are plain JSON values without any number that only this store gives, so that a
group that was restored yields the same records again. Texts that the store keeps as JSON
(parameters, tags, options) stay texts: equal ones must stay equal.
"""

from __future__ import annotations

import base64
import json
import sqlite3
import uuid
import zlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from qbatch.errors import StoreError, UsageError
from qbatch.models import CircuitSource, Group
from qbatch.store import records
from qbatch.store.database import Database
from qbatch.store.groups import Groups, check_new_name
from qbatch.store.results import decode_result, encode_result

Record = dict[str, Any]

_GROUP = ("state", "backend", "note", "created_at")
_CIRCUIT = ("hash", "format", "num_bytes", "num_qubits", "num_clbits", "size", "parameters",
            "measured", "dynamic")  # fmt: skip
_BATCH = ("backend", "options", "state", "remote_id", "num_jobs", "num_items", "failure", "error",
          "created_at", "submitted_at", "finished_at")  # fmt: skip
_JOB = ("number", "status", "priority", "parameters", "shots", "shots_done", "seed", "measure_all",
        "name", "tags", "backend", "options", "failure", "error", "created_at", "parent",
        "note")  # fmt: skip
_ATTEMPT = ("item", "status", "shots", "offset", "seed", "failure", "error", "finished_at", "info")


_SENSELESS = (KeyError, TypeError, ValueError, IndexError, AttributeError, OverflowError,
              RecursionError, zlib.error)  # fmt: skip


class Archive:
    """Groups out of a store and into it."""

    def __init__(self, database: Database, groups: Groups) -> None:
        self._db = database
        self._groups = groups

    def records(self, group: Group) -> Iterator[Record]:
        """The group, its circuits, batches, and jobs with their attempts and results."""
        row = self._db.row("SELECT * FROM groups WHERE id = ?", (group.id,))
        assert row is not None
        yield {"kind": "group", "name": row["name"], **_named(row, _GROUP)}
        for row in self._db.rows(_CIRCUITS, (group.id,)):
            yield {"kind": "circuit", **_named(row, _CIRCUIT), **_body(row)}
        places: dict[int, int] = {}
        for row in self._db.rows(_BATCHES, (group.id,)):
            places[row["id"]] = len(places)
            yield {"kind": "batch", **_named(row, _BATCH)}
        attempts = self._attempts(group.id, places)
        waiting = next(attempts, None)
        for row in self._db.rows(_JOBS, (group.id,)):
            tries = []
            while waiting is not None and waiting[0] == row["id"]:
                tries.append(waiting[1])
                waiting = next(attempts, None)
            key, observables = row["key"].hex(), json.loads(row["texts"] or "[]")
            yield {
                "kind": "job",
                **_named(row, _JOB),
                "key": key,
                "circuit": row["hash"],
                "observables": observables,
                "attempts": tries,
            }

    def _attempts(self, group_id: int, places: Mapping[int, int]) -> Iterator[tuple[int, Record]]:
        """Attempts by their job, in the order of the jobs' numbers."""
        for row in self._db.rows(_ATTEMPTS, (group_id,)):
            result = None if row["result"] is None else decode_result(row["result"])
            found = {"batch": places[row["batch_id"]], **_named(row, _ATTEMPT), "result": result}
            yield row["job_id"], found

    def restore(self, found: Iterable[Record], name: str | None) -> tuple[str, int]:
        """Make the group that the records tell of; its name and number of jobs.

        Args:
            name: instead of the one it had.

        Raises:
            UsageError: there is a group of that name, or a record makes no sense. Nothing
                is stored then.
        """
        with self._db.transaction():
            made = _Restoring(self._db, self._groups, name)
            for record in found:
                try:
                    made.take(record)
                except _SENSELESS as error:
                    raise UsageError(f"the archive is damaged: {error!r}") from error
                except StoreError as error:
                    if isinstance(error.__cause__, sqlite3.IntegrityError):
                        raise UsageError(f"the archive is damaged: {error.__cause__}") from error
                    raise
            return made.name, made.jobs


class _Restoring:
    """A group on its way into the store, inside one transaction."""

    def __init__(self, database: Database, groups: Groups, name: str | None) -> None:
        self._db = database
        self._groups = groups
        self._wish = name
        self._group = 0
        self._circuits: dict[str, int] = {}
        self._told: dict[str, Record] = {}
        self._batches: list[int] = []
        self.name = ""
        self.jobs = 0

    def take(self, record: Record) -> None:
        takers = {
            "group": self._take_group,
            "circuit": self._take_circuit,
            "batch": self._take_batch,
            "job": self._take_job,
        }
        if not self._group and record["kind"] != "group":
            raise ValueError("it does not begin with its group")
        if self._group and record["kind"] == "group":
            raise ValueError("it holds two groups")
        takers[record["kind"]](record)

    def _take_group(self, record: Record) -> None:
        records.check("group", record)
        self.name = check_new_name(self._wish or record["name"])
        if self._groups.find(self.name) is not None:
            raise UsageError(
                f"there is a group {self.name!r} already", hint="--as NAME gives it another name"
            )
        self._group = self._groups.ensure(self.name)
        self._db.execute(
            "UPDATE groups SET state = ?, backend = ?, note = ?, created_at = ? WHERE id = ?",
            [*(record[column] for column in _GROUP), self._group],
        )

    def _take_circuit(self, record: Record) -> None:
        from qbatch.payloads.circuit.formats import content_hash

        records.check("circuit", record)
        text, form = record["body"], record["format"]
        body = base64.b64decode(text, validate=True) if form == "qpy" else text.encode()
        if content_hash(CircuitSource(format=form, body=body)) != record["hash"]:
            raise ValueError(f"circuit {record['hash']} is not what its hash says")
        self._db.execute(
            f"INSERT INTO circuits ({_columns(_CIRCUIT)}, body) VALUES"
            f" ({_marks(_CIRCUIT)}, ?) ON CONFLICT DO NOTHING",
            [*(record[column] for column in _CIRCUIT), zlib.compress(body)],
        )
        row = self._db.row("SELECT id FROM circuits WHERE hash = ?", (record["hash"],))
        assert row is not None
        self._circuits[record["hash"]] = row["id"]
        self._told[record["hash"]] = {
            name: record[name] for name in ("parameters", "num_qubits", "num_clbits")
        }

    def _take_batch(self, record: Record) -> None:
        records.check("batch", record)
        batch = self._db.execute(
            f"INSERT INTO batches ({_columns(_BATCH)}, token) VALUES ({_marks(_BATCH)}, ?)",
            [*(record[column] for column in _BATCH), f"imported-{uuid.uuid4().hex}"],
        ).lastrowid
        assert batch is not None
        self._batches.append(batch)

    def _take_job(self, record: Record) -> None:
        records.check_job(record, self._told[record["circuit"]], len(self._batches))
        observables = None
        if record["observables"]:
            texts = json.dumps(record["observables"], ensure_ascii=False)
            self._db.execute(
                "INSERT INTO observables (texts) VALUES (?) ON CONFLICT DO NOTHING", (texts,)
            )
            row = self._db.row("SELECT id FROM observables WHERE texts = ?", (texts,))
            assert row is not None
            observables = row["id"]
        job = self._db.execute(
            f"INSERT INTO jobs (group_id, key, circuit_id, observables_id, {_columns(_JOB)})"
            f" VALUES (?, ?, ?, ?, {_marks(_JOB)})",
            [
                self._group,
                bytes.fromhex(record["key"]),
                self._circuits[record["circuit"]],
                observables,
                *(record[column] for column in _JOB),
            ],
        ).lastrowid
        self._db.executemany(
            f"INSERT INTO attempts (job_id, batch_id, result, {_columns(_ATTEMPT)})"
            f" VALUES (?, ?, ?, {_marks(_ATTEMPT)})",
            [
                [
                    job,
                    self._batches[tried["batch"]],
                    encode_result(tried["result"]),
                    *(tried[column] for column in _ATTEMPT),
                ]
                for tried in record["attempts"]
            ],
        )
        self._db.execute(
            "UPDATE groups SET last_number = max(last_number, ?) WHERE id = ?",
            (record["number"], self._group),
        )
        self.jobs += 1


def _named(row: Any, columns: Iterable[str]) -> Record:
    return {column: row[column] for column in columns}


def _columns(names: Iterable[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)


def _marks(names: Iterable[str]) -> str:
    return ", ".join("?" for _ in names)


def _body(row: Any) -> Record:
    body = zlib.decompress(row["body"])
    text = base64.b64encode(body) if row["format"] == "qpy" else body
    return {"body": text.decode()}


_CIRCUITS = """
    SELECT circuits.* FROM circuits JOIN
        (SELECT circuit_id, min(number) AS first FROM jobs WHERE group_id = ? GROUP BY circuit_id)
        used ON used.circuit_id = circuits.id ORDER BY used.first
"""
_BATCHES = """
    SELECT * FROM batches WHERE id IN (SELECT batch_id FROM attempts
        JOIN jobs ON jobs.id = job_id WHERE group_id = ?) ORDER BY id
"""
_JOBS = """
    SELECT jobs.*, circuits.hash, observables.texts FROM jobs
    JOIN circuits ON circuits.id = circuit_id
    LEFT JOIN observables ON observables.id = observables_id
    WHERE group_id = ? ORDER BY number
"""
_ATTEMPTS = """
    SELECT attempts.* FROM attempts JOIN jobs ON jobs.id = job_id
    WHERE group_id = ? ORDER BY number, attempts.id
"""
