"""Jobs with rules for their shots: which have ended a round, and what they get next."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from qbatch.domain.jobs import Job
from qbatch.domain.results import RESULT_KINDS, Result
from qbatch.domain.until import UntilEnd
from qbatch.store.database import Database, whole
from qbatch.store.reading import JOB_COLUMNS, JobReader
from qbatch.store.results import Part, read_result


class Answered(NamedTuple):
    """A job all of whose shots are done, and what they yielded; None where that was let go."""

    job: Job
    result: Result | None


class Rounds:
    """The rounds of jobs with rules."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def answered(self, groups: Sequence[int]) -> Iterator[Answered]:
        """The jobs of groups whose rules are to be held against what has come."""
        rows = self._db.tuples(_ANSWERED, (json.dumps(list(groups)),))
        reader = JobReader(self._db)
        job: Job | None = None
        parts: list[Part] = []
        for row in rows:
            if job is None or row[0] != job.id:
                if job is not None:
                    yield _answered(job, parts)
                job, parts = reader.job(row), []
            parts.append((read_result(row[-1], job.request), whole(row[-2])))
        if job is not None:
            yield _answered(job, parts)

    def any_answered(self, groups: Sequence[int]) -> bool:
        """Whether there is such a job."""
        return self._db.row(f"{_ANSWERED} LIMIT 1", (json.dumps(list(groups)),)) is not None

    def to_come(self, groups: Sequence[int]) -> tuple[int, int]:
        """How many jobs of groups may get more shots than they have, and how many at most."""
        row = self._db.row(
            "SELECT count(*) AS jobs, coalesce(sum(max_shots - shots), 0) AS more FROM jobs"
            " WHERE group_id IN (SELECT value FROM json_each(?)) AND until IS NOT NULL"
            " AND until_end IS NULL AND status = 'unsent' AND max_shots > shots",
            (json.dumps(list(groups)),),
        )
        assert row is not None
        return int(row["jobs"]), int(row["more"])

    def store(self, ends: Iterable[tuple[int, UntilEnd]], more: Iterable[tuple[int, int]]) -> None:
        """Store what came of it, all at once: jobs that are done, and shots that are added.

        Args:
            ends: jobs by id, with why they get no more.
            more: jobs by id, with the number of shots that they get besides.
        """
        with self._db.transaction():
            self._db.executemany(
                "UPDATE jobs SET status = 'done', failure = NULL, error = NULL,"
                " cancel_requested = 0, until_end = ? WHERE id = ? AND status = 'unsent'",
                ((end.value, job) for job, end in ends),
            )
            self._db.executemany(
                f"UPDATE jobs SET {ADDED} WHERE id = ? AND status = 'unsent'",
                ((shots, job) for job, shots in more),
            )


ADDED = (
    "stream_starts = json_insert(coalesce(stream_starts, '[]'), '$[#]', shots),"
    " shots = shots + ?, until_end = NULL"
)
"""What is set of a job that is given more shots, which are a stream of their own."""

_ANSWERED = f"""
    SELECT {JOB_COLUMNS}, a.shots AS part_shots, a.result
    FROM json_each(?) chosen JOIN jobs ON jobs.group_id = chosen.value
    JOIN attempts a ON a.job_id = jobs.id AND a.status = 'done'
    WHERE jobs.until IS NOT NULL AND jobs.status = 'unsent' AND jobs.shots_done >= jobs.shots
        AND NOT jobs.cancel_requested
    ORDER BY jobs.group_id, jobs.number, a."offset", a.id
"""


def _answered(job: Job, parts: Sequence[Part]) -> Answered:
    kept = [(result, shots) for result, shots in parts if result is not None]
    if len(kept) != len(parts):
        return Answered(job, None)
    return Answered(job, RESULT_KINDS[job.request.kind].add_up(kept))
