"""Jobs: adding, looking up, resetting for a rerun, cancelling."""

from __future__ import annotations

import itertools
import json
import sqlite3
import time
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from qbatch.domain.jobs import Job, JobSpec
from qbatch.domain.naming import shell_quote
from qbatch.domain.payloads import Payload, Source
from qbatch.domain.requests import Request
from qbatch.domain.selectors import Selection
from qbatch.errors import NotFound, UsageError
from qbatch.store import schema
from qbatch.store import selection as sql
from qbatch.store.column import compact
from qbatch.store.columns import COPIED, SETTINGS, encoded, quoted
from qbatch.store.database import Database, reading
from qbatch.store.reading import JOB_COLUMNS, JobReader

if TYPE_CHECKING:
    from qbatch.domain.data import Cell, Row


@dataclass(frozen=True, slots=True, kw_only=True)
class Added:
    """What an ``add`` did: the new jobs' numbers, and number of duplicates left out."""

    numbers: range
    duplicates: int


class Jobs:
    """The jobs of a store."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def add(
        self,
        group_id: int,
        payloads: Iterable[Payload],
        specs: Iterable[JobSpec],
        *,
        if_new: bool = False,
    ) -> Added:
        """Store payloads (once per content) and jobs, all in one transaction.

        Args:
            specs: taken lazily, so that a sweep of a million points fits in memory; an
                exception from it leaves nothing behind.
            if_new: leave out what the group holds: same key, shots or rules, seed and options.

        Raises:
            UsageError: the group is closed.
        """
        with self._db.transaction():
            row = self._db.row("SELECT * FROM groups WHERE id = ?", (group_id,))
            assert row is not None
            if row["state"] != "open":
                raise UsageError(
                    f"group {row['name']!r} is closed: nothing can be added",
                    hint=f"qbatch group open {shell_quote(row['name'])} opens it",
                )
            ids = self.payload_ids(payloads)
            rows = _Rows(self, group_id, row["last_number"], ids)
            if if_new:
                rows.known = self._known(group_id)
            self._insert(group_id, rows.of(specs))
            self._db.execute(
                "UPDATE groups SET last_number = ? WHERE id = ?", (rows.number, group_id)
            )
        return Added(
            numbers=range(row["last_number"] + 1, rows.number + 1), duplicates=rows.duplicates
        )

    def _insert(self, group_id: int, rows: Iterator[Row]) -> None:
        """Insert unsent jobs; many of them are counted together, not by a trigger.

        With the trigger SQLite notes how to take each row back; sooner or later in a file,
        and from there on that takes half of the time.
        """
        few = list(itertools.islice(rows, _FEW))
        self._db.executemany(_INSERT_JOB, few)
        if len(few) < _FEW:
            return
        self._db.execute("DROP TRIGGER job_added")
        added = self._db.executemany(_INSERT_JOB, rows).rowcount
        self._db.execute(schema.TRIGGERS[0])
        if added > 0:
            self._db.execute(
                "INSERT INTO counters VALUES (?, 'unsent', ?)"
                " ON CONFLICT DO UPDATE SET jobs = jobs + excluded.jobs",
                (group_id, added),
            )

    def select(self, group_id: int, selection: Selection) -> Iterator[Job]:
        """The jobs meant by a selection, in its order, by default that of adding."""
        where, values = sql.where(selection)
        order, more = sql.order(selection)
        query = (
            f"SELECT {JOB_COLUMNS} FROM jobs WHERE group_id = ? AND {where}"
            f" ORDER BY {order}jobs.number"
        )
        return map(JobReader(self._db).job, self._db.tuples(query, [group_id, *values, *more]))

    def check(self, group_id: int, group: str, selection: Selection) -> None:
        """Make sure that everything that a selection names exists.

        Raises:
            NotFound: there is no job of a number or name.
            InvalidSelector: no job has a parameter or tag of a name.
        """
        sql.check(self._db, group_id, group, selection)

    def with_key(self, group_id: int, key: bytes, shots: int | None = None) -> list[int]:
        """Numbers of the jobs that ask the same, with as many shots if those are given."""
        query = "SELECT number FROM jobs WHERE group_id = ? AND key = ?"
        values: list[Cell] = [group_id, key]
        if shots is not None:
            query, values = f"{query} AND shots = ?", [*values, shots]
        return [row["number"] for row in self._db.rows(f"{query} ORDER BY number", values)]

    def number_at(self, group_id: int, place: int) -> int | None:
        """The number of the job at a place from 0, negative from the end; None if none."""
        order, offset = ("ASC", place) if place >= 0 else ("DESC", -place - 1)
        query = (
            f"SELECT number FROM jobs WHERE group_id = ? ORDER BY number {order} LIMIT 1 OFFSET ?"
        )
        row = self._db.row(query, (group_id, offset))
        return None if row is None else int(row["number"])

    def count(self, group_id: int, selection: Selection) -> int:
        """Number of jobs meant by a selection."""
        where, values = sql.where(selection)
        query = f"SELECT count(*) AS number FROM jobs WHERE group_id = ? AND {where}"
        row = self._db.row(query, [group_id, *values])
        assert row is not None
        return int(row["number"])

    def unsent(self, group_id: int, selection: Selection) -> list[int]:
        """The ids of the unsent jobs of a selection, in its order."""
        where, values = sql.where(selection)
        order, more = sql.order(selection)
        query = (
            f"SELECT id FROM jobs WHERE group_id = ? AND status = 'unsent' AND {where}"
            f" ORDER BY {order}number"
        )
        return [row["id"] for row in self._db.rows(query, [group_id, *values, *more])]

    def labels(self, ids: Iterable[int]) -> dict[int, str]:
        """``group/number`` of jobs by id."""
        query = (
            "SELECT jobs.id, groups.name || '/' || number AS label FROM jobs"
            " JOIN groups ON groups.id = group_id"
            " WHERE jobs.id IN (SELECT value FROM json_each(?))"
        )
        return {row["id"]: row["label"] for row in self._db.rows(query, (json.dumps(list(ids)),))}

    def source(self, content_hash: str) -> Source:
        """A stored payload's content.

        Raises:
            NotFound: no payload has that hash.
        """
        query = "SELECT kind, format, body FROM payloads WHERE hash = ?"
        row = self._db.row(query, (content_hash,))
        if row is None:
            raise NotFound(f"there is no payload {content_hash}")
        return _source(row)

    def sources(self, ids: Iterable[int]) -> dict[int, Source]:
        """The contents of payloads by id."""
        query = (
            "SELECT id, kind, format, body FROM payloads"
            " WHERE id IN (SELECT value FROM json_each(?))"
        )
        return {row["id"]: _source(row) for row in self._db.rows(query, (json.dumps(list(ids)),))}

    def reset(self, ids: Iterable[int]) -> list[int]:
        """Make those of some jobs that failed or were cancelled unsent again; their ids."""
        with self._db.transaction():
            rows = self._db.execute(
                "UPDATE jobs SET status = 'unsent', failure = NULL, error = NULL,"
                " cancel_requested = 0 WHERE status IN ('error', 'cancelled')"
                f" AND {_AMONG} RETURNING id",
                (json.dumps(list(ids)),),
            ).fetchall()
        return [row["id"] for row in rows]

    def backends(self, ids: Iterable[int]) -> dict[int, tuple[str | None, str]]:
        """The backend that each of some jobs asks for, by itself or by group, and its format."""
        query = f"""
            SELECT jobs.id, coalesce(jobs.backend, groups.backend) AS backend, payloads.kind
            FROM jobs JOIN groups ON groups.id = group_id
            JOIN payloads ON payloads.id = payload_id WHERE jobs.{_AMONG}"""
        found = self._db.rows(query, (json.dumps(list(ids)),))
        return {row["id"]: (row["backend"] or None, row["kind"]) for row in found}

    def to_rerun(self, group_id: int, selection: Selection) -> list[int]:
        """The ids of a selection's failed and cancelled jobs, by number.

        A job that another one reruns (``rerun --keep``) is left out: that one stands for it. So
        is a program's, which is rerun through its program.
        """
        where, values = sql.where(selection)
        query = (
            "SELECT id FROM jobs WHERE group_id = ? AND status IN ('error', 'cancelled')"
            f" AND program IS NULL AND {where} {_HAS_NO_COPY} ORDER BY number"
        )
        return [row["id"] for row in self._db.rows(query, [group_id, *values, group_id])]

    def replaced(self, group_id: int, selection: Selection) -> int:
        """Number of failed or cancelled jobs of a selection another one reruns."""
        where, values = sql.where(selection)
        query = (
            "SELECT count(*) AS number FROM jobs WHERE group_id = ?"
            f" AND status IN ('error', 'cancelled') AND {where} AND NOT (1 {_HAS_NO_COPY})"
        )
        row = self._db.row(query, [group_id, *values, group_id])
        assert row is not None
        return int(row["number"])

    def append_again(self, group_id: int, ids: Iterable[int]) -> list[int]:
        """Append a copy of each of a group's jobs that failed or was cancelled, and has none yet.

        The copy names the job it reruns as its ``parent``. Their ids, in order, are returned.
        """
        with self._db.transaction():
            row = self._db.row("SELECT last_number FROM groups WHERE id = ?", (group_id,))
            assert row is not None
            before: int = row["last_number"]
            added = self._db.execute(
                f"""
                INSERT INTO jobs (group_id, number, created_at, parent, {_COPIED})
                SELECT group_id, ? + row_number() OVER (ORDER BY number), ?, number, {_COPIED}
                FROM jobs WHERE group_id = ? AND status IN ('error', 'cancelled')
                    AND {_AMONG} {_HAS_NO_COPY}
                """,
                [before, time.time(), group_id, json.dumps(list(ids)), group_id],
            ).rowcount
            self._db.execute(
                "UPDATE groups SET last_number = last_number + ? WHERE id = ?", (added, group_id)
            )
            rows = self._db.execute(
                "SELECT id FROM jobs WHERE group_id = ? AND number > ? ORDER BY number",
                (group_id, before),
            ).fetchall()
        return [row["id"] for row in rows]

    def cancel(self, group_id: int, selection: Selection) -> tuple[int, int]:
        """Cancel unsent jobs, ask for the others' cancellation.

        Returns how many were cancelled at once, and how many the run that has them will stop.
        """
        where, values = sql.where(selection)
        with self._db.transaction():
            asked = self._db.execute(
                "UPDATE jobs SET cancel_requested = 1 WHERE group_id = ?"
                f" AND status IN ('queued', 'running') AND {where}",
                [group_id, *values],
            ).rowcount
            cancelled = self._db.execute(
                "UPDATE jobs SET status = 'cancelled', failure = 'cancelled',"
                " error = 'cancelled before it was sent' WHERE group_id = ?"
                f" AND status = 'unsent' AND {where}",
                [group_id, *values],
            ).rowcount
        return cancelled, asked

    # -- adding ---------------------------------------------------------------------

    def request_id(self, request: Request) -> int:
        """The id of a request, stored once per content."""
        name = request.hash()
        self._db.execute(
            "INSERT INTO requests (hash, kind, spec) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
            (name, request.kind.value, request.spec()),
        )
        row = self._db.row("SELECT id FROM requests WHERE hash = ?", (name,))
        assert row is not None
        return int(row["id"])

    def payload_ids(self, payloads: Iterable[Payload]) -> dict[str, int]:
        """Ids by hash, of payloads that are stored once per content."""
        own: dict[str, Payload] = {}
        for payload in payloads:
            own.setdefault(payload.hash, payload)
        known = self._db.rows(
            "SELECT hash, id FROM payloads WHERE hash IN (SELECT value FROM json_each(?))",
            (json.dumps(list(own)),),
        )
        ids: dict[str, int] = {row["hash"]: row["id"] for row in known}
        last = self._db.row("SELECT coalesce(max(id), 0) AS last FROM payloads")
        assert last is not None
        new = [payload for payload in own.values() if payload.hash not in ids]
        ids.update((payload.hash, last["last"] + place) for place, payload in enumerate(new, 1))
        self._db.executemany(
            "INSERT INTO payloads (id, hash, kind, format, body, num_bytes, parameters, info)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            ((ids[payload.hash], *_payload_row(payload)) for payload in new),
        )
        return ids

    def _known(self, group_id: int) -> set[Row]:
        # Rules change the shots of a job; whoever adds it again means the same job.
        sql = "SELECT key, coalesce(until, shots), seed, options FROM jobs WHERE group_id = ?"
        return {tuple(row) for row in self._db.rows(sql, (group_id,))}


def _payload_row(payload: Payload) -> Row:
    source = payload.source
    return (
        payload.hash,
        source.kind,
        source.format,
        _compressed(source.body),
        len(source.body),
        json.dumps(payload.parameters, ensure_ascii=False),
        compact(dict(payload.info)),
    )


def _compressed(body: bytes) -> bytes:
    """The body as zlib's format; of short ones with little memory, which takes most of the time."""
    if len(body) > _SHORT:
        return zlib.compress(body)
    packer = zlib.compressobj(wbits=12, memLevel=5)
    return packer.compress(body) + packer.flush()


