"""Jobs: adding, looking up, resetting for a rerun, cancelling."""

from __future__ import annotations

import functools
import json
import time
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from qbatch.errors import NotFound, UsageError, word
from qbatch.models import Circuit, CircuitSource, Job, JobSpec, Status
from qbatch.store.database import Database, damaged, reading, text, whole
from qbatch.store.selection import Selection

JOB_COLUMNS = """
    jobs.*, groups.name AS group_name, circuits.hash AS circuit_hash,
    circuits.parameters AS names, circuits.num_qubits, observables.texts AS observable_texts
"""
JOB_TABLES = """
    jobs JOIN groups ON groups.id = jobs.group_id
    JOIN circuits ON circuits.id = jobs.circuit_id
    LEFT JOIN observables ON observables.id = jobs.observables_id
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Added:
    """What an ``add`` did: the new jobs' numbers, and how many the group held already."""

    numbers: range
    held: int


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)


@functools.lru_cache(maxsize=256)
def _texts(value: str) -> tuple[str, ...]:
    """A JSON list of texts; the jobs of a sweep share theirs."""
    return tuple(json.loads(value))


def job_from_row(row: Any) -> Job:
    """A job from a row of `JOB_COLUMNS`.

    Raises:
        StoreError: it is damaged.
    """
    try:
        return _job(row)
    except (ValueError, TypeError, AttributeError, IndexError, RecursionError) as error:
        raise damaged("a job", error) from error


def _job(row: Any) -> Job:
    names = _texts(row["names"])
    return Job(
        id=row["id"],
        group=row["group_name"],
        number=row["number"],
        key=row["key"].hex(),
        name=text(row["name"]),
        tags=json.loads(row["tags"]) if row["tags"] else {},
        parameters=dict(zip(names, json.loads(row["parameters"]), strict=True)),
        observables=_texts(row["observable_texts"] or "[]"),
        shots=whole(row["shots"]),
        seed=whole(row["seed"]),
        measure_all=bool(row["measure_all"]),
        backend=text(row["backend"]),
        priority=row["priority"],
        options=json.loads(row["options"]) if row["options"] else {},
        status=Status(row["status"]),
        failure=row["failure"],
        error=row["error"],
        circuit=str(text(row["circuit_hash"])),
        num_qubits=row["num_qubits"],
        created_at=row["created_at"],
        parent=row["parent"],
        note=row["note"],
    )


