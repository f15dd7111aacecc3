"""Adding the jobs of a sweep, parsing and imports aside; prints jobs a second."""

import sys
import tempfile
import time
from pathlib import Path

from qbatch import JobGroup

TEXT = (
    'OPENQASM 3.0; include "stdgates.inc"; input float a; qubit[2] q; bit[2] c;'
    " rx(a) q[0]; c = measure q;"
)


def main(jobs: int) -> float:
    """Jobs a second, from the call to the commit."""
    with tempfile.TemporaryDirectory() as directory:
        group = JobGroup("g", db=Path(directory) / "q.db")
        group.add(TEXT, parameters={"a": 0.5})
        values = [i / jobs for i in range(jobs)]
        started = time.perf_counter()
        group.add(TEXT, parameters={"a": values})
        seconds = time.perf_counter() - started
        assert group.status().total == jobs + 1
        return jobs / seconds


if __name__ == "__main__":
    print(main(int(sys.argv[1])))
