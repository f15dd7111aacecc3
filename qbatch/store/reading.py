"""Rows as the objects of the domain, with what many rows share read once."""

from __future__ import annotations

import functools
import json
import sqlite3
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar, cast

import orjson

from qbatch.domain.jobs import Job
from qbatch.domain.payloads import StoredPayload
from qbatch.domain.requests import Expected, Request, read_request
from qbatch.domain.states import Failure, Status
from qbatch.domain.until import UntilEnd
from qbatch.errors import NotInstalled
from qbatch.payloads.registry import payload_format
from qbatch.store.columns import SETTINGS, decoded
from qbatch.store.database import Database, damaged, reading

if TYPE_CHECKING:
    from qbatch.domain.data import Row

T = TypeVar("T")

Question: TypeAlias = tuple[StoredPayload, Request, Expected | None]
"""A payload, what is asked of it, and what an answer must look like."""

PAYLOAD_COLUMNS = (
    "payloads.hash AS payload_hash, payloads.kind AS payload_kind, payloads.format,"
    " payloads.num_bytes, payloads.parameters AS names, payloads.info AS payload_info"
)
REQUEST_COLUMNS = "requests.kind AS request_kind, requests.spec"
_FIRST = ("id", "payload_id", "request_id", "number", "key", "values", "status", "failure",
          "error", "created_at", "parent", "note", "program", "step", "place",
          "until_end")  # fmt: skip
_CELLS = [f'jobs."{name}"' for name in (*_FIRST, *(column.name for column in SETTINGS))]
_SETTINGS_END = len(_CELLS)
JOB_COLUMNS = f"{', '.join(_CELLS)}, jobs.group_id"
"""What `JobReader.job` reads, in this order."""
JOB_NUMBER = _FIRST.index("number")

_MOST_KEPT = 20_000
_MOST_AHEAD = 256  # payloads that are read before they are asked for


class Reader:
    """Makes objects of rows; payloads and requests are read once for all their jobs."""

    def __init__(self) -> None:
        self._payloads: dict[int, StoredPayload] = {}
        self._requests: dict[int, Request] = {}
        self._expected: dict[tuple[str, str, int], Expected | None] = {}
        self._questions: dict[tuple[int, int], Question] = {}

    def question(self, row: sqlite3.Row, payload_id: int, request_id: int) -> Question:
        """Payload, request and what an answer must look like, of a row that holds them all.

        Raises:
            StoreError: one is damaged.
        """
        found = self._questions.get((payload_id, request_id))
        if found is None:
            if len(self._questions) > _MOST_KEPT:
                self._questions.clear()
            found = (self.payload(row), self.request(row), self.expected(row))
            self._questions[payload_id, request_id] = found
        return found

    def payload(self, row: sqlite3.Row) -> StoredPayload:
        """The payload of a row of `PAYLOAD_COLUMNS` with a ``payload_id``.

        Raises:
            StoreError: it is damaged.
        """
        found = self._payloads.get(row["payload_id"])
        if found is None:
            if len(self._payloads) > _MOST_KEPT:
                self._payloads.clear()
            with reading("a payload"):
                found = self._payloads[row["payload_id"]] = _payload(row)
        return found

    def request(self, row: sqlite3.Row) -> Request:
        """The request of a row of `REQUEST_COLUMNS`.

        Raises:
            StoreError: it is damaged.
        """
        found = self._requests.get(row["request_id"])
        if found is None:
            with reading("a request"):
                found = read_request(row["request_kind"], row["spec"])
            self._requests[row["request_id"]] = found
        return found

    def expected(self, row: sqlite3.Row) -> Expected | None:
        """What an answer must look like; None where nothing here knows the payload's format."""
        payload = self.payload(row)
        # Payloads of which the same is known are answered alike.
        mark = (payload.kind, row["payload_info"], row["request_id"])
        if mark not in self._expected:
            if len(self._expected) > _MOST_KEPT:
                self._expected.clear()
            try:
                own = payload_format(payload.kind)
            except NotInstalled:
                self._expected[mark] = None
            else:
                with reading("a payload"):
                    own.check_info(payload.info)
                    self._expected[mark] = own.expected(payload.info, self.request(row))
        return self._expected[mark]


