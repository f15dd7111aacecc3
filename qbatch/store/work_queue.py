"""Choosing the jobs of a run, in its order, without holding them all in memory."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias, cast

from qbatch.domain.batches import PlannedJob
from qbatch.domain.states import Status
from qbatch.store.database import Database, reading
from qbatch.store.reading import PAYLOAD_COLUMNS, REQUEST_COLUMNS, Reader


class WorkQueue:
    """The jobs that one run has chosen; the list lives in the connection's temporary database."""

    def __init__(self, database: Database) -> None:
        self._db = database
        self._statuses = "[]"
        self._reader = Reader()

    def begin(self, statuses: Iterable[Status] = (Status.UNSENT,)) -> None:
        """Forget what an earlier run on this connection has chosen.

        Args:
            statuses: those of the jobs that are taken.
        """
        self._statuses = json.dumps(list(statuses))
        self._db.execute("DROP TABLE IF EXISTS temp.picked")
        # Places are never given twice: what was read up to a place stays read. Without its type
        # an id would be looked for through the whole table.
        self._db.execute(
            "CREATE TEMP TABLE picked (place INTEGER PRIMARY KEY AUTOINCREMENT,"
            " job_id INTEGER UNIQUE)"
        )

    def pick(
        self,
        groups: Sequence[int],
        *,
        by_key: bool = False,
        limit: int | None = None,
        only: Sequence[int] | None = None,
    ) -> int:
        """Note the unsent jobs that a run will take, in its order.

        Returns:
            Number of new ones.

        Called again, it adds the jobs that have come since.

        Args:
            by_key: order by key rather than by adding; priority goes first either way.
            limit: take no more than so many.
            only: ids of jobs to choose from.
        """
        order = "jobs.key, jobs.id" if by_key else "chosen.key, jobs.number"
        chosen = "" if only is None else "AND jobs.id IN (SELECT value FROM json_each(:only))"
        return self._db.execute(
            f"""
            INSERT INTO picked (job_id)
            SELECT jobs.id FROM json_each(:groups) chosen JOIN jobs ON group_id = chosen.value
            WHERE NOT EXISTS (SELECT 1 FROM groups g WHERE g.id = chosen.value AND hold NOT NULL)
                AND status IN (SELECT value FROM json_each(:statuses)) {chosen}
                AND NOT EXISTS (SELECT 1 FROM picked WHERE job_id = jobs.id)
            ORDER BY priority DESC, {order} LIMIT :limit
            """,
            {
                "groups": json.dumps(list(groups)),
                "statuses": self._statuses,
                "only": json.dumps(list(only)) if only is not None else None,
                "limit": -1 if limit is None else limit,
            },
        ).rowcount

    def backends(self, groups: Sequence[int]) -> list[str | None]:
        """The backends that jobs of groups ask for that may be sent, by themselves or by group."""
        sql = """
            SELECT DISTINCT coalesce(jobs.backend, groups.backend) AS backend
            FROM jobs JOIN groups ON groups.id = jobs.group_id
            WHERE group_id IN (SELECT value FROM json_each(?))
                AND status IN ('unsent', 'error', 'cancelled')
        """
        rows = self._db.rows(sql, (json.dumps(list(groups)),))
        return [row["backend"] or None for row in rows]

    def sharing_draws(self) -> int:
        """Number of picked jobs that draw the same counts under a run's seed as another's.

        They have no seed of their own, and the same key and number in different groups.
        """
        sql = """
            SELECT coalesce(sum(same), 0) AS number FROM (
                SELECT count(*) AS same FROM picked JOIN jobs ON jobs.id = job_id
                WHERE seed IS NULL GROUP BY key, number HAVING count(*) > 1)
        """
        row = self._db.row(sql)
        assert row is not None
        return int(row["number"])

    def planned(self, after: int, count: int) -> list[tuple[int, PlannedJob | UnreadableJob]]:
        """The next picked jobs after a place, with their places, as far as still unsent.

        A job whose payload's format is not installed here is an `UnreadableJob`.
        """
        sql = f"""
            SELECT {PLANNED_COLUMNS}, picked.place
            FROM picked JOIN jobs ON jobs.id = picked.job_id
            JOIN payloads ON payloads.id = jobs.payload_id
            JOIN requests ON requests.id = jobs.request_id
            JOIN groups ON groups.id = jobs.group_id
            WHERE picked.place > ? AND status IN (SELECT value FROM json_each(?))
            ORDER BY picked.place LIMIT ?
        """
        rows = self._db.rows(sql, (after, self._statuses, count))
        return [(row[-1], planned_job(row, self._reader)) for row in rows]

    def picked(self, jobs: Iterable[int]) -> set[int]:
        """Those of some jobs that are noted."""
        rows = self._db.rows(
            "SELECT job_id FROM picked WHERE job_id IN (SELECT value FROM json_each(?))",
            (json.dumps(list(jobs)),),
        )
        return {row["job_id"] for row in rows}

    def again(self, jobs: Iterable[int]) -> None:
        """Note jobs anew, behind the others: they were given more shots."""
        chosen = json.dumps(list(jobs))
        self._db.execute(
            "DELETE FROM picked WHERE job_id IN (SELECT value FROM json_each(?))", (chosen,)
        )
        self._db.execute(
            "INSERT INTO picked (job_id) SELECT jobs.id FROM json_each(?) JOIN jobs"
            " ON jobs.id = value ORDER BY priority DESC, json_each.key",
            (chosen,),
        )

    def stream_starts(self, job_id: int) -> list[int]:
        """The shots of a job at which others begin that were added later."""
        row = self._db.row("SELECT stream_starts FROM jobs WHERE id = ?", (job_id,))
        if row is None or row["stream_starts"] is None:
            return []
        with reading("a job"):
            return list(map(int, json.loads(row["stream_starts"])))

    def done_parts(self, job_id: int) -> list[tuple[int, int, int]]:
        """Which shots of a job are done, as (offset, count, stream), by offset."""
        rows = self._db.rows(
            'SELECT "offset", shots, stream FROM attempts WHERE job_id = ? AND status = ?'
            ' ORDER BY "offset"',
            (job_id, "done"),
        )
        return [(row["offset"], row["shots"], row["stream"]) for row in rows]


