"""A store with so many jobs: ``python -m benchmarks.fill DB JOBS``."""

import sys

from benchmarks.adding_alone import TEXT
from qbatch import JobGroup


def main(db: str, jobs: int) -> None:
    """Ten groups of equal size."""
    for number in range(10):
        values = [i / jobs for i in range(jobs // 10)]
        JobGroup(f"group {number}", db=db).add(TEXT, parameters={"a": values}, shots=100)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
