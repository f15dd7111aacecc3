"""Results in columns: CSV and Parquet, long (one row per outcome or value) and wide (per job).

Parameters and tags stand in columns of their own, ``param:`` and ``tag:`` before their
names; in CSV a parameter has its bare name, unless another column has it. The first pass
over the results, kept in a temporary file, finds them, in the order in which they first
occur.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING, Any, NamedTuple, TypeAlias

from qbatch.domain.results import RESULT_KINDS, Column, ExportOptions, Result, ResultKind
from qbatch.errors import UsageError
from qbatch.results import compiled
from qbatch.results.export import plain_cell
from qbatch.spool import Spool

if TYPE_CHECKING:
    import pyarrow as pa

    from qbatch.domain.data import Cell, Json
    from qbatch.domain.history import JobResult

_HEAD = ("number", "key", "name", "status", "shots")
_TAIL = ("failure", "error")
_ROWS = 50_000  # in a row group of Parquet, and those of one job more
_MOST_COLUMNS = 20_000
_ALWAYS = (ResultKind.COUNTS, ResultKind.EXPECTATION_VALUES)  # their columns, used or not


class _Entry(NamedTuple):
    """A job and its result, between the two passes; ``value`` is the field of JSON."""

    head: list[Cell]
    parameters: dict[str, float]
    tags: dict[str, str]
    asks: ResultKind
    value: Json
    tail: list[Cell]

    @property
    def kind(self) -> type[Result]:
        return RESULT_KINDS[self.asks]


def _entry(found: JobResult, shape: ExportOptions) -> _Entry:
    job = found.job
    return _Entry(
        head=[job.number, job.key, job.name, job.status, job.shots],
        parameters=dict(job.parameters),
        tags=dict(job.tags),
        asks=job.request.kind,
        value=None if found.result is None else found.result.json(shape),
        tail=[*compiled.cells(found, shape.columns), job.failure, job.error],
    )


@dataclass(slots=True)
class _Columns:
    """What the first pass found."""

    parameters: dict[str, None] = field(default_factory=dict)
    tags: dict[str, None] = field(default_factory=dict)
    kinds: dict[ResultKind, None] = field(default_factory=lambda: dict.fromkeys(_ALWAYS))
    wide: dict[ResultKind, dict[str, None]] = field(default_factory=dict)

    def note(self, entry: _Entry, shape: ExportOptions) -> None:
        self.parameters.update(dict.fromkeys(entry.parameters))
        self.tags.update(dict.fromkeys(entry.tags))
        self.kinds[entry.asks] = None
        if shape.wide and entry.value is not None:
            found = self.wide.setdefault(entry.asks, {})
            found.update(dict.fromkeys(entry.kind.wide(entry.value, shape)))
            if len(found) > _MOST_COLUMNS:
                raise UsageError(
                    f"more than {_MOST_COLUMNS} different outcomes: too many for a column each",
                    hint="--top N keeps the most frequent of each job; without --wide,"
                    " each outcome has a row",
                )


def _first_pass(
    results: Iterable[JobResult], shape: ExportOptions
) -> tuple[_Columns, Iterable[_Entry]]:
    columns = _Columns()
    spool: Spool[tuple[Any, ...]] = Spool()
    for result in results:
        entry = _entry(result, shape)
        columns.note(entry, shape)
        spool.append(tuple(entry))
    return columns, map(_Entry._make, spool)


def write_csv(results: Iterable[JobResult], stream: IO[str], shape: ExportOptions) -> None:
    """CSV with a header; an empty cell where there is nothing."""
    columns, rows = _first_pass(results, shape)
    writer = csv.writer(stream, lineterminator="\n")
    found, cells = (_wide if shape.wide else _long)(columns, shape)
    names = [column.name for column in found]
    tail = [*shape.columns, *_TAIL]
    taken = {*_HEAD, *names, *tail}
    parameters = [f"param:{p}" if p in taken else p for p in columns.parameters]
    tags = [f"tag:{tag}" for tag in columns.tags]
    writer.writerow([*_HEAD, *parameters, *tags, *names, *tail])
    for entry in rows:
        head, end = _texts(_head(entry, columns)), _texts(entry.tail)
        writer.writerows([*head, *values, *end] for values in cells(entry))


def table(results: Iterable[JobResult], shape: ExportOptions) -> tuple[list[str], list[list[Cell]]]:
    """The names of Parquet's columns, and all rows, in memory."""
    columns, entries = _first_pass(results, shape)
    found, cells = (_wide if shape.wide else _long)(columns, shape)
    names = [
        *_HEAD,
        *(f"param:{name}" for name in columns.parameters),
        *(f"tag:{name}" for name in columns.tags),
        *(column.name for column in found),
        *shape.columns,
        *_TAIL,
    ]
    rows: list[list[Cell]] = []
    for entry in entries:
        head = _head(entry, columns)
        head[3] = str(head[3])  # the status' word
        rows.extend([*head, *values, *entry.tail] for values in cells(entry))
    return names, rows


def _texts(cells: Iterable[Cell]) -> list[Cell]:
    """The cells that all rows of a job share, written once: numbers as ``csv`` writes them."""
    return [
        plain_cell(cell) if isinstance(cell, str) else None if cell is None else repr(cell)
        for cell in cells
    ]


def _head(entry: _Entry, columns: _Columns) -> list[Cell]:
    return [
        *entry.head,
        *map(entry.parameters.get, columns.parameters),
        *map(entry.tags.get, columns.tags),
    ]


