"""Results as files: JSON, JSON lines, CSV, Parquet and NumPy's npz.

What is streamed is streamed: memory does not grow with the group, npz excepted. The same
results make the same bytes.
"""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Any

from qbatch.errors import UsageError
from qbatch.models import SCHEMA, JobResult
from qbatch.results.rows import Shape, result_entry

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
        for entry in entries:
            stream.write(json.dumps(entry, ensure_ascii=False) + "\n")
    else:
        from qbatch.results import columns

        (columns.write_csv if form == "csv" else columns.write_parquet)(entries, stream, shape)


def _write_json(entries: Iterable[dict[str, Any]], group: str, stream: IO[str]) -> None:
    """``{"schema": 1, "group": …, "results": [entry, …]}``, an entry a line."""
    head = json.dumps({"schema": SCHEMA, "group": group}, ensure_ascii=False)
    stream.write(head[:-1] + ', "results": [')
    separator = "\n"
    for entry in entries:
        stream.write(separator + json.dumps(entry, ensure_ascii=False))
        separator = ",\n"
    stream.write("\n]}\n")


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


@contextlib.contextmanager
def atomic(path: Path, *, binary: bool = False) -> Iterator[IO[Any]]:
    """A file that appears whole under its name, or not at all.

    Raises:
        UsageError: it cannot be written.
    """
    try:
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    except OSError as error:
        raise UsageError(f"{path}: cannot be written: {error.strerror or error}") from error
    try:
        with _opened(handle, binary) as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        umask = os.umask(0)
        os.umask(umask)
        Path(name).chmod(0o666 & ~umask)
        Path(name).replace(path)
    except BaseException as error:
        with contextlib.suppress(OSError):
            Path(name).unlink()
        if isinstance(error, OSError):
            raise UsageError(f"{path}: cannot be written: {error.strerror or error}") from error
        raise


def _opened(handle: int, binary: bool) -> IO[Any]:
    if binary:
        return os.fdopen(handle, "wb")
    return os.fdopen(handle, "w", encoding="utf-8", newline="")
