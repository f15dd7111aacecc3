"""Groups and archives into one group: counts of equal questions added up, part by part.

A part of a job is known by what was asked, where it was run, the sampler, and its stream of random
numbers (`qbatch.store.streams`), the same in any store. Two machines that ran one seeded group drew
the same: the second adds nothing. So a merge that is done again changes nothing either.

Jobs belong together that ask the same (key; exact results apart), with the same options, on a
backend of the same name; where a group asks the same several times, the first with the first, and
so on. Beside the name of a backend nothing says whether two machines mean the same by it.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from qbatch.domain.states import ACTIVE, AttemptStatus, Status
from qbatch.errors import UsageError
from qbatch.store import records
from qbatch.store.archive import (
    ATTEMPT,
    INSERT_ATTEMPT,
    SENSELESS,
    Restoring,
    new_batch,
    result_cells,
)
from qbatch.store.archived_origins import check_batch
from qbatch.store.database import Database
from qbatch.store.groups import Groups
from qbatch.store.jobs import Jobs

Record = dict[str, Any]


@dataclass(slots=True, kw_only=True)
class MergeReport:
    """What a merge did.

    Attributes:
        jobs: new jobs.
        parts: that were added, by source; shots: that they hold.
        copies: parts that were there already, or draw the same random numbers, by source.
        differing: copies whose results differ from what is there: of other versions, perhaps.
        missing: jobs of the sources without a result; a merge takes what has landed.
    """

    jobs: int = 0
    parts: dict[str, int] = field(default_factory=dict)
    shots: int = 0
    copies: dict[str, int] = field(default_factory=dict)
    differing: int = 0
    missing: int = 0


class Merging:
    """Merges into groups of a store."""

    def __init__(self, database: Database, groups: Groups, jobs: Jobs) -> None:
        self._db = database
        self._groups = groups
        self._jobs = jobs

    def merge(self, name: str, sources: Iterable[tuple[str, Iterable[Record]]]) -> MergeReport:
        """Add what sources hold to a group, which is made where it does not exist.

        Args:
            sources: names, and what `qbatch.store.archive` makes of them.

        Raises:
            UsageError: a source makes no sense; nothing was stored then.
        """
        report = MergeReport()
        with self._db.transaction():
            group = self._groups.ensure(name)
            self._check_at_rest(name, group)
            merged = _Merged(self._db, group)
            for source, found in sources:
                taken = _Source(self._db, self._groups, self._jobs, group, source, merged, report)
                try:
                    for record in found:
                        taken.take(record)
                except SENSELESS as error:
                    raise UsageError(f"{source} is damaged: {error!r}") from error
            merged.close()
        return report

    def _check_at_rest(self, name: str, group: int) -> None:
        """Make sure that nothing else will be added to what the group's jobs hold.

        Raises:
            UsageError: some are under way, or their outcome is unknown.
        """
        counts = self._groups.counts([group])
        if loose := sum(counts.get(status, 0) for status in (*ACTIVE, Status.UNKNOWN)):
            raise UsageError(
                f"group {name!r} has {loose} jobs under way or with an unknown outcome",
                hint="qbatch wait or qbatch resolve first; or merge into another group",
            )


class _Merged:
    """What a group holds by now: its jobs by what they ask, and the streams of their parts."""

    def __init__(self, database: Database, group: int) -> None:
        self._db = database
        self._db.execute("DROP TABLE IF EXISTS temp.merged_jobs")
        self._db.execute("DROP TABLE IF EXISTS temp.merged_parts")
        self._db.execute(
            "CREATE TEMP TABLE merged_jobs (mark BLOB, place INTEGER, job_id INTEGER,"
            " PRIMARY KEY (mark, place)) WITHOUT ROWID"
        )
        self._db.execute(
            "CREATE TEMP TABLE merged_parts (mark BLOB, sampler TEXT, stream INTEGER, digest BLOB,"
            " PRIMARY KEY (mark, sampler, stream)) WITHOUT ROWID"
        )
        self._numbers: Counter[bytes] = Counter()
        # What is there comes first: what it holds is not added again.
        for row in self._db.rows(_OWN_JOBS, (group,)):
            mark = mark_of(row["key"], row["options"], row["backend"], row["shots"])
            self.add_job(mark, row["id"])
        for row in self._db.rows(_OWN_PARTS, (group,)):
            mark = mark_of(row["key"], row["options"], row["backend"], row["shots"])
            self.add_part(mark, row["sampler"], row["stream"], row["digest"])

    def add_job(self, mark: bytes, job: int) -> None:
        """Note a job behind the others of its mark."""
        self._numbers[mark] += 1
        self._db.execute(
            "INSERT INTO merged_jobs VALUES (?, ?, ?)", (mark, self._numbers[mark], job)
        )

    def job(self, mark: bytes, place: int) -> int | None:
        """The job of a mark that stands at a place among those."""
        row = self._db.row(
            "SELECT job_id FROM merged_jobs WHERE mark = ? AND place = ?", (mark, place)
        )
        return None if row is None else int(row["job_id"])

    def add_part(self, mark: bytes, sampler: str | None, stream: int, digest: bytes | None) -> bool:
        """Note a part; whether it is new."""
        return bool(
            self._db.execute(
                "INSERT OR IGNORE INTO merged_parts VALUES (?, ?, ?, ?)",
                (mark, sampler or "", stream, digest),
            ).rowcount
        )

    def digest(self, mark: bytes, sampler: str | None, stream: int) -> bytes | None:
        """The digest of the result of a part that is there."""
        row = self._db.row(
            "SELECT digest FROM merged_parts WHERE mark = ? AND sampler = ? AND stream = ?",
            (mark, sampler or "", stream),
        )
        assert row is not None
        return None if row["digest"] is None else bytes(row["digest"])

    def close(self) -> None:
        """Forget it."""
        self._db.execute("DROP TABLE temp.merged_jobs")
        self._db.execute("DROP TABLE temp.merged_parts")


def mark_of(key: bytes, options: str | None, backend: str | None, shots: int | None) -> bytes:
    """What jobs have in common whose parts are added up, in 16 bytes.

    Args:
        shots: exact results, and estimates of the same, are not added to each other.
    """
    text = json.dumps([key.hex(), options or "", backend or "", shots is None])
    return hashlib.blake2b(text.encode(), digest_size=16).digest()


class _Source(Restoring):
    """A group or an archive on its way into another group."""

    def __init__(
        self,
        database: Database,
        groups: Groups,
        jobs: Jobs,
        group: int,
        source: str,
        merged: _Merged,
        report: MergeReport,
    ) -> None:
        super().__init__(database, groups, jobs, None)
        self._group = group
        self._source = source
        self._merged = merged
        self._report = report
        self._backend: str | None = None
        self._seen: Counter[bytes] = Counter()
        self._told: list[Record] = []
        report.parts[source] = report.copies[source] = 0

    def _take_group(self, record: Record) -> None:
        records.check("group", record)
        self._backend = record["backend"]

    def _take_program(self, record: Record) -> None:
        """Its jobs are merged; the program itself goes on where it is."""

    def _take_batch(self, record: Record) -> None:
        check_batch(self._db, record)
        self._told.append(record)
        self._batches.append(0)  # stored once it is needed

    def _take_job(self, record: Record) -> None:
        request, parts = self._checked(record), _done(record)
        if not parts:
            self._report.missing += 1
            return
        ran_on = self._told[parts[0]["batch"]]["backend"]
        key = bytes.fromhex(record["key"])
        mark = mark_of(key, record["options"], ran_on, record["shots"])
        self._seen[mark] += 1
        job = self._merged.job(mark, self._seen[mark])
        cells = [result_cells(tried["result"], request) for tried in parts]
        # An exact result comes whole, and once: another one of it adds nothing.
        is_full = job is not None and record["shots"] is None
        new = [
            (tried, found)
            for tried, found in zip(parts, cells, strict=True)
            if self._is_new(mark, tried, found[2], is_full=is_full)
        ]
        if new and job is None:
            job = self._new_job(self._bare(record, ran_on), request)
            self._merged.add_job(mark, job)
            self._report.jobs += 1
        for tried, found in new:
            assert job is not None
            self._add_part(job, tried, found)

    def _is_new(self, mark: bytes, tried: Record, digest: object, *, is_full: bool) -> bool:
        """Whether a part is not there yet; otherwise it is counted as a copy."""
        sampler, stream = tried["sampler"], tried["stream"]
        own = digest if isinstance(digest, bytes) else None
        if not is_full and self._merged.add_part(mark, sampler, stream, own):
            return True
        self._report.copies[self._source] += 1
        if not is_full:
            self._report.differing += self._merged.digest(mark, sampler, stream) != own
        return False

    def _bare(self, record: Record, backend: str) -> Record:
        """A job as it begins in the group: done, and with no shots yet."""
        row = self._db.execute(
            "UPDATE groups SET last_number = last_number + 1 WHERE id = ? RETURNING last_number",
            (self._group,),
        ).fetchone()
        exact = record["shots"] is None
        return {
            **record,
            **dict.fromkeys(_FORGOTTEN),
            "number": row["last_number"],
            "status": Status.DONE.value,
            "backend": backend,
            "shots": None if exact else 0,
            "shots_done": 0,
        }

    def _add_part(self, job: int, tried: Record, found: Iterable[Any]) -> None:
        """Store a part behind those that the job has."""
        place = tried["batch"]
        if not self._batches[place]:
            self._batches[place] = new_batch(self._db, self._told[place])
        row = self._db.row("SELECT coalesce(shots, 0) AS shots FROM jobs WHERE id = ?", (job,))
        assert row is not None
        own = {**tried, "offset": row["shots"], "origin": tried["origin"] or self._source}
        cells = [job, self._batches[place], self.compilation(tried), *found]
        self._db.execute(INSERT_ATTEMPT, [*cells, *(own[column] for column in ATTEMPT)])
        shots = tried["shots"] or 0
        self._db.execute(
            "UPDATE jobs SET stream_starts = iif(coalesce(shots, 0) = 0, stream_starts,"
            " json_insert(coalesce(stream_starts, '[]'), '$[#]', shots)),"
            " shots = shots + ?, shots_done = shots_done + ? WHERE id = ?",
            (shots, shots, job),
        )
        self._report.parts[self._source] += 1
        self._report.shots += shots


def _done(record: Record) -> list[Record]:
    """The attempts at a job that yielded something that was not let go."""
    return [
        tried
        for tried in record["attempts"]
        if tried["status"] == AttemptStatus.DONE and tried["result"]
    ]


_FORGOTTEN = ("stream_starts", "until", "max_shots", "until_end", "parent", "failure", "error",
              "program", "step", "place")  # fmt: skip
"""Columns of a job that say nothing of what it is in a merge."""

_BACKEND = "coalesce((SELECT b.backend FROM batches b WHERE b.id = a.batch_id), '')"
_OWN_JOBS = f"""
    SELECT jobs.id, key, options, jobs.shots, {_BACKEND} AS backend FROM jobs
    JOIN attempts a ON a.id = (SELECT min(d.id) FROM attempts d
        WHERE d.job_id = jobs.id AND d.status = 'done')
    WHERE group_id = ? ORDER BY number
"""
_OWN_PARTS = f"""
    SELECT key, options, jobs.shots, {_BACKEND.replace("a.batch_id", "first.batch_id")} AS backend,
        a.sampler, a.stream, a.digest
    FROM jobs JOIN attempts a ON a.job_id = jobs.id AND a.status = 'done'
    JOIN attempts first ON first.id = (SELECT min(d.id) FROM attempts d
        WHERE d.job_id = jobs.id AND d.status = 'done')
    WHERE group_id = ? ORDER BY number, a.id
"""
