"""Shots until they are enough: ``python -m benchmarks.enough``.

Stopping on what one has seen biases what one says. So the rules are played thousands of times
against truths that are known, and asked: how often does the 95 % interval hold the truth, is
every standard error below its bound, and how many more shots are taken than somebody would need
who knew the truth? Rules that a little thought would write instead are played too, and must be
found out. Then jobs of random circuits are given 1,000 and 9,000 shots, and held against the law
of 10,000; and a run is killed in every round, and must end as if it had not been.
"""

from __future__ import annotations

import argparse
import math
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy
from scipy import stats

from benchmarks.truth.judging import judge as judge_samples
from benchmarks.truth.judging import of_counts
from qbatch import JobGroup
from qbatch.domain.results import Counts, ExpectationValues
from qbatch.rules import enough
from qbatch.testing import HostileServer

_COVERED, _DEARER = 0.945, 1.3
Rule = Callable[[ExpectationValues, int], tuple[bool, int, tuple[float, float]]]
"""From what a job has yielded and its shots: enough, how many in all, and the interval."""

BOUND = 0.01
_RULE = [f"stderr<{BOUND}"]


def ours(found: ExpectationValues, shots: int) -> tuple[bool, int, tuple[float, float]]:
    """The rule of qbatch."""
    verdict = enough.judge(_RULE, ["Z"], found, shots)
    return verdict.reached, verdict.shots, verdict.intervals["Z"]


def naive(found: ExpectationValues, shots: int) -> tuple[bool, int, tuple[float, float]]:
    """Look after every tenth more, and stop as soon as the plain error is small enough."""
    (value,) = found.values
    error = value.standard_error or 0.0
    half = 1.96 * error
    return error < BOUND, math.ceil(1.1 * shots), (value.value - half, value.value + half)


def bare(found: ExpectationValues, shots: int) -> tuple[bool, int, tuple[float, float]]:
    """The rounds of qbatch, with plain errors and plain intervals."""
    (value,) = found.values
    error = value.standard_error or 0.0
    needed = shots * (error / BOUND) ** 2
    half = 1.96 * error
    return error < BOUND, math.ceil(1.02 * needed) + 1, (value.value - half, value.value + half)


@dataclass
class Played:
    """What came of a rule for one truth: shares, and means over the repetitions."""

    covered: float
    worst: float
    shots: float
    rounds: float


def play_value(
    rule: Rule, first: int, value: float, times: int, rng: numpy.random.Generator
) -> Played:
    """One observable of eigenvalues 1 and -1, measured until a rule holds, many times."""
    up, covered, worst, total, rounds = (1 + value) / 2, 0, 0.0, 0, 0
    for _ in range(times):
        shots, wanted = 0, first
        parts: list[tuple[ExpectationValues, int | None]] = []
        while True:
            more = wanted - shots
            mean = 2 * int(rng.binomial(more, up)) / more - 1
            error = math.sqrt(max(0.0, 1 - mean * mean) / max(1, more - 1))
            parts.append((ExpectationValues.from_pairs([[mean, error]], ["Z"]), more))
            shots, rounds = wanted, rounds + 1
            found = ExpectationValues.add_up(parts)
            is_enough, wanted, (low, high) = rule(found, shots)
            if is_enough:
                break
            wanted = max(wanted, shots + 1)
        covered += low <= value <= high
        worst = max(worst, found.values[0].standard_error or 0.0)
        total += shots
    return Played(covered / times, worst, total / times, rounds / times)


