"""The journal of programs: which jobs answer which step, and what was recorded beside them."""

from __future__ import annotations

import functools
import json
import sqlite3
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from qbatch.domain.payloads import Payload
from qbatch.domain.programs import Program, ProgramSettings, Question, Report, Step
from qbatch.domain.requests import Request
from qbatch.domain.results import RESULT_KINDS, Result
from qbatch.domain.states import ACTIVE, Failure, Status
from qbatch.errors import StoreError, UsageError
from qbatch.rules.keys import KeyMaker, derive_seed, step_shape, values_text
from qbatch.store.column import compact
from qbatch.store.columns import quoted
from qbatch.store.database import Database, reading, whole
from qbatch.store.jobs import Jobs
from qbatch.store.reading import PAYLOAD_COLUMNS, REQUEST_COLUMNS, Reader
from qbatch.store.results import read_result

if TYPE_CHECKING:
    from qbatch.domain.data import Row

_COLUMNS = ("group_id", "number", "key", "key_version", "name", "values", "tags", "shots",
            "request_id", "seed", "priority", "backend", "options", "payload_id", "created_at",
            "program", "step", "place")  # fmt: skip
_INSERT = f"INSERT INTO jobs ({quoted(_COLUMNS)}) VALUES ({', '.join('?' for _ in _COLUMNS)})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A step as it was stored, to compare with what a program asks now.

    Attributes:
        shape: digest of what was asked, but for the values.
        jobs: ids, in the order of the questions.
    """

    step: int
    shape: bytes
    records: Sequence[tuple[str, Any]]
    questions: Sequence[Question]
    jobs: Sequence[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a job of a step came to: a result, or why there is none."""

    job: int
    label: str
    status: Status
    result: Result | None = None
    failure: Failure | None = None
    error: str | None = None


@dataclass(slots=True)
class NewStep:
    """A step to store."""

    program: Program
    step: Step
    jobs: list[int] = field(default_factory=list)


