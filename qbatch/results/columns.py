"""Results in columns: CSV and Parquet, long (one row per outcome or value) and wide (per job).

Parameters and tags stand in columns of their own, ``param:`` and ``tag:`` before their
names; in CSV a parameter has its bare name, unless another column has it. The first pass
over the results, kept in a temporary file, finds them, in the order in which they first
occur.
"""

from __future__ import annotations

import contextlib
import csv
import itertools
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING, Any

import orjson

from qbatch.domain.results import RESULT_KINDS, Column, ExportOptions, Result, ResultKind
from qbatch.errors import UsageError
from qbatch.results.export import plain_cell

if TYPE_CHECKING:
    import pyarrow as pa

Entry = dict[str, Any]
_HEAD = ("number", "key", "name", "status", "shots")
_TAIL = ("failure", "error")
_ROWS = 50_000  # in a row group of Parquet
_MOST_COLUMNS = 20_000
_ALWAYS = (ResultKind.COUNTS, ResultKind.EXPECTATION_VALUES)  # their columns, used or not


@dataclass(slots=True)
class _Columns:
    """What the first pass found."""

    parameters: dict[str, None] = field(default_factory=dict)
    tags: dict[str, None] = field(default_factory=dict)
    kinds: dict[ResultKind, None] = field(default_factory=lambda: dict.fromkeys(_ALWAYS))
    wide: dict[ResultKind, dict[str, None]] = field(default_factory=dict)

    def note(self, entry: Entry, shape: ExportOptions) -> None:
        self.parameters.update(dict.fromkeys(entry["parameters"]))
        self.tags.update(dict.fromkeys(entry["tags"]))
        kind = _kind(entry)
        self.kinds[kind.kind] = None
        value = entry[kind.field(shape)] if shape.wide else None
        if value is not None:
            found = self.wide.setdefault(kind.kind, {})
            found.update(dict.fromkeys(kind.wide(value, shape)))
            if len(found) > _MOST_COLUMNS:
                raise UsageError(
                    f"more than {_MOST_COLUMNS} different outcomes: too many for a column each",
                    hint="--top N keeps the most frequent of each job; without --wide,"
                    " each outcome has a row",
                )


def _kind(entry: Entry) -> type[Result]:
    return RESULT_KINDS[entry["asks"]]


@contextlib.contextmanager
def _two_passes(
    entries: Iterable[Entry], shape: ExportOptions
) -> Iterator[tuple[_Columns, Iterator[Entry]]]:
    columns = _Columns()
    with tempfile.TemporaryFile() as spool:
        for entry in entries:
            columns.note(entry, shape)
            spool.write(orjson.dumps(entry) + b"\n")
        spool.seek(0)
        yield columns, map(orjson.loads, spool)


def write_csv(entries: Iterable[Entry], stream: IO[str], shape: ExportOptions) -> None:
    """CSV with a header; an empty cell where there is nothing."""
    with _two_passes(entries, shape) as (columns, rows):
        writer = csv.writer(stream, lineterminator="\n")
        found, cells = (_wide if shape.wide else _long)(columns, shape)
        names = [column.name for column in found]
        taken = {*_HEAD, *names, *_TAIL}
        parameters = [f"param:{p}" if p in taken else p for p in columns.parameters]
        tags = [f"tag:{tag}" for tag in columns.tags]
        writer.writerow([*_HEAD, *parameters, *tags, *names, *_TAIL])
        for entry in rows:
            head = [plain_cell(cell) for cell in _head(entry, columns)]
            tail = [plain_cell(entry[name]) for name in _TAIL]
            writer.writerows([*head, *values, *tail] for values in cells(entry))


def _head(entry: Entry, columns: _Columns) -> list[Any]:
    return [
        *(entry[name] for name in _HEAD),
        *(entry["parameters"].get(name) for name in columns.parameters),
        *(entry["tags"].get(tag) for tag in columns.tags),
    ]


_Cells = Callable[[Entry], Iterator[Sequence[Any]]]


def _long(columns: _Columns, shape: ExportOptions) -> tuple[list[Column], _Cells]:
    """One row per outcome or value; a job without a result has one row too."""
    found: dict[str, Column] = {}
    for kind in columns.kinds:
        for column in RESULT_KINDS[kind].columns(shape):
            found.setdefault(column.name, column)
    order = {name: place for place, name in enumerate(found)}
    nothing: list[Any] = [None] * len(found)
    places = {
        kind: [order[column.name] for column in RESULT_KINDS[kind].columns(shape)]
        for kind in columns.kinds
    }

    def cells(entry: Entry) -> Iterator[Sequence[Any]]:
        kind = _kind(entry)
        value, own = entry[kind.field(shape)], places[kind.kind]
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

    def cells(entry: Entry) -> Iterator[Sequence[Any]]:
        kind = _kind(entry)
        value = entry[kind.field(shape)]
        if value is None:
            yield [None] * len(found)
            return
        absent = kind.absent if kind.absent is None else kind.wide_type(shape)(kind.absent)
        own = dict.fromkeys(names[kind.kind], absent)
        own.update(kind.wide(value, shape))
        yield [own.get(name) for name in found]

    return list(found.values()), cells


def write_parquet(entries: Iterable[Entry], stream: IO[bytes], shape: ExportOptions) -> None:
    """Parquet with typed columns, compressed with zstd.

    Raises:
        UsageError: pyarrow is not installed.
    """
    try:
        import pyarrow as pa
        from pyarrow import parquet
    except ImportError:
        raise UsageError(
            "pyarrow is not installed", hint="pip install pyarrow installs it"
        ) from None
    with _two_passes(entries, shape) as (columns, rows):
        found, cells = (_wide if shape.wide else _long)(columns, shape)
        types = {str: pa.string(), int: pa.int64(), float: pa.float64()}
        fields = [pa.field(column.name, types[column.type]) for column in found]
        schema = pa.schema([*_head_fields(pa, columns), *fields, *_ends(pa)])
        all_rows = (
            [*_head(entry, columns), *values, *(entry[name] for name in _TAIL)]
            for entry in rows
            for values in cells(entry)
        )
        with parquet.ParquetWriter(stream, schema, compression="zstd") as writer:
            while page := list(itertools.islice(all_rows, _ROWS)):
                arrays = [
                    pa.array(column, field.type)
                    for column, field in zip(zip(*page, strict=True), schema, strict=True)
                ]
                writer.write_table(pa.table(arrays, schema=schema))


def _head_fields(pa: Any, columns: _Columns) -> list[pa.Field]:
    kinds = (pa.int64(), pa.string(), pa.string(), pa.string(), pa.int64())
    return [
        *(pa.field(name, kind) for name, kind in zip(_HEAD, kinds, strict=True)),
        *(pa.field(f"param:{name}", pa.float64()) for name in columns.parameters),
        *(pa.field(f"tag:{name}", pa.string()) for name in columns.tags),
    ]


def _ends(pa: Any) -> list[pa.Field]:
    return [pa.field(name, pa.string()) for name in _TAIL]
