"""A group as records, and records as a group: what an archive holds.

Records are plain JSON values without any number that only this store gives, so that a
group that was restored yields the same records again. Texts that the store keeps as JSON
(values, tags, options) stay texts: equal ones must stay equal.
"""

from __future__ import annotations

import json
import sqlite3
import uuid
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from qbatch.domain.groups import Group
from qbatch.domain.naming import check_new_name
from qbatch.domain.requests import Request
from qbatch.domain.results import read_stored
from qbatch.errors import StoreError, UsageError
from qbatch.store import records
from qbatch.store.archived_origins import (
    COMPILED_PAYLOADS,
    check_batch,
    origin_records,
    take_compilation,
    take_provenance,
    take_target,
)
from qbatch.store.archived_programs import program_records, take_program
from qbatch.store.columns import quoted
from qbatch.store.database import Database
from qbatch.store.groups import Groups
from qbatch.store.jobs import Jobs
from qbatch.store.results import LET_GO, decode_result, digest, encode_result

if TYPE_CHECKING:
    from qbatch.domain.data import Row

Record = dict[str, Any]

_GROUP = [name for name in records.FIELDS["group"] if name != "name"]
_PAYLOAD, BATCH, JOB, ATTEMPT = (
    list(records.FIELDS[kind]) for kind in ("payload", "batch", "job", "attempt")
)

INSERT_ATTEMPT = (
    "INSERT INTO attempts (job_id, batch_id, compilation, kind, result, digest,"
    f" {quoted(ATTEMPT)}) VALUES ({', '.join('?' for _ in range(6 + len(ATTEMPT)))})"
)
"""Told the job, its batch, what it was compiled to, the result's cells, and those of `ATTEMPT`."""

SENSELESS = (KeyError, TypeError, ValueError, IndexError, AttributeError, OverflowError,
              RecursionError, zlib.error)  # fmt: skip


class Archive:
    """Groups out of a store and into it."""

    def __init__(self, database: Database, groups: Groups, jobs: Jobs) -> None:
        self._db = database
        self._groups = groups
        self._jobs = jobs

    def records(self, group: Group) -> Iterator[Record]:
        """The group, its payloads, batches, and jobs with their attempts and results."""
        row = self._db.row("SELECT * FROM groups WHERE id = ?", (group.id,))
        assert row is not None
        yield {"record": "group", "name": row["name"], **_named(row, _GROUP)}
        for sql, values in ((_PAYLOADS, (group.id,)), (COMPILED_PAYLOADS, (group.id, group.id))):
            for row in self._db.rows(sql, values):
                body = zlib.decompress(row["body"])
                yield {"record": "payload", **_named(row, _PAYLOAD), **records.body_fields(body)}
        compiled: dict[int, int] = {}
        yield from origin_records(self._db, group.id, compiled)
        places: dict[int, int] = {}
        for row in self._db.rows(_BATCHES, (group.id,)):
            places[row["id"]] = len(places)
            yield {"record": "batch", **_named(row, BATCH)}
        yield from program_records(self._db, group.id)
        attempts = self._attempts(group.id, places, compiled)
        waiting = next(attempts, None)
        for row in self._db.rows(_JOBS, (group.id,)):
            tries = []
            while waiting is not None and waiting[0] == row["id"]:
                tries.append(waiting[1])
                waiting = next(attempts, None)
            yield {
                "record": "job",
                **_named(row, JOB),
                "key": row["key"].hex(),
                "key_version": row["key_version"],
                "payload": row["hash"],
                "request": {"kind": row["asks"], "spec": row["spec"]},
                "attempts": tries,
            }

    def _attempts(
        self, group_id: int, places: Mapping[int, int], compiled: Mapping[int, int]
    ) -> Iterator[tuple[int, Record]]:
        """Attempts by their job, in the order of the jobs' numbers."""
        for row in self._db.rows(_ATTEMPTS, (group_id,)):
            result = None if row["result"] is None else decode_result(row["result"])
            found = {
                "batch": places[row["batch_id"]],
                "compilation": compiled.get(row["compilation"]),
                **_named(row, ATTEMPT),
                "result": result,
            }
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
            made = Restoring(self._db, self._groups, self._jobs, name)
            try:
                for record in found:
                    made.take(record)
            except SENSELESS as error:
                raise UsageError(f"the archive is damaged: {error!r}") from error
            except StoreError as error:
                if isinstance(error.__cause__, sqlite3.IntegrityError):
                    raise UsageError(f"the archive is damaged: {error.__cause__}") from error
                raise
            return made.name, made.jobs


