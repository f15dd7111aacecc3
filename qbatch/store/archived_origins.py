"""What attempts of an archive were compiled to, and what their batches ran on."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any

from qbatch.domain.provenance import Provenance, hash_of
from qbatch.store import records
from qbatch.store.columns import quoted
from qbatch.store.database import Database

Record = dict[str, Any]

_ARCHIVED = " (in an archive"
_TARGET, _COMPILATION, _PROVENANCE = (
    list(records.FIELDS[kind]) for kind in ("target", "compilation", "provenance")
)


def origin_records(database: Database, group_id: int, numbers: dict[int, int]) -> Iterator[Record]:
    """The targets, compilations and provenance of a group.

    Args:
        numbers: gets the place of each compilation, by its id.
    """
    for kind, sql, columns in (
        ("target", _TARGETS, _TARGET),
        ("provenance", _RAN_ON, _PROVENANCE),
    ):
        for row in database.rows(sql, (group_id,)):
            yield {"record": kind, **{name: row[name] for name in columns}}
    for row in database.rows(_COMPILATIONS, (group_id,)):
        numbers[row["id"]] = len(numbers)
        yield {
            "record": "compilation",
            **{name: row[name] for name in _COMPILATION},
            "compiler": told_by(row["compiler"]),
            "payload": row["given"],
            "compiled": row["made"],
        }


def take_target(database: Database, record: Mapping[str, Any]) -> None:
    """Store a target of an archive.

    Raises:
        ValueError, KeyError: it is not what its hash says.
    """
    records.check("target", record)
    own = f"target-sha256:{hashlib.sha256(record['body'].encode()).hexdigest()}"
    if record["hash"] != own:
        raise ValueError(f"target {record['hash']} is not what its hash says")
    _put(database, "targets", _TARGET, record)


def take_provenance(database: Database, record: Mapping[str, Any]) -> None:
    """Store what batches of an archive ran on.

    Raises:
        ValueError, TypeError, KeyError: it makes no sense, or is not what its hash says.
    """
    records.check("provenance", record)
    Provenance.read(record["body"])
    if record["hash"] != hash_of(record["body"]):
        raise ValueError(f"provenance {record['hash']} is not what its hash says")
    _put(database, "provenance", _PROVENANCE, record)


def check_batch(database: Database, record: Mapping[str, Any]) -> None:
    """Make sure of a batch of an archive, and that what it ran on has been told.

    Raises:
        ValueError, KeyError: it makes no sense.
    """
    records.check("batch", record)
    name = record["provenance"]
    sql = "SELECT 1 FROM provenance WHERE hash = ?"
    if name is not None and database.row(sql, (name,)) is None:
        raise ValueError(f"nobody has told what {name} is")


def _put(database: Database, table: str, columns: list[str], record: Mapping[str, Any]) -> None:
    database.execute(
        f"INSERT INTO {table} ({quoted(columns)}) VALUES ({', '.join('?' for _ in columns)})"
        " ON CONFLICT DO NOTHING",
        [record[column] for column in columns],
    )


def take_compilation(
    database: Database, record: Mapping[str, Any], payloads: Mapping[str, tuple[int, int]]
) -> int:
    """Store what a circuit of an archive was compiled to; the id of its compilation.

    It documents attempts, and is never run: anyone may have written the file. So it is kept under
    a name of the compiler that no run looks for (`told_by`).

    Args:
        payloads: ids of those that the archive has told of, by hash, and their numbers of qubits.

    Raises:
        ValueError, KeyError, TypeError: it makes no sense.
    """
    layout = records.check_compilation(record)
    (own, width), (made, wires) = payloads[record["payload"]], payloads[record["compiled"]]
    if (len(layout.initial), len(layout.wires)) != (width, wires):
        raise ValueError(f"a layout of {len(layout.initial)} qubits on {len(layout.wires)} wires")
    if database.row("SELECT 1 FROM targets WHERE hash = ?", (record["target"],)) is None:
        raise ValueError(f"nobody has told what {record['target']} is")
    if told_by(record["compiler"]) != record["compiler"]:
        raise ValueError(f"a compiler called {record['compiler']}")
    tries = 1
    name = f"{record['compiler']}{_ARCHIVED} 1)"
    while (there := _known(database, own, record, name)) not in (None, made):
        tries += 1
        name = f"{record['compiler']}{_ARCHIVED} {tries})"
    if there is None:
        cells = {**record, "compiler": name}
        database.execute(
            f"INSERT INTO compilations (payload_id, compiled_id, state, {quoted(_COMPILATION)})"
            f" VALUES (?, ?, 'done', {', '.join('?' for _ in _COMPILATION)})",
            [own, made, *(cells[column] for column in _COMPILATION)],
        )
    row = database.row(f"SELECT id FROM compilations WHERE {_SAME}", _key(own, record, name))
    assert row is not None
    return int(row["id"])


def told_by(compiler: str) -> str:
    """A compiler's name as its archive told it."""
    return compiler.partition(_ARCHIVED)[0]


def _known(database: Database, payload: int, record: Mapping[str, Any], name: str) -> int | None:
    """What the store has compiled a payload to; -1: it could not."""
    row = database.row(
        f"SELECT coalesce(compiled_id, -1) AS made FROM compilations WHERE {_SAME}",
        _key(payload, record, name),
    )
    return None if row is None else int(row["made"])


def _key(payload: int, record: Mapping[str, Any], name: str) -> tuple[Any, ...]:
    return payload, record["target"], record["options"], name


_SAME = "payload_id = ? AND target = ? AND options = ? AND compiler = ?"
_USED = (
    "SELECT a.compilation FROM attempts a JOIN jobs ON jobs.id = a.job_id"
    " WHERE jobs.group_id = ? AND a.compilation IS NOT NULL"
)
COMPILED_PAYLOADS = f"""
    SELECT * FROM payloads WHERE id IN
        (SELECT compiled_id FROM compilations WHERE state = 'done' AND id IN ({_USED}))
    AND id NOT IN (SELECT payload_id FROM jobs WHERE group_id = ?) ORDER BY hash
"""
"""Those that were sent for jobs of a group, and that none of its jobs asks about itself."""

_COMPILATIONS = f"""
    SELECT c.*, given.hash AS given, made.hash AS made FROM compilations c
    JOIN payloads given ON given.id = c.payload_id JOIN payloads made ON made.id = c.compiled_id
    WHERE c.state = 'done' AND c.id IN ({_USED})
    ORDER BY given.hash, c.target, c.options, c.compiler
"""
_TARGETS = f"""
    SELECT * FROM targets WHERE hash IN
        (SELECT target FROM compilations WHERE state = 'done' AND id IN ({_USED})) ORDER BY hash
"""
_RAN_ON = """
    SELECT * FROM provenance WHERE hash IN (SELECT b.provenance FROM batches b
        JOIN attempts a ON a.batch_id = b.id JOIN jobs ON jobs.id = a.job_id
        WHERE jobs.group_id = ?) ORDER BY hash
"""
