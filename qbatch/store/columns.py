"""The one table of a job's columns.

From it are made the table's columns, what an ``add`` inserts, what a copy takes along, what an
archive holds, the SQL view, a job's entry in JSON, and its JSON Schema. A new setting of a job
is a line here, a field of `qbatch.domain.jobs.JobSettings`, a migration, and an option.
"""

from __future__ import annotations

from collections.abc import Sequence
from operator import attrgetter
from typing import TYPE_CHECKING

from qbatch.domain.jobs import Job, JobSettings
from qbatch.domain.results import ResultKind
from qbatch.domain.states import Failure, Status
from qbatch.domain.until import UNTIL_ENDS
from qbatch.store import cells, shape
from qbatch.store.column import Column, Entry, Schema
from qbatch.store.values import (
    COUNT,
    FAILURE,
    MAY_BE_TEXT,
    are_rules,
    are_starts,
    are_tags,
    is_moment,
    is_object,
    is_text,
    one_of,
    or_none,
    whole,
)

if TYPE_CHECKING:
    from qbatch.domain.data import Cell, Json, Row

COLUMNS: tuple[Column, ...] = (
    Column(name="id", sql="INTEGER PRIMARY KEY", view="j.id"),
    Column(
        name="group_id",
        sql="INTEGER NOT NULL REFERENCES groups ON DELETE CASCADE",
        view="g.name AS group_name",
        entry=Entry(attribute="group", schema=shape.TEXT, with_results=False),
    ),
    Column(
        name="number",
        sql="INTEGER NOT NULL",
        archived=whole(1),
        view="j.number",
        entry=Entry(attribute="number", schema={"type": "integer", "minimum": 1}),
    ),
    Column(
        name="key",
        sql="BLOB NOT NULL",
        copied=True,
        view="lower(hex(j.key)) AS key",
        entry=Entry(attribute="key", schema={"type": "string", "pattern": "^[0-9a-f]{32}$"}),
    ),
    Column(
        name="key_version",
        sql="INTEGER NOT NULL DEFAULT 1 -- of the formula of the key",
        copied=True,
    ),
    Column(
        name="name",
        sql="TEXT",
        setting=True,
        copied=True,
        archived=MAY_BE_TEXT,
        view="j.name",
        entry=Entry(attribute="name", schema=shape.TEXT_OR_NULL),
        decode=cells.plain_text,
    ),
    Column(
        name="values",
        sql="TEXT NOT NULL DEFAULT '[]' -- JSON list, in the payload's order",
        copied=True,
        archived=is_text,
        view='by_name(p.parameters, j."values") AS parameters',
        entry=Entry(
            attribute="parameters",
            schema={"type": "object", "additionalProperties": {"type": "number"}},
        ),
    ),
    Column(
        name="tags",
        sql="TEXT -- JSON object",
        setting=True,
        copied=True,
        archived=or_none(are_tags),
        view="coalesce(j.tags, '{}') AS tags",
        entry=Entry(
            attribute="tags",
            schema={"type": "object", "additionalProperties": shape.TEXT},
        ),
        encode=cells.object_or_null,
        decode=cells.object_of,
    ),
    Column(
        name="status",
        sql="TEXT NOT NULL DEFAULT 'unsent'",
        archived=one_of("unsent", "done", "error", "cancelled"),
        view="j.status",
        entry=Entry(attribute="status", schema={"enum": [s.value for s in Status]}),
    ),
    Column(
        name="shots",
        sql="INTEGER -- NULL: exact",
        setting=True,
        copied=True,
        archived=or_none(whole(1)),
        view="j.shots",
        entry=Entry(
            attribute="shots", schema={**shape.COUNT_OR_NULL, "description": "null: exact results"}
        ),
        decode=cells.whole_number,
    ),
    Column(
        name="shots_done",
        sql="INTEGER NOT NULL DEFAULT 0",
        archived=COUNT,
    ),
    Column(
        name="stream_starts",
        sql="TEXT -- JSON list: the shots that were added later begin at these, NULL: none were",
        copied=True,
        archived=or_none(are_starts),
    ),
    Column(
        name="until",
        sql="TEXT -- JSON list of rules by which it has enough shots",
        setting=True,
        copied=True,
        archived=or_none(are_rules),
        view="coalesce(j.until, '[]') AS until",
        entry=Entry(attribute="until", schema=shape.TEXTS, convert=list, with_results=False),
        encode=cells.list_or_null,
        decode=cells.texts,
    ),
    Column(
        name="max_shots",
        sql="INTEGER -- that these rules may give it",
        setting=True,
        copied=True,
        archived=or_none(whole(1)),
        view="j.max_shots",
        entry=Entry(attribute="max_shots", schema=shape.COUNT_OR_NULL, with_results=False),
        decode=cells.whole_number,
    ),
    Column(
        name="until_end",
        sql="TEXT -- why they give it no more",
        archived=or_none(one_of(*UNTIL_ENDS)),
        view="j.until_end",
        entry=Entry(
            attribute="until_end", schema={"enum": [*UNTIL_ENDS, None]}, with_results=False
        ),
    ),
    Column(
        name="request_id",
        sql="INTEGER NOT NULL -- no foreign key: deleting one would scan all jobs",
        copied=True,
        view="r.kind AS asks",
        entry=Entry(attribute="request.kind", schema={"enum": [kind.value for kind in ResultKind]}),
    ),
    Column(
        name="observables",
        view="coalesce(r.spec ->> 'observables', '[]') AS observables",
        entry=Entry(
            attribute="request.observables",
            schema={"anyOf": [{"type": "array", "items": shape.TEXT}, {"type": "null"}]},
            convert=lambda found: list(found) or None,
        ),
    ),
    Column(
        name="request_options",
        entry=Entry(attribute="request.options", schema=shape.ANY_OBJECT),
    ),
    Column(
        name="seed",
        sql="INTEGER",
        setting=True,
        copied=True,
        archived=or_none(whole()),
        view="j.seed",
        entry=Entry(attribute="seed", schema=shape.WHOLE_OR_NULL),
        decode=cells.whole_number,
    ),
    Column(
        name="priority",
        sql="INTEGER NOT NULL DEFAULT 0",
        setting=True,
        copied=True,
        archived=whole(),
        view="j.priority",
        entry=Entry(attribute="priority", schema=shape.WHOLE),
    ),
    Column(
        name="backend",
        sql="TEXT",
        setting=True,
        copied=True,
        archived=MAY_BE_TEXT,
        view="j.backend",
        entry=Entry(attribute="backend", schema=shape.TEXT_OR_NULL),
        decode=cells.plain_text,
    ),
    Column(
        name="options",
        sql="TEXT -- JSON object",
        setting=True,
        copied=True,
        archived=or_none(is_object),
        view="coalesce(j.options, '{}') AS options",
        entry=Entry(attribute="options", schema=shape.ANY_OBJECT),
        encode=cells.object_or_null,
        decode=cells.object_of,
    ),
    Column(
        name="payload_id",
        sql="INTEGER NOT NULL -- likewise",
        copied=True,
        view="p.kind, p.hash AS payload",
        entry=Entry(
            attribute="payload", schema={"type": "string", "description": "hash of its content"}
        ),
    ),
    Column(
        name="kind",
        entry=Entry(
            attribute="kind",
            schema={**shape.TEXT, "description": "of the payload, such as circuit"},
        ),
    ),
    Column(
        name="info",
        view="p.info",
        entry=Entry(
            attribute="info",
            schema={**shape.ANY_OBJECT, "description": "what is kept of the payload"},
            with_results=False,
        ),
    ),
    Column(
        name="parent",
        sql="INTEGER -- number of the job that this one reruns",
        archived=or_none(whole(1)),
        view="j.parent",
        entry=Entry(
            attribute="parent",
            schema={**shape.COUNT_OR_NULL, "description": "number of the job that it reruns"},
        ),
    ),
    Column(
        name="failure",
        sql="TEXT",
        archived=FAILURE,
        view="j.failure",
        entry=Entry(attribute="failure", schema={"enum": [*(f.value for f in Failure), None]}),
    ),
    Column(
        name="error",
        sql="TEXT",
        archived=MAY_BE_TEXT,
        view="j.error",
        entry=Entry(attribute="error", schema=shape.TEXT_OR_NULL),
    ),
    Column(
        name="note",
        sql="TEXT",
        copied=True,
        archived=MAY_BE_TEXT,
        view="j.note",
        entry=Entry(attribute="note", schema=shape.TEXT_OR_NULL),
    ),
    Column(
        name="created_at",
        sql="REAL NOT NULL",
        archived=is_moment,
        view="j.created_at",
        entry=Entry(
            attribute="created_at",
            schema={"type": "number", "description": "seconds since the epoch"},
        ),
    ),
    Column(name="cancel_requested", sql="INTEGER NOT NULL DEFAULT 0"),
    Column(
        name="program",
        sql="INTEGER -- number of the program that asked for it",
        archived=or_none(whole(1)),
        view="j.program",
        entry=Entry(
            attribute="program",
            schema={
                **shape.COUNT_OR_NULL,
                "description": "number of the program that asked for it",
            },
        ),
    ),
    Column(
        name="step",
        sql="INTEGER -- of that program",
        archived=or_none(COUNT),
        view="j.step",
        entry=Entry(
            attribute="step",
            schema={**shape.COUNT_OR_NULL, "description": "of that program, from 0"},
        ),
    ),
    Column(
        name="place",
        sql="INTEGER -- in that step",
        archived=or_none(COUNT),
        view="j.place",
        entry=Entry(
            attribute="place", schema={**shape.COUNT_OR_NULL, "description": "in that step, from 0"}
        ),
    ),
)

