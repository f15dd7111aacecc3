"""Mutated input through ``qbatch add``, in this process: ``python -m benchmarks.fuzz``.

Circuits (OpenQASM 2 and 3, QPY), CSV and JSON lines of parameters, and configuration
files are cut, spliced and have bytes changed. Whatever comes of it: no traceback, no
hang, and where the command fails, nothing stored.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from types import FrameType
from typing import Any

from qbatch import JobGroup, cli

EXAMPLES = Path(__file__).parents[1] / "examples"
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


def cases(directory: Path, count: int, chance: random.Random) -> Any:
    """Arguments of ``qbatch``, with the files that they need written."""
    circuits = [p for p in sorted(EXAMPLES.iterdir()) if p.suffix in (".qasm", ".qasm3", ".qpy")]
    ansatz = str(EXAMPLES / "ansatz.qasm3")
    for number in range(count):
        kind = number % (len(circuits) + 3)
        if kind < len(circuits):
            path = directory / f"case{circuits[kind].suffix}"
            path.write_bytes(mutated(circuits[kind].read_bytes(), chance))
            options = ["-p", "theta=1", "-p", "phi=1"] if "ansatz" in circuits[kind].name else []
            yield ["add", "fuzz", str(path), *options], path
        elif kind < len(circuits) + 2:
            path = directory / "case.rows"
            path.write_bytes(mutated(CSV if kind == len(circuits) else JSONL, chance))
            yield ["add", "fuzz", ansatz, "--params", str(path)], path
        else:
            path = directory / "case.toml"
            path.write_bytes(mutated(CONFIG, chance))
            bell = str(EXAMPLES / "bell.qasm")
            yield ["--config", str(path), "add", "fuzz", bell, "--backend", "lab"], path


def campaign(directory: Path, count: int, seed: int) -> tuple[Counter[str], list[str]]:
    """How the cases ended, and what is wrong with those that ended badly."""
    signal.signal(signal.SIGALRM, _hang)
    db = directory / "fuzz.db"
    os.environ["QBATCH_DB"] = str(db)
    ended: Counter[str] = Counter()
    bad: list[str] = []
    for arguments, path in cases(directory, count, random.Random(seed)):
        before = _jobs(db)
        said = io.StringIO()
        signal.alarm(_LONGEST)
        try:
            with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
                code, _ = cli._run(arguments, False)
        except Hang:
            code = -1
        except BaseException as error:
            code = -2
            said.write(repr(error))
        finally:
            signal.alarm(0)
        ended[f"exit code {code}"] += 1
        stored = _jobs(db) != before
        if code not in (0, 2) or (code == 2 and stored) or "Traceback" in said.getvalue():
            kept = directory / f"bad{len(bad)}{path.suffix}"
            kept.write_bytes(path.read_bytes())
            bad.append(f"{code} stored={stored} {kept}: {said.getvalue()[:500]}")
    return ended, bad


def _jobs(db: Path) -> int:
    return sum(group.total for group in JobGroup.list_existing(db))


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
