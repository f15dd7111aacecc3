"""The truth campaign: ``python -m benchmarks.truth``.

Random circuits over every gate and feature go through every path that qbatch has for them,
and what comes back is held against an independent reference. Then small faults are planted
one by one, and each must be caught. The own readers are held against Qiskit's, and the rules for
enough shots, and shots that are added later, against laws that are known.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from pathlib import Path

from benchmarks import enough
from benchmarks.truth.faults import FAULTS, caught
from benchmarks.truth.judging import Judged, Verdict, judge
from benchmarks.truth.reading import compare
from benchmarks.truth.scenes import SCENES, play

_CHUNK = 500


def run(number: int, seed: int, shots: int = 600) -> list[Judged]:
    """So many circuits, shared out among all scenes."""
    found: list[Judged] = []
    with tempfile.TemporaryDirectory() as place:
        for index, (name, make) in enumerate(SCENES.items()):
            rng = random.Random(f"{seed} {name}")
            left = number // len(SCENES) + (index < number % len(SCENES))
            while left > 0:
                begun = time.perf_counter()
                scene = make(rng, min(left, _CHUNK), Path(place))
                judged = play(name, scene, Path(place), rng, shots)
                left -= len(judged)
                found += judged
                seconds = time.perf_counter() - begun
                print(f"{name}: {len(judged)} jobs, {seconds:.0f} s", file=sys.stderr, flush=True)
    return found


def tell(verdict: Verdict) -> None:
    """Print what the campaign found."""
    for path, (number, p_value) in verdict.paths.items():
        uneven = "  UNEVEN" if path in verdict.uneven else ""
        print(f"{path:>16}: {number:6} jobs, spread of the p-values: p = {p_value:.3g}{uneven}")
    total = sum(number for number, _ in verdict.paths.values())
    print(f"{total} jobs, {len(verdict.rejected)} rejected by Holm at 0.1 %")
    for judged in verdict.rejected[:5]:
        print(f"\n{judged.path}, p = {judged.p_value:.2g}:\n{judged.what}")


def main() -> int:
    """Run the campaign; exit code 1 where a number is wrong or a fault is not seen."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--circuits", type=int, default=20_000)
    parser.add_argument("--texts", type=int, default=10_000)
    parser.add_argument("--folder", type=Path, help="Files of OpenQASM 2 to read as well.")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--no-faults", action="store_true")
    parser.add_argument("--no-rules", action="store_true", help="leave --until and top-ups out")
    parser.add_argument("--times", type=int, default=10_000, help="each rule is played so often")
    options = parser.parse_args()
    wrong = compare(options.texts, options.seed, options.folder) if options.texts else 0
    good = True
    if options.circuits:
        verdict = judge(run(options.circuits, options.seed))
        tell(verdict)
        good = verdict.holds
    if not options.no_rules:
        wrong += enough.laws(options.times, options.seed)
    missed = []
    if not options.no_faults:
        for fault in FAULTS:
            seen = caught(fault, options.seed)
            print(f"fault: {fault.name}: {'caught by ' + seen if seen else 'MISSED'}", flush=True)
            missed += [] if seen else [fault.name]
        print(f"{len(FAULTS)} faults planted, {len(missed)} missed")
    return 0 if good and not wrong and not missed else 1


if __name__ == "__main__":
    sys.exit(main())
