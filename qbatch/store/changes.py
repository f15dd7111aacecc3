"""Changes to what jobs ask for: shots, rules for them, where and in which order they are sent.

What jobs yielded is never changed. A job that is under way, or whose outcome is unknown, keeps
what it was sent with; jobs of programs ask what their program asked.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from qbatch.domain.jobs import MOST_SHOTS
from qbatch.domain.requests import Expected, Request
from qbatch.domain.selectors import Selection
from qbatch.errors import UsageError
from qbatch.store import selection as sql
from qbatch.store.column import compact
from qbatch.store.database import Database
from qbatch.store.reading import PAYLOAD_COLUMNS, REQUEST_COLUMNS, Reader
from qbatch.store.results import LET_GO
from qbatch.store.rounds import ADDED

if TYPE_CHECKING:
    from qbatch.domain.data import Cell

_FREE = "jobs.program IS NULL AND jobs.status IN ('unsent', 'done', 'error', 'cancelled')"
_UNBEGUN = "jobs.program IS NULL AND jobs.status IN ('unsent', 'error', 'cancelled')"
# More shots are added to results; where these were let go there is nothing to add to.
_WHOLE = (
    "NOT EXISTS (SELECT 1 FROM attempts a WHERE a.job_id = jobs.id AND a.status = 'done'"
    f" AND a.result = x'{LET_GO.hex()}')"
)


class Asked(NamedTuple):
    """What jobs ask, and what an answer must look like; None where nothing here knows it."""

    request_id: int
    request: Request
    expected: Expected | None


class Changes:
    """Changes to jobs of a store; each tells how many jobs it has changed."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def set_unsent(
        self, group_id: int, selection: Selection, changes: Mapping[str, Cell | Mapping[str, Any]]
    ) -> int:
        """Set columns of jobs that are not sent: ``priority``, ``backend``, ``options``.

        Backend and options are changed only where nothing has been run: the parts of a job are
        all run alike. Options are merged into those that are there; null takes one away.
        """
        sets = {name: _SET.get(name, f"{name} = ?") for name in changes}
        free = _UNBEGUN if sets.keys() <= {"priority"} else f"{_UNBEGUN} AND jobs.shots_done = 0"
        values = [
            json.dumps(value) if isinstance(value, Mapping) else value for value in changes.values()
        ]
        return self._update(", ".join(sets.values()), values, free, group_id, selection)

    def add_shots(self, group_id: int, selection: Selection, more: int) -> int:
        """Give jobs that many shots besides; those that are done are unsent again.

        Raises:
            UsageError: one would have too many.
        """
        free = f"{_FREE} AND jobs.shots IS NOT NULL AND {_WHOLE}"
        self._check_most(group_id, selection, free, more)
        return self._update(f"{ADDED}, {_OPEN_AGAIN}", [more, more], free, group_id, selection)

    def set_shots(self, group_id: int, selection: Selection, shots: int) -> int:
        """Give jobs that many shots in all: more than they have had, or just as many."""
        begun = f"{_FREE} AND jobs.shots IS NOT NULL AND jobs.shots_done > 0 AND {_WHOLE}"
        ruled_by_nothing = f"{begun} AND until IS NULL"
        with self._db.transaction():
            kept = self._update(
                f"shots = shots, {_DONE_IF_WHOLE}",
                [],
                f"{ruled_by_nothing} AND jobs.shots = {shots}",
                group_id,
                selection,
            )
            fewer = self._update(
                "shots = ?, stream_starts = nullif((SELECT json_group_array(value) FROM"
                " json_each(jobs.stream_starts) WHERE value < ?), '[]'),"
                " failure = iif(shots_done >= ?, NULL, failure),"
                " error = iif(shots_done >= ?, NULL, error),"
                " status = iif(shots_done >= ?, 'done', status)",
                [shots] * 5,
                f"{ruled_by_nothing} AND jobs.shots > {shots} AND {shots} >= (SELECT"
                ' max(a."offset" + a.shots) FROM attempts a WHERE a.job_id = jobs.id'
                " AND a.status = 'done')",
                group_id,
                selection,
            )
            more = self._update(
                "stream_starts = json_insert(coalesce(stream_starts, '[]'), '$[#]', shots),"
                f" shots = ?, max_shots = max(max_shots, ?), until_end = NULL, {_REOPENED}",
                [shots, shots],
                f"{begun} AND jobs.shots < {shots}",
                group_id,
                selection,
            )
            new = self._update(
                "shots = ?, stream_starts = NULL, max_shots = max(max_shots, ?)",
                [shots, shots],
                f"{_UNBEGUN} AND jobs.shots IS NOT NULL AND jobs.shots_done = 0",
                group_id,
                selection,
            )
        return fewer + kept + more + new

    def asked(self, group_id: int, selection: Selection) -> list[Asked]:
        """What the jobs of a selection ask, each question of a payload once."""
        where, values = sql.where(selection)
        query = f"""
            SELECT DISTINCT payload_id, request_id, {PAYLOAD_COLUMNS}, {REQUEST_COLUMNS}
            FROM jobs JOIN payloads ON payloads.id = payload_id
            JOIN requests ON requests.id = request_id
            WHERE jobs.group_id = ? AND jobs.program IS NULL AND {where}
        """
        reader = Reader()
        return [
            Asked(row["request_id"], reader.request(row), reader.expected(row))
            for row in self._db.rows(query, [group_id, *values])
        ]

    def set_rules(
        self,
        group_id: int,
        selection: Selection,
        request_id: int,
        rules: Sequence[str],
        *,
        first: int,
        most: int,
    ) -> int:
        """Give the jobs of a request rules for their shots.

        Args:
            first: shots of those that are exact so far, and not run.
            most: shots that the rules may give one.
        """
        free = (
            f"{_FREE} AND jobs.request_id = {request_id} AND {_WHOLE}"
            " AND (jobs.shots IS NOT NULL OR jobs.status != 'done')"
        )
        return self._update(
            "until = ?, max_shots = max(?, coalesce(shots, 0)), until_end = NULL,"
            f" shots = coalesce(shots, ?), {_REOPENED}",
            [compact(list(rules)), most, min(first, most)],
            free,
            group_id,
            selection,
        )

    def drop_rules(self, group_id: int, selection: Selection) -> int:
        """Take the rules away: a job that has all of its shots is done."""
        return self._update(
            f"until = NULL, max_shots = NULL, until_end = NULL, {_DONE_IF_WHOLE}",
            [],
            f"{_FREE} AND jobs.until IS NOT NULL",
            group_id,
            selection,
        )

    def set_most(self, group_id: int, selection: Selection, most: int) -> int:
        """Let the rules of jobs give them that many shots at most."""
        return self._update(
            "max_shots = max(?, shots), until_end = NULL, " + _REOPENED,
            [most],
            f"{_FREE} AND jobs.until IS NOT NULL AND coalesce(until_end, '') != 'reached'",
            group_id,
            selection,
        )

    def delete(self, group_id: int, selection: Selection) -> int:
        """Delete jobs with their attempts and results; their numbers are never given again."""
        where, values = sql.where(selection)
        return self._db.execute(
            f"DELETE FROM jobs WHERE group_id = ? AND {_FREE} AND {where}", [group_id, *values]
        ).rowcount

    def _update(
        self, sets: str, own: Sequence[Cell], free: str, group_id: int, selection: Selection
    ) -> int:
        where, values = sql.where(selection)
        with self._db.transaction():
            return self._db.execute(
                f"UPDATE jobs SET {sets} WHERE group_id = ? AND {free} AND {where}",
                [*own, group_id, *values],
            ).rowcount

    def _check_most(self, group_id: int, selection: Selection, free: str, more: int) -> None:
        where, values = sql.where(selection)
        row = self._db.row(
            f"SELECT max(shots) AS most FROM jobs WHERE group_id = ? AND {free} AND {where}",
            [group_id, *values],
        )
        assert row is not None
        if (row["most"] or 0) + more > MOST_SHOTS:
            raise UsageError(f"a job may have at most {MOST_SHOTS} shots")


_SET = {"options": "options = nullif(json_patch(coalesce(options, '{}'), ?), '{}')"}
# A job that was cancelled while its last shots landed has them all.
_DONE_IF_WHOLE = (
    "failure = iif(shots_done >= shots, NULL, failure), error = iif(shots_done >= shots, NULL,"
    " error), status = iif(shots_done >= shots, 'done', status)"
)
_REOPENED = "status = iif(status = 'done', 'unsent', status)"
_OPEN_AGAIN = f"max_shots = max_shots + ?, {_REOPENED}"
