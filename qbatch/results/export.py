"""Results as JSON, JSON lines and CSV: streamed, the same bytes for the same results."""

from __future__ import annotations

import contextlib
import csv
import json
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import IO, Any

from qbatch.errors import UsageError
from qbatch.models import SCHEMA, JobResult
from qbatch.results.rows import result_entry

FORMATS = ("table", "json", "jsonl", "csv")
ENDINGS = {".json": "json", ".jsonl": "jsonl", ".ndjson": "jsonl", ".csv": "csv"}


def write_json(results: Iterable[JobResult], group: str, stream: IO[str]) -> None:
    """``{"schema": 1, "group": …, "results": [entry, …]}``, an entry a line."""
    head = json.dumps({"schema": SCHEMA, "group": group}, ensure_ascii=False)
    stream.write(head[:-1] + ', "results": [')
    separator = "\n"
    for result in results:
        stream.write(separator + json.dumps(result_entry(result), ensure_ascii=False))
        separator = ",\n"
    stream.write("\n]}\n")


def write_jsonl(results: Iterable[JobResult], _: str, stream: IO[str]) -> None:
    """One entry a line."""
    for result in results:
        stream.write(json.dumps(result_entry(result), ensure_ascii=False) + "\n")


def write_csv(results: Iterable[JobResult], _: str, stream: IO[str]) -> None:
    """One line an outcome or expectation value; a job without a result has one line too.

    Parameters and tags stand in columns of their own, in the order in which they first
    occur: the first pass over the results, kept in a temporary file, finds them.
    """
    fixed = ["number", "key", "name", "status", "shots"]
    tail = ["outcome", "count", "observable", "value", "standard_error", "failure", "error"]
    parameters: dict[str, None] = {}
    tags: dict[str, None] = {}
    with tempfile.TemporaryFile("w+", encoding="utf-8") as spool:
        for result in results:
            parameters.update(dict.fromkeys(result.job.parameters))
            tags.update(dict.fromkeys(result.job.tags))
            spool.write(json.dumps(result_entry(result)) + "\n")
        spool.seek(0)
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow([*fixed, *parameters, *(f"tag:{tag}" for tag in tags), *tail])
        for line in spool:
            entry = json.loads(line)
            head = [entry[column] for column in fixed]
            head += [entry["parameters"].get(name) for name in parameters]
            head += [entry["tags"].get(tag) for tag in tags]
            for values in _csv_values(entry):
                writer.writerow([*head, *values, entry["failure"], entry["error"]])


def _csv_values(entry: dict[str, Any]) -> Iterator[list[Any]]:
    if entry.get("counts"):
        for outcome, count in entry["counts"].items():
            yield [outcome, count, None, None, None]
    elif entry.get("expectation_values"):
        for value in entry["expectation_values"]:
            yield [None, None, value["observable"], value["value"], value["standard_error"]]
    else:
        yield [None] * 5


WRITERS: dict[str, Callable[[Iterable[JobResult], str, IO[str]], None]] = {
    "json": write_json,
    "jsonl": write_jsonl,
    "csv": write_csv,
}


@contextlib.contextmanager
def atomic(path: Path) -> Iterator[IO[str]]:
    """A text file that appears whole under its name, or not at all.

    Raises:
        UsageError: it cannot be written.
    """
    try:
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    except OSError as error:
        raise UsageError(f"{path}: cannot be written: {error.strerror or error}") from error
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as stream:
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
