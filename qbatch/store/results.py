"""Stored results: their encoding, and reading them back by job."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

import orjson

from qbatch.domain.jobs import Job
from qbatch.domain.requests import Request
from qbatch.domain.results import Result, read_stored, stored
from qbatch.domain.selectors import Selection
from qbatch.store import selection as sql
from qbatch.store.database import Database, damaged, whole
from qbatch.store.reading import JOB_COLUMNS, JOB_NUMBER, JobReader

if TYPE_CHECKING:
    from qbatch.domain.data import Json

_WORTH_COMPRESSING = 512  # bytes; below, it saves little and takes as long as all the rest

LET_GO = b"{}"
"""What is stored in place of a result that was let go."""

Part = tuple[Result | None, int | None]
"""The result of a part of a job, None where it was let go, and its shots."""


def encode_result(result: Result) -> bytes:
    """A result as compact JSON, compressed where that is shorter."""
    text = orjson.dumps(stored(result))
    return zlib.compress(text, 1) if len(text) > _WORTH_COMPRESSING else text


def digest(data: object) -> bytes:
    """The digest of an encoded result, as it lies in the file: 8 bytes of BLAKE2b."""
    return hashlib.blake2b(_raw(data), digest_size=8).digest()


def _raw(data: object) -> bytes:
    """What lies in the file, whatever type a damaged field has; as SQLite casts it."""
    return data if isinstance(data, bytes) else str(data).encode()


def decode_result(data: object) -> dict[str, Json]:
    """The JSON object that `encode_result` wrote; JSON and zlib differ in their first byte.

    Raises:
        StoreError: it is damaged.
    """
    try:
        raw = _raw(data)
        text = raw if raw.startswith(b"{") else zlib.decompress(raw)
        decoded = orjson.loads(text)
    except (ValueError, RecursionError, zlib.error) as error:
        raise damaged("a result", error) from error
    if not isinstance(decoded, dict):
        raise damaged("a result", "it is no object")
    return decoded


def read_result(data: object, request: Request) -> Result | None:
    """The result that was stored; None for one that was let go.

    Args:
        request: what was asked for.

    Raises:
        StoreError: it is damaged, or the answer to something else.
    """
    found = decode_result(data)
    try:
        result = read_stored(found, request.observables)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise damaged("a result", error) from error
    if result is not None and result.kind is not request.kind:
        said = f"{result.kind.value} where {request.kind.value} are asked for"
        raise damaged("a result", said)
    return result


class Results:
    """The results of a store."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def of(self, group_id: int, selection: Selection) -> Iterator[tuple[Job, list[Part]]]:
        """Each job meant, in the selection's order, with the results of its finished parts."""
        where, values = sql.where(selection)
        order, more = sql.order(selection)
        query = f"""
            SELECT {JOB_COLUMNS}, a.shots AS part_shots, a.result FROM jobs
            LEFT JOIN attempts a ON a.job_id = jobs.id AND a.status = 'done'
            WHERE jobs.group_id = ? AND {where} ORDER BY {order}jobs.number, a."offset", a.id
        """
        rows = self._db.tuples(query, [group_id, *values, *more])
        reader = JobReader(self._db)
        job: Job | None = None
        parts: list[Part] = []
        number: object = None
        for row in rows:
            if job is None or row[JOB_NUMBER] != number:
                if job is not None:
                    yield job, parts
                job, number, parts = reader.job(row), row[JOB_NUMBER], []
            if row[-1] is not None:
                parts.append((read_result(row[-1], job.request), whole(row[-2])))
        if job is not None:
            yield job, parts