class JobReader(Reader):
    """Makes jobs of rows of ``jobs`` alone: what many of them share is asked for once.

    A join would hand it over with every row, which takes longer than to read the job.
    """

    def __init__(self, database: Database) -> None:
        super().__init__()
        self._db = database
        self._groups: dict[int, str] = {}
        self._settings: tuple[Row, dict[str, object]] = ((), {})
        # Payloads that were read before they were asked for, so many, up to that id.
        self._ahead: dict[int, sqlite3.Row] = {}
        self._step, self._last = 1, 0

    def job(self, cells: Row) -> Job:
        """The job of a row that begins with `JOB_COLUMNS`.

        Raises:
            StoreError: it is damaged.
        """
        # By place: to ask for so many columns by their names costs more than all the rest.
        shared = cast("tuple[int, int, int]", (cells[1], cells[2], cells[_SETTINGS_END]))
        payload = self._payloads.get(shared[0]) or self._new_payload(shared[0])
        request = self._requests.get(shared[1]) or self._asked(_REQUEST, shared[1], self.request)
        group = self._groups.get(shared[2]) or self._asked(_GROUP, shared[2], self._group)
        try:
            settings = self._decoded(cells[len(_FIRST) : _SETTINGS_END])
            return _job(cells, settings, payload, request, group)
        except (ValueError, TypeError, AttributeError, KeyError, RecursionError) as error:
            raise damaged("a job", error) from error

    def _decoded(self, cells: Row) -> dict[str, object]:
        """Settings; those of the job before where they are the same, as in a sweep."""
        if cells != self._settings[0]:
            self._settings = (cells, decoded(cells))
        return self._settings[1]

    def _new_payload(self, number: int) -> StoredPayload:
        """A payload; where they come in the order of adding, more and more are read at once."""
        row = self._ahead.get(number)
        if row is None:
            self._step = min(2 * self._step, _MOST_AHEAD) if number == self._last + 1 else 1
            rows = self._db.rows(_PAYLOADS, (number, self._step))
            self._ahead = {row["payload_id"]: row for row in rows}
            self._last = max(self._ahead, default=0)
            row = self._ahead.get(number)
        if row is None:
            raise damaged("a job", "its payload is not there")
        return self.payload(row)

    def _asked(self, sql: str, number: int, read: Callable[[sqlite3.Row], T]) -> T:
        row = self._db.row(sql, (number,))
        if row is None:
            raise damaged("a job", "what it refers to is not there")
        return read(row)

    def _group(self, row: sqlite3.Row) -> str:
        name = self._groups[row["id"]] = str(row["name"])
        return name


_PAYLOADS = f"""
    SELECT payloads.id AS payload_id, {PAYLOAD_COLUMNS} FROM payloads
    WHERE id >= ? ORDER BY id LIMIT ?
"""
_REQUEST = f"SELECT requests.id AS request_id, {REQUEST_COLUMNS} FROM requests WHERE id = ?"
_GROUP = "SELECT id, name FROM groups WHERE id = ?"


@functools.lru_cache(maxsize=1000)
def _facts(names: str, text: str) -> tuple[tuple[str, ...], Mapping[str, Any]]:
    """The names of a payload's parameters, and what is known of it: for many the same."""
    found, info = json.loads(names), json.loads(text)
    if not isinstance(info, dict) or not all(isinstance(name, str) for name in found):
        raise TypeError(f"what is kept of it is {info!r}")
    return tuple(found), info


def _payload(row: sqlite3.Row) -> StoredPayload:
    names, info = _facts(row["names"], row["payload_info"])
    return StoredPayload(
        id=row["payload_id"],
        hash=str(row["payload_hash"]),
        kind=str(row["payload_kind"]),
        format=str(row["format"]),
        num_bytes=row["num_bytes"],
        parameters=names,
        info=dict(info),  # each its own, whatever is done to it
    )


_Own: TypeAlias = tuple[
    int, int, int, int, bytes, str, str, str | None, str | None, float, int | None, str | None,
    int | None, int | None, int | None, str | None
]  # fmt: skip
"""The cells of `_FIRST`, as they were written; what a damaged store has instead raises later."""

_STATUSES = {status.value: status for status in Status}
_FAILURES: dict[str | None, Failure | None] = {failure.value: failure for failure in Failure}
_FAILURES[None] = None


def _job(
    cells: Row,
    settings: Mapping[str, object],
    payload: StoredPayload,
    request: Request,
    group: str,
) -> Job:
    """A job from the cells of `JOB_COLUMNS`."""
    own = cast("_Own", cells[: len(_FIRST)])
    id_, _, _, number, key, values, status, failure, error, created_at, parent, note = own[:12]
    program, step, place, until_end = own[12:]
    return Job(
        **settings,  # type: ignore[arg-type] # as its column says
        id=id_,
        group=group,
        number=number,
        key=key.hex(),
        parameters=dict(zip(payload.parameters, orjson.loads(values), strict=True)),
        request=request,
        status=_STATUSES[status],
        failure=_FAILURES[failure],
        error=error,
        payload=payload.hash,
        kind=payload.kind,
        info=payload.info,
        created_at=created_at,
        parent=parent,
        note=note,
        program=program,
        step=step,
        place=place,
        until_end=None if until_end is None else UntilEnd(until_end),
    )
