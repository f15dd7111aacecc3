"""A run over so many jobs, over a backend that answers at once; prints the peak memory in MB."""

import resource
import sys
import tempfile
from pathlib import Path

from benchmarks.adding_alone import TEXT
from qbatch import JobGroup
from qbatch.config import ENV_CONFIG


def main(jobs: int) -> float:
    """The peak memory of this process: adding, planning, running, storing."""
    import os

    with tempfile.TemporaryDirectory() as directory:
        config = Path(directory) / "config.toml"
        config.write_text('[backends.instant]\ntype = "qbatch.testing:instant"\n')
        os.environ[ENV_CONFIG] = str(config)
        group = JobGroup("g", db=Path(directory) / "q.db")
        step = 100_000
        for start in range(0, jobs, step):
            points = range(start, min(start + step, jobs))
            group.add(TEXT, parameters={"a": [i / jobs for i in points]}, shots=100)
        report = group.run_parallel(backend="instant")
        assert report.done == jobs
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    print(main(int(sys.argv[1])))
