"""The rows of a benchmark's table, and how they are measured."""

from __future__ import annotations

import importlib.util
import statistics
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmarks.timing import Timing

PEERS = Path(__file__).parent / "peers"


@dataclass(frozen=True, slots=True)
class Settings:
    """How much to measure: ``scale`` below 1 is for a quick look, not for a claim."""

    work: Path
    pairs: int = 5
    scale: float = 1.0

    def some(self, number: int) -> int:
        """So many, scaled."""
        return max(1, round(number * self.scale))


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the table: how many times as long as qbatch, or a figure of its own."""

    what: str
    seconds: Timing | None
    ratio: float | None
    to_reach: str
    note: str = ""


def has(*modules: str) -> bool:
    """Whether the extra ``bench`` is installed."""
    return all(importlib.util.find_spec(module) is not None for module in modules)


def ratios(timings: list[Timing], to_reach: Mapping[str, str]) -> list[Row]:
    """Every side against the first: medians, and the ratio turn by turn."""
    first, *others = timings
    rows = [Row(first.name, first, None, "", f"{first.memory_mb:.0f} MB at most")]
    for other in others:
        turns = [b / a for a, b in zip(first.seconds, other.seconds, strict=False)]
        rows.append(Row(other.name, other, statistics.median(turns), to_reach.get(other.name, "")))
    return rows


def printed(script: Path, argument: str, work: Path) -> float:
    """The number that a script prints, run there."""
    done = subprocess.run(
        [sys.executable, str(script), *argument.split()],
        capture_output=True,
        text=True,
        cwd=work,
        check=True,
    )
    return float(done.stdout.split()[-1])


def figure(what: str, figures: list[float], to_reach: str) -> Row:
    """A row for figures that are no times of ours beside another's."""
    note = f"{min(figures):.0f} to {max(figures):.0f}"
    return Row(what, None, statistics.median(figures), to_reach, note)