_NAMES = {
    "group_id": "group",
    "values": "parameters",
    "request_id": "asks",
    "payload_id": "payload",
}

SETTINGS = tuple(column for column in COLUMNS if column.setting)
COPIED = tuple(column.name for column in COLUMNS if column.copied)
ARCHIVED = {column.name: column.archived for column in COLUMNS if column.archived is not None}
VIEW = ", ".join(column.view for column in COLUMNS if column.view is not None)


class _Fields:
    """A job's fields in JSON, read all at once."""

    def __init__(self, *, with_results: bool) -> None:
        told = [
            (_NAMES.get(column.name, column.name), column.entry)
            for column in COLUMNS
            if column.entry is not None and (column.entry.with_results or not with_results)
        ]
        self.schemas: dict[str, Schema] = {name: entry.schema for name, entry in told}
        self._names = tuple(self.schemas)
        self._getter = attrgetter(*(entry.attribute for _, entry in told))
        self._converted = [(n, entry.convert) for n, entry in told if entry.convert is not None]

    def of(self, job: Job) -> dict[str, Json]:
        found = dict(zip(self._names, self._getter(job), strict=True))
        for name, convert in self._converted:
            found[name] = convert(found[name])
        return found


_ALL, _BESIDE_RESULTS = _Fields(with_results=False), _Fields(with_results=True)

