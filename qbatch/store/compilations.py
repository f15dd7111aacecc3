"""What was compiled for which target: a cache, and what attempts ran."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from qbatch.domain.compilations import Compilation, CompilationUsed, Layout, Metrics, Readout
from qbatch.domain.states import CompilationState
from qbatch.seam.stages import Landed, Mark
from qbatch.store.database import Database, reading
from qbatch.store.reading import PAYLOAD_COLUMNS, Reader

if TYPE_CHECKING:
    from qbatch.domain.data import Row
    from qbatch.store.jobs import Jobs


class Recipe(NamedTuple):
    """How circuits are compiled: all that decides what comes of one, by its measurements."""

    target: str
    compiler: str
    options: Mapping[Readout, str]


_COLUMNS = f"""
    c.id AS compilation_id, c.payload_id AS logical, own.hash AS own_hash, c.options, c.state,
    c.compiled_id, c.layout, c.depth, c.size, c.two_qubit, c.error,
    payloads.id AS payload_id, {PAYLOAD_COLUMNS}
"""
_FROM = (
    "FROM compilations c JOIN payloads own ON own.id = c.payload_id"
    " LEFT JOIN payloads ON payloads.id = c.compiled_id"
)


class Compilations:
    """The compilations of a store."""

    def __init__(self, database: Database, jobs: Jobs) -> None:
        self._db = database
        self._jobs = jobs

    def keep_target(self, name: str, name_hash: str, body: str) -> None:
        """Store a target, once per content."""
        sql = "INSERT INTO targets (hash, name, body) VALUES (?, ?, ?) ON CONFLICT DO NOTHING"
        if self._db.row("SELECT 1 FROM targets WHERE hash = ?", (name_hash,)) is None:
            with self._db.transaction():
                self._db.execute(sql, (name_hash, name, body))

    def found(self, marks: Iterable[Mark], recipe: Recipe) -> dict[Mark, Compilation]:
        """What is known of some payloads under a recipe."""
        by_readout: dict[Readout, list[int]] = {}
        marks = set(marks)
        for mark in marks:
            by_readout.setdefault(mark.readout, []).append(mark.payload)
        sql = (
            f"SELECT {_COLUMNS} {_FROM} WHERE c.payload_id IN (SELECT value FROM json_each(?))"
            " AND c.target = ? AND c.options = ? AND c.compiler = ?"
        )
        known: dict[Mark, Compilation] = {}
        reader = Reader()
        for readout, ids in by_readout.items():
            values = (json.dumps(ids), recipe.target, recipe.options[readout], recipe.compiler)
            for row in self._db.rows(sql, values):
                mark = Mark(row["logical"], readout, row["own_hash"])
                if mark in marks:
                    known[mark] = _compilation(row, readout, reader)
        return known

    def by_id(self, ids: Iterable[int]) -> dict[int, Compilation]:
        """Compilations by their ids."""
        sql = f"SELECT {_COLUMNS} {_FROM} WHERE c.id IN (SELECT value FROM json_each(?))"
        reader = Reader()
        return {
            row["compilation_id"]: _compilation(row, _readout(row), reader)
            for row in self._db.rows(sql, (json.dumps(list(ids)),))
        }

    def of_batch(self, batch_id: int) -> dict[int, int]:
        """Which compilation each unanswered attempt of a batch was sent as, by the job's id."""
        sql = (
            "SELECT job_id, compilation FROM attempts WHERE batch_id = ?"
            " AND compilation IS NOT NULL"
        )
        return {row["job_id"]: row["compilation"] for row in self._db.rows(sql, (batch_id,))}

    def target_of(self, batch_id: int) -> str | None:
        """The target that a batch was compiled for, as it is stored; None where it was not."""
        row = self._db.row(
            "SELECT t.body FROM attempts a JOIN compilations c ON c.id = a.compilation"
            " JOIN targets t ON t.hash = c.target WHERE a.batch_id = ? LIMIT 1",
            (batch_id,),
        )
        return None if row is None else str(row["body"])

    def keep(self, landed: Sequence[Landed], recipe: Recipe) -> None:
        """Store what came of payloads, together; what is known already stays as it is.

        Payloads that were deleted meanwhile are left out: another may have their ids now.
        """
        now = time.time()
        with self._db.transaction():
            ids = self._jobs.payload_ids([one.compiled.payload for one in landed if one.compiled])
            self._db.executemany(_KEEP, (_kept(one, recipe, ids, now) for one in landed))

    def forget_failed(self, marks: Iterable[Mark], recipe: Recipe) -> int:
        """Let go what failed, so that it is tried again; how many."""
        with self._db.transaction():
            return sum(
                self._db.execute(
                    "DELETE FROM compilations WHERE payload_id = ? AND target = ? AND options = ?"
                    " AND compiler = ? AND state != 'done'",
                    (mark.payload, recipe.target, recipe.options[mark.readout], recipe.compiler),
                ).rowcount
                for mark in marks
            )

    def pace(self, recipe: Recipe) -> float | None:
        """Seconds of a worker for a circuit, as the newest took; None where there are none."""
        row = self._db.row(
            "SELECT avg(seconds) AS mean FROM (SELECT seconds FROM compilations WHERE target = ?"
            " AND compiler = ? AND state = 'done' ORDER BY id DESC LIMIT 1000)",
            (recipe.target, recipe.compiler),
        )
        return None if row is None else row["mean"]

    def prune(self) -> int:
        """Delete the compilations that no attempt ran, with their circuits; how many."""
        with self._db.transaction():
            number = self._db.execute(
                "DELETE FROM compilations WHERE id NOT IN"
                " (SELECT compilation FROM attempts WHERE compilation IS NOT NULL)"
            ).rowcount
            self._db.execute(LONELY_PAYLOADS)
            self._db.execute(
                "DELETE FROM targets WHERE hash NOT IN (SELECT target FROM compilations)"
            )
        return number


