"""What has become of jobs: their attempts, a group's batches, and failures by cause."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import replace

from qbatch.domain.batches import Batch, Usage
from qbatch.domain.compilations import CompilationUsed
from qbatch.domain.groups import Group
from qbatch.domain.history import Attempt, Cause, SettingsUsed
from qbatch.domain.provenance import Provenance
from qbatch.domain.states import AttemptStatus, BatchState, Failure, Status
from qbatch.store import compilations, provenance
from qbatch.store.database import Database, reading


class History:
    """What a store knows of the past."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def attempts(self, job_id: int) -> list[Attempt]:
        """Every try at a job, the first one first."""
        sql = (
            "SELECT a.*, b.backend, b.remote_id, b.created_at, b.submitted_at, b.run_seconds,"
            " b.charged, b.currency, b.provenance FROM attempts a"
            " JOIN batches b ON b.id = batch_id WHERE job_id = ? ORDER BY a.id"
        )
        rows = list(self._db.rows(sql, (job_id,)))
        ids = {row["compilation"] for row in rows if row["compilation"] is not None}
        used = compilations.used(self._db, ids) if ids else {}
        told = {row["provenance"] for row in rows if row["provenance"] is not None}
        ran_on = provenance.by_hash(self._db, told) if told else {}
        return [
            _attempt(row, used.get(row["compilation"]), ran_on.get(row["provenance"]))
            for row in rows
        ]

    def batches(self, group_id: int) -> Iterator[Batch]:
        """The batches that held jobs of a group, the first one first."""
        sql = """
            SELECT batches.*, held.jobs AS held FROM (
                SELECT batch_id, count(*) AS jobs FROM jobs
                JOIN attempts ON attempts.job_id = jobs.id
                WHERE jobs.group_id = ? GROUP BY batch_id
            ) held JOIN batches ON batches.id = held.batch_id ORDER BY batches.id
        """
        return map(_batch, self._db.rows(sql, (group_id,)))

    def open_batches(self, group_id: int) -> list[Batch]:
        """Those of them whose outcome is not stored yet."""
        sql = """
            SELECT b.*, (
                SELECT count(*) FROM attempts JOIN jobs ON jobs.id = attempts.job_id
                WHERE attempts.batch_id = b.id AND jobs.group_id = ?
            ) AS held
            FROM batches b WHERE b.state IN ('prepared', 'submitted', 'unknown')
            AND held > 0 ORDER BY b.id
        """
        return [_batch(row) for row in self._db.rows(sql, (group_id,))]

    def spent(self, groups: Sequence[int]) -> dict[int, list[Usage]]:
        """What services reported of groups' batches, by group, one for each currency.

        A batch that holds jobs of several groups is shared out by their number.
        """
        sql = """
            SELECT j.group_id, b.currency, sum(b.charged / b.num_jobs) AS charged,
                sum(b.run_seconds / b.num_jobs) AS run_seconds
            FROM batches b JOIN attempts a ON a.batch_id = b.id JOIN jobs j ON j.id = a.job_id
            WHERE (b.charged IS NOT NULL OR b.run_seconds IS NOT NULL)
                AND j.group_id IN (SELECT value FROM json_each(?))
            GROUP BY j.group_id, b.currency ORDER BY b.currency
        """
        found: dict[int, list[Usage]] = {}
        for row in self._db.rows(sql, (json.dumps(list(groups)),)):
            found.setdefault(row["group_id"], []).append(_usage(row))
        return found

    def modified_at(self, group: Group) -> float:
        """When something last happened to a group, in seconds since the epoch."""
        sql = """
            SELECT max(
                (SELECT coalesce(max(created_at), 0) FROM jobs WHERE group_id = :group),
                coalesce(max(a.finished_at), 0), coalesce(max(b.created_at), 0),
                coalesce(max(b.submitted_at), 0)) AS moment
            FROM jobs JOIN attempts a ON a.job_id = jobs.id
            LEFT JOIN batches b ON b.id = a.batch_id WHERE jobs.group_id = :group
        """
        row = self._db.row(sql, {"group": group.id})
        return max(group.created_at, float(row["moment"] or 0) if row else 0.0)

    def causes(self, group_id: int, most: int) -> list[Cause]:
        """Why jobs of a group did not end well, the most frequent causes first."""
        sql = """
            SELECT status, failure, error, count(*) AS jobs, min(number) AS first FROM jobs
            WHERE group_id = ? AND status IN ('error', 'cancelled', 'unknown')
            GROUP BY status, failure, error ORDER BY jobs DESC, first LIMIT ?
        """
        rows = list(self._db.rows(sql, (group_id, most)))
        with reading("why jobs failed"):
            return [_cause(row) for row in rows]

    def settings(self, group_id: int, most: int) -> list[SettingsUsed]:
        """What the jobs of a group ask for, the most frequent first."""
        sql = """
            SELECT backend, options, shots, count(*) AS jobs, count(seed) AS seeded,
                min(seed) AS least, max(seed) AS most
            FROM jobs WHERE group_id = ? GROUP BY backend, options, shots
            ORDER BY jobs DESC, min(number) LIMIT ?
        """
        return [
            SettingsUsed(
                backend=row["backend"],
                options=row["options"] or "",
                shots=row["shots"],
                seeds=_seeds(row),
                jobs=row["jobs"],
            )
            for row in self._db.rows(sql, (group_id, most))
        ]


def _seeds(row: sqlite3.Row) -> str:
    if not row["seeded"]:
        return "none"
    alike = row["least"] == row["most"] and row["seeded"] == row["jobs"]
    return str(row["least"]) if alike else "several"


def _failure(row: sqlite3.Row) -> Failure | None:
    return None if row["failure"] is None else Failure(row["failure"])


def _cause(row: sqlite3.Row) -> Cause:
    return Cause(
        status=Status(row["status"]),
        failure=_failure(row),
        error=row["error"],
        jobs=row["jobs"],
        first=row["first"],
    )


def _attempt(row: sqlite3.Row, used: CompilationUsed | None, ran_on: Provenance | None) -> Attempt:
    with reading("an attempt"):
        info = json.loads(row["info"]) if row["info"] else {}
        return replace(_attempt_of(row, info, used), provenance=ran_on)


def _attempt_of(row: sqlite3.Row, info: dict[str, object], used: CompilationUsed | None) -> Attempt:
    return Attempt(
        batch=row["batch_id"],
        backend=row["backend"],
        remote_id=row["remote_id"],
        status=AttemptStatus(row["status"]),
        failure=_failure(row),
        error=row["error"],
        shots=row["shots"],
        seed=row["seed"],
        created_at=row["created_at"],
        submitted_at=row["submitted_at"],
        finished_at=row["finished_at"],
        info=info,
        compilation=used,
        usage=_usage(row),
        origin=row["origin"],
    )


def _batch(row: sqlite3.Row) -> Batch:
    with reading("a batch"):
        return _batch_of(row)


def _batch_of(row: sqlite3.Row) -> Batch:
    return Batch(
        id=row["id"],
        backend=row["backend"],
        state=BatchState(row["state"]),
        remote_id=row["remote_id"],
        num_jobs=row["num_jobs"],
        num_items=row["num_items"],
        jobs_in_group=row["held"],
        failure=_failure(row),
        error=row["error"],
        created_at=row["created_at"],
        submitted_at=row["submitted_at"],
        finished_at=row["finished_at"],
        usage=_usage(row),
    )


def _usage(row: sqlite3.Row) -> Usage:
    return Usage(seconds=row["run_seconds"], price=row["charged"], currency=row["currency"])
