"""Damages databases, and asks whether ``db verify`` sees it and every command says it well.

``python -m benchmarks.damage --databases 500``: each is a sound store with a few bytes
changed, in a page, in a field, or cut off. A command must not end with exit code 70 nor
with a traceback; ``db verify`` must find every change of a key, of a circuit, or of what a
result holds (its digest is kept beside it).
"""

from __future__ import annotations

import argparse
import contextlib
import io
import random
import shutil
import sqlite3
import sys
import tempfile
from collections import Counter
from pathlib import Path

from qbatch import JobGroup
from qbatch.cli.boundary import main as cli

TEXT = """OPENQASM 3.0;
include "stdgates.inc";
input float theta;
qubit[2] q;
bit[2] c;
ry(theta) q[0];
cx q[0], q[1];
c = measure q;
"""
COMMANDS = [
    ["status"],
    ["jobs", "g"],
    ["show", "g/2"],
    ["why", "g/2"],
    ["results", "g", "--json"],
    ["results", "g", "-f", "csv"],
    ["diff", "g", "h"],
    ["check", "g", "--baseline", "none.json"],
    ["db", "sql", "SELECT * FROM results"],
    ["plan", "h"],
    ["status", "--json"],
]
STRANGE = ["x", 1.5, b"\xff", 10**9]
_FIELDS = {
    "payloads": ("hash", "kind", "format", "body", "info", "parameters"),
    "jobs": ("key", '"values"', "payload_id", "request_id", "status", "key_version"),
    "requests": ("kind", "spec"),
    "attempts": ("result", "shots", "status", "job_id", "kind", "digest"),
    "groups": ("name", "state"),
    "batches": ("state",),
}


def make(place: Path) -> Path:
    """A sound store with counts, values, jobs to run, and tags."""
    db = place / "sound.db"
    group = JobGroup("g", db=db)
    group.add(TEXT, parameters={"theta": [0.1 * i for i in range(20)]}, shots=100, seed=1)
    group.add(TEXT, parameters={"theta": [0.3, 0.5]}, observables=["ZZ", "XX + 0.5*ZI"])
    group.run_parallel(executor="serial")
    group.close()
    other = JobGroup("h", db=db)
    other.add(TEXT, parameters={"theta": [0.1, 0.2]}, tags={"k": "v"})
    other.close()
    with contextlib.closing(sqlite3.connect(db)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return db


def damage(db: Path, rng: random.Random) -> str:
    """Change a database somewhere; what was done."""
    kind = rng.choice(["bytes", "bytes", "field", "field", "type", "cut"])
    if kind in ("bytes", "cut"):
        data = bytearray(db.read_bytes())
        if kind == "cut":
            db.write_bytes(bytes(data[: rng.randrange(100, len(data))]))
            return "cut off"
        for _ in range(rng.randint(1, 4)):
            data[rng.randrange(100, len(data))] ^= 1 << rng.randrange(8)
        db.write_bytes(bytes(data))
        return "bytes"
    table = rng.choice(list(_FIELDS))
    field = rng.choice(_FIELDS[table])
    with contextlib.closing(sqlite3.connect(db)) as connection:
        connection.execute("PRAGMA ignore_check_constraints = ON")
        rows = connection.execute(f"SELECT rowid, {field} FROM {table}").fetchall()
        if not rows:
            return "nothing"
        row, value = rng.choice(rows)
        changed = _changed(value, rng) if kind == "field" else rng.choice(STRANGE)
        with contextlib.suppress(sqlite3.IntegrityError):
            connection.execute(f"UPDATE {table} SET {field} = ? WHERE rowid = ?", (changed, row))
            connection.commit()
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return f"{table}.{field}"


def _changed(value: object, rng: random.Random) -> object:
    if isinstance(value, bytes) and value:
        data = bytearray(value)
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
        return bytes(data)
    if isinstance(value, str) and value:
        place = rng.randrange(len(value))
        return value[:place] + chr(rng.choice([48, 57, 97, 123, 233])) + value[place + 1 :]
    return value + 1 if isinstance(value, int) else 1


def content(db: Path) -> object:
    """What keys, payloads and results are made of; None where SQLite cannot read it."""
    try:
        with contextlib.closing(sqlite3.connect(f"file:{db}?mode=ro", uri=True)) as connection:
            connection.text_factory = bytes
            return [
                connection.execute(sql).fetchall()
                for sql in (
                    "SELECT id, hash, kind, format, body FROM payloads ORDER BY id",
                    "SELECT id, kind, spec FROM requests ORDER BY id",
                    'SELECT id, key, key_version, payload_id, "values", request_id FROM jobs'
                    " ORDER BY id",
                    "SELECT id, kind, result, digest FROM attempts ORDER BY id",
                )
            ]
    except (sqlite3.Error, UnicodeDecodeError):
        return None


def say(arguments: list[str]) -> tuple[int, str]:
    """Exit code of a command and all that it printed."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            cli(arguments)
        except SystemExit as ended:
            code = int(ended.code or 0)
        except BaseException as error:
            return 70, f"Traceback: {error!r}"
    return code, out.getvalue() + err.getvalue()


def campaign(databases: int, seed: int) -> Counter[str]:
    """Damage so many databases; what was found, ``missed`` and ``internal`` hopefully not."""
    rng = random.Random(seed)
    found: Counter[str] = Counter(databases=databases)
    with tempfile.TemporaryDirectory() as directory:
        place = Path(directory)
        sound = make(place)
        before = content(sound)
        for number in range(databases):
            db = place / f"{number}.db"
            shutil.copy(sound, db)
            what = damage(db, rng)
            after = content(db)
            changed = after != before
            code, text = say(["--db", str(db), "db", "verify"])
            found["changed"] += changed
            found["found"] += bool(code)
            if changed and not code:
                found["missed"] += 1
                print(f"missed: {what} in {number}", file=sys.stderr)
            for command in [["db", "verify"], *COMMANDS]:
                code, text = say(["--db", str(db), *command])
                if code == 70 or "Traceback" in text:
                    found["internal"] += 1
                    print(f"{what}: {' '.join(command)}: {text[-300:]}", file=sys.stderr)
            for file in place.glob(f"{number}.db*"):
                shutil.rmtree(file) if file.is_dir() else file.unlink()
    return found


def main() -> int:
    """Run the campaign; exit code 1 where something was missed."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--databases", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    found = campaign(options.databases, options.seed)
    for name, number in found.items():
        print(f"{name:<12}{number}")
    return 1 if found["missed"] or found["internal"] else 0


if __name__ == "__main__":
    sys.exit(main())
