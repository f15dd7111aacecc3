"""Whole processes in turn, A B A B …, and what their results say of each other."""

from __future__ import annotations

import json
import math
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

Counts = list[dict[str, int]]


@dataclass(frozen=True, slots=True)
class Side:
    """One way of doing the work: processes one after another, and where the counts are."""

    name: str
    commands: Callable[[Path], list[list[str]]]
    counts: Callable[[Path], Counts] | None = None
    env: Mapping[str, str] = field(default_factory=dict)
    pairs: int | None = None


@dataclass(slots=True)
class Timing:
    """Seconds of one side, a figure a repetition, and the largest memory of its processes.

    Attributes:
        cpu: seconds of all cores, of its processes and of theirs.
    """

    name: str
    seconds: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    memory_mb: float = 0.0

    @property
    def median(self) -> float:
        """The median of the seconds."""
        return statistics.median(self.seconds)


class WrongResult(Exception):
    """Two sides did not compute the same thing."""


PASSIVE = {"OMP_WAIT_POLICY": "PASSIVE"}
"""Idle threads of Aer's sleep: by default they spin, and take the cores from others."""


def run(command: Sequence[str], env: Mapping[str, str], cwd: Path) -> tuple[float, float]:
    """Seconds and peak memory in MB of one process; it must succeed."""
    seconds, _, memory = measured(command, env, cwd)
    return seconds, memory


def measured(
    command: Sequence[str], env: Mapping[str, str], cwd: Path
) -> tuple[float, float, float]:
    """Seconds, seconds of all cores, and peak memory in MB of one process; it must succeed."""
    started = time.perf_counter()
    process = subprocess.Popen(
        command, env={**os.environ, **PASSIVE, **env}, cwd=cwd, stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert process.stderr is not None
    said = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{command}: exit {process.returncode}\n{said.decode()[-2000:]}")
    return seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def place(work: Path, side: Side, turn: int) -> Path:
    """Where a side works in a turn."""
    return work / f"{side.name.replace(' ', '_').replace('/', '_')}.{turn}"


def in_turn(sides: Sequence[Side], work: Path, pairs: int) -> list[Timing]:
    """Time every side ``pairs`` times, taking turns, and compare their counts in each turn."""
    timings = [Timing(side.name) for side in sides]
    for turn in range(pairs):
        found: dict[str, Counts] = {}
        for side, timing in zip(sides, timings, strict=True):
            if side.pairs is not None and turn >= side.pairs:
                continue
            directory = place(work, side, turn)
            directory.mkdir()
            seconds = cpu = 0.0
            for command in side.commands(directory):
                one, own, memory = measured(command, side.env, directory)
                seconds, cpu = seconds + one, cpu + own
                timing.memory_mb = max(timing.memory_mb, memory)
            timing.seconds.append(seconds)
            timing.cpu.append(cpu)
            if side.counts is not None:
                found[side.name] = side.counts(directory)
        same_law(found)
    return timings


def same_law(found: Mapping[str, Counts]) -> None:
    """Two-sample chi-square of all jobs together, of each side against the first.

    Outcomes seen fewer than ten times by both sides together are one outcome of a job.

    Raises:
        WrongResult: that differ by more than shot noise explains.
    """
    (first, expected), *others = found.items() if found else (("", []),)
    for name, counts in others:
        if len(counts) != len(expected):
            raise WrongResult(f"{name}: {len(counts)} results, {first} has {len(expected)}")
        statistic, freedom = 0.0, 0
        for one, other in zip(expected, counts, strict=True):
            if sum(one.values()) != sum(other.values()):
                raise WrongResult(f"{name}: shots differ from those of {first}")
            pairs = [(one.get(k, 0), other.get(k, 0)) for k in one.keys() | other.keys()]
            wide = [pair for pair in pairs if sum(pair) >= 10]
            rest = [sum(column) for column in zip(*(p for p in pairs if sum(p) < 10), strict=True)]
            cells = [*wide, *([tuple(rest)] if sum(rest) else [])]
            statistic += sum((a - b) ** 2 / (a + b) for a, b in cells)
            freedom += len(cells) - 1
        # For many degrees of freedom chi-square is close to a normal distribution.
        if freedom and (statistic - freedom) / math.sqrt(2 * freedom) > 6:
            raise WrongResult(f"{name} and {first}: chi-square {statistic:.0f} of {freedom}")


def same_values(ours: Path, theirs: Path) -> None:
    """What ``qbatch results -o FILE.json`` wrote beside a peer's lists of exact values.

    Raises:
        WrongResult: they differ by more than rounding.
    """
    found = json.loads(ours.read_text())["results"]
    expected = json.loads(theirs.read_text())
    values = [[one["value"] for one in entry["expectation_values"]] for entry in found]
    if len(values) != len(expected):
        raise WrongResult(f"{len(values)} results, {len(expected)} of the peer")
    for one, other in zip(values, expected, strict=True):
        off = max(abs(a - b) for a, b in zip(one, other, strict=True))
        if not off < 1e-9:
            raise WrongResult(f"values differ by {off}")


def machine() -> dict[str, str]:
    """What the figures were measured on."""
    gib = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    packages = {}
    for package in (
        "qiskit",
        "qiskit-aer",
        "qoro-divi",
        "qoro-maestro",
        "perceval-quandela",
        "qulacs",
    ):
        try:
            packages[package] = version(package)
        except PackageNotFoundError:
            continue
    cores = len(os.sched_getaffinity(0))
    return {
        "cores": str(cores),
        "memory": f"{gib:.0f} GiB",
        "python": platform.python_version(),
    } | packages


def results_of_qbatch(path: Path) -> Counts:
    """The counts that ``qbatch results -o FILE.json`` wrote."""
    return [entry["counts"] for entry in json.loads(path.read_text())["results"]]


def qbatch(*arguments: str) -> list[str]:
    """A qbatch command of this environment."""
    return [sys.executable, "-m", "qbatch", *arguments]
