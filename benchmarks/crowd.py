"""Many processes add to one group while others run it: ``python -m benchmarks.crowd``.

Eight processes add 500 jobs each, two run the group again and again over a backend that
answers at once. Every job must be done once, and nobody may fail.
"""

from __future__ import annotations

import argparse
import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from qbatch.api.database import verify

ADDER = """
import sys
from qbatch import JobGroup
group = JobGroup("crowd", db=sys.argv[1])
text = "OPENQASM 2.0; qreg q[2]; creg c[2]; measure q -> c;"
for i in range(int(sys.argv[2])):
    group.add(text, shots=10 + i, tags={"adder": sys.argv[3]})
"""
RUNNER = """
import sys, time
from pathlib import Path
from qbatch import JobGroup
from qbatch.errors import Locked, NotFound
group = JobGroup("crowd", db=sys.argv[1], config=sys.argv[2])
refused = 0
while True:
    last = Path(sys.argv[3]).exists()
    try:
        group.run_parallel(backend="instant")
        if last and not group.list_unsent_jobs():
            break
    except (Locked, NotFound):
        refused += 1
        time.sleep(0.01)
"""
CONFIG = '[backends.instant]\ntype = "qbatch.testing:instant"\n'


def crowd(directory: Path, *, adders: int, adds: int, runners: int) -> dict[str, int]:
    """Let them loose, and count what came of it."""
    db, config, added = directory / "crowd.db", directory / "config.toml", directory / "added"
    config.write_text(CONFIG)
    python = [sys.executable, "-c"]
    running = [
        subprocess.Popen([*python, RUNNER, str(db), str(config), str(added)], env=os.environ)
        for _ in range(runners)
    ]
    adding = [
        subprocess.Popen([*python, ADDER, str(db), str(adds), str(number)])
        for number in range(adders)
    ]
    codes = [process.wait() for process in adding]
    added.touch()
    codes += [process.wait() for process in running]
    with sqlite3.connect(db) as connection:
        statuses = dict(connection.execute("SELECT status, count(*) FROM jobs GROUP BY status"))
        twice = connection.execute(
            "SELECT count(*) FROM (SELECT 1 FROM attempts WHERE status = 'done'"
            " GROUP BY job_id HAVING count(*) > 1)"
        ).fetchone()[0]
    connection.close()
    return {
        "jobs": sum(statuses.values()),
        "done": statuses.get("done", 0),
        "done twice": twice,
        "failed processes": sum(code != 0 for code in codes),
        "faults in the store": len(verify(db)),
    }


def main() -> int:
    """Run it at full size."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--adders", type=int, default=8)
    parser.add_argument("--adds", type=int, default=500)
    parser.add_argument("--runners", type=int, default=2)
    options = parser.parse_args()
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as place:
        found = crowd(Path(place), **vars(options))
    for name, number in found.items():
        print(f"{name:<22}{number}")
    print(f"{'seconds':<22}{time.monotonic() - started:.1f}")
    wrong = found["done twice"] + found["failed processes"] + found["faults in the store"]
    return 0 if found["done"] == options.adders * options.adds and not wrong else 1


if __name__ == "__main__":
    sys.exit(main())