class Journal:
    """The steps of a store's programs."""

    def __init__(self, database: Database, jobs: Jobs) -> None:
        self._db = database
        self._jobs = jobs

    # -- storing --------------------------------------------------------------------

    def add(self, steps: Sequence[NewStep], payloads: Sequence[Payload]) -> None:
        """Store steps with their jobs, all in one transaction; their jobs' ids are noted in them.

        A crash before it: the steps never happened. After it: the jobs are there to be sent.

        Args:
            payloads: that they ask for and that may not be stored yet.

        Raises:
            StoreError: a payload is neither given nor stored.
        """
        asked = [question for new in steps for question in new.step.questions]
        with self._db.transaction():
            numbers = self._numbers({new.program.group_id for new in steps})
            # Ids hold within a transaction: another process may delete what nobody asks for.
            rows = _Rows(
                numbers,
                self._payload_ids(asked, payloads),
                self._request_ids(asked),
            )
            for new in steps:
                self._store_step(new)
            ids = self._insert([row for new in steps for row in rows.of(new)])
            self._db.executemany(
                "UPDATE groups SET last_number = ? WHERE id = ?",
                ((last, group) for group, last in numbers.items()),
            )
        place = iter(ids)
        for new in steps:
            new.jobs = [next(place) for _ in new.step.questions]

    def _numbers(self, groups: Iterable[int]) -> dict[int, int]:
        rows = self._db.rows(
            "SELECT id, last_number FROM groups WHERE id IN (SELECT value FROM json_each(?))",
            (json.dumps(list(groups)),),
        )
        return {row["id"]: row["last_number"] for row in rows}

    def _store_step(self, new: NewStep) -> None:
        step = new.step
        records = [list(pair) for pair in step.records]
        self._db.execute(
            "INSERT INTO steps (program_id, step, shape, recorded) VALUES (?, ?, ?, ?)",
            (new.program.id, step.step, step_shape(step.questions),
             compact(records) if records else None),
        )  # fmt: skip

    def _payload_ids(self, asked: Iterable[Question], bodies: Sequence[Payload]) -> dict[str, int]:
        """Ids by hash; what other programs brought lies there already."""
        found = self._jobs.payload_ids(bodies) if bodies else {}
        missing = {question.payload for question in asked} - found.keys()
        found |= self._ids("payloads", missing)
        if lost := sorted(missing - found.keys()):
            raise StoreError(f"payload {lost[0]} is not in the store: a program asked for it")
        return found

    def _request_ids(self, asked: Iterable[Question]) -> dict[str, int]:
        """Ids by hash; those that are new are stored."""
        requests = {_known_key(one.payload, one.request)[1]: one.request for one in asked}
        found = self._ids("requests", requests)
        new = {name: self._jobs.request_id(requests[name]) for name in requests.keys() - found}
        return found | new

    def _ids(self, table: str, names: Iterable[str]) -> dict[str, int]:
        rows = self._db.rows(
            f"SELECT hash, id FROM {table} WHERE hash IN (SELECT value FROM json_each(?))",
            (json.dumps(list(names)),),
        )
        return {row["hash"]: row["id"] for row in rows}

    def _insert(self, rows: Sequence[Row]) -> range:
        """The ids of the new jobs: one after another, as nobody else writes meanwhile."""
        before = self._db.row("SELECT coalesce(max(id), 0) AS last FROM jobs")
        assert before is not None
        self._db.executemany(_INSERT, rows)
        after = self._db.row("SELECT coalesce(max(id), 0) AS last FROM jobs")
        assert after is not None
        assert after["last"] - before["last"] == len(rows)
        return range(before["last"] + 1, after["last"] + 1)

    def report(self, reports: Iterable[tuple[int, int, Sequence[Report], float | None]]) -> None:
        """Store what programs reported, as (program, step that it came after, reports, best)."""
        with self._db.transaction():
            for program, step, said, best in reports:
                found = compact([[report.value, dict(report.numbers)] for report in said])
                self._db.execute(
                    "UPDATE steps SET reported = ? WHERE program_id = ? AND step = ?",
                    (found, program, step),
                )
                self._db.execute(
                    "UPDATE programs SET best = ? WHERE id = ? AND (best IS NULL OR best > ?)",
                    (best, program, best),
                )

    # -- reading --------------------------------------------------------------------

    def page(self, program: Program, first: int, count: int) -> list[Asked]:
        """Steps of a program from one on, with their jobs, in order."""
        rows = self._db.rows(
            f"""
            SELECT jobs.id, jobs.step, jobs.shots, jobs."values", payload_id, request_id,
                {PAYLOAD_COLUMNS}, {REQUEST_COLUMNS}
            FROM jobs JOIN payloads ON payloads.id = payload_id
            JOIN requests ON requests.id = request_id
            WHERE group_id = ? AND program = ? AND step >= ? AND step < ? ORDER BY step, place
            """,
            (program.group_id, program.number, first, first + count),
        )
        reader, jobs = Reader(), dict[int, list[tuple[int, Question]]]()
        for row in rows:
            with reading("a step"):
                jobs.setdefault(row["step"], []).append((row["id"], _question(row, reader)))
        steps = self._db.rows(
            "SELECT step, shape, recorded FROM steps WHERE program_id = ? AND step >= ?"
            " AND step < ? ORDER BY step",
            (program.id, first, first + count),
        )
        return [_asked(row, jobs.get(row["step"], [])) for row in steps]

    def answers(self, jobs: Iterable[int]) -> dict[int, Answer]:
        """What became of jobs, by id, the parts of each added up."""
        rows = self._db.rows(
            f"""
            SELECT jobs.id, groups.name || '/' || jobs.number AS label, jobs.status, jobs.failure,
                jobs.error, request_id, {REQUEST_COLUMNS}, a.shots, a.result
            FROM jobs JOIN groups ON groups.id = group_id
            JOIN requests ON requests.id = request_id
            LEFT JOIN attempts a ON a.job_id = jobs.id AND a.status = 'done'
            WHERE jobs.id IN (SELECT value FROM json_each(?)) ORDER BY jobs.id, a."offset", a.id
            """,
            (json.dumps(list(jobs)),),
        )
        reader, found = Reader(), dict[int, list[sqlite3.Row]]()
        for row in rows:
            found.setdefault(row["id"], []).append(row)
        return {job: _answer(parts, reader) for job, parts in found.items()}

    def known(
        self, group_id: int, questions: Sequence[Question], settings: ProgramSettings
    ) -> dict[Question, Result]:
        """Those of some questions that a job of a group has answered, whoever asked it.

        Args:
            settings: say for which backend, and with which options.
        """
        keys: dict[tuple[bytes, int | None], Question] = {}
        for asked in questions:
            key = _known_key(asked.payload, asked.request)[0].key(values_text(asked.values))
            keys[key, asked.shots] = asked
        rows = self._db.rows(
            "SELECT min(id) AS id, key, shots FROM jobs WHERE group_id = ? AND status = 'done'"
            " AND backend IS ? AND options IS ?"
            " AND hex(key) IN (SELECT value FROM json_each(?)) GROUP BY key, shots",
            (
                group_id,
                settings.backend,
                _options(settings),
                json.dumps([key.hex().upper() for key, _ in keys]),
            ),
        )
        found = {
            row["id"]: keys[bytes(row["key"]), row["shots"]]
            for row in rows
            if (bytes(row["key"]), row["shots"]) in keys
        }
        answers = self.answers(found)
        return {
            question: result
            for job, question in found.items()
            if (result := answers[job].result) is not None
        }

    def curve(self, programs: Iterable[int]) -> dict[int, list[tuple[int, Report]]]:
        """What programs reported, by program, each with its step, in order."""
        found: dict[int, list[tuple[int, Report]]] = {}
        rows = self._db.rows(
            "SELECT program_id, step, reported FROM steps WHERE reported IS NOT NULL"
            " AND program_id IN (SELECT value FROM json_each(?)) ORDER BY program_id, step",
            (json.dumps(list(programs)),),
        )
        for row in rows:
            with reading("a report"):
                for value, numbers in json.loads(row["reported"]):
                    report = Report(value=float(value), numbers=numbers)
                    found.setdefault(row["program_id"], []).append((row["step"], report))
        return found

    # -- dropping -------------------------------------------------------------------

    def drop(self, program: Program, first: int) -> int:
        """Forget the steps of a program from one on, with their jobs and results.

        Returns:
            Number of jobs.

        Raises:
            UsageError: one of them may be under way.
        """
        meant = (program.group_id, program.number, first)
        with self._db.transaction():
            rows = self._db.rows(
                "SELECT status FROM jobs WHERE group_id = ? AND program = ? AND step >= ?", meant
            )
            if {*ACTIVE, Status.UNKNOWN} & {Status(row["status"]) for row in rows}:
                raise UsageError(
                    f"{program.label}: jobs of its steps from {first} on are under way",
                    hint="qbatch wait fetches them first",
                )
            dropped = self._db.execute(
                "DELETE FROM jobs WHERE group_id = ? AND program = ? AND step >= ?", meant
            ).rowcount
            self._db.execute(
                "DELETE FROM steps WHERE program_id = ? AND step >= ?", (program.id, first)
            )
            self._db.execute(
                "UPDATE programs SET best = (SELECT min(r.value ->> 0) FROM steps,"
                " json_each(steps.reported) r WHERE program_id = programs.id) WHERE id = ?",
                (program.id,),
            )
        return dropped