_OWN = ("jobs.id", "jobs.number", "jobs.key", "jobs.payload_id", 'jobs."values"',
        "jobs.request_id", "jobs.shots", "jobs.shots_done", "jobs.seed",
        "coalesce(jobs.backend, groups.backend, '')", "coalesce(jobs.options, '{}')",
        "jobs.group_id", "jobs.name",
        "jobs.stream_starts IS NULL AND jobs.until IS NULL AS plain")  # fmt: skip
PLANNED_COLUMNS = f"{', '.join(_OWN)}, {PAYLOAD_COLUMNS}, {REQUEST_COLUMNS}"
"""What a row begins with that `planned_job` reads, over jobs, groups, payloads and requests."""


_Own: TypeAlias = tuple[
    int, int, bytes, int, str, int, int | None, int,
    int | None, str, str, int, str | None, int
]  # fmt: skip
"""The cells of `_OWN`, as they were written; what a damaged store has instead raises later."""


@dataclass(frozen=True, slots=True)
class UnreadableJob:
    """A job whose payload's format is not installed here."""

    id: int
    kind: str


def planned_job(row: sqlite3.Row, reader: Reader) -> PlannedJob | UnreadableJob:
    """The rest of a job's shots, from its row."""
    # By place: to ask for each column by its name takes longer than all the rest.
    own = cast("_Own", row[: len(_OWN)])
    id_, number, key, payload_id, values, request_id, shots, done = own[:8]
    payload, request, expected = reader.question(row, payload_id, request_id)
    if expected is None:
        return UnreadableJob(id_, payload.kind)
    left = None if shots is None else shots - done
    return PlannedJob(
        id_, number, key, payload, values, request_id, request, expected,
        left, done, done == 0 and own[-1] == 1, *own[8:-1],
    )  # fmt: skip
