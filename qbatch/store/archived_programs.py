"""Programs as records of an archive, and back."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator
from typing import Any

from qbatch.domain.programs import ProgramSettings, Source
from qbatch.domain.states import ProgramStatus
from qbatch.store import records
from qbatch.store.column import compact
from qbatch.store.columns import quoted
from qbatch.store.database import Database
from qbatch.store.programs import Programs

Record = dict[str, Any]

_PROGRAM = list(records.FIELDS["program"])


def program_records(database: Database, group_id: int) -> Iterator[Record]:
    """The programs of a group with their steps and texts.

    Where a text lay on this machine is left out.
    """
    rows = database.rows("SELECT * FROM programs WHERE group_id = ? ORDER BY number", (group_id,))
    for row in rows:
        body = database.row("SELECT body FROM sources WHERE hash = ?", (row["source"],))
        source = {} if body is None else json.loads(zlib.decompress(body["body"]))
        steps = database.rows(
            "SELECT step, shape, reported, recorded FROM steps WHERE program_id = ? ORDER BY step",
            (row["id"],),
        )
        found = {name: row[name] for name in _PROGRAM}
        if found["status"] == ProgramStatus.RUNNING:
            found["status"] = ProgramStatus.WAITING.value
        yield {
            "record": "program",
            **found,
            "source": {**source, "directory": ""},
            "steps": [
                {"step": step["step"], "shape": step["shape"].hex(),
                 "reported": step["reported"], "recorded": step["recorded"]}
                for step in steps
            ],
        }  # fmt: skip


def take_program(database: Database, group_id: int, record: Record) -> None:
    """Store a program of an archive; its code is foreign, and runs when it is accepted.

    Raises:
        ValueError, TypeError, KeyError: the record makes no sense.
    """
    records.check("program", record)
    ProgramSettings(**json.loads(record["settings"]))
    if record["value"] is not None:
        json.loads(record["value"])
    source = _source(record["source"])
    name = Programs(database).keep_source(source)
    program = database.execute(
        f"INSERT INTO programs (group_id, source, accepted, {quoted(_PROGRAM)})"
        f" VALUES (?, ?, 0, {', '.join('?' for _ in _PROGRAM)})",
        [group_id, name, *(record[column] for column in _PROGRAM)],
    ).lastrowid
    for number, step in enumerate(record["steps"]):
        if step["step"] != number:
            raise ValueError(f"step {step['step']} of program {record['number']}")
        database.execute(
            "INSERT INTO steps (program_id, step, shape, reported, recorded)"
            " VALUES (?, ?, ?, ?, ?)",
            (program, number, bytes.fromhex(step["shape"]), _list(step["reported"]),
             _list(step["recorded"])),
        )  # fmt: skip


def _source(found: Record) -> Source:
    files = found["files"]
    pairs = [*files.items()]
    if not all(isinstance(text, str) for pair in pairs for text in pair):
        raise TypeError("the text of a program is no text")
    return Source(directory="", files=files)


def _list(text: object) -> str | None:
    """A JSON list of pairs as it was stored."""
    if text is None:
        return None
    pairs = json.loads(str(text))
    if not all(isinstance(pair, list) and len(pair) == 2 for pair in pairs):
        raise ValueError("what a step recorded is no list of pairs")
    return compact(pairs)