class _Rows:
    """Rows of jobs that programs ask for.

    Args:
        numbers: the last one of each group, which goes up.
        payloads, requests: ids by hash.
    """

    def __init__(
        self, numbers: dict[int, int], payloads: Mapping[str, int], requests: Mapping[str, int]
    ) -> None:
        self._numbers = numbers
        self._payloads = payloads
        self._requests = requests
        self._now = time.time()

    def of(self, new: NewStep) -> Iterator[Row]:
        """The rows of a step, in the order of its questions."""
        program, step = new.program, new.step
        settings, group = program.settings, program.group_id
        tags = compact(dict(settings.tags)) if settings.tags else None
        options = _options(settings)
        for place, asked in enumerate(step.questions):
            self._numbers[group] += 1
            keys, request = _known_key(asked.payload, asked.request)
            values = values_text(asked.values)
            seed = None
            if asked.shots is not None:
                # Of the program, the step and the place: a round that is lost draws the same again.
                seed = derive_seed(program.seed, b"%d" % step.step, b"%d" % place)
            yield (
                group, self._numbers[group], keys.key(values), keys.version, f"p{program.number}",
                values, tags, asked.shots, self._requests[request], seed, settings.priority,
                settings.backend, options, self._payloads[asked.payload], self._now,
                program.number, step.step, place,
            )  # fmt: skip


@functools.lru_cache(maxsize=8192)
def _known_key(payload: str, request: Request) -> tuple[KeyMaker, str]:
    """What makes the keys of questions, and the request's hash."""
    return KeyMaker(payload, request), request.hash()


def _options(settings: ProgramSettings) -> str | None:
    """A program's options as its jobs hold them."""
    return compact(dict(settings.options)) if settings.options else None


def _question(row: sqlite3.Row, reader: Reader) -> Question:
    return Question(
        payload=reader.payload(row).hash,
        request=reader.request(row),
        values=tuple(json.loads(row["values"])),
        shots=row["shots"],
    )


def _answer(rows: Sequence[sqlite3.Row], reader: Reader) -> Answer:
    """What became of a job, from the rows of its parts."""
    row = rows[0]
    status, result = Status(row["status"]), None
    if status is Status.DONE:
        request = reader.request(row)
        parts = [(read_result(r["result"], request), whole(r["shots"])) for r in rows]
        kept = [(part, shots) for part, shots in parts if part is not None]
        if len(kept) == len(parts):
            result = RESULT_KINDS[request.kind].add_up(kept)
    with reading("a job"):
        return Answer(
            job=row["id"],
            label=row["label"],
            status=status,
            result=result,
            failure=None if row["failure"] is None else Failure(row["failure"]),
            error=row["error"],
        )


def _asked(row: sqlite3.Row, jobs: Sequence[tuple[int, Question]]) -> Asked:
    with reading("a step"):
        records: list[list[Any]] = json.loads(row["recorded"] or "[]")
        return Asked(
            step=row["step"],
            shape=bytes(row["shape"]),
            records=[(str(name), value) for name, value in records],
            questions=[asked for _, asked in jobs],
            jobs=[job for job, _ in jobs],
        )
