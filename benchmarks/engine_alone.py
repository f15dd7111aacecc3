"""Engine and store over a backend that answers at once; prints the microseconds a job."""

import sys
import tempfile
import time
from pathlib import Path

from qbatch import JobGroup
from qbatch.engine import Run, RunSettings
from qbatch.seam import Backend
from qbatch.store import Store
from qbatch.testing import InstantBackend

TEXT = (
    'OPENQASM 3.0; include "stdgates.inc"; input float a; qubit[2] q; bit[2] c;'
    " rx(a) q[0]; c = measure q;"
)


def main(jobs: int) -> float:
    """Microseconds from the planning of the first job to the last one's result on disk."""
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "q.db"
        group = JobGroup("g", db=path)
        group.add(TEXT, parameters={"a": [i / jobs for i in range(jobs)]}, shots=100)
        store = Store(path)

        def open_backend(name: str) -> Backend:
            return InstantBackend(name)

        started = time.perf_counter()
        report = Run(store, [store.groups.get("g")], open_backend, RunSettings()).execute()
        seconds = time.perf_counter() - started
        assert report.done == jobs
        assert verify_sum(store) == jobs * 100
        return seconds / jobs * 1e6


def verify_sum(store: Store) -> int:
    """All shots that are stored."""
    row = store.database.row("SELECT sum(shots_done) AS n FROM jobs")
    assert row is not None
    return int(row["n"])


if __name__ == "__main__":
    print(main(int(sys.argv[1])))
