"""Outcomes that are kept because some classical bits are as they should be.

A condition names a register and its bits as counts write them (``c0=0``, ``syn=00``; the register's
bit 0 rightmost), or one bit (``syn[1]=0``). What is left of counts keeps its numbers, and the job's
shots are those that are left; exact probabilities are divided by their sum.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

from qbatch.domain.history import JobResult
from qbatch.domain.jobs import Job
from qbatch.domain.results import Counts, Probabilities
from qbatch.errors import UsageError

_Number = TypeVar("_Number", int, float)

Registers = Sequence[tuple[str, int]]
"""Name and number of bits of each classical register, the first of a circuit first."""

_CONDITION = re.compile(r"\s*([A-Za-z_]\w*)\s*(?:\[\s*(\d+)\s*\])?\s*=\s*([01]+)\s*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """What a register, or one of its bits, has to be.

    Attributes:
        bit: its number; None: the whole register.
        value: as counts write it.
    """

    register: str
    bit: int | None
    value: str


def parse(texts: Iterable[str]) -> list[Condition]:
    """Conditions that all have to hold.

    Raises:
        UsageError: one cannot be understood.
    """
    found = []
    for text in texts:
        match = _CONDITION.fullmatch(text)
        if match is None or (match[2] is not None and len(match[3]) != 1):
            raise UsageError(
                f"--postselect {text!r} is not understood", hint="write c0=0, syn=00 or syn[1]=0"
            )
        bit = None if match[2] is None else int(match[2])
        found.append(Condition(register=match[1], bit=bit, value=match[3]))
    return found


def places(conditions: Iterable[Condition], registers: Registers) -> list[tuple[int, str]]:
    """Where in an outcome, without its spaces, which letter has to stand.

    Raises:
        UsageError: there is no such register or bit, or it has another number of bits.
    """
    ends: dict[str, tuple[int, int]] = {}
    total = sum(size for _, size in registers)
    begin = 0
    for name, size in registers:  # the first register stands rightmost
        ends[name] = total - begin, size
        begin += size
    found: list[tuple[int, str]] = []
    for one in conditions:
        if one.register not in ends:
            known = ", ".join(f"{name} ({size})" for name, size in registers) or "none"
            raise UsageError(
                f"--postselect: there is no register {one.register!r}", hint=f"there are: {known}"
            )
        found += _places(one, *ends[one.register])
    return found


def _places(one: Condition, end: int, size: int) -> list[tuple[int, str]]:
    """Those of a condition, whose register ends at a place and has so many bits.

    Raises:
        UsageError: it is about others.
    """
    if one.bit is not None:
        if one.bit >= size:
            raise UsageError(f"--postselect: {one.register} has {size} bits, from 0")
        return [(end - 1 - one.bit, one.value)]
    if len(one.value) != size:
        raise UsageError(
            f"--postselect: {one.register} has {size} bits, not {len(one.value)}",
            hint=f"{one.register}[0]={one.value[-1]} is about one of them",
        )
    return [(end - size + place, letter) for place, letter in enumerate(one.value)]


@dataclass(slots=True)
class PostSelection:
    """Keeps outcomes, and counts how many shots it keeps.

    Attributes:
        registers: tells of a job its registers.
        kept, shots: of all jobs of counts that were gone through.
        jobs: number of those; empty: of which nothing is left.
    """

    conditions: Sequence[Condition]
    registers: Callable[[Job], Registers]
    kept: int = 0
    shots: int = 0
    jobs: int = 0
    empty: int = 0
    _places: dict[str, list[tuple[int, str]]] = field(default_factory=dict)

    def of(self, results: Iterable[JobResult]) -> Iterator[JobResult]:
        """Each result with what is kept of it.

        Raises:
            UsageError: a job asks for values, or has no such register.
        """
        for found in results:
            yield found if found.result is None else self._selected(found)

    def _selected(self, found: JobResult) -> JobResult:
        result, job = found.result, found.job
        if isinstance(result, Counts):
            counts = self._holding(job, result.counts)
            kept = sum(counts.values())
            self.jobs += 1
            self.kept, self.shots = self.kept + kept, self.shots + result.total
            self.empty += not kept
            return replace(found, job=replace(job, shots=kept), result=Counts(counts), shots=kept)
        if isinstance(result, Probabilities):
            law = self._holding(job, result.probabilities)
            total = sum(law.values())
            self.jobs += 1
            self.empty += not total
            return replace(found, result=Probabilities({k: p / total for k, p in law.items()}))
        raise UsageError(
            f"--postselect: {job.group}/{job.number} asks for expectation values",
            hint="it keeps outcomes of counts and probabilities",
        )

    def _holding(self, job: Job, outcomes: Mapping[str, _Number]) -> dict[str, _Number]:
        """The outcomes that fulfil the conditions."""
        key = f"{job.payload} {job.request.measure_all}"
        if key not in self._places:
            self._places[key] = places(self.conditions, self.registers(job))
        wanted = self._places[key]

        def holds(outcome: str) -> bool:
            bits = outcome.replace(" ", "")
            return all(bits[place] == letter for place, letter in wanted)

        return {outcome: own for outcome, own in outcomes.items() if holds(outcome)}

    def text(self) -> str:
        """What was kept, for people."""
        said = f"post-selection keeps {self.kept:,} of {self.shots:,} shots"
        if self.shots:
            said += f" ({100 * self.kept / self.shots:.2f}%)"
        jobs = "1 job" if self.empty == 1 else f"{self.empty:,} jobs"
        return said + (f"; nothing of {jobs}" if self.empty else "")
