"""Kills qbatch at random moments, and counts what was lost or done twice.

``python -m benchmarks.chaos --kills 1000`` runs it over the fake service, with and
without look-up of tokens, and over Aer; ``--requests 10000`` over a service whose
requests fail in one case of ten.
"""

from __future__ import annotations

import argparse
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

from qbatch import JobGroup
from qbatch.api.database import verify
from qbatch.testing import FakeServer, HostileServer
from qbatch.testing.hostile import BREAKS, CODES, DISTORTIONS, STATES, counts_of

ANSATZ = """OPENQASM 2.0;
include "qelib1.inc";
qreg q[2];
creg c[2];
h q[0];
cx q[0], q[1];
measure q -> c;
"""
FAULTS = ["lose_answer", "busy", "unavailable", "reset"]


def campaign(
    server: FakeServer | HostileServer | None,
    db: Path,
    config: Path,
    *,
    kills: int,
    jobs: int,
    batch: int,
    seed: int,
    longest: float = 1.0,
) -> dict[str, int]:
    """Run, kill, run again until so many were killed and all jobs are settled.

    Args:
        server: the fake service; None for Aer.
        jobs: how many to begin with; more are added while kills are left.
        longest: seconds until a kill, at most.

    Returns:
        What was lost or done twice (all zeros, one hopes), and how the kills fell.
    """
    moments = random.Random(seed)
    config.parent.mkdir(parents=True, exist_ok=True)
    group = JobGroup("chaos", db=db, config=config)
    group.add(*[ANSATZ] * jobs, shots=10)
    found: Counter[str] = Counter(jobs=jobs)
    command = [sys.executable, "-m", "qbatch", "run", "chaos", "-q", "--no-coalesce"]
    command += [f"--max-batch-size={batch}", "--retries=20"]
    names = {FakeServer: "fake", HostileServer: "steps"}
    command += [f"--backend={names[type(server)]}"] if server else ["--executor=local:1"]
    environment = {**os.environ, "QBATCH_DB": str(db), "QBATCH_CONFIG": str(config)}
    while found["kills"] < kills:
        counts = group.status().counts
        if counts.get("unsent", 0) < 2 * batch:
            group.add(*[ANSATZ] * jobs, shots=10)
            found["jobs"] += jobs
        with subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL) as process:
            try:
                process.wait(moments.uniform(0.12, longest))
            except subprocess.TimeoutExpired:
                process.kill()
                found["kills"] += 1
                _where(db, found)
    if isinstance(server, HostileServer):
        server.no_faults()
    subprocess.run(command, env=environment, check=False, stderr=subprocess.DEVNULL)
    _judge(server, db, found)
    group.close()
    return dict(found)


def _where(db: Path, found: Counter[str]) -> None:
    """In which phase the kill hit the batches that it left open."""
    with sqlite3.connect(db) as connection:
        rows = connection.execute(
            "SELECT state FROM batches WHERE state IN ('prepared', 'submitted')"
        )
        states = {state for (state,) in rows}
    connection.close()
    found["kills between ledger and remote id"] += "prepared" in states
    found["kills with a batch under way"] += "submitted" in states


def _judge(server: FakeServer | HostileServer | None, db: Path, found: Counter[str]) -> None:
    with sqlite3.connect(db) as connection:
        statuses = dict(connection.execute("SELECT status, count(*) FROM jobs GROUP BY status"))
        twice = connection.execute(
            "SELECT count(*) FROM (SELECT job_id FROM attempts WHERE status = 'done'"
            " GROUP BY job_id HAVING count(*) > 1)"
        ).fetchone()[0]
        resubmitted = connection.execute(
            "SELECT count(*) FROM attempts a JOIN attempts b ON b.job_id = a.job_id"
            " AND b.id > a.id WHERE a.status = 'unknown'"
        ).fetchone()[0]
        told = connection.execute(
            "SELECT count(*) FROM batches WHERE state = 'unknown' AND remote_id IS NOT NULL"
        ).fetchone()[0]
        lookups = connection.execute("SELECT count(*) FROM batches").fetchone()[0]
    connection.close()
    found["batches"] = lookups
    found["done"] = statuses.get("done", 0)
    found["unknown"] = statuses.get("unknown", 0)
    found["lost"] = found["jobs"] - found["done"] - found["unknown"]
    found["two results"] = twice
    found["silently resubmitted"] = resubmitted
    found["unknown where an id was told"] = told
    found["faults in the store"] = len(verify(db))
    audit: dict[str, Any] = server.audit() if server else {"accepted": {}, "executed": {}}
    found["accepted twice"] = sum(n > 1 for n in audit.get("accepted", {}).values())
    found["executed twice"] = sum(n > 1 for n in audit["executed"].values())
    if server:
        found["requests"], found["faulty requests"] = audit["requests"], audit["faulty"]


def faults(requests: int, directory: Path, seed: int) -> dict[str, int]:
    """Runs over a service that fails one request in ten, until so many were made."""
    db, config = directory / "qbatch.db", directory / "config.toml"
    found: Counter[str] = Counter()
    with FakeServer(seed=seed) as server:
        config.write_text(server.configuration(in_flight=4))
        server.fault("any", FAULTS, share=0.1)
        group = JobGroup("chaos", db=db, config=config)
        while server.audit()["requests"] < requests:
            group.add(*[ANSATZ] * 500, shots=10)
            found["jobs"] += 500
            group.run_parallel(backend="fake", max_batch_size=1, coalesce=False, retries=50)
        group.close()
        _judge(server, db, found)
    return dict(found)


