"""Results as files: JSON, JSON lines, CSV, Parquet and NumPy's npz.

What is streamed is streamed: memory does not grow with the group, npz excepted. The same
results make the same bytes.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import IO, Any

from qbatch.domain import SCHEMA
from qbatch.domain.jobs import JobResult
from qbatch.domain.results import Shape
from qbatch.errors import UsageError
from qbatch.results.rows import result_entry

FORMATS = ("table", "json", "jsonl", "csv", "parquet", "npz")
ENDINGS = {
    ".json": "json",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".csv": "csv",
    ".parquet": "parquet",
    ".npz": "npz",
}
BINARY = ("parquet", "npz")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def write(
    results: Iterable[JobResult], group: str, form: str, stream: IO[Any], shape: Shape
) -> None:
    """Results in a format of `FORMATS`, the table excepted.

    Args:
        stream: of text, or of bytes for a format of `BINARY`.

    Raises:
        UsageError: a library is missing, or the result does not fit into memory.
    """
    if form == "npz":
        from qbatch.results.arrays import write_npz

        write_npz(results, stream, shape)
        return
    entries = (result_entry(result, shape) for result in results)
    if form == "json":
        _write_json(entries, group, stream)
    elif form == "jsonl":
        encode = json.JSONEncoder(ensure_ascii=_escapes(stream)).encode
        for entry in entries:
            stream.write(encode(entry) + "\n")
    else:
        from qbatch.results import columns

        (columns.write_csv if form == "csv" else columns.write_parquet)(entries, stream, shape)


def _write_json(entries: Iterable[dict[str, Any]], group: str, stream: IO[str]) -> None:
    """``{"schema": 1, "group": …, "results": [entry, …]}``, an entry a line."""
    escapes = _escapes(stream)
    head = json.dumps({"schema": SCHEMA, "group": group}, ensure_ascii=escapes)
    stream.write(head[:-1] + ', "results": [')
    separator = "\n"
    encode = json.JSONEncoder(ensure_ascii=escapes).encode
    for entry in entries:
        stream.write(separator + encode(entry))
        separator = ",\n"
    stream.write("\n]}\n")


def _escapes(stream: IO[str]) -> bool:
    """Whether JSON has to stay within ASCII: a terminal may encode no more."""
    return not str(getattr(stream, "encoding", None) or "utf-8").lower().startswith("utf")


def plain_cell(cell: Any) -> Any:
    """A cell of CSV that no spreadsheet takes for a formula; numbers stay as they are."""
    if isinstance(cell, str) and cell[:1] in _FORMULA:
        return f"'{cell}"
    return cell


def format_of(path: Path) -> str:
    """The format that a file's ending tells.

    Raises:
        UsageError: it tells none.
    """
    found = ENDINGS.get(path.suffix.lower())
    if found is None:
        raise UsageError(
            f"{path}: its ending tells no format", hint=f"give --format {', '.join(FORMATS[1:])}"
        )
    return found
