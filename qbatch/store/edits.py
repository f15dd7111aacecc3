"""Book-keeping: tags and notes, names, copies, and what is let go."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Mapping, Sequence

from qbatch.domain.groups import Group
from qbatch.domain.naming import check_new_name
from qbatch.domain.selectors import MAX_NUMBER, Selection
from qbatch.errors import UsageError
from qbatch.store import selection as sql
from qbatch.store.columns import COPIED, quoted
from qbatch.store.database import Database
from qbatch.store.groups import Groups
from qbatch.store.results import LET_GO

_COPIED_PROGRAM = quoted(
    ("number", "name", "reference", "source", "arguments", "settings", "seed", "accepted")
)
_COPIED = quoted(("number", *COPIED))


class Edits:
    """Changes to what is said of jobs, never to what they yielded, but for letting it go."""

    def __init__(self, database: Database, groups: Groups) -> None:
        self._db = database
        self._groups = groups

    def tag(
        self, group_id: int, selection: Selection, add: Mapping[str, str], remove: Sequence[str]
    ) -> int:
        """Give jobs tags and take some away.

        Returns:
            Number of jobs meant.
        """
        where, values = sql.where(selection)
        patch = json.dumps({**dict.fromkeys(remove), **add}, ensure_ascii=False)
        with self._db.transaction():
            # A merge patch (RFC 7396): null takes a member away.
            return self._db.execute(
                "UPDATE jobs SET tags = nullif(json_patch(coalesce(tags, '{}'), ?), '{}')"
                f" WHERE group_id = ? AND {where}",
                [patch, group_id, *values],
            ).rowcount

    def note(self, group_id: int, selection: Selection | None, text: str | None) -> None:
        """Write a note on jobs, or without a selection on the group; None takes it away."""
        if selection is None:
            self.note_group(group_id, text)
        else:
            self.note_jobs(group_id, selection, text)

    def note_group(self, group_id: int, text: str | None) -> None:
        """Write a note on a group, or take it away."""
        with self._db.transaction():
            self._db.execute("UPDATE groups SET note = ? WHERE id = ?", (text, group_id))

    def note_jobs(self, group_id: int, selection: Selection, text: str | None) -> int:
        """Write a note on jobs, or take it away.

        Returns:
            Number of jobs meant.
        """
        where, values = sql.where(selection)
        with self._db.transaction():
            return self._db.execute(
                f"UPDATE jobs SET note = ? WHERE group_id = ? AND {where}",
                [text, group_id, *values],
            ).rowcount

    def rename(self, group: Group, name: str) -> None:
        """Call a group something else.

        Raises:
            UsageError: there is a group of that name, or none can have it.
        """
        check_new_name(name)
        try:
            with self._db.transaction():
                # A copy for a backend that is given another name is kept for itself.
                sql = "UPDATE groups SET name = ?, copied_for = NULL WHERE id = ?"
                self._db.execute(sql, (name, group.id))
                sql = "UPDATE groups SET parent = ? WHERE parent_id = ?"
                self._db.execute(sql, (name, group.id))
        except Exception as error:
            if isinstance(error.__cause__, sqlite3.IntegrityError):
                raise _taken(name) from error
            raise

    def copy(self, group: Group, selection: Selection, name: str) -> int:
        """A new group with the same jobs, unsent and numbered as before, and the same programs.

        Jobs of programs are left out: they are asked for again.

        Returns:
            Number of jobs.

        Raises:
            UsageError: there is a group of that name, or none can have it.
        """
        where, values = sql.where(selection)
        check_new_name(name)
        with self._db.transaction():
            if self._groups.find(name) is not None:
                raise _taken(name)
            copied = self._groups.ensure(name)
            added = self._db.execute(
                f"INSERT INTO jobs (group_id, created_at, {_COPIED}) SELECT ?, ?, {_COPIED}"
                f" FROM jobs WHERE group_id = ? AND program IS NULL AND {where} ORDER BY number",
                [copied, time.time(), group.id, *values],
            ).rowcount
            self._copy_programs(group.id, copied, selection)
            self._db.execute(
                "UPDATE groups SET backend = ?, parent = ?, parent_id = ?, last_number = coalesce("
                "(SELECT max(number) FROM jobs WHERE group_id = groups.id), 0) WHERE id = ?",
                (group.backend, group.name, group.id, copied),
            )
        return added

    def copy_for(self, group: Group, there: Group | None, name: str, backend: str) -> int:
        """A group's copy for a backend, on which all of its jobs run; made, or brought up to date.

        Args:
            there: the copy, where there is one; it holds no other jobs (`strangers`).
            name: of one that is made.

        Returns:
            Number of jobs that are new.

        Raises:
            UsageError: no group can have that name.
        """
        if there is None:
            added = self.copy(group, Selection(), name)
            there = self._groups.get(name)
        else:
            with self._db.transaction():
                added = self._db.execute(
                    f"INSERT INTO jobs (group_id, created_at, {_COPIED}) SELECT ?, ?, {_COPIED}"
                    " FROM jobs WHERE group_id = ? AND program IS NULL AND number NOT IN"
                    " (SELECT number FROM jobs WHERE group_id = ?) ORDER BY number",
                    [there.id, time.time(), group.id, there.id],
                ).rowcount
        with self._db.transaction():
            self._db.execute(
                "UPDATE groups SET backend = ?, copied_for = ?, last_number = max(last_number,"
                " coalesce((SELECT max(number) FROM jobs WHERE group_id = groups.id), 0))"
                " WHERE id = ?",
                (backend, backend, there.id),
            )
            self._db.execute(
                "UPDATE jobs SET backend = NULL WHERE group_id = ? AND backend IS NOT NULL",
                (there.id,),
            )
        return added

    def strangers(self, group: Group, copied: Group) -> list[int]:
        """Numbers of a copy's jobs that ask something else than the group's of that number.

        Jobs with rules are given shots as they need them; of those only the rules are compared.
        """
        sql = """
            SELECT c.number FROM jobs c JOIN jobs p ON p.group_id = ? AND p.number = c.number
            WHERE c.group_id = ? AND p.program IS NULL AND (c.program IS NOT NULL
                OR c.key IS NOT p.key OR c.options IS NOT p.options OR c.seed IS NOT p.seed
                OR c.until IS NOT p.until OR c.until IS NULL AND c.shots IS NOT p.shots)
            ORDER BY c.number
        """
        return [row["number"] for row in self._db.rows(sql, (group.id, copied.id))]

    def _copy_programs(self, group_id: int, copied: int, selection: Selection) -> None:
        """The programs that a selection means, waiting, with their seeds and numbers."""
        meant = [(1, MAX_NUMBER)] if selection.is_all else list(selection.programs)
        self._db.execute(
            f"INSERT INTO programs (group_id, created_at, {_COPIED_PROGRAM})"
            f" SELECT ?, ?, {_COPIED_PROGRAM} FROM programs WHERE group_id = ?"
            " AND EXISTS (SELECT 1 FROM json_each(?) WHERE number BETWEEN value ->> 0"
            " AND value ->> 1) ORDER BY number",
            [copied, time.time(), group_id, json.dumps(meant)],
        )

    def drop_results(self, group_id: int) -> int:
        """Delete the results of jobs that are done, but of programs' jobs, which replay them.

        Returns:
            Number of results.

        The jobs stay done, with their attempts: a result that is gone is not run again.
        """
        with self._db.transaction():
            return self._db.execute(
                "UPDATE attempts SET result = ?, digest = NULL WHERE status = 'done'"
                " AND result IS NOT NULL AND result != ? AND job_id IN"
                " (SELECT id FROM jobs WHERE group_id = ? AND status = 'done' AND program IS NULL)",
                (LET_GO, LET_GO, group_id),
            ).rowcount

    def sizes(self, group_ids: Sequence[int]) -> dict[int, dict[str, int]]:
        """Bytes that groups take, by id: ``results``, ``payloads`` (shared ones too), ``jobs``."""
        found = {}
        for group in group_ids:
            row = self._db.row(_SIZES, {"group": group})
            assert row is not None
            found[group] = {name: row[name] or 0 for name in ("payloads", "jobs", "results")}
        return found

    def vacuum(self) -> None:
        """Give what has become free in the file back to the disk."""
        self._db.execute("VACUUM")
        self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


_SIZES = """
    SELECT
        (SELECT sum(length(body)) FROM payloads WHERE id IN
            (SELECT DISTINCT payload_id FROM jobs WHERE group_id = :group)) AS payloads,
        (SELECT sum(120 + length("values") + coalesce(length(tags), 0)
            + coalesce(length(name), 0) + coalesce(length(error), 0))
            FROM jobs WHERE group_id = :group) AS jobs,
        (SELECT sum(60 + coalesce(length(result), 0) + coalesce(length(info), 0))
            FROM attempts JOIN jobs ON jobs.id = job_id WHERE group_id = :group) AS results
"""


def _taken(name: str) -> UsageError:
    return UsageError(
        f"there is a group {name!r} already", hint="choose another name, or qbatch delete it first"
    )