def ran(database: Database) -> Callable[[int], tuple[Metrics, Layout] | None] | None:
    """What tells of a job, by its id, what its newest result was compiled to.

    None where nothing was ever compiled.
    """
    if database.row("SELECT 1 FROM compilations LIMIT 1") is None:
        return None
    sql = """
        SELECT c.depth, c.size, c.two_qubit, c.layout FROM attempts a
        JOIN compilations c ON c.id = a.compilation
        WHERE a.job_id = ? AND a.status = 'done' ORDER BY a.id DESC LIMIT 1
    """

    def of(job: int) -> tuple[Metrics, Layout] | None:
        row = database.row(sql, (job,))
        if row is None:
            return None
        with reading("a compilation"):
            return _read_metrics(row), Layout.read(row["layout"])

    return of


_USED = """
    SELECT c.*, t.name, p.hash AS compiled FROM compilations c
    LEFT JOIN targets t ON t.hash = c.target LEFT JOIN payloads p ON p.id = c.compiled_id
    WHERE c.state = 'done' AND
"""


def used(database: Database, ids: Iterable[int]) -> dict[int, CompilationUsed]:
    """Compilations that attempts ran, for people, by id."""
    sql = f"{_USED} c.id IN (SELECT value FROM json_each(?))"
    return {row["id"]: _used(row) for row in database.rows(sql, (json.dumps(list(ids)),))}


def known(database: Database, payload_hash: str) -> list[CompilationUsed]:
    """All that a payload was compiled to, the newest first."""
    sql = f"{_USED} c.payload_id = (SELECT id FROM payloads WHERE hash = ?) ORDER BY c.id DESC"
    return [_used(row) for row in database.rows(sql, (payload_hash,))]


LONELY_PAYLOADS = (
    "DELETE FROM payloads WHERE id NOT IN (SELECT payload_id FROM jobs) AND id NOT IN"
    " (SELECT compiled_id FROM compilations WHERE compiled_id IS NOT NULL)"
)
"""Lets go the payloads that no job has and that nothing was compiled to."""

LONELY_COMPILATIONS = (
    "DELETE FROM compilations WHERE payload_id NOT IN (SELECT payload_id FROM jobs)"
)


_KEEP = """
    INSERT INTO compilations (payload_id, target, options, compiler, state, seconds, error, at,
        compiled_id, layout, depth, size, two_qubit, log)
    SELECT ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?
    WHERE EXISTS (SELECT 1 FROM payloads WHERE id = ? AND hash = ?)
    ON CONFLICT DO NOTHING
"""


def _kept(landed: Landed, recipe: Recipe, ids: Mapping[str, int], now: float) -> Row:
    """What `_KEEP` stores of a task that has landed; ``ids`` of what came of it, by hash."""
    mark, found = landed.mark, landed.compiled
    came: Row = (None, None, None, None, None, None)
    if found is not None:
        size = found.metrics
        own = (size.depth, size.size, size.two_qubit)
        came = (ids[found.payload.hash], found.layout.text(), *own, found.log or None)
    asked = (mark.payload, recipe.target, recipe.options[mark.readout], recipe.compiler)
    ended = (landed.state.value, landed.seconds, landed.error, now)
    return (*asked, *ended, *came, mark.payload, mark.hash)


def _readout(row: sqlite3.Row) -> Readout:
    with reading("a compilation"):
        return Readout(json.loads(row["options"])["readout"])


def _compilation(row: sqlite3.Row, readout: Readout, reader: Reader) -> Compilation:
    with reading("a compilation"):
        state = CompilationState(row["state"])
        done = state is CompilationState.DONE
        return Compilation(
            id=row["compilation_id"],
            payload=row["logical"],
            readout=readout,
            state=state,
            compiled=reader.payload(row) if done else None,
            layout=Layout.read(row["layout"]) if done else None,
            metrics=_read_metrics(row) if done else None,
            error=row["error"],
        )


def _read_metrics(row: sqlite3.Row) -> Metrics:
    return Metrics(depth=row["depth"], size=row["size"], two_qubit=row["two_qubit"])


def _used(row: sqlite3.Row) -> CompilationUsed:
    with reading("a compilation"):
        return CompilationUsed(
            target=row["name"] or "",
            target_hash=row["target"],
            compiler=row["compiler"],
            options=json.loads(row["options"]),
            layout=Layout.read(row["layout"]),
            metrics=_read_metrics(row),
            compiled=row["compiled"],
            at=row["at"],
            log=row["log"] or "",
        )
