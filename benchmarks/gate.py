"""How often the gate alarms without a reason: ``python -m benchmarks.gate``.

A group is run again and again, unchanged and without a seed, each rerun a group of its
own and the baseline of the next one; every one goes through ``qbatch check``'s own code.
The number of alarms must be what the promised rate allows. Then one rotation angle is
turned by 3 % and must be caught. Then pairs of samples are drawn from ten laws at six
pairs of shots from 1 to 1,000,000, and the alarms of the comparison itself are counted.
"""

from __future__ import annotations

import argparse
import math
import sys
import tempfile
from pathlib import Path

import numpy

from qbatch import JobGroup
from qbatch.domain.results import Counts
from qbatch.results import checking, matching
from qbatch.results.comparing import compare_counts
from qbatch.results.verdicts import Thresholds

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


SHOTS = ((1, 1), (30, 30), (100, 3000), (1024, 1024), (4096, 100_000), (1000, 1_000_000))


def laws() -> dict[str, numpy.ndarray]:
    """Ten laws: few outcomes and many, even ones, skewed ones and a mixture."""
    found = {f"{n} alike": numpy.full(n, 1 / n) for n in (1, 2, 16, 256, 4096, 65_536)}
    found["a rare error"] = numpy.array([0.999, 0.001])
    found["Zipf's"] = 1 / numpy.arange(1, 1001)
    found["geometric"] = 0.5 ** numpy.arange(1, 40)
    found["one among many"] = numpy.array([1.0, *[1 / 5000] * 5000])
    return {name: law / law.sum() for name, law in found.items()}


def count_alarms(rate: float, tries: int) -> int:
    """Draw pairs of samples of each law, and count those that look different."""
    rng = numpy.random.default_rng(1)
    bad = 0
    for name, law in laws().items():
        found = []
        for shots in SHOTS:
            number = tries if len(law) * max(shots) < 10**8 else max(10, tries // 50)
            alarms = 0
            for _ in range(number):
                pair = [rng.multinomial(n, law) for n in shots]
                counts = [{str(i): int(x[i]) for i in x.nonzero()[0]} for x in pair]
                alarms += (compare_counts(*counts).p_value or 0.0) < rate
            found.append(f"{alarms}/{number}")
            bad += alarms > rate * number + 5 * math.sqrt(rate * number) + 1
        print(f"{name:>15}: alarms at {rate}: {', '.join(found)}", flush=True)
    return bad


def main() -> int:
    """Count the alarms."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reruns", type=int, default=1000)
    parser.add_argument("--rate", type=float, default=0.01)
    parser.add_argument("--p-value", type=float, default=0.001)
    parser.add_argument("--pairs", type=int, default=2000)
    options = parser.parse_args()
    dishonest = count_alarms(options.rate, options.pairs)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        first = rerun("baseline", folder)
        first.run_parallel()
        first.results().save_baseline(folder / "baseline.json")
        alarms = 0
        groups = [rerun(f"rerun {i}", folder) for i in range(options.reruns)]
        for group in groups:
            group.run_parallel(executor="serial")
            alarms += not group.check(
                folder / "baseline.json", Thresholds(p_value=options.rate)
            ).passed
            group.results().save_baseline(folder / "baseline.json")  # of the next one
        expected = options.rate * options.reruns
        print(f"{options.reruns} reruns, {alarms} alarms, {expected:.0f} promised at most")
        caught = 0
        for number in range(20):
            off = rerun(f"off {number}", folder, turn=1.03)
            off.run_parallel(executor="serial")
            pairs = [
                matching.MatchedPair(
                    first=a,
                    second=b,
                    comparison=compare_counts(a.result.counts, b.result.counts),
                )
                for a, b in zip(first.results().samples(), off.results().samples(), strict=True)
                if isinstance(a.result, Counts) and isinstance(b.result, Counts)
            ]
            caught += not checking.check(pairs, Thresholds(p_value=options.p_value)).passed
        print(f"an angle off by 3 %: caught {caught} of 20 times at {options.p_value}")
    honest = not dishonest and alarms <= expected + 5 * math.sqrt(expected)
    return 0 if honest and caught == 20 else 1


if __name__ == "__main__":
    sys.exit(main())
