"""Kills runs of programs, and compares what comes of them with runs that nobody disturbed.

``python -m benchmarks.program_kills --kills 100`` spreads the kills over the stored rounds and over
four ways to run: in one process, with workers, eagerly, and over the fake service. The values that
the programs return must be the same bit by bit, every job must have one finished attempt, and the
service must have accepted nothing twice.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

from qbatch.api.database import verify
from qbatch.testing import FakeServer

PROGRAM = """
import math, time
from qiskit import QuantumCircuit
from qiskit.circuit import ParameterVector

def solve(ctx, bond):
    theta = ParameterVector("t", 3)
    circuit = QuantumCircuit(3)
    for place in range(3):
        circuit.ry(theta[place], place)
    circuit.cx(0, 1)
    circuit.cx(1, 2)
    circuit.measure_all()
    x = ctx.rng.uniform(0, math.pi, 3)
    began = ctx.record("began", lambda: "then")
    values = []
    for k in range({rounds}):
        signs = ctx.rng.choice([-1.0, 1.0], 3)
        counts = [ctx.counts(circuit, x + sign * 0.1 * signs, 200) for sign in (1, -1)]
        plus, minus = (bond * c.get("000", 0) - c.get("111", 0) for c in counts)
        x = x - 0.002 * (plus - minus) * signs
        values.append((plus + minus) / 400)
        ctx.report(values[-1], width=float(abs(x).max()))
        time.sleep(0.002)
    return {{"x": list(x), "values": values, "began": began}}
"""
WAYS = {
    "serial": ["--executor=serial"],
    "workers": ["--executor=local:2"],
    "eager": ["--executor=local:2", "--schedule=eager", "--max-wait=0.01"],
    "fake": ["--backend=fake", "--max-batch-size=7"],
}


class Study:
    """Programs in a database of their own.

    Args:
        directory: holds the database and the program.
        way: how they are run.
    """

    def __init__(
        self, directory: Path, way: str, server: FakeServer | None, *, programs: int, rounds: int
    ) -> None:
        directory.mkdir(parents=True)
        self.db = directory / "qbatch.db"
        config = directory / "config.toml"
        config.write_text(server.configuration(in_flight=4) if server else "")
        (directory / "spsa.py").write_text(PROGRAM.format(rounds=rounds))
        self._environment = {
            **os.environ, "QBATCH_DB": str(self.db), "QBATCH_CONFIG": str(config)
        }  # fmt: skip
        self._way = WAYS[way]
        self.steps = programs * rounds * 2
        sweep = f"--param=bond=0.5:2.5:{programs}"
        self._qbatch("add", "study", f"{directory / 'spsa.py'}:solve", sweep, "--seed=7")

    def _qbatch(self, *words: str) -> str:
        command = [sys.executable, "-m", "qbatch", *words]
        done = subprocess.run(
            command, env=self._environment, check=True, capture_output=True, text=True
        )
        return done.stdout

    def finish(self) -> Any:
        """Run to the end; what the programs returned."""
        self._qbatch("run", "study", "-q", *self._way)
        found = json.loads(self._qbatch("results", "study", "--json"))
        return [[one["status"], one["value"], one["best"]] for one in found["programs"]]

    def killed_after(self, steps: int) -> bool:
        """Run until so many steps are stored, and kill; False where it ended before."""
        command = [sys.executable, "-m", "qbatch", "run", "study", "-q", *self._way]
        with subprocess.Popen(command, env=self._environment, stderr=subprocess.DEVNULL) as process:
            while process.poll() is None:
                if self._count("SELECT count(*) FROM steps") >= steps:
                    process.kill()
                    process.wait()
                    return True
                time.sleep(0.001)
        return False

    def _count(self, sql: str) -> int:
        connection = sqlite3.connect(f"file:{self.db}?mode=ro", uri=True, timeout=30)
        try:
            return int(connection.execute(sql).fetchone()[0])
        finally:
            connection.close()

    def judge(self, found: Counter[str]) -> None:
        """Count what was done twice, or lost."""
        found["jobs"] += self._count("SELECT count(*) FROM jobs")
        found["not done"] += self._count("SELECT count(*) FROM jobs WHERE status != 'done'")
        found["two results"] += self._count(
            "SELECT count(*) FROM (SELECT job_id FROM attempts WHERE status = 'done'"
            " GROUP BY job_id HAVING count(*) > 1)"
        )
        found["attempts that were lost"] += self._count(
            "SELECT count(*) FROM attempts WHERE status != 'done'"
        )
        found["faults in the store"] += len(verify(self.db))


def campaign(way: str, kills: int, directory: Path, *, programs: int, rounds: int) -> Counter[str]:
    """Kill runs of one way, several times each, until so many were killed."""
    found: Counter[str] = Counter()
    draw = random.Random(f"{way} {kills}")
    server = FakeServer(seed=1) if way == "fake" else None
    try:
        calm = Study(directory / "calm", way, server, programs=programs, rounds=rounds)
        expected = calm.finish()
        turn = 0
        while found["kills"] < kills:
            turn += 1
            study = Study(directory / str(turn), way, server, programs=programs, rounds=rounds)
            moments = sorted(draw.sample(range(1, study.steps), min(5, kills - found["kills"])))
            found["kills"] += sum(study.killed_after(steps) for steps in moments)
            found["other values"] += study.finish() != expected
            found["studies"] += 1
            study.judge(found)
        if server is not None:
            audit = server.audit()
            found["accepted twice"] = sum(n > 1 for n in audit["accepted"].values())
            # Jobs of all studies have the same names: each is executed once a study.
            most = found["studies"] + 1
            found["executed twice"] = sum(n > most for n in audit["executed"].values())
    finally:
        if server is not None:
            server.close()
    return found


def main() -> int:
    """Run the campaigns, and say whether all of them were clean."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--kills", type=int, default=100, help="of all ways together")
    parser.add_argument("--programs", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--ways", default=",".join(WAYS))
    wanted = parser.parse_args()
    ways = wanted.ways.split(",")
    bad = 0
    for way in ways:
        began = time.monotonic()
        with tempfile.TemporaryDirectory() as directory:
            found = campaign(
                way,
                -(-wanted.kills // len(ways)),
                Path(directory),
                programs=wanted.programs,
                rounds=wanted.rounds,
            )
        print(f"\n{way} ({time.monotonic() - began:.0f} s)")
        for name, number in found.items():
            print(f"  {name:<28}{number}")
        faults = ("other values", "not done", "two results", "accepted twice", "executed twice",
                  "faults in the store")  # fmt: skip
        bad += sum(found[name] for name in faults)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
