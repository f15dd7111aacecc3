"""Reading the ledger: batches without an outcome, and what is still to be answered of them."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import replace

from qbatch.domain.batches import Claim, OpenBatch, PlannedJob
from qbatch.domain.states import Status
from qbatch.store import ledger_rows as rows
from qbatch.store.database import Database
from qbatch.store.reading import Reader
from qbatch.store.work_queue import PLANNED_COLUMNS, UnreadableJob, planned_job

_UNANSWERED = f"""
    SELECT {PLANNED_COLUMNS}, a.id AS attempt_id, position, a.shots AS part_shots,
        a.seed AS part_seed, a."offset", c.layout
    FROM attempts a JOIN jobs ON jobs.id = job_id
    LEFT JOIN compilations c ON c.id = a.compilation
    JOIN payloads ON payloads.id = jobs.payload_id
    JOIN requests ON requests.id = jobs.request_id
    JOIN groups ON groups.id = jobs.group_id
    WHERE batch_id = ? AND a.status IN ('queued', 'running', 'unknown') ORDER BY a.id
"""


class LedgerReading:
    """What can be asked of a store's ledger."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def statuses(self, job_ids: Iterable[int]) -> dict[int, Status]:
        """How jobs stand, by id."""
        sql = "SELECT id, status FROM jobs WHERE id IN (SELECT value FROM json_each(?))"
        rows = self._db.rows(sql, (json.dumps(list(job_ids)),))
        return {row["id"]: Status(row["status"]) for row in rows}

    def claims(self, batch_id: int) -> list[Claim]:
        """What is still to be answered of a batch, in the order in which it was claimed."""
        reader = Reader()
        return [
            Claim(
                attempt_id=row["attempt_id"],
                job_id=row["id"],
                item=row["position"],
                shots=row["part_shots"],
                seed=row["part_seed"],
                whole=_is_whole(row),
                expected=reader.expected(row),
                layout=rows.layout(row),
            )
            for row in self._db.rows(_UNANSWERED, (batch_id,))
        ]

    def parts(self, batch_id: int) -> list[tuple[PlannedJob, int]] | None:
        """The parts of jobs that a batch was made of, as they were planned, with their items.

        Returns:
            None where the format of a payload is not installed here.
        """
        reader, found = Reader(), list[tuple[PlannedJob, int]]()
        for row in self._db.rows(_UNANSWERED, (batch_id,)):
            job = planned_job(row, reader)
            if isinstance(job, UnreadableJob):
                return None
            part = replace(
                job,
                shots=row["part_shots"],
                offset=row["offset"],
                seed=row["part_seed"],
                whole=_is_whole(row),
            )
            found.append((part, row["position"]))
        return found

    def open_batches(self, groups: Sequence[int]) -> list[OpenBatch]:
        """The batches without an outcome that hold jobs of any of these groups."""
        sql = """
            SELECT * FROM batches
            WHERE state IN ('prepared', 'submitted') AND EXISTS (
                SELECT 1 FROM attempts JOIN jobs ON jobs.id = job_id WHERE batch_id = batches.id
                AND group_id IN (SELECT value FROM json_each(?)))
            ORDER BY id
        """
        return [rows.open_batch(row) for row in self._db.rows(sql, (json.dumps(list(groups)),))]

    def unknown_batches(self, groups: Sequence[int]) -> list[int]:
        """The batches that hold jobs of these groups and that the user must resolve."""
        sql = (
            "SELECT id FROM batches WHERE state = 'unknown' AND EXISTS (SELECT 1 FROM attempts"
            " JOIN jobs ON jobs.id = job_id WHERE batch_id = batches.id AND group_id IN"
            " (SELECT value FROM json_each(?))) ORDER BY id"
        )
        return [row["id"] for row in self._db.rows(sql, (json.dumps(list(groups)),))]

    def groups_of(self, batch_id: int) -> list[int]:
        """The groups whose jobs a batch holds."""
        sql = (
            "SELECT DISTINCT group_id FROM attempts JOIN jobs ON jobs.id = job_id"
            " WHERE batch_id = ? ORDER BY group_id"
        )
        return [row["group_id"] for row in self._db.rows(sql, (batch_id,))]

    def cancel_requested(self, batch_ids: Iterable[int]) -> list[int]:
        """Those of the batches all of whose jobs the user wants cancelled."""
        sql = (
            "SELECT batch_id FROM attempts JOIN jobs ON jobs.id = job_id"
            " WHERE batch_id IN (SELECT value FROM json_each(?))"
            " GROUP BY batch_id HAVING min(cancel_requested) = 1"
        )
        return [row["batch_id"] for row in self._db.rows(sql, (json.dumps(list(batch_ids)),))]


def _is_whole(row: sqlite3.Row) -> bool:
    """Whether a part is all that its job will ever have."""
    return bool(row["part_shots"] == row["shots"] and row["plain"])
