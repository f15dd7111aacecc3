"""What programs returned, as JSON, JSON lines or CSV."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from qbatch.domain import SCHEMA
from qbatch.domain.programs import Program
from qbatch.errors import UsageError

_PLAIN = ("number", "name", "status", "best", "steps", "seed", "failure", "error")


def entry(program: Program) -> dict[str, Any]:
    """A program as JSON."""
    return {
        "number": program.number,
        "name": program.name,
        "reference": program.reference,
        "arguments": dict(program.arguments),
        "seed": program.seed,
        "status": program.status.value,
        "value": program.value,
        "best": program.best,
        "steps": program.steps,
        "failure": program.failure,
        "error": program.error,
        "environment": dict(program.environment),
        "created_at": program.created_at,
        "finished_at": program.finished_at,
    }


def exported(group: str, programs: Sequence[Program], form: str) -> str:
    """Programs of a group as a text.

    Args:
        form: ``json`` (one versioned value), ``jsonl`` or ``csv`` (a column for each
            argument; lists and objects in it as JSON).

    Raises:
        UsageError: there is no such form of them.
    """
    if form not in _FORMS:
        raise UsageError(
            f"programs' values have no form {form}", hint="json, jsonl or csv; or --steps for jobs"
        )
    return _FORMS[form](group, [entry(program) for program in programs])


def _json(group: str, entries: Sequence[Mapping[str, Any]]) -> str:
    document = {"schema": SCHEMA, "group": group, "programs": entries}
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"


def _lines(_: str, entries: Sequence[Mapping[str, Any]]) -> str:
    return "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in entries)


def _csv(_: str, entries: Sequence[Mapping[str, Any]]) -> str:
    stream = io.StringIO()
    names = sorted({name for one in entries for name in one["arguments"]})
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow([*_PLAIN, *map(_header, names), "value"])
    for one in entries:
        cells = [_cell(one["arguments"].get(name, "")) for name in names]
        writer.writerow([*(one[name] for name in _PLAIN), *cells, _text(one["value"])])
    return stream.getvalue()


def _header(argument: str) -> str:
    """An argument's column; one that is called as another column stands apart."""
    return f"argument:{argument}" if argument in (*_PLAIN, "value") else argument


def _cell(value: object) -> object:
    return _text(value) if isinstance(value, list | dict) else value


def _text(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


_FORMS: Mapping[str, Callable[[str, Sequence[Mapping[str, Any]]], str]] = {
    "json": _json,
    "jsonl": _lines,
    "csv": _csv,
}