_Cells: TypeAlias = "Callable[[_Entry], Iterator[Sequence[Cell]]]"


def _long(columns: _Columns, shape: ExportOptions) -> tuple[list[Column], _Cells]:
    """One row per outcome or value; a job without a result has one row too."""
    found: dict[str, Column] = {}
    for kind in columns.kinds:
        for column in RESULT_KINDS[kind].columns(shape):
            found.setdefault(column.name, column)
    order = {name: place for place, name in enumerate(found)}
    nothing: list[Cell] = [None] * len(found)
    places = {
        kind: [order[column.name] for column in RESULT_KINDS[kind].columns(shape)]
        for kind in columns.kinds
    }

    def cells(entry: _Entry) -> Iterator[Sequence[Cell]]:
        kind, value, own = entry.kind, entry.value, places[entry.asks]
        if not value:
            yield nothing
            return
        first, last = own[0], own[-1] + 1
        if own == list(range(first, last)):
            before, after = nothing[:first], nothing[last:]
            for row in kind.rows(value, shape):
                yield [*before, *row, *after]
            return
        for row in kind.rows(value, shape):
            filled = nothing.copy()
            for place, cell in zip(own, row, strict=True):
                filled[place] = cell
            yield filled

    return list(found.values()), cells


def _wide(columns: _Columns, shape: ExportOptions) -> tuple[list[Column], _Cells]:
    """One row per job: a column for each outcome, two for each observable.

    An outcome that a job did not yield is 0, also with ``--top``, which leaves it out;
    a job without a result has empty cells.
    """
    names: dict[ResultKind, list[str]] = {}
    found: dict[str, Column] = {}
    for kind, own in columns.wide.items():
        cls = RESULT_KINDS[kind]
        names[kind] = sorted(own) if cls.is_distribution else list(own)
        for name in names[kind]:
            found.setdefault(name, Column(name, cls.wide_type(shape)))

    def cells(entry: _Entry) -> Iterator[Sequence[Cell]]:
        kind, value = entry.kind, entry.value
        if value is None:
            yield [None] * len(found)
            return
        absent = kind.absent if kind.absent is None else kind.wide_type(shape)(kind.absent)
        own = dict.fromkeys(names[kind.kind], absent)
        own.update(kind.wide(value, shape))
        yield [own.get(name) for name in found]

    return list(found.values()), cells


def write_parquet(results: Iterable[JobResult], stream: IO[bytes], shape: ExportOptions) -> None:
    """Parquet with typed columns, compressed with zstd.

    Raises:
        UsageError: pyarrow is not installed.
    """
    try:
        import numpy
        import pyarrow as pa
        from pyarrow import parquet
    except ImportError:
        raise UsageError(
            "pyarrow is not installed", hint="pip install pyarrow installs it"
        ) from None
    columns, rows = _first_pass(results, shape)
    found, cells = (_wide if shape.wide else _long)(columns, shape)
    types = {str: pa.string(), int: pa.int64(), float: pa.float64()}
    fields = [pa.field(column.name, types[column.type]) for column in found]
    head, tail = _head_fields(columns), _ends(shape)
    schema = pa.schema([*head, *fields, *tail])
    with parquet.ParquetWriter(stream, schema, compression="zstd") as writer:
        for jobs, values in _pages(rows, cells):
            shared = [[*_head(entry, columns), *entry.tail] for entry, _ in jobs]
            places = pa.array(numpy.repeat(numpy.arange(len(jobs)), [n for _, n in jobs]))
            once = [cells.take(places) for cells in _as_arrays(shared, [*head, *tail])]
            own = _as_arrays(values, fields)
            arrays = [*once[: len(head)], *own, *once[len(head) :]]
            writer.write_table(pa.table(arrays, schema=schema))


def _pages(
    rows: Iterable[_Entry], cells: _Cells
) -> Iterator[tuple[list[tuple[_Entry, int]], list[Sequence[Cell]]]]:
    """Jobs, each with its number of rows, and all those rows: so many that a page is full."""
    jobs: list[tuple[_Entry, int]] = []
    values: list[Sequence[Cell]] = []
    for entry in rows:
        own = list(cells(entry))
        jobs.append((entry, len(own)))
        values += own
        if len(values) >= _ROWS:
            yield jobs, values
            jobs, values = [], []
    if jobs:
        yield jobs, values


def _as_arrays(rows: Sequence[Sequence[Cell]], fields: Sequence[pa.Field]) -> list[pa.Array]:
    """Rows of cells as an array for each column."""
    import pyarrow as pa

    columns = zip(*rows, strict=True) if fields else ()
    return [pa.array(cells, field.type) for cells, field in zip(columns, fields, strict=True)]


def _head_fields(columns: _Columns) -> list[pa.Field]:
    import pyarrow as pa

    kinds = (pa.int64(), pa.string(), pa.string(), pa.string(), pa.int64())
    return [
        *(pa.field(name, kind) for name, kind in zip(_HEAD, kinds, strict=True)),
        *(pa.field(f"param:{name}", pa.float64()) for name in columns.parameters),
        *(pa.field(f"tag:{name}", pa.string()) for name in columns.tags),
    ]


def _ends(shape: ExportOptions) -> list[pa.Field]:
    import pyarrow as pa

    whole, text = pa.int64(), pa.string()
    kinds = {name: whole if compiled.COLUMNS[name].type is int else text for name in shape.columns}
    return [pa.field(name, kinds.get(name, text)) for name in (*shape.columns, *_TAIL)]
