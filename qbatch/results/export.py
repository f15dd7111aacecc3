"""Results as files: JSON, JSON lines, CSV, Parquet and NumPy's npz.

What is streamed is streamed: memory does not grow with the group, npz excepted. The same
results make the same bytes.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import orjson

from qbatch.domain import SCHEMA
from qbatch.domain.history import JobResult
from qbatch.domain.results import ExportOptions
from qbatch.errors import UsageError
from qbatch.results.rows import result_entry

if TYPE_CHECKING:
    from qbatch.domain.data import Cell, Json

_FORMULA = ("=", "+", "-", "@", "\t", "\r")

Write = Callable[[Iterable[JobResult], str, IO[Any], ExportOptions], None]
"""Writes results of a group, by its name, to a stream; raises `UsageError` where it cannot."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportFormat:
    """A file format of results: the endings of its files, and what writes them."""

    name: str
    endings: tuple[str, ...]
    write: Write
    binary: bool = False


def _json(results: Iterable[JobResult], group: str, stream: IO[str], shape: ExportOptions) -> None:
    """``{"schema": 1, "group": …, "results": [entry, …]}``, an entry a line."""
    escapes = _escapes(stream)
    head = json.dumps({"schema": SCHEMA, "group": group}, ensure_ascii=escapes)
    stream.write(head[:-1] + ', "results": [')
    separator = "\n"
    encode = _encoder(stream)
    for result in results:
        stream.write(separator + encode(result_entry(result, shape)))
        separator = ",\n"
    stream.write("\n]}\n")


def _jsonl(results: Iterable[JobResult], _: str, stream: IO[str], shape: ExportOptions) -> None:
    encode = _encoder(stream)
    raw: IO[bytes] | None = getattr(stream, "buffer", None)
    if _escapes(stream) or raw is None:
        for result in results:
            stream.write(encode(result_entry(result, shape)) + "\n")
        return
    stream.flush()  # what it holds goes before what is written past it
    for result in results:
        raw.write(orjson.dumps(result_entry(result, shape), option=orjson.OPT_APPEND_NEWLINE))


def _csv(results: Iterable[JobResult], _: str, stream: IO[str], shape: ExportOptions) -> None:
    from qbatch.results.columns import write_csv

    write_csv(results, stream, shape)


def _parquet(results: Iterable[JobResult], _: str, stream: IO[bytes], shape: ExportOptions) -> None:
    from qbatch.results.columns import write_parquet

    write_parquet(results, stream, shape)


def _npz(results: Iterable[JobResult], _: str, stream: IO[bytes], shape: ExportOptions) -> None:
    from qbatch.results.arrays import write_npz

    write_npz(results, stream, shape)


FORMATS = {
    found.name: found
    for found in (
        ExportFormat(name="json", endings=(".json",), write=_json),
        ExportFormat(name="jsonl", endings=(".jsonl", ".ndjson"), write=_jsonl),
        ExportFormat(name="csv", endings=(".csv",), write=_csv),
        ExportFormat(name="parquet", endings=(".parquet",), write=_parquet, binary=True),
        ExportFormat(name="npz", endings=(".npz",), write=_npz, binary=True),
    )
}
"""By name; a format is a line here and a module that writes it."""


def _escapes(stream: IO[str]) -> bool:
    """Whether JSON has to stay within ASCII: a terminal may encode no more."""
    return not str(getattr(stream, "encoding", None) or "utf-8").lower().startswith("utf")


def _encoder(stream: IO[str]) -> Callable[[Mapping[str, Json]], str]:
    """What writes an entry as JSON."""
    if _escapes(stream):
        return json.JSONEncoder().encode
    return lambda entry: orjson.dumps(entry).decode()


def plain_cell(cell: Cell) -> Cell:
    """A cell of CSV that no spreadsheet takes for a formula; numbers stay as they are."""
    if isinstance(cell, str) and cell[:1] in _FORMULA:
        return f"'{cell}"
    return cell


def format_named(name: str, *others: str) -> ExportFormat:
    """The format of that name.

    Args:
        others: what else the caller takes, for the message.

    Raises:
        UsageError: there is none.
    """
    if name not in FORMATS:
        raise UsageError(
            f"format {name!r} is not known", hint=f"one of {', '.join([*others, *FORMATS])}"
        )
    return FORMATS[name]


def is_ending(suffix: str) -> bool:
    """Whether files of results end in it."""
    return any(suffix.lower() in found.endings for found in FORMATS.values())


def format_of(path: Path) -> ExportFormat:
    """The format that a file's ending tells.

    Raises:
        UsageError: it tells none.
    """
    for found in FORMATS.values():
        if path.suffix.lower() in found.endings:
            return found
    raise UsageError(
        f"{path}: its ending tells no format", hint=f"give --format {', '.join(FORMATS)}"
    )
