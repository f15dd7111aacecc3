"""Stored results: their encoding, and reading them back by job."""

from __future__ import annotations

import itertools
import json
import zlib
from collections.abc import Iterator, Mapping
from typing import Any

from qbatch.models import Job
from qbatch.store.database import Database, damaged, whole
from qbatch.store.jobs import JOB_COLUMNS, JOB_TABLES, job_from_row
from qbatch.store.selection import Selection

_WORTH_COMPRESSING = 512  # bytes; below, it saves little and takes as long as all the rest

StoredResult = Mapping[str, Any]
"""``{"shots": n | None, "counts": {...}}`` or ``{"shots": …, "values": [[value, error], …]}``"""


def encode_result(result: Mapping[str, Any] | None) -> bytes | None:
    """A result as compact JSON, compressed where that is shorter."""
    if result is None:
        return None
    text = json.dumps(result, separators=(",", ":")).encode()
    return zlib.compress(text, 1) if len(text) > _WORTH_COMPRESSING else text


def decode_result(data: bytes) -> dict[str, Any]:
    """The inverse of `encode_result`; JSON and zlib differ in their first byte.

    Raises:
        StoreError: it is damaged.
    """
    try:
        raw = bytes(data) if isinstance(data, bytes) else str(data).encode()
        text = raw if raw.startswith(b"{") else zlib.decompress(raw)
        decoded = json.loads(text)
    except (ValueError, RecursionError, zlib.error) as error:
        raise damaged("a result", error) from error
    if not isinstance(decoded, dict):
        raise damaged("a result", "it is no object")
    return decoded


class Results:
    """The results of a store."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def of(self, group_id: int, selection: Selection) -> Iterator[tuple[Job, list[StoredResult]]]:
        """Each job meant, in the order of adding, with the results of its finished parts."""
        where, values = selection.where()
        sql = f"""
            SELECT {JOB_COLUMNS}, a.shots AS part_shots, a.result FROM {JOB_TABLES}
            LEFT JOIN attempts a ON a.job_id = jobs.id AND a.status = 'done'
            WHERE jobs.group_id = ? AND {where} ORDER BY jobs.number, a."offset", a.id
        """
        rows = self._db.rows(sql, [group_id, *values])
        for _, parts in itertools.groupby(rows, key=lambda row: row["number"]):
            found = list(parts)
            results: list[StoredResult] = [
                {"shots": whole(row["part_shots"]), **decode_result(row["result"])}
                for row in found
                if row["result"] is not None
            ]
            yield job_from_row(found[0]), results
