"""Choosing the jobs of a run, in its order, without holding them all in memory."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from qbatch.models import PlannedJob, Status
from qbatch.store.database import Database


class Picking:
    """The jobs that one run has chosen; the list lives in the connection's temporary database."""

    def __init__(self, database: Database) -> None:
        self._db = database
        self._statuses = "[]"

    def begin(self, statuses: Iterable[Status] = (Status.UNSENT,)) -> None:
        """Forget what an earlier run on this connection has chosen.

        Args:
            statuses: those of the jobs that are taken.
        """
        self._statuses = json.dumps(list(statuses))
        self._db.execute("DROP TABLE IF EXISTS temp.picked")
        self._db.execute("CREATE TEMP TABLE picked (place INTEGER PRIMARY KEY, job_id UNIQUE)")

    def pick(
        self,
        groups: Sequence[int],
        *,
        by_key: bool = False,
        limit: int | None = None,
        only: Sequence[int] | None = None,
    ) -> int:
        """Note the unsent jobs that a run will take, in its order; how many there are new.

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
            WHERE status IN (SELECT value FROM json_each(:statuses)) {chosen}
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

    def sharing_draws(self) -> int:
        """How many of the picked jobs draw the same counts under a run's seed as another's.

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

    def planned(self, after: int, count: int) -> list[tuple[int, PlannedJob]]:
        """The next picked jobs after a place, with their places, as far as still unsent."""
        sql = """
            SELECT place, jobs.*, circuits.num_qubits, circuits.size, circuits.num_bytes,
                circuits.dynamic, circuits.num_clbits,
                coalesce(jobs.backend, groups.backend, '') AS chosen_backend,
                iif(observables_id, json_array_length(texts), 0) AS num_observables
            FROM picked JOIN jobs ON jobs.id = picked.job_id
            JOIN circuits ON circuits.id = jobs.circuit_id
            JOIN groups ON groups.id = jobs.group_id
            LEFT JOIN observables ON observables.id = observables_id
            WHERE place > ? AND status IN (SELECT value FROM json_each(?))
            ORDER BY place LIMIT ?
        """
        rows = self._db.rows(sql, (after, self._statuses, count))
        return [(row["place"], _planned(row)) for row in rows]

    def done_parts(self, job_id: int) -> list[tuple[int, int]]:
        """Which shots of a job are done, as (offset, count), by offset."""
        rows = self._db.rows(
            'SELECT "offset", shots FROM attempts WHERE job_id = ? AND status = ?'
            ' ORDER BY "offset"',
            (job_id, "done"),
        )
        return [(row["offset"], row["shots"]) for row in rows]


def _planned(row: Any) -> PlannedJob:
    shots = row["shots"]
    return PlannedJob(
        id=row["id"],
        number=row["number"],
        key=row["key"],
        circuit_id=row["circuit_id"],
        parameters=row["parameters"],
        observables_id=row["observables_id"],
        shots=None if shots is None else shots - row["shots_done"],
        offset=row["shots_done"],
        whole=row["shots_done"] == 0,
        seed=row["seed"],
        measure_all=bool(row["measure_all"]),
        backend=row["chosen_backend"],
        options=row["options"] or "{}",
        size=row["size"],
        num_qubits=row["num_qubits"],
        num_bytes=row["num_bytes"],
        group_id=row["group_id"],
        name=row["name"],
        num_observables=row["num_observables"],
        dynamic=bool(row["dynamic"]),
        num_clbits=row["num_clbits"],
    )
