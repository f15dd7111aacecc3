"""Compiling, killed again and again: ``python -m benchmarks.compile_kills``.

Circuits are compiled by Qiskit for a device of 27 qubits (with ``--managers N`` by BQSKit, behind
so many managers on loopback) while the process is killed at random moments. What the store knew
when it was killed must not be begun with again, nothing may be lost, and at the end every job has
its result and the store is sound.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks import inputs
from benchmarks.bqskit_servers import Cluster
from qbatch.domain.compilations import Readout
from qbatch.domain.payloads import Source
from qbatch.payloads.circuit.formats import body_hash
from qbatch.seam import Compiled, Target
from qbatch.stages.bqskit_compiler import BqskitCompiler
from qbatch.stages.qiskit_compiler import QiskitCompiler


class _Logs:
    """Writes down the hash of each circuit that a compiler begins with."""

    def settle(self, options: Mapping[str, Any]) -> dict[str, Any]:
        """Its own option ``log`` names the file."""
        own = dict(options)
        log = own.pop("log")
        return {**super().settle(own), "log": log}  # type: ignore[misc]

    def compile(
        self, source: Source, readout: Readout, target: Target, options: Mapping[str, Any]
    ) -> Compiled:
        """As the compiler does."""
        own = dict(options)
        _note(own.pop("log"), source)
        found: Compiled = super().compile(source, readout, target, own)  # type: ignore[misc]
        return found


class LoggingCompiler(_Logs, QiskitCompiler):
    """Qiskit's."""


class LoggingBqskit(_Logs, BqskitCompiler):
    """BQSKit's."""


def _note(log: str, source: Source) -> None:
    file = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.write(file, body_hash(source).encode() + b"\n")
    os.close(file)


def _config(place: Path, log: Path, server: str | None) -> Path:
    edges = inputs.HEAVY_HEX if server is None else [(n, n + 1) for n in range(4)]
    both = [list(e) for a, b in edges for e in ((a, b), (b, a))]
    name = "LoggingCompiler" if server is None else "LoggingBqskit"
    more = "" if server is None else f' server = "{server}", workers = 2,'
    config = place / "config.toml"
    config.write_text(
        '[backends.device]\ntype = "aer"\n'
        f'compile = {{ with = "benchmarks.compile_kills:{name}", log = "{log}",{more}'
        f' basis_gates = ["rz", "sx", "x", "cx"], coupling_map = {json.dumps(both)} }}\n'
    )
    return config


def _small(place: Path, count: int) -> Path:
    """Different circuits of two and three qubits."""
    place.mkdir()
    for number in range(count):
        rng, width = random.Random(number), 2 + number % 2
        lines = ["OPENQASM 2.0;", 'include "qelib1.inc";', f"qreg q[{width}]; creg c[{width}];"]
        lines += [f"ry({rng.uniform(-3, 3)}) q[{qubit}];" for qubit in range(width)]
        lines += [f"cx q[{qubit}],q[{qubit + 1}];" for qubit in range(width - 1)]
        lines += [f"rz({rng.uniform(-3, 3)}) q[0]; measure q -> c;"]
        (place / f"{number:04}.qasm").write_text("\n".join(lines))
    return place


def _stored(db: Path) -> set[str]:
    with contextlib.closing(sqlite3.connect(db)) as connection:
        rows = connection.execute(
            "SELECT p.hash FROM compilations c JOIN payloads p ON p.id = c.payload_id"
        )
        return {row[0] for row in rows}


def _lines(log: Path) -> list[str]:
    return log.read_text().split() if log.exists() else []


def campaign(kills: int, circuits: int, seed: int, place: Path, server: str | None = None) -> int:
    """Kill so many times, then finish; the number of things that are wrong.

    Args:
        server: of BQSKit's; None: Qiskit compiles here.
    """
    rng, db, log = random.Random(seed), place / "q.db", place / "log"
    qbatch = [sys.executable, "-m", "qbatch", "--db", str(db), "--config",
              str(_config(place, log, server))]  # fmt: skip
    make = inputs.to_compile if server is None else _small
    source = make(place / "input", circuits)
    subprocess.run([*qbatch, "add", "g", str(source), "--shots", "10", "-q"], check=True,
                   stdout=subprocess.DEVNULL)  # fmt: skip
    wrong, known, landed = 0, set[str](), 0
    for number in range(kills):
        before = len(_lines(log))
        verb = rng.choice(
            [["compile", "g", "--for", "device"], ["run", "g", "--backend", "device"]]
        )
        process = subprocess.Popen([*qbatch, *verb, "-q"], stderr=subprocess.PIPE)
        time.sleep(rng.uniform(0.3, 3.0) if server is None else rng.uniform(2.0, 8.0))
        process.kill()
        process.communicate()
        time.sleep(0.2)  # its workers die with it
        again = known & set(_lines(log)[before:])
        stored = _stored(db)
        lost = known - stored
        wrong += len(again) + len(lost)
        landed += bool(stored - known)
        print(f"kill {number + 1}: {len(stored)} compiled, {len(again)} again, {len(lost)} lost",
              flush=True)  # fmt: skip
        known = stored
        if len(known) == circuits:  # begin anew
            subprocess.run([*qbatch, "group", "prune", "--compilations"], check=True,
                           stdout=subprocess.DEVNULL)  # fmt: skip
            known = _stored(db)
    subprocess.run([*qbatch, "run", "g", "--backend", "device", "-q"], check=True)
    sound = subprocess.run([*qbatch, "db", "verify"], capture_output=True, text=True, check=False)
    done = subprocess.run([*qbatch, "status", "g", "--json"], capture_output=True, check=True)
    counts = json.loads(done.stdout)["groups"][0]["counts"]
    print(f"{kills} kills, {landed} of them with something landed; {counts['done']} of {circuits}"
          f" jobs done, {wrong} wrong; {sound.stdout.strip()}")  # fmt: skip
    return wrong + (sound.returncode != 0) + (counts["done"] != circuits)


def main() -> int:
    """Run the campaign; exit code 1 where something is wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--circuits", type=int, default=4_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--managers", type=int, default=0, help="of BQSKit's")
    options = parser.parse_args()
    how = Cluster(options.managers) if options.managers else contextlib.nullcontext()
    with how as cluster, tempfile.TemporaryDirectory() as place:
        server = None if cluster is None else cluster.address
        wrong = campaign(options.kills, options.circuits, options.seed, Path(place), server)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
