"""A million points, killed at random moments, and finished: ``python -m benchmarks.million``.

Says what is lost or doubled, and the largest memory of any of its processes.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks import inputs
from benchmarks.timing import qbatch

_SHOTS = 100
_LIMIT_MB = 400
_LOOK_SECONDS = 0.2


def _memory_mb(pid: int) -> float:
    """The largest memory that a process has had so far, and its children's, each by itself."""
    most = 0.0
    for status in Path("/proc").glob("[0-9]*/status"):
        try:
            fields = dict(line.split(":", 1) for line in status.read_text().splitlines())
        except (OSError, ValueError):
            continue
        if int(status.parent.name) == pid or int(fields["PPid"]) == pid:
            most = max(most, int(fields.get("VmHWM", "0 kB").split()[0]) / 1024)
    return most


def _run(command: list[str], place: Path, seconds: float | None) -> tuple[bool, float]:
    """Run a command, and kill it after so many seconds; whether it ended, and its memory."""
    process = subprocess.Popen(command, cwd=place, stdout=subprocess.DEVNULL)
    ends = time.monotonic() + seconds if seconds is not None else None
    most = 0.0
    while process.poll() is None:
        most = max(most, _memory_mb(process.pid))
        if ends is not None and time.monotonic() > ends:
            os.kill(process.pid, signal.SIGKILL)
            process.wait()
            return False, most
        time.sleep(_LOOK_SECONDS)
    if process.returncode:
        raise RuntimeError(f"{command}: exit {process.returncode}")
    return True, most


def main() -> int:
    """Add, run and kill, finish, look."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--points", type=int, default=1_000_000)
    parser.add_argument("--kills", type=int, default=5)
    parser.add_argument("--seed", type=int, default=1)
    wanted = parser.parse_args()
    chance = random.Random(wanted.seed)
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        ansatz = inputs.sweep(place / "input", 1) / "ansatz.qasm3"
        values = [f"--param=t{i}=0.{i}" for i in range(1, inputs.QUBITS)]
        db = ["--db", str(place / "q.db")]
        adding = qbatch(*db, "add", "g", str(ansatz), f"--param=t0=0:pi:{wanted.points}", *values)
        begun = time.monotonic()
        _, most = _run([*adding, "--shots", str(_SHOTS), "-q", "--yes"], place, None)
        print(f"added in {time.monotonic() - begun:.0f} s, {most:.0f} MB", flush=True)
        running, ended, kills = qbatch(*db, "run", "g", "-q"), False, 0
        begun = time.monotonic()
        while not ended:
            seconds = chance.uniform(2, 20) if kills < wanted.kills else None
            ended, memory = _run(running, place, seconds)
            kills += not ended
            most = max(most, memory)
        print(f"run and killed {kills} times in {time.monotonic() - begun:.0f} s", flush=True)
        with sqlite3.connect(place / "q.db") as store:
            (done,) = store.execute(
                "SELECT count(*) FROM jobs WHERE status = 'done' AND shots_done = ?", (_SHOTS,)
            ).fetchone()
            (twice,) = store.execute(
                "SELECT count(*) FROM (SELECT job_id FROM attempts WHERE status = 'done'"
                " GROUP BY job_id HAVING count(*) > 1)"
            ).fetchone()
    print(f"{done} of {wanted.points} done, {twice} twice, {most:.0f} MB at most")
    return 0 if done == wanted.points and not twice and most <= _LIMIT_MB else 1


if __name__ == "__main__":
    sys.exit(main())