def campaign_of_errors(times: int, seed: int) -> int:
    """200 jobs of very different variances, each so many times; what is wrong."""
    rng, wrong = numpy.random.default_rng(seed), 0
    spreads = {
        "values from -1 to 1": numpy.linspace(-0.999, 0.999, 200),
        "variances from 1e-4 to 1": numpy.sqrt(1 - 10 ** numpy.linspace(-4, 0, 200)),
    }
    first = enough.first_shots(_RULE, ["Z"])
    for name, values in spreads.items():
        each = max(1, times // 10)
        played = [play_value(ours, first, float(value), each, rng) for value in values]
        oracle = sum(max(1.0, math.ceil((1 - v * v) / BOUND**2)) for v in values)
        covered = sum(one.covered for one in played) / len(played)
        dearer = sum(one.shots for one in played) / oracle
        worst = max(one.worst for one in played)
        rounds = sum(one.rounds for one in played) / len(played)
        print(f"{_RULE[0]}, 200 jobs, {name}: {each * len(values)} played,"
              f" {100 * covered:.2f} % covered, largest error {worst:.6f},"
              f" {dearer:.3f} times the oracle's shots, {rounds:.2f} rounds",
              flush=True)  # fmt: skip
        wrong += covered < _COVERED or worst >= BOUND or dearer > _DEARER
    for value in (0.0, 0.5, 0.9, 0.95, 0.97, 0.98, 0.99, 0.999):
        one = play_value(ours, first, value, times, rng)
        print(f"  value {value:5}: {100 * one.covered:6.2f} % of {times}, {one.shots:8.0f} shots,"
              f" {one.rounds:.2f} rounds", flush=True)  # fmt: skip
        # Each truth by itself, less what so many repetitions leave open.
        wrong += one.covered < _COVERED - 3 * math.sqrt(0.05 / times)
    for other in (naive, bare):
        found = [play_value(other, 100, v, times // 4, rng).covered for v in (0.9, 0.97)]
        seen = min(found) < _COVERED
        print(f"fault: {other.__name__}: {100 * min(found):.2f} % covered:"
              f" {'caught' if seen else 'MISSED'}", flush=True)  # fmt: skip
        wrong += not seen
    return wrong


def campaign_of_counts(times: int, seed: int) -> int:
    """The rules of counts, for shares of all sizes; what is wrong."""
    rng, wrong = numpy.random.default_rng(seed), 0
    cases = [
        ("count(11)>=1000", (0.9, 0.5, 0.1, 0.01)),
        ("count(11)>=20", (0.5, 0.1, 0.01)),
        ("halfwidth(P(11))<0.005", (0.5, 0.1, 0.01, 0.001)),
        ("halfwidth(P(11))<0.05", (0.5, 0.1, 0.01)),
    ]
    for rule, shares in cases:
        for share in shares:
            covered, shots, rounds = _play_share(rule, share, times, rng)
            cost = shots / _oracle(rule, share)
            print(f"{rule:23} P = {share:5}: {100 * covered:6.2f} % covered, {shots:9.0f} shots,"
                  f" {cost:6.3f} times the oracle's, {rounds:.2f} rounds", flush=True)  # fmt: skip
            wrong += covered < _COVERED
    return wrong


def _play_share(
    rule: str, share: float, times: int, rng: numpy.random.Generator
) -> tuple[float, float, float]:
    covered = total = rounds = 0
    for _ in range(times):
        shots = count = 0
        wanted = enough.first_shots([rule], [])
        while True:
            count += int(rng.binomial(wanted - shots, share))
            shots, rounds = wanted, rounds + 1
            found = Counts({"11": count, "00": shots - count})
            verdict = enough.judge([rule], [], found, shots)
            if verdict.reached:
                break
            wanted = verdict.shots
        low, high = verdict.intervals["11"]
        covered += low <= share <= high
        total += shots
    return covered / times, total / times, rounds / times


def _oracle(rule: str, share: float) -> float:
    """Shots of somebody who knows the share, and takes them at once."""
    bound = float(rule.rpartition("=" if "count" in rule else "<")[2])
    if "count" in rule:
        return bound / share
    return max(1.0, stats.norm.ppf(0.975) ** 2 * share * (1 - share) / bound**2)


def _circuit(rng: random.Random) -> tuple[str, dict[str, float]]:
    """Three qubits turned and joined, as OpenQASM 2, and the law of their outcomes."""
    angles = [rng.uniform(0, math.pi) for _ in range(3)]
    lines = ["OPENQASM 2.0;", 'include "qelib1.inc";', "qreg q[3];", "creg c[3];"]
    lines += [f"ry({angle!r}) q[{place}];" for place, angle in enumerate(angles)]
    lines += ["cx q[0],q[1];", "cx q[1],q[2];", "measure q -> c;"]
    law: dict[str, float] = {}
    for number in range(8):
        bits = [number >> place & 1 for place in range(3)]
        chance = math.prod(
            math.sin(a / 2) ** 2 if bit else math.cos(a / 2) ** 2
            for a, bit in zip(angles, bits, strict=True)
        )
        bits[1] ^= bits[0]
        bits[2] ^= bits[1]
        law["".join(map(str, reversed(bits)))] = chance
    return "\n".join(lines), law


def campaign_of_top_ups(jobs: int, seed: int) -> int:
    """1,000 and 9,000 shots against the law of 10,000, and the same again; what is wrong."""
    rng, wrong = random.Random(seed), 0
    made = [_circuit(rng) for _ in range(jobs)]
    with tempfile.TemporaryDirectory() as name:
        found: dict[str, list[dict[str, int]]] = {}
        for group_name, at_once in (("stepwise", False), ("later", True), ("free", False)):
            with JobGroup(group_name, db=Path(name) / "q.db") as group:
                for place, (text, _) in enumerate(made):
                    own = None if group_name == "free" else seed + place
                    group.add(text, shots=1000, seed=own)
                if not at_once:
                    group.run()
                group.edit(more_shots=9000)
                group.run()
                found[group_name] = [dict(result.counts) for result in group.results()]
    wrong += found["stepwise"] != found["later"]
    generator = numpy.random.default_rng(seed)
    judged = [
        of_counts(f"1000 + 9000, {name}", text, counts, law, 10_000, generator)
        for name in ("stepwise", "free")
        for (text, law), counts in zip(made, found[name], strict=True)
    ]
    verdict = judge_samples(judged)
    for path, (number, p_value) in verdict.paths.items():
        print(f"{path}: {number} jobs, spread of the p-values: p = {p_value:.3g}")
    print(f"{len(verdict.rejected)} rejected by Holm at 0.1 %; added before the first run or after:"
          f" {'the same' if found['stepwise'] == found['later'] else 'DIFFERENT'}")  # fmt: skip
    copied = []
    for (text, law), counts in zip(made, _first(made, seed), strict=True):
        tenfold = {outcome: 10 * number for outcome, number in counts.items()}
        copied.append(of_counts("copied", text, tenfold, law, 10_000, generator))
    seen = not judge_samples(copied).holds
    print(f"fault: the first thousand ten times over: {'caught' if seen else 'MISSED'}")
    return wrong + (not verdict.holds) + (not seen)


def _first(made: Sequence[tuple[str, dict[str, float]]], seed: int) -> list[dict[str, int]]:
    with (
        tempfile.TemporaryDirectory() as name,
        JobGroup("first", db=Path(name) / "q.db") as group,
    ):
        for place, (text, _) in enumerate(made):
            group.add(text, shots=1000, seed=seed + place)
        group.run()
        return [dict(result.counts) for result in group.results()]


def campaign_of_kills(kills: int, seed: int) -> int:
    """A run with rules, killed somewhere in every round, here and at a service; what is wrong."""
    return _kills_here(kills, seed) + _kills_there(kills, seed)


def _ended(place: Path, db: str, command: Sequence[str], kills: int, seed: int) -> int:
    """Run a command again and again, killed at first, until it ends well; the number of kills."""
    rng, killed = random.Random(seed), 0
    env = {**os.environ, "QBATCH_DB": str(place / db)}
    for _ in range(50 * kills + 1):
        process = subprocess.Popen(
            [sys.executable, "-m", "qbatch", *command], env=env, cwd=place,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            if process.wait(rng.uniform(0.3, 1.2) if killed < kills else None) == 0:
                return killed
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            killed += 1
    return killed


def _kills_here(kills: int, seed: int) -> int:
    """Under seeds a run that was killed ends with the shots and counts of one that was not."""
    rng = random.Random(seed)
    made = [_circuit(rng)[0] for _ in range(8000)]
    with tempfile.TemporaryDirectory() as name:
        place, ended = Path(name), {}
        for db in ("whole.db", "killed.db"):
            with JobGroup("g", db=place / db) as group:
                for number, text in enumerate(made):
                    group.add(text, seed=number, until="halfwidth(P(000))<0.004", max_shots=80_000)
            number = 0 if db == "whole.db" else kills
            begun = time.monotonic()
            killed = _ended(place, db, ["run", "g", "-q", "--max-batch-size", "100"], number, seed)
            with JobGroup("g", db=place / db) as group:
                found = group.results()
                ended[db] = [(r.job.shots, r.job.until_end, dict(r.counts)) for r in found]
                sound = not list(group._stored.store.integrity.problems())
            print(f"{db}: {killed} kills, {time.monotonic() - begun:.1f} s, sound: {sound}")
        same = ended["whole.db"] == ended["killed.db"]
        print(f"8000 jobs in rounds, killed and not: {'the same' if same else 'DIFFERENT'}")
        return (not same) + (not sound)


def _kills_there(kills: int, seed: int) -> int:
    """At a service every shot that was run is in the store, and none was run twice."""
    with tempfile.TemporaryDirectory() as name, HostileServer(seconds=0.4, seed=seed) as service:
        place = Path(name)
        (place / "config.toml").write_text(service.configuration("lab", circuits=25))
        text = _circuit(random.Random(seed))[0]
        with JobGroup("g", db=place / "q.db") as group:
            group.add(*[text] * 600, until="count(000)>=60", max_shots=4000)
        command = ["--config", "config.toml", "run", "g", "-q", "--backend", "lab", "--no-coalesce"]
        killed = _ended(place, "q.db", command, kills, seed)
        with JobGroup("g", db=place / "q.db") as group:
            done = sum(attempt.status == "done" for job in group for attempt in job.attempts)
            unknown = group.status().counts.get("unknown", 0)
            rounds = max(len(job.attempts) for job in group)
            shots = {r.job.shots == r.shots == sum(r.counts.values()) for r in group.results()}
        ran = sum(service.audit()["executed"].values())
        print(f"at a service: {killed} kills, at most {rounds} attempts a job, {done} parts stored,"
              f" {ran} run there, {unknown} jobs unknown")  # fmt: skip
        return (ran != done) + (unknown > 0) + (shots != {True})


def laws(times: int, seed: int, jobs: int = 400) -> int:
    """Rules and top-ups against laws that are known: the truth campaign's part of this."""
    wrong = campaign_of_errors(times, seed) + campaign_of_counts(times, seed)
    return wrong + campaign_of_top_ups(jobs, seed)


def main() -> int:
    """Run all of it; exit code 1 where something is wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=10_000)
    parser.add_argument("--jobs", type=int, default=400)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    wrong = laws(options.times, options.seed, options.jobs)
    wrong += campaign_of_kills(options.kills, options.seed)
    print(f"{wrong} things are wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