def _source(row: sqlite3.Row) -> Source:
    with reading("a payload"):
        body = zlib.decompress(row["body"])
        return Source(kind=str(row["kind"]), format=str(row["format"]), body=body)


_FEW = 1000  # jobs that are added as any statement would add them
_SHORT = 1 << 12  # bytes: about as much as the smaller window of `_compressed` sees at once

# Takes the group's id once more. Not correlated: that would go through the group for each job.
_AMONG = "id IN (SELECT value FROM json_each(?))"
_HAS_NO_COPY = (
    " AND jobs.number NOT IN (SELECT again.parent FROM jobs again"
    " WHERE again.group_id = ? AND again.parent IS NOT NULL)"
)

_COPIED = quoted(COPIED)
_SETTINGS = [column.name for column in SETTINGS]
_FILLED = ("group_id", "number", "key", "key_version", "payload_id", "values", "request_id",
           "created_at", *_SETTINGS)  # fmt: skip
_INSERT_JOB = f"INSERT INTO jobs ({quoted(_FILLED)}) VALUES ({', '.join('?' for _ in _FILLED)})"


class _Rows:
    """Rows for `_INSERT_JOB`, numbered; what the jobs of a payload share is encoded once."""

    def __init__(self, jobs: Jobs, group_id: int, number: int, payloads: Mapping[str, int]) -> None:
        self.number = number
        self.duplicates = 0
        self.known: set[Row] | None = None
        self._jobs = jobs
        self._group_id = group_id
        self._payloads = payloads
        self._requests: dict[int, tuple[Request, int]] = {}  # kept, so that ids stay theirs

    def of(self, specs: Iterable[JobSpec]) -> Iterator[Row]:
        now, group = time.time(), self._group_id
        for spec in specs:
            payload, request = self._payloads[spec.payload], self._request(spec.request)
            settings, version = encoded(spec.settings), spec.key_version
            options, until = (settings[_SETTINGS.index(name)] for name in ("options", "until"))
            shots, seed = until or spec.settings.shots, spec.settings.seed
            for key, values in spec.points:
                if self.known is not None and self._is_known((key, shots, seed, options)):
                    continue
                self.number += 1
                yield (group, self.number, key, version, payload, values, request, now, *settings)

    def _request(self, request: Request) -> int:
        """The id of a request, which the jobs of one ``add`` share."""
        found = self._requests.get(id(request))
        if found is None:
            found = self._requests[id(request)] = request, self._jobs.request_id(request)
        return found[1]

    def _is_known(self, mark: Row) -> bool:
        assert self.known is not None
        if mark in self.known:
            self.duplicates += 1
            return True
        self.known.add(mark)
        return False