class Jobs:
    """The jobs of a store."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def add(
        self,
        group_id: int,
        circuits: Iterable[Circuit],
        specs: Iterable[JobSpec],
        *,
        if_new: bool = False,
    ) -> Added:
        """Store circuits (once per content) and jobs, all in one transaction.

        Args:
            specs: taken lazily, so that a sweep of a million points fits in memory; an
                exception from it leaves nothing behind.
            if_new: leave out what the group holds: same key, shots, seed and options.

        Raises:
            UsageError: the group is closed.
        """
        with self._db.transaction():
            row = self._db.row("SELECT * FROM groups WHERE id = ?", (group_id,))
            assert row is not None
            if row["state"] != "open":
                raise UsageError(
                    f"group {row['name']!r} is closed: nothing can be added",
                    hint=f"qbatch open {word(row['name'])} opens it",
                )
            ids = {circuit.hash: self._circuit_id(circuit) for circuit in circuits}
            rows = _Rows(self, group_id, row["last_number"], ids)
            if if_new:
                rows.held_before = self._held(group_id)
            self._db.executemany(_INSERT_JOB, rows.of(specs))
            self._db.execute(
                "UPDATE groups SET last_number = ? WHERE id = ?", (rows.number, group_id)
            )
        return Added(numbers=range(row["last_number"] + 1, rows.number + 1), held=rows.held)

    def select(self, group_id: int, selection: Selection) -> Iterator[Job]:
        """The jobs meant by a selection, in the order of adding."""
        where, values = selection.where()
        sql = (
            f"SELECT {JOB_COLUMNS} FROM {JOB_TABLES} WHERE group_id = ? AND {where} ORDER BY number"
        )
        return map(job_from_row, self._db.rows(sql, [group_id, *values]))

    def check(self, group_id: int, group: str, selection: Selection) -> None:
        """Make sure that every number and name of a selection exists.

        Raises:
            NotFound: names the first that does not.
        """
        for number in selection.numbers:
            found = self._db.row(
                "SELECT 1 FROM jobs WHERE group_id = ? AND number = ?", (group_id, number)
            )
            if not found:
                raise NotFound(
                    f"group {group!r} has no job {number}",
                    hint=f"qbatch jobs {word(group)} lists its jobs",
                )
        for name in selection.names:
            found = self._db.row(
                "SELECT 1 FROM jobs WHERE group_id = ? AND (name = ? OR name GLOB ?) LIMIT 1",
                (group_id, name, name),
            )
            if not found:
                raise NotFound(
                    f"group {group!r} has no job named {name!r}",
                    hint=f"qbatch jobs {word(group)} lists its jobs",
                )

    def labels(self, ids: Iterable[int]) -> dict[int, str]:
        """``group/number`` of jobs by id."""
        sql = (
            "SELECT jobs.id, groups.name || '/' || number AS label FROM jobs"
            " JOIN groups ON groups.id = group_id"
            " WHERE jobs.id IN (SELECT value FROM json_each(?))"
        )
        return {row["id"]: row["label"] for row in self._db.rows(sql, (json.dumps(list(ids)),))}

    def circuit(self, content_hash: str) -> CircuitSource:
        """A stored circuit's source.

        Raises:
            NotFound: no circuit has that hash.
        """
        row = self._db.row("SELECT format, body FROM circuits WHERE hash = ?", (content_hash,))
        if row is None:
            raise NotFound(f"there is no circuit {content_hash}")
        with reading("a circuit"):
            return CircuitSource(format=row["format"], body=zlib.decompress(row["body"]))

    def circuits(self, ids: Iterable[int]) -> dict[int, tuple[str, CircuitSource]]:
        """Hash and source of circuits by id."""
        sql = (
            "SELECT id, hash, format, body FROM circuits"
            " WHERE id IN (SELECT value FROM json_each(?))"
        )
        found = {}
        for row in self._db.rows(sql, (json.dumps(list(ids)),)):
            with reading("a circuit"):
                source = CircuitSource(format=row["format"], body=zlib.decompress(row["body"]))
            found[row["id"]] = (row["hash"], source)
        return found

    def observables(self, ids: Iterable[int]) -> dict[int, tuple[str, ...]]:
        """Lists of observables by id."""
        sql = "SELECT * FROM observables WHERE id IN (SELECT value FROM json_each(?))"
        rows = list(self._db.rows(sql, (json.dumps(list(ids)),)))
        with reading("an observable"):
            return {row["id"]: tuple(json.loads(row["texts"])) for row in rows}

    def reset(self, group_id: int, selection: Selection) -> list[int]:
        """Make failed and cancelled jobs of a selection unsent again; their ids.

        A job that another one reruns (``rerun --keep``) is left: that one stands for it.
        """
        where, values = selection.where()
        with self._db.transaction():
            rows = self._db.execute(
                "UPDATE jobs SET status = 'unsent', failure = NULL, error = NULL,"
                " cancel_requested = 0 WHERE group_id = ? AND status IN ('error', 'cancelled')"
                f" AND {where} {_HAS_NO_COPY} RETURNING id",
                [group_id, *values, group_id],
            ).fetchall()
        return [row["id"] for row in rows]

    def to_rerun(self, group_id: int, selection: Selection) -> list[int]:
        """The ids of the jobs that `reset` would make unsent again, or `append_again` copy."""
        where, values = selection.where()
        sql = (
            "SELECT id FROM jobs WHERE group_id = ? AND status IN ('error', 'cancelled')"
            f" AND {where} {_HAS_NO_COPY}"
        )
        return [row["id"] for row in self._db.rows(sql, [group_id, *values, group_id])]

    def replaced(self, group_id: int, selection: Selection) -> int:
        """How many failed or cancelled jobs of a selection another one reruns."""
        where, values = selection.where()
        sql = (
            "SELECT count(*) AS number FROM jobs WHERE group_id = ?"
            f" AND status IN ('error', 'cancelled') AND {where} AND NOT (1 {_HAS_NO_COPY})"
        )
        row = self._db.row(sql, [group_id, *values, group_id])
        assert row is not None
        return int(row["number"])

    def append_again(self, group_id: int, selection: Selection) -> list[int]:
        """Append a copy of each failed or cancelled job of a selection that has none yet.

        The copy names the job it reruns as its ``parent``. Returns the copies' ids.
        """
        where, values = selection.where()
        with self._db.transaction():
            row = self._db.row("SELECT last_number FROM groups WHERE id = ?", (group_id,))
            assert row is not None
            before: int = row["last_number"]
            added = self._db.execute(
                f"""
                INSERT INTO jobs (group_id, number, key, priority, circuit_id, parameters,
                    observables_id, shots, seed, measure_all, name, tags, backend, options,
                    note, created_at, parent)
                SELECT group_id, ? + row_number() OVER (ORDER BY number), key, priority,
                    circuit_id, parameters, observables_id, shots, seed, measure_all, name,
                    tags, backend, options, note, ?, number
                FROM jobs WHERE group_id = ? AND status IN ('error', 'cancelled')
                    AND {where} {_HAS_NO_COPY}
                """,
                [before, time.time(), group_id, *values, group_id],
            ).rowcount
            self._db.execute(
                "UPDATE groups SET last_number = last_number + ? WHERE id = ?", (added, group_id)
            )
            rows = self._db.execute(
                "SELECT id FROM jobs WHERE group_id = ? AND number > ?", (group_id, before)
            ).fetchall()
        return [row["id"] for row in rows]

    def cancel(self, group_id: int, selection: Selection) -> tuple[int, int]:
        """Cancel unsent jobs, ask for the others' cancellation.

        Returns how many were cancelled at once, and how many are under way: a run that
        works on them sees the request and stops them.
        """
        where, values = selection.where()
        with self._db.transaction():
            asked = self._db.execute(
                "UPDATE jobs SET cancel_requested = 1 WHERE group_id = ?"
                f" AND status IN ('queued', 'running') AND {where}",
                [group_id, *values],
            ).rowcount
            cancelled = self._db.execute(
                "UPDATE jobs SET status = 'cancelled', failure = 'cancelled',"
                " error = 'cancelled before it was sent' WHERE group_id = ?"
                f" AND status = 'unsent' AND {where}",
                [group_id, *values],
            ).rowcount
        return cancelled, asked

    # -- adding ---------------------------------------------------------------------

    def observables_id(self, texts: tuple[str, ...]) -> int | None:
        """The id of a list of observables, stored once per content; None for an empty one."""
        if not texts:
            return None
        value = json.dumps(texts, ensure_ascii=False)
        self._db.execute(
            "INSERT INTO observables (texts) VALUES (?) ON CONFLICT DO NOTHING", (value,)
        )
        row = self._db.row("SELECT id FROM observables WHERE texts = ?", (value,))
        assert row is not None
        return int(row["id"])

    def _circuit_id(self, circuit: Circuit) -> int:
        row = self._db.row("SELECT id FROM circuits WHERE hash = ?", (circuit.hash,))
        if row is not None:
            return int(row["id"])
        info, body = circuit.info, circuit.source.body
        cursor = self._db.execute(
            "INSERT INTO circuits (hash, format, body, num_bytes, num_qubits, num_clbits, size,"
            " parameters, measured, dynamic) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                circuit.hash,
                circuit.source.format,
                zlib.compress(body),
                len(body),
                info.num_qubits,
                info.num_clbits,
                info.size,
                json.dumps(info.parameters, ensure_ascii=False),
                info.measured,
                info.dynamic,
            ),
        )
        assert cursor.lastrowid is not None
        return cursor.lastrowid

    def _held(self, group_id: int) -> set[tuple[Any, ...]]:
        rows = self._db.rows(
            "SELECT key, shots, seed, options FROM jobs WHERE group_id = ?", (group_id,)
        )
        return {tuple(row) for row in rows}


# Takes the group's id once more. Not correlated: that would go through the group for each job.
_HAS_NO_COPY = (
    " AND jobs.number NOT IN (SELECT again.parent FROM jobs again"
    " WHERE again.group_id = ? AND again.parent IS NOT NULL)"
)

_INSERT_JOB = """
    INSERT INTO jobs (group_id, number, key, priority, circuit_id, parameters, observables_id,
        shots, seed, measure_all, name, tags, backend, options, created_at)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""