def hostile(requests: int, directory: Path, seed: int) -> dict[str, int]:
    """Runs over a service that answers one request in ten badly, in all the ways it knows."""
    db, config = directory / "qbatch.db", directory / "config.toml"
    found: Counter[str] = Counter()
    longest = 0.0
    with HostileServer(seed=seed, page=3) as server:
        config.write_text(server.configuration(in_flight=16, seconds=0.5))
        ways = [*CODES, *BREAKS, *STATES, *DISTORTIONS, "moved"]
        server.fault("any", *ways, share=0.1)
        group = JobGroup("chaos", db=db, config=config)
        while (audit := server.audit())["requests"] < requests:
            group.add(*[ANSATZ] * 500, shots=10)
            found["jobs"] += 500
            report = group.run_parallel(
                backend="steps", max_batch_size=5, coalesce=False, retries=50, timeout=60
            )
            longest = max(longest, report.seconds)
        server.no_faults()
        group.run_parallel(backend="steps", max_batch_size=5, coalesce=False)
        for result in group.results():
            right = counts_of(f"1/{result.job.number}", 2, 10)
            found["wrong counts stored"] += result.counts is not None and result.counts != right
        group.close()
        audit = server.audit()
        found["executed twice"] = sum(n > 1 for n in audit["executed"].values())
        found["requests"], found["faulty requests"] = audit["requests"], audit["faulty"]
        found["ways"] = len(audit["faults"])
    with sqlite3.connect(db) as connection:
        statuses = dict(connection.execute("SELECT status, count(*) FROM jobs GROUP BY status"))
    connection.close()
    found["done"], found["failed"] = statuses.get("done", 0), statuses.get("error", 0)
    found["unknown"] = statuses.get("unknown", 0)
    found["lost"] = found["jobs"] - found["done"] - found["failed"] - found["unknown"]
    found["faults in the store"] = len(verify(db))
    found["longest run in seconds"] = round(longest)
    return dict(found)


def show(title: str, found: dict[str, int], seconds: float) -> bool:
    """Print what a campaign found; whether it is clean."""
    print(f"\n{title} ({seconds:.0f} s)")
    for name, number in found.items():
        print(f"  {name:<38}{number}")
    bad = ("lost", "two results", "accepted twice", "executed twice", "silently resubmitted",
           "wrong counts stored", "unknown where an id was told")  # fmt: skip
    return not any(found.get(name) for name in (*bad, "faults in the store"))


def main() -> int:
    """Run the campaigns and say whether all of them were clean."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--kills", type=int, default=1000, help="over the fake service, in all")
    parser.add_argument("--aer-kills", type=int, default=None, help="over Aer; a tenth by default")
    parser.add_argument("--requests", type=int, default=10_000, help="with network faults")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    clean = True
    for finds_tokens in (True, False):
        with (
            tempfile.TemporaryDirectory() as place,
            FakeServer(finds_tokens=finds_tokens, latency=0.06, seconds=0.05) as server,
        ):
            db, config = Path(place) / "qbatch.db", Path(place) / "config.toml"
            config.write_text(server.configuration(in_flight=2))
            started = time.monotonic()
            found = campaign(
                server, db, config, kills=options.kills // 3, jobs=200, batch=5, seed=options.seed
            )
            title = f"{'with' if finds_tokens else 'without'} look-up of tokens"
            clean &= show(title, found, time.monotonic() - started)
    with (
        tempfile.TemporaryDirectory() as place,
        HostileServer(seconds=0.05, seed=options.seed) as steps,
    ):
        # What is made, filled and started in steps; one answer in ten is bad besides.
        steps.fault("any", *CODES, *BREAKS, share=0.1)
        db, config = Path(place) / "qbatch.db", Path(place) / "config.toml"
        config.write_text(steps.configuration(in_flight=2, seconds=0.5))
        started = time.monotonic()
        found = campaign(
            steps, db, config, kills=options.kills // 3, jobs=200, batch=5, seed=options.seed
        )
        clean &= show("in steps, with bad answers", found, time.monotonic() - started)
    with tempfile.TemporaryDirectory() as place:
        started = time.monotonic()
        kills = options.kills // 10 if options.aer_kills is None else options.aer_kills
        db, config = Path(place) / "qbatch.db", Path(place) / "config.toml"
        config.write_text("")
        found = campaign(
            None, db, config, kills=kills, jobs=400, batch=20, seed=options.seed, longest=3.0
        )
        clean &= show("Aer", found, time.monotonic() - started)
    with tempfile.TemporaryDirectory() as place:
        started = time.monotonic()
        found = faults(options.requests, Path(place), options.seed)
        clean &= show("network faults in one request of ten", found, time.monotonic() - started)
    with tempfile.TemporaryDirectory() as place:
        started = time.monotonic()
        found = hostile(2 * options.requests, Path(place), options.seed)
        clean &= show("bad answers, one request in ten", found, time.monotonic() - started)
    print("\nall clean" if clean else "\nNOT CLEAN")
    return 0 if clean else 1


if __name__ == "__main__":
    sys.exit(main())
