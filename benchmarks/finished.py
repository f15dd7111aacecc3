"""A store whose jobs are done, three outcomes each: ``python -m benchmarks.finished DB JOBS``."""

from __future__ import annotations

import itertools
import os
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from benchmarks.adding_alone import TEXT
from qbatch import JobGroup
from qbatch.config import ENV_CONFIG
from qbatch.seam import Item, ItemResult
from qbatch.testing import InstantBackend


def three(name: str, _: Mapping[str, object]) -> InstantBackend:
    """The factory of a backend that answers at once."""
    return InstantBackend(name, answer=_counts, remember=False)


_NUMBERS = itertools.cycle(range(1, 98))


def _counts(item: Item) -> ItemResult:
    width, shots = item.expected.num_bits or 0, item.shots or 0
    first = next(_NUMBERS)
    outcomes = ("0" * width, "1" * width, "0" * (width - 1) + "1")
    counts = dict(zip(outcomes, (first, shots - first - 1, 1), strict=True))
    return ItemResult(label=item.label, counts=counts)


def main(db: str, jobs: int) -> None:
    """One group, a sweep."""
    with tempfile.TemporaryDirectory() as directory:
        config = Path(directory) / "config.toml"
        config.write_text('[backends.three]\ntype = "benchmarks.finished:three"\n')
        os.environ[ENV_CONFIG] = str(config)
        with JobGroup("g", db=db) as group:
            group.add(TEXT, parameters={"a": [i / jobs for i in range(jobs)]}, shots=100)
            report = group.run_parallel(backend="three")
            assert report.done == jobs


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
