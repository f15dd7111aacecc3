"""Mutated input through the command, in this process: ``python -m benchmarks.fuzz``.

Circuits (OpenQASM 2 and 3, QPY), parameters, observables, selectors, configurations,
queries and archives are cut, spliced and have bytes changed; archives also have fields
changed under a check sum that is right. Whatever comes of it: no traceback, no hang, and
where the command fails, nothing stored; what an archive brought in can be looked at.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import os
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any

from qbatch import JobGroup, list_groups
from qbatch.api import archive_file
from qbatch.cli import boundary

EXAMPLES = Path(__file__).parents[1] / "examples"
ANSATZ = str(EXAMPLES / "ansatz.qasm3")
STRANGE = [
    None,
    True,
    -1,
    0,
    1.5,
    10**30,
    "",
    "x",
    "\x1b[2J",
    [],
    {},
    [[1]],
    {"a": None},
    float("nan"),
]
CSV = b"theta,phi\n0.1,pi/2\n0.2,1e-3\n"
JSONL = b'{"theta": 0.1, "phi": 2}\n{"theta": "pi", "phi": -1}\n'
CONFIG = b'[backends.lab]\ntype = "aer"\nmethod = "stabilizer"\n\n[backends.far]\ntype = "x:Y"\n'
WORDS = (
    b"pi 0 -1 1e999 nan OPENQASM 2.0; 3.0; include gate qreg creg measure -> if ( ) { } [ ] ; ,"
    b' input float while for in uint box delay opaque \xff \x00 \xe2\x98\x83 99999999999 q[0] = "'
).split(b" ")
_LONGEST = 20


class Hang(Exception):
    """A case took too long."""


def mutated(data: bytes, chance: random.Random) -> bytes:
    """The data with one to three changes."""
    found = bytearray(data)
    for _ in range(chance.randint(1, 3)):
        place = chance.randrange(len(found) + 1)
        other = min(len(found), place + chance.randrange(1, 30))
        kind = chance.randrange(6)
        if kind == 0 and found:
            found[place % len(found)] = chance.randrange(256)
        elif kind == 1:
            del found[place:other]
        elif kind == 2:
            found[place:place] = chance.choice(WORDS) + b" "
        elif kind == 3:
            found[place:place] = found[place:other] * chance.randint(1, 5)
        elif kind == 4:
            found[place:other] = bytes(chance.randrange(256) for _ in range(other - place))
        else:
            del found[place:]
    return bytes(found)


Case = tuple[list[str], Path, list[list[str]]]
"""Arguments of ``qbatch``, the file that they read, and what is asked after a success."""


class Cases:
    """Mutated input of every kind that the command takes, in turn.

    Args:
        directory: where files are written.
        held: a group that is there, with results.
    """

    def __init__(self, directory: Path, chance: random.Random, held: JobGroup) -> None:
        self._directory = directory
        self._chance = chance
        self._circuits = [
            p for p in sorted(EXAMPLES.iterdir()) if p.suffix in (".qasm", ".qasm3", ".qpy")
        ]
        self._archive = directory / "held.qbatch"
        held.archive(self._archive)
        self._records = list(archive_file.read(self._archive))
        self._number = 0

    def each(self, count: int) -> Iterator[Case]:
        """So many cases."""
        kinds = [
            *[self._circuit] * 4, self._rows, self._rows, self._values, self._observables,
            self._configuration, self._setting, self._selector, self._condition, self._query,
            self._records_of, self._records_of, self._archive_bytes,
        ]  # fmt: skip
        for number in range(count):
            self._number = number
            yield kinds[number % len(kinds)]()

    def _file(self, name: str, data: bytes) -> Path:
        path = self._directory / name
        path.write_bytes(mutated(data, self._chance))
        return path

    def _word(self, *texts: str) -> str:
        data = mutated(self._chance.choice(texts).encode(), self._chance)
        return data.decode("utf-8", "replace").replace("\0", "")

    def _circuit(self) -> Case:
        source = self._chance.choice(self._circuits)
        path = self._file(f"case{source.suffix}", source.read_bytes())
        options = ["-p", "theta=1", "-p", "phi=1"] if "ansatz" in source.name else []
        return ["add", "fuzz", str(path), *options], path, []

    def _rows(self) -> Case:
        path = self._file("case.rows", self._chance.choice([CSV, JSONL]))
        return ["add", "fuzz", ANSATZ, "--params", str(path)], path, []

    def _values(self) -> Case:
        path = self._file("case.values", b"")
        value = self._word("theta=0:pi:7", "theta=0.1,0.2,pi/3", "theta=2*pi-1e-3")
        return ["add", "fuzz", ANSATZ, "-p", value, "-p", "phi=1"], path, []

    def _observables(self) -> Case:
        path = self._file("case.obs", b'ZZ\nXX + 0.5*ZI\n["YY", "1e-3*ZZ - XI"]\n')
        more = ["-p", "theta=1", "-p", "phi=1"]
        return ["add", "fuzz", ANSATZ, "--observables", str(path), *more], path, []

    def _configuration(self) -> Case:
        path = self._file("case.toml", CONFIG)
        bell = str(EXAMPLES / "bell.qasm")
        return ["--config", str(path), "add", "fuzz", bell, "--backend", "lab"], path, []

    def _setting(self) -> Case:
        path = self._file("set.toml", b"")
        path.write_bytes(CONFIG)
        key = self._word("defaults.executor", "backends.lab.method", "notify.url", "defaults.shots")
        value = self._word("3", "[1]", "auto", "1e3", "{a = 1}", "true")
        arguments = ["--config", str(path), "config", "set", "--", key, value]
        return arguments, path, [["--config", str(path), "config", "show"]]

    def _selector(self) -> Case:
        path = self._file("case.selector", b"")
        text = self._word("1-3", "name=bell", "2,3", "last", "ansatz*", "@k=v", "1/2")
        command = self._chance.choice(["jobs", "show", "results", "why"])
        return [command, f"held/{text}"], path, []

    def _condition(self) -> Case:
        path = self._file("case.condition", b"")
        text = self._word(
            "theta > pi/2 and shots >= 10", "status = 'done' or not tag.k = 'v'",
            "number in (1, 2, 3)", "created_at > '2026-01-01'", "0 < theta <= 1", "param.phi > 0",
        )  # fmt: skip
        sort = self._word("-theta", "name,shots", "tag.k", "created_at")
        command = self._chance.choice(["jobs", "results"])
        return [command, "held", f"--where={text}", f"--sort={sort}"], path, []

    def _query(self) -> Case:
        path = self._file("case.sql", b"")
        text = self._word(
            "SELECT name, count(*) FROM jobs WHERE status = 'done' GROUP BY name",
            "SELECT * FROM results r JOIN jobs j ON r.number = j.number",
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 9)"
            " SELECT * FROM n",
        )
        return ["db", "sql", "--limit", "1000", "--", text], path, []

    def _records_of(self) -> Case:
        """An archive whose check sum is right and one of whose fields is not."""
        path = self._file("case.qbatch", b"")
        records = [json.loads(json.dumps(record)) for record in self._records]
        place: Any = self._chance.choice(records)
        while True:
            key = self._chance.choice(list(place) if isinstance(place, dict) else range(len(place)))
            inside = place[key]
            if not (isinstance(inside, (dict, list)) and inside) or self._chance.random() < 0.3:
                break
            place = inside
        place[key] = self._chance.choice(STRANGE)
        with path.open("wb") as stream:
            archive_file.write(records, stream)
        name = f"again{self._number}"
        after = [["status"], ["show", f"{name}/1"], ["why", f"{name}/1"], ["results", name],
                 ["jobs", name, "--json"], ["db", "verify"], ["delete", name, "--yes"]]  # fmt: skip
        return ["group", "unarchive", str(path), "--as", name], path, after

    def _archive_bytes(self) -> Case:
        path = self._file("case.qbatch", self._archive.read_bytes())
        name = f"again{self._number}"
        return ["group", "unarchive", str(path), "--as", name], path, [["delete", name, "--yes"]]


def campaign(directory: Path, count: int, seed: int) -> tuple[Counter[str], list[str]]:
    """How the cases ended, and what is wrong with those that ended badly."""
    signal.signal(signal.SIGALRM, _hang)
    db = directory / "fuzz.db"
    os.environ["QBATCH_DB"] = str(db)
    ended: Counter[str] = Counter()
    bad: list[str] = []
    held = JobGroup("held", db=db)
    held.add(str(EXAMPLES / "bell.qasm"), shots=10, tags={"k": "v"})
    held.add(ANSATZ, parameters={"theta": 0.1, "phi": [0.2, 0.3]}, observables=["ZZ"])
    held.run_parallel(executor="serial")
    for arguments, path, after in Cases(directory, random.Random(seed), held).each(count):
        before = _jobs(db)
        code, said = _run(arguments)
        ended[f"exit code {code}"] += 1
        stored = _jobs(db) != before
        wrong = code not in (0, 2) or (code == 2 and stored) or "Traceback" in said
        for command in after if code == 0 else ():
            then, more = _run(command)
            wrong |= then != 0 or "Traceback" in more
            said += more
        if wrong:
            kept = directory / f"bad{len(bad)}{path.suffix}"
            kept.write_bytes(path.read_bytes())
            bad.append(f"{code} stored={stored} {kept} {arguments}: {said[:500]}")
    held.close()
    return ended, bad


def _run(arguments: list[str]) -> tuple[int, str]:
    """How a command ends in this process, and what it says."""
    said = io.StringIO()
    signal.alarm(_LONGEST)
    try:
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            code, _ = boundary._run(arguments, False)
    except Hang:
        code = -1
    except BaseException as error:
        code = -2
        said.write(repr(error))
    finally:
        signal.alarm(0)
    return code, said.getvalue()


def _jobs(db: Path) -> int:
    return sum(group.total for group in list_groups(db))


def _hang(_: int, __: FrameType | None) -> None:
    raise Hang


def main() -> int:
    """Run it, and say what went wrong."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--cases", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    started = time.monotonic()
    directory = Path(tempfile.mkdtemp(prefix="qbatch-fuzz-"))
    ended, bad = campaign(directory, options.cases, options.seed)
    for name, number in sorted(ended.items()):
        print(f"{name:<16}{number}")
    print(f"{'seconds':<16}{time.monotonic() - started:.0f}")
    print(f"{'wrong':<16}{len(bad)}")
    for line in bad[:20]:
        print(line)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