class _Rows:
    """Rows for `_INSERT_JOB`, numbered; what the jobs of a circuit share is encoded once."""

    def __init__(self, jobs: Jobs, group_id: int, number: int, circuits: Mapping[str, int]) -> None:
        self.number = number
        self.held = 0
        self.held_before: set[tuple[Any, ...]] | None = None
        self._jobs = jobs
        self._group_id = group_id
        self._circuits = circuits

    def of(self, specs: Iterable[JobSpec]) -> Iterator[tuple[Any, ...]]:
        now = time.time()
        for spec in specs:
            group, circuit = self._group_id, self._circuits[spec.circuit]
            observables = self._jobs.observables_id(spec.observables)
            options = _json(spec.options) if spec.options else None
            tags = _json(spec.tags) if spec.tags else None
            shared = (spec.shots, spec.seed, spec.measure_all, spec.name, tags, spec.backend)
            for key, values in spec.points:
                if self._holds((key, spec.shots, spec.seed, options)):
                    continue
                self.number += 1
                yield (
                    group,
                    self.number,
                    key,
                    spec.priority,
                    circuit,
                    values,
                    observables,
                    *shared,
                    options,
                    now,
                )

    def _holds(self, mark: tuple[Any, ...]) -> bool:
        if self.held_before is None:
            return False
        if mark in self.held_before:
            self.held += 1
            return True
        self.held_before.add(mark)
        return False
