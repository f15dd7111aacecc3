"""How often the gate alarms without a reason: ``python -m benchmarks.gate``.

A group is run again and again, unchanged and without a seed, each rerun a group of its
own and the baseline of the next one; every one goes through ``qbatch check``'s own code.
The number of alarms must be what the promised rate allows. Then one rotation angle is
turned by 3 % and must be caught.
"""

from __future__ import annotations

import argparse
import math
import sys
import tempfile
from pathlib import Path

from qbatch import JobGroup
from qbatch.results import matching
from qbatch.results.matching import Thresholds

ANSATZ = """OPENQASM 3.0;
include "stdgates.inc";
input float a;
input float b;
qubit[3] q;
bit[3] c;
ry(a) q[0];
ry(b) q[1];
cx q[0], q[1];
ry(0.7) q[2];
cx q[1], q[2];
c = measure q;
"""
JOBS = 12


def rerun(name: str, folder: Path, turn: float = 1.0) -> JobGroup:
    """The group once more; ``turn``: by how much its one angle is off."""
    group = JobGroup(name, db=folder / "gate.db")
    angles = [0.2 + 0.2 * i for i in range(JOBS)]
    group.add(ANSATZ, parameters={"a": [turn * angle for angle in angles], "b": 1.1}, shots=10_000)
    return group


def main() -> int:
    """Count the alarms."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reruns", type=int, default=1000)
    parser.add_argument("--rate", type=float, default=0.01)
    parser.add_argument("--p-value", type=float, default=0.001)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        first = rerun("baseline", folder)
        first.run_parallel()
        first.write_baseline(folder / "baseline.json")
        alarms = 0
        groups = [rerun(f"rerun {i}", folder) for i in range(options.reruns)]
        for group in groups:
            group.run_parallel(executor="serial")
            alarms += not group.check(
                folder / "baseline.json", Thresholds(p_value=options.rate)
            ).passed
            group.write_baseline(folder / "baseline.json")  # of the next one
        expected = options.rate * options.reruns
        print(f"{options.reruns} reruns, {alarms} alarms, {expected:.0f} promised at most")
        caught = 0
        for number in range(20):
            off = rerun(f"off {number}", folder, turn=1.03)
            off.run_parallel(executor="serial")
            pairs = [
                matching.Pair(
                    first=a, second=b, comparison=matching.compare_counts(a.counts, b.counts)
                )
                for a, b in zip(first.samples(), off.samples(), strict=True)
                if a.counts and b.counts
            ]
            caught += not matching.check(pairs, Thresholds(p_value=options.p_value)).passed
        print(f"an angle off by 3 %: caught {caught} of 20 times at {options.p_value}")
    return 0 if alarms <= expected + 5 * math.sqrt(expected) and caught == 20 else 1


if __name__ == "__main__":
    sys.exit(main())
