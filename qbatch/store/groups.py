"""Groups: made when first named in ``add``, counted by their counters, deleted whole."""

from __future__ import annotations

import json
import os
import socket
import sqlite3
import time
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from qbatch.domain.groups import Group
from qbatch.domain.naming import check_new_name
from qbatch.domain.states import GroupState, Status
from qbatch.errors import NotFound
from qbatch.store.database import Database, reading, text

if TYPE_CHECKING:
    from qbatch.domain.data import Row


class Groups:
    """The groups of a store."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def find(self, name: str) -> Group | None:
        """The group of that name, or None."""
        found = list(self._select("WHERE name = ?", (name,)))
        return found[0] if found else None

    def get(self, name: str) -> Group:
        """The group of that name.

        Raises:
            NotFound: there is none; the hint names the nearest.
        """
        if group := self.find(name):
            return group
        import difflib

        names = [row["name"] for row in self._db.rows("SELECT name FROM groups")]
        near = difflib.get_close_matches(name, names, 1)
        hint = f"did you mean {near[0]!r}?" if near else "qbatch status lists the groups"
        raise NotFound(f"there is no group {name!r}", hint=hint)

    def ensure(self, name: str) -> int:
        """The id of the group of that name, made where it does not exist.

        Raises:
            UsageError: a group cannot have that name.
        """
        with self._db.transaction():
            if self.find(name) is None:
                check_new_name(name)
            self._db.execute(
                "INSERT INTO groups (name, made_as, created_at) VALUES (?, ?, ?)"
                " ON CONFLICT DO NOTHING",
                (name, name, time.time()),
            )
            row = self._db.row("SELECT id FROM groups WHERE name = ?", (name,))
        assert row is not None
        return int(row["id"])

    def all(self) -> list[Group]:
        """Every group, the oldest first."""
        return list(self._select("", ()))

    def created_before(self, when: float) -> list[Group]:
        """The groups made before a moment (seconds since the epoch)."""
        return list(self._select("WHERE created_at < ?", (when,)))

    def counts(self, ids: Iterable[int]) -> dict[str, int]:
        """Number of jobs of several groups together in each status."""
        sql = (
            "SELECT status, sum(jobs) AS jobs FROM counters"
            " WHERE group_id IN (SELECT value FROM json_each(?)) GROUP BY status"
        )
        return {row["status"]: row["jobs"] for row in self._db.rows(sql, (json.dumps(list(ids)),))}

    def set_open(self, group: int, is_open: bool) -> None:
        """Open a group for adding, or close it."""
        state = GroupState.OPEN if is_open else GroupState.CLOSED
        with self._db.transaction():
            self._db.execute("UPDATE groups SET state = ? WHERE id = ?", (state, group))

    def set_backend(self, group: int, backend: str | None) -> None:
        """Name the backend of those of the group's jobs that name none."""
        with self._db.transaction():
            self._db.execute("UPDATE groups SET backend = ? WHERE id = ?", (backend, group))

    def set_hold(self, group: int, why: str | None) -> None:
        """Have nothing of a group sent, for a reason; None: it is sent again."""
        with self._db.transaction():
            self._db.execute("UPDATE groups SET hold = ? WHERE id = ?", (why, group))

    def held(self, ids: Iterable[int]) -> dict[str, str]:
        """Why nothing of groups is sent, by name, of those that are held."""
        sql = (
            "SELECT name, hold FROM groups WHERE hold IS NOT NULL"
            " AND id IN (SELECT value FROM json_each(?)) ORDER BY id"
        )
        return {row["name"]: row["hold"] for row in self._db.rows(sql, (json.dumps(list(ids)),))}

    def any_open(self, ids: Iterable[int]) -> bool:
        """Whether jobs can be added to one of the groups."""
        sql = (
            "SELECT 1 FROM groups WHERE state = 'open'"
            " AND id IN (SELECT value FROM json_each(?)) LIMIT 1"
        )
        return self._db.row(sql, (json.dumps(list(ids)),)) is not None

    def delete(self, ids: Iterable[int]) -> None:
        """Delete groups with all that only they use: jobs, attempts, batches, payloads."""
        with self._db.transaction():
            for group in ids:
                self._db.execute("DELETE FROM groups WHERE id = ?", (group,))
            self.drop_unused()

    def drop_unused(self) -> None:
        """Delete batches, payloads and requests of which no job is left.

        A batch that costs something is kept: it counts for the budget of its backend.
        """
        from qbatch.store import provenance
        from qbatch.store.compilations import LONELY_COMPILATIONS, LONELY_PAYLOADS

        self._db.execute(
            "DELETE FROM batches WHERE coalesce(charged, reserved) IS NULL AND id NOT IN"
            " (SELECT batch_id FROM attempts WHERE batch_id IS NOT NULL)"
        )
        self._db.execute(provenance.UNUSED)
        self._db.execute(LONELY_COMPILATIONS)
        self._db.execute(LONELY_PAYLOADS)
        self._db.execute("DELETE FROM requests WHERE id NOT IN (SELECT request_id FROM jobs)")

    def note_runner(self, ids: Iterable[int]) -> None:
        """Note this process as the one that holds the groups' run locks."""
        me = json.dumps({"pid": os.getpid(), "host": socket.gethostname(), "since": time.time()})
        with self._db.transaction():
            for group in ids:
                self._db.execute("UPDATE groups SET runner = ? WHERE id = ?", (me, group))

    def runner(self, group: int) -> Mapping[str, object] | None:
        """Who last took the group's run lock: ``pid``, ``host``, ``since`` (seconds)."""
        row = self._db.row("SELECT runner FROM groups WHERE id = ?", (group,))
        with reading("who runs a group"):
            return json.loads(row["runner"]) if row and row["runner"] else None

    def _select(self, where: str, parameters: Row) -> Iterable[Group]:
        sql = (
            "SELECT g.*, (SELECT json_group_object(status, jobs) FROM counters"
            f" WHERE group_id = g.id AND jobs > 0) AS counts FROM groups g {where} ORDER BY id"
        )
        for row in self._db.rows(sql, parameters):
            with reading("a group"):
                found = _group(row)
            yield found


def _group(row: sqlite3.Row) -> Group:
    """A group from its row.

    Raises:
        ValueError, TypeError, IndexError: it is damaged, its column's name perhaps.
    """
    counts = json.loads(row["counts"])
    if sum(int(counts[word]) for word in counts) < 0:
        raise ValueError(f"its counters are {counts}")
    return Group(
        id=row["id"],
        name=str(text(row["name"])),
        state=_state(row["state"]),
        backend=text(row["backend"]),
        created_at=row["created_at"],
        note=row["note"],
        hold=text(row["hold"]),
        parent=text(row["parent"]),
        parent_id=row["parent_id"],
        copied_for=text(row["copied_for"]),
        counts={s.value: counts[s.value] for s in Status if s.value in counts},
    )


def _state(word: object) -> GroupState:
    with reading("the state of a group"):
        return GroupState(str(word))