class Restoring:
    """A group on its way into the store, inside one transaction."""

    def __init__(self, database: Database, groups: Groups, jobs: Jobs, name: str | None) -> None:
        self._db = database
        self._groups = groups
        self._stored = jobs
        self._wish = name
        self._group = 0
        self._payloads: dict[str, tuple[int, Record]] = {}
        self._requests: dict[Request, int] = {}
        self._batches: list[int] = []
        self._compiled: list[int] = []
        self._steps: dict[int, int] = {}  # of programs, by their numbers
        self._begun = False
        self.name = ""
        self.jobs = 0

    def take(self, record: Record) -> None:
        """Take the next record.

        Raises:
            ValueError, KeyError, …: it makes no sense (`SENSELESS`).
        """
        takers: dict[str, Callable[[Record], None]] = {
            "group": self._take_group,
            "payload": self._take_payload,
            "target": lambda record: take_target(self._db, record),
            "provenance": lambda record: take_provenance(self._db, record),
            "compilation": self._take_compilation,
            "batch": self._take_batch,
            "job": self._take_job,
            "program": self._take_program,
        }
        kind = record["record"]
        if not self._begun and kind != "group":
            raise ValueError("it does not begin with its group")
        if self._begun and kind == "group":
            raise ValueError("it holds two groups")
        self._begun = True
        takers[kind](record)

    def _take_group(self, record: Record) -> None:
        records.check("group", record)
        self.name = check_new_name(self._wish or record["name"])
        if self._groups.find(self.name) is not None:
            raise UsageError(
                f"there is a group {self.name!r} already", hint="--as NAME gives it another name"
            )
        self._group = self._groups.ensure(self.name)
        values = ", ".join(f"{column} = ?" for column in _GROUP)
        self._db.execute(
            f"UPDATE groups SET {values} WHERE id = ?",
            [*(record[column] for column in _GROUP), self._group],
        )

    def _take_payload(self, record: Record) -> None:
        body = records.payload_body(record)
        self._db.execute(
            f"INSERT INTO payloads ({quoted(_PAYLOAD)}, body) VALUES"
            f" ({marks(_PAYLOAD)}, ?) ON CONFLICT DO NOTHING",
            [*(record[column] for column in _PAYLOAD), zlib.compress(body)],
        )
        row = self._db.row("SELECT id FROM payloads WHERE hash = ?", (record["hash"],))
        assert row is not None
        told = {name: record[name] for name in ("kind", "parameters", "info")}
        self._payloads[record["hash"]] = row["id"], told

    def _take_compilation(self, record: Record) -> None:
        payloads = {
            name: (number, json.loads(told["info"])["num_qubits"])
            for name, (number, told) in self._payloads.items()
            if name in (record["payload"], record["compiled"])
        }
        self._compiled.append(take_compilation(self._db, record, payloads))

    def compilation(self, tried: Record) -> int | None:
        """Which compilation of this store an attempt ran.

        Raises:
            IndexError: one that the archive has not told of.
        """
        place = tried["compilation"]
        return None if place is None else self._compiled[place]

    def _take_batch(self, record: Record) -> None:
        check_batch(self._db, record)
        self._batches.append(new_batch(self._db, record))

    def _take_program(self, record: Record) -> None:
        take_program(self._db, self._group, record)
        self._steps[record["number"]] = len(record["steps"])

    def _take_job(self, record: Record) -> None:
        if record["program"] is not None and record["step"] >= self._steps[record["program"]]:
            raise ValueError(f"job {record['number']} is of a step that is not there")
        request = self._checked(record)
        job = self._new_job(record, request)
        self._db.executemany(
            INSERT_ATTEMPT,
            [
                [
                    job,
                    self._batches[tried["batch"]],
                    self.compilation(tried),
                    *result_cells(tried["result"], request),
                    *(tried[column] for column in ATTEMPT),
                ]
                for tried in record["attempts"]
            ],
        )
        self._db.execute(
            "UPDATE groups SET last_number = max(last_number, ?) WHERE id = ?",
            (record["number"], self._group),
        )
        self.jobs += 1

    def _checked(self, record: Record) -> Request:
        """What a job asks, whose record is sound."""
        _, payload = self._payloads[record["payload"]]
        return records.check_job(record, payload, len(self._batches))

    def _new_job(self, record: Record, request: Request) -> int:
        """Store a job without its attempts; its id."""
        if request not in self._requests:
            self._requests[request] = self._stored.request_id(request)
        job = self._db.execute(
            f"INSERT INTO jobs (group_id, key, key_version, payload_id, request_id, {quoted(JOB)})"
            f" VALUES (?, ?, ?, ?, ?, {marks(JOB)})",
            [
                self._group,
                bytes.fromhex(record["key"]),
                record["key_version"],
                self._payloads[record["payload"]][0],
                self._requests[request],
                *(record[column] for column in JOB),
            ],
        ).lastrowid
        assert job is not None
        return job


def new_batch(database: Database, record: Record) -> int:
    """Store a batch that was run elsewhere; its id."""
    batch = database.execute(
        f"INSERT INTO batches ({quoted(BATCH)}, submission_id) VALUES ({marks(BATCH)}, ?)",
        [*(record[column] for column in BATCH), f"imported-{uuid.uuid4().hex}"],
    ).lastrowid
    assert batch is not None
    return batch


def result_cells(found: Mapping[str, object] | None, request: Request) -> Row:
    """Kind, result and digest of an attempt."""
    if found is None:
        return None, None, None
    result = read_stored(found, request.observables)
    if result is None:
        return request.kind, LET_GO, None
    data = encode_result(result)
    return result.kind, data, digest(data)


def _named(row: sqlite3.Row, columns: Iterable[str]) -> Record:
    return {column: row[column] for column in columns}


def marks(names: Iterable[str]) -> str:
    """A question mark for each, for SQL."""
    return ", ".join("?" for _ in names)


_PAYLOADS = """
    SELECT payloads.* FROM payloads JOIN
        (SELECT payload_id, min(number) AS first FROM jobs WHERE group_id = ? GROUP BY payload_id)
        used ON used.payload_id = payloads.id ORDER BY used.first
"""
_BATCHES = """
    SELECT * FROM batches WHERE id IN (SELECT batch_id FROM attempts
        JOIN jobs ON jobs.id = job_id WHERE group_id = ?) ORDER BY id
"""
_JOBS = """
    SELECT jobs.*, payloads.hash, requests.kind AS asks, requests.spec FROM jobs
    JOIN payloads ON payloads.id = payload_id
    JOIN requests ON requests.id = request_id
    WHERE group_id = ? ORDER BY number
"""
_ATTEMPTS = """
    SELECT attempts.* FROM attempts JOIN jobs ON jobs.id = job_id
    WHERE group_id = ? ORDER BY number, attempts.id
"""
