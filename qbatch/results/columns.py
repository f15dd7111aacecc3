"""Results in columns: CSV and Parquet, long (a row an outcome or value) and wide (a row a job).

Parameters and tags stand in columns of their own, ``param:`` and ``tag:`` before their
names; in CSV a parameter has its bare name, unless another column has it. The first pass
over the results, kept in a temporary file, finds them, in the order in which they first
occur.
"""

from __future__ import annotations

import contextlib
import csv
import itertools
import json
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING, Any

from qbatch.errors import UsageError
from qbatch.results.export import plain_cell
from qbatch.results.rows import Shape

if TYPE_CHECKING:
    import pyarrow as pa

Entry = dict[str, Any]
_HEAD = ("number", "key", "name", "status", "shots")
_TAIL = ("failure", "error")
_ROWS = 50_000  # in a row group of Parquet
_MOST_COLUMNS = 20_000


@dataclass(slots=True)
class _Columns:
    """What the first pass found."""

    parameters: dict[str, None] = field(default_factory=dict)
    tags: dict[str, None] = field(default_factory=dict)
    outcomes: dict[str, None] = field(default_factory=dict)
    observables: dict[str, None] = field(default_factory=dict)

    def note(self, entry: Entry, shape: Shape) -> None:
        self.parameters.update(dict.fromkeys(entry["parameters"]))
        self.tags.update(dict.fromkeys(entry["tags"]))
        if shape.wide:
            self.outcomes.update(dict.fromkeys(entry.get(shape.measure) or ()))
            self.observables.update(dict.fromkeys(entry["observables"] or ()))
            if len(self.outcomes) > _MOST_COLUMNS:
                raise UsageError(
                    f"more than {_MOST_COLUMNS} different outcomes: too many for a column each",
                    hint="--top N keeps the most frequent of each job; without --wide,"
                    " each outcome has a row",
                )


@contextlib.contextmanager
def _two_passes(
    entries: Iterable[Entry], shape: Shape
) -> Iterator[tuple[_Columns, Iterator[Entry]]]:
    columns = _Columns()
    with tempfile.TemporaryFile("w+", encoding="utf-8") as spool:
        for entry in entries:
            columns.note(entry, shape)
            spool.write(json.dumps(entry) + "\n")
        spool.seek(0)
        columns.outcomes = dict.fromkeys(sorted(columns.outcomes))
        yield columns, (json.loads(line) for line in spool)


def write_csv(entries: Iterable[Entry], stream: IO[str], shape: Shape) -> None:
    """CSV with a header; an empty cell where there is nothing."""
    with _two_passes(entries, shape) as (columns, rows):
        writer = csv.writer(stream, lineterminator="\n")
        names, cells = (_wide if shape.wide else _long)(columns, shape)
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


_Cells = Callable[[Entry], Iterator[list[Any]]]


def _long(_: _Columns, shape: Shape) -> tuple[list[str], _Cells]:
    """A row an outcome or value; a job without a result has one row too."""

    def cells(entry: Entry) -> Iterator[list[Any]]:
        if outcomes := entry.get(shape.measure):
            for outcome, share in outcomes.items():
                yield [outcome, share, None, None, None]
        elif entry.get("expectation_values"):
            for value in entry["expectation_values"]:
                yield [None, None, value["observable"], value["value"], value["standard_error"]]
        else:
            yield [None] * 5

    number = "probability" if shape.probabilities else "count"
    return ["outcome", number, "observable", "value", "standard_error"], cells


def _wide(columns: _Columns, shape: Shape) -> tuple[list[str], _Cells]:
    """A row a job: a column an outcome, two an observable.

    An outcome that a job did not yield is 0, also with ``--top``, which leaves it out;
    a job without a result has empty cells.
    """

    def cells(entry: Entry) -> Iterator[list[Any]]:
        found = entry.get(shape.measure)
        values = {v["observable"]: v for v in entry.get("expectation_values") or ()}
        yield [
            *(None if found is None else found.get(outcome, 0) for outcome in columns.outcomes),
            *(
                values[observable][part] if observable in values else None
                for observable in columns.observables
                for part in ("value", "standard_error")
            ),
        ]

    names = [f"{prefix}:{o}" for o in columns.observables for prefix in ("value", "standard_error")]
    return [*(f"{shape.measure}:{o}" for o in columns.outcomes), *names], cells


def write_parquet(entries: Iterable[Entry], stream: IO[bytes], shape: Shape) -> None:
    """Parquet with typed columns, compressed with zstd.

    Raises:
        UsageError: pyarrow is not installed.
    """
    try:
        import pyarrow as pa
        from pyarrow import parquet
    except ImportError:
        raise UsageError(
            "pyarrow is not installed", hint="pip install 'qbatch[parquet]' installs it"
        ) from None
    with _two_passes(entries, shape) as (columns, rows):
        names, cells = (_wide if shape.wide else _long)(columns, shape)
        schema = pa.schema([*_head_fields(pa, columns), *_fields(pa, names, shape), *_ends(pa)])
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


def _fields(pa: Any, names: list[str], shape: Shape) -> list[pa.Field]:
    number = pa.float64() if shape.probabilities else pa.int64()

    def kind(name: str) -> Any:
        if name in ("outcome", "observable"):
            return pa.string()
        if name in ("count", "probability") or name.startswith(f"{shape.measure}:"):
            return number
        return pa.float64()

    return [pa.field(name, kind(name)) for name in names]


def _ends(pa: Any) -> list[pa.Field]:
    return [pa.field(name, pa.string()) for name in _TAIL]