JOB_SCHEMAS, RESULT_SCHEMAS = _ALL.schemas, _BESIDE_RESULTS.schemas
"""JSON Schemas of a job's fields, by name: where jobs are listed, and beside their results."""

DECODED = [(column.name, column.decode) for column in SETTINGS]


def job_entry(job: Job) -> dict[str, Json]:
    """A job as JSON, all that is told of it."""
    return _ALL.of(job)


def result_fields(job: Job) -> dict[str, Json]:
    """A job as JSON, what stands beside its result."""
    return _BESIDE_RESULTS.of(job)


def encoded(settings: JobSettings) -> Row:
    """What is stored of a job's settings, in the order of `SETTINGS`."""
    values = ((column.encode, getattr(settings, column.name)) for column in SETTINGS)
    return tuple(value if encode is None else encode(value) for encode, value in values)


def decoded(cells: Sequence[Cell]) -> dict[str, object]:
    """A job's settings from what is stored of them, in the order of `SETTINGS`.

    Raises:
        ValueError, TypeError: something in it is not what was stored.
    """
    return {
        name: cell if decode is None else decode(cell)
        for (name, decode), cell in zip(DECODED, cells, strict=True)
    }


def quoted(names: Sequence[str]) -> str:
    """Names of columns for SQL."""
    return ", ".join(f'"{name}"' for name in names)
