"""Programs: added, looked up, and how they stand; their texts."""

from __future__ import annotations

import hashlib
import json
import sqlite3
import time
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from qbatch.domain.naming import shell_quote
from qbatch.domain.programs import Program, ProgramSettings, ProgramSpec, Source
from qbatch.domain.states import UNFINISHED, Failure, ProgramStatus
from qbatch.errors import NotFound, UsageError
from qbatch.store.column import compact
from qbatch.store.database import Database, reading

if TYPE_CHECKING:
    from qbatch.domain.data import Cell

_SELECT = """
    SELECT programs.*, groups.name AS group_name,
        (SELECT coalesce(max(step) + 1, 0) FROM steps WHERE program_id = programs.id) AS num_steps
    FROM programs JOIN groups ON groups.id = programs.group_id
"""


class Programs:
    """The programs of a store."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def add(self, group_id: int, specs: Sequence[ProgramSpec], source: Source) -> range:
        """Store programs that share a text; their numbers.

        Raises:
            UsageError: the group is closed.
        """
        with self._db.transaction():
            row = self._db.row("SELECT name, state FROM groups WHERE id = ?", (group_id,))
            assert row is not None
            if row["state"] != "open":
                raise UsageError(
                    f"group {row['name']!r} is closed: nothing can be added",
                    hint=f"qbatch group open {shell_quote(row['name'])} opens it",
                )
            name = self.keep_source(source)
            first = self._last_number(group_id) + 1
            self._db.executemany(
                "INSERT INTO programs (group_id, number, name, reference, source, arguments,"
                " settings, seed, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    (group_id, first + place, spec.name, spec.reference, name,
                     compact(dict(spec.arguments)), compact(asdict(spec.settings)), spec.seed,
                     time.time())
                    for place, spec in enumerate(specs)
                ),
            )  # fmt: skip
        return range(first, first + len(specs))

    def _last_number(self, group_id: int) -> int:
        row = self._db.row(
            "SELECT coalesce(max(number), 0) AS last FROM programs WHERE group_id = ?", (group_id,)
        )
        assert row is not None
        return int(row["last"])

    def keep_source(self, source: Source) -> str:
        """Store a text once; the hash that names it."""
        text = compact(asdict(source)).encode()
        name = hashlib.sha256(text).hexdigest()
        self._db.execute(
            "INSERT INTO sources (hash, body) VALUES (?, ?) ON CONFLICT DO NOTHING",
            (name, zlib.compress(text)),
        )
        return name

    def source(self, name: str) -> Source:
        """The text that a hash names.

        Raises:
            StoreError: it is damaged.
        """
        row = self._db.row("SELECT body FROM sources WHERE hash = ?", (name,))
        with reading("a program's text"):
            if row is None:
                raise ValueError("it is not there")
            return Source(**json.loads(zlib.decompress(row["body"])))

    def of(
        self, groups: Iterable[int], statuses: Iterable[ProgramStatus] | None = None
    ) -> list[Program]:
        """The programs of groups, by group and number, maybe only those of some statuses."""
        condition, values = "", [json.dumps(list(groups))]
        if statuses is not None:
            condition = " AND status IN (SELECT value FROM json_each(?))"
            values.append(json.dumps(list(statuses)))
        rows = self._db.rows(
            f"{_SELECT} WHERE group_id IN (SELECT value FROM json_each(?)){condition}"
            " ORDER BY group_id, number",
            values,
        )
        with reading("a program"):
            return [_program(row) for row in rows]

    def chosen(self, ids: Iterable[int]) -> list[Program]:
        """Programs by their ids, by group and number."""
        rows = self._db.rows(
            f"{_SELECT} WHERE programs.id IN (SELECT value FROM json_each(?))"
            " ORDER BY group_id, number",
            (json.dumps(list(ids)),),
        )
        with reading("a program"):
            return [_program(row) for row in rows]

    def numbered(self, group_id: int, group: str, number: int) -> Program:
        """One program of a group.

        Raises:
            NotFound: there is none of that number.
        """
        row = self._db.row(f"{_SELECT} WHERE group_id = ? AND number = ?", (group_id, number))
        if row is None:
            raise NotFound(
                f"group {group!r} has no program p{number}",
                hint=f"qbatch results {shell_quote(group)} lists its programs",
            )
        with reading("a program"):
            return _program(row)

    def counts(self, groups: Iterable[int]) -> dict[int, dict[str, int]]:
        """By group the number of its programs in each status; none of groups without any."""
        found: dict[int, dict[str, int]] = {}
        rows = self._db.rows(
            "SELECT group_id, status, count(*) AS number FROM programs"
            " WHERE group_id IN (SELECT value FROM json_each(?)) GROUP BY group_id, status",
            (json.dumps(list(groups)),),
        )
        for row in rows:
            found.setdefault(row["group_id"], {})[row["status"]] = row["number"]
        return found

    def progress(self, group_id: int) -> tuple[int, tuple[float, int] | None]:
        """Number of steps of a group's programs, and the least value with its program."""
        steps = self._db.row(
            "SELECT count(*) AS number FROM steps JOIN programs ON programs.id = program_id"
            " WHERE group_id = ?",
            (group_id,),
        )
        best = self._db.row(
            "SELECT best, number FROM programs WHERE group_id = ? AND best IS NOT NULL"
            " ORDER BY best, number LIMIT 1",
            (group_id,),
        )
        assert steps is not None
        return int(steps["number"]), None if best is None else (best["best"], best["number"])

    def begin(self, ids: Iterable[int]) -> None:
        """Note that programs run."""
        with self._db.transaction():
            self._db.executemany(
                "UPDATE programs SET status = 'running' WHERE id = ? AND status = 'waiting'",
                ((program,) for program in ids),
            )

    def note_environment(self, ids: Iterable[int], environment: Mapping[str, str]) -> None:
        """Note with which versions programs are answered."""
        text = compact(dict(environment))
        self._db.executemany(
            "UPDATE programs SET environment = ? WHERE id = ?", ((text, one) for one in ids)
        )

    def park(self, ids: Iterable[int]) -> None:
        """Note that programs run no more, and go on with the next run."""
        with self._db.transaction():
            self._db.executemany(
                "UPDATE programs SET status = 'waiting' WHERE id = ? AND status = 'running'",
                ((program,) for program in ids),
            )

    def end(
        self,
        program: int,
        status: ProgramStatus,
        *,
        value: object = None,
        failure: Failure | None = None,
        error: str | None = None,
    ) -> None:
        """Note how a program ended; the jobs that it still had unsent are cancelled with it."""
        with self._db.transaction():
            self._db.execute(
                "UPDATE programs SET status = ?, value = ?, failure = ?, error = ?,"
                " finished_at = ? WHERE id = ? AND status IN ('waiting', 'running')",
                (status, compact(value) if status is ProgramStatus.DONE else None, failure, error,
                 time.time(), program),
            )  # fmt: skip
            self._cancel_unsent(program)

    def _cancel_unsent(self, program: int) -> None:
        self._db.execute(
            "UPDATE jobs SET status = 'cancelled', failure = 'cancelled',"
            " error = 'its program has ended' WHERE status = 'unsent' AND (group_id, program) ="
            " (SELECT group_id, number FROM programs WHERE id = ?)",
            (program,),
        )

    def cancel(self, ids: Iterable[int]) -> int:
        """Cancel programs that have not ended; a run that hosts them sees it. How many they are."""
        cancelled = 0
        with self._db.transaction():
            for program in ids:
                changed = self._db.execute(
                    "UPDATE programs SET status = 'cancelled', failure = 'cancelled',"
                    " error = 'cancelled by the user', finished_at = ? WHERE id = ?"
                    " AND status IN ('waiting', 'running')",
                    (time.time(), program),
                ).rowcount
                cancelled += changed
                if changed:
                    self._db.execute(
                        "UPDATE jobs SET cancel_requested = 1 WHERE status IN ('queued', 'running')"
                        " AND (group_id, program) ="
                        " (SELECT group_id, number FROM programs WHERE id = ?)",
                        (program,),
                    )
                    self._cancel_unsent(program)
        return cancelled

    def cancelled(self, ids: Iterable[int]) -> set[int]:
        """Those of some programs that were cancelled."""
        rows = self._db.rows(
            "SELECT id FROM programs WHERE status = 'cancelled'"
            " AND id IN (SELECT value FROM json_each(?))",
            (json.dumps(list(ids)),),
        )
        return {row["id"] for row in rows}

    def renew(self, program: int, *, with_jobs: bool = True) -> None:
        """Let a program that failed or was cancelled go on: from what it was answered.

        The failed and cancelled jobs of its last step are unsent again; those of earlier steps
        it has seen, and they stay what they are.

        Args:
            with_jobs: False where its last step is one of those.
        """
        with self._db.transaction():
            self._db.execute(
                "UPDATE programs SET status = 'waiting', value = NULL, failure = NULL,"
                " error = NULL, finished_at = NULL WHERE id = ?",
                (program,),
            )
            if not with_jobs:
                return
            self._db.execute(
                "UPDATE jobs SET status = 'unsent', failure = NULL, error = NULL,"
                " cancel_requested = 0 WHERE status IN ('error', 'cancelled')"
                " AND (group_id, program) = (SELECT group_id, number FROM programs WHERE id = :id)"
                " AND step = (SELECT max(step) FROM steps WHERE program_id = :id)",
                {"id": program},
            )

    def unsent(self, programs: Iterable[int]) -> list[int]:
        """The ids of the unsent jobs of programs."""
        rows = self._db.rows(
            "SELECT jobs.id FROM programs JOIN jobs ON jobs.group_id = programs.group_id"
            " AND jobs.program = programs.number WHERE jobs.status = 'unsent'"
            " AND programs.id IN (SELECT value FROM json_each(?)) ORDER BY jobs.id",
            (json.dumps(list(programs)),),
        )
        return [row["id"] for row in rows]

    def settle(self, program: int, settings: ProgramSettings) -> None:
        """Change what is said of a program's jobs to come."""
        with self._db.transaction():
            self._db.execute(
                "UPDATE programs SET settings = ? WHERE id = ?",
                (compact(asdict(settings)), program),
            )

    def accept(self, ids: Iterable[int], source: Mapping[int, Source] | None = None) -> None:
        """Note that the code of programs may run, maybe with the text that it has now."""
        with self._db.transaction():
            for program in ids:
                values: list[Cell] = [program]
                changed = ""
                if source is not None:
                    changed, values = ", source = ?", [self.keep_source(source[program]), program]
                self._db.execute(f"UPDATE programs SET accepted = 1{changed} WHERE id = ?", values)

    def backends(self, groups: Iterable[int]) -> set[str | None]:
        """The backends that unfinished programs ask for."""
        found = self.of(groups, UNFINISHED)
        return {program.settings.backend for program in found}


def _program(row: sqlite3.Row) -> Program:
    settings: dict[str, Any] = json.loads(row["settings"])
    return Program(
        id=row["id"],
        group_id=row["group_id"],
        group=row["group_name"],
        number=row["number"],
        name=row["name"],
        reference=row["reference"],
        arguments=json.loads(row["arguments"]),
        seed=row["seed"],
        settings=ProgramSettings(**settings),
        source=row["source"],
        environment=json.loads(row["environment"]),
        status=ProgramStatus(row["status"]),
        value=None if row["value"] is None else json.loads(row["value"]),
        failure=None if row["failure"] is None else Failure(row["failure"]),
        error=row["error"],
        best=row["best"],
        steps=row["num_steps"],
        accepted=bool(row["accepted"]),
        created_at=row["created_at"],
        finished_at=row["finished_at"],
    )
