"""Whether a job has enough shots, and how many it needs: rules that stay valid when they stop.

Whoever looks at the data after each round and stops when an error is small enough stops more
often where it came out too small by chance. Against that:

- ``stderr``: the error that is compared with the bound counts three shots at each end of the
  range besides those that were taken (as Agresti and Coull, 1998, do with two), and the rounds
  aim at a number of shots that the spread so far asks for, as in sampling in three stages (Hall,
  1981), so that few decisions are made. The interval counts four.
- ``count`` and ``halfwidth``: the interval is that of Clopper and Pearson (1934), whose lower
  end is exact also where one stops at a number of successes, and which is wider than both
  inverse and plain binomial sampling ask for; half a percent of it is spent on the looks.

How often the intervals hold the truth, and at what cost, is measured by ``benchmarks.truth``.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from qbatch.domain.requests import Expected, Request
from qbatch.domain.results import Counts, ExpectationValues, Result, ResultKind
from qbatch.domain.until import Measure, Until, parse_until
from qbatch.errors import UsageError
from qbatch.rules.pauli import parse_observable

_Z = 1.959963984540054  # of 95 % of a normal distribution
_TAIL = 0.0225  # on each side of an interval of a share: 0.5 % in all for looking at the data
_SHARE_Z = 2.0046544617650959  # of a normal distribution with these tails
_AT_THE_ENDS = 3  # shots at each end of an observable's range, where a rule decides
_IN_INTERVALS = 4  # and in the interval that is told
_LEAST = 16  # shots of a round
_MARGIN = 1.02  # over what the spread so far asks for, so that the next round is the last
_GROWTH = 0.02  # of all shots, the least that another round adds
_FAR = 3.0  # times fewer shots than are needed: half of them first, to know the need better
_FEW = 10  # counts from which a rate is known well enough to aim by it
_TIMES = 4.0  # at most so many times the shots, as long as it is not

Interval = tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """How a job stands.

    Attributes:
        reached: all of its rules hold.
        shots: how many it should have in all, where they do not.
        intervals: 95 % intervals by observable, or by outcome.
    """

    reached: bool
    shots: int = 0
    intervals: Mapping[str, Interval] = field(default_factory=dict)


def check_rules(rules: Sequence[str], request: Request, expected: Expected) -> None:
    """Make sure that an answer to a request can be held against rules.

    Args:
        expected: what the answer must look like.

    Raises:
        UsageError: it cannot.
    """
    for rule in map(parse_until, rules):
        if rule.measure is Measure.STDERR:
            if request.kind is not ResultKind.EXPECTATION_VALUES:
                raise UsageError(f"--until {rule}: for observables (--observable)")
            if not _watched(rule, request.observables):
                raise UsageError(f"--until {rule}: there is no observable {rule.of!r}")
        elif request.kind is not ResultKind.COUNTS:
            raise UsageError(f"--until {rule}: for counts; observables have stderr<0.01")
        elif not _can_be(rule.of, expected):
            raise UsageError(f"--until {rule}: {rule.of!r} is no outcome that can come")


def _can_be(outcome: str, expected: Expected) -> bool:
    if expected.num_bits is not None:
        return len(outcome) == expected.num_bits and set(outcome) <= {"0", "1"}
    return expected.outcomes is None or re.fullmatch(expected.outcomes, outcome) is not None


def first_shots(rules: Sequence[str], observables: Sequence[str]) -> int:
    """Shots of the first round: with fewer no rule can hold, whatever they yield."""
    return max(_first(parse_until(text), observables) for text in rules)


def most_shots(rules: Sequence[str], observables: Sequence[str]) -> int | None:
    """So many are enough whatever they yield; None where no number is."""
    found = [_most(parse_until(text), observables) for text in rules]
    return None if None in found else max(one for one in found if one is not None)


def judge(rules: Sequence[str], observables: Sequence[str], result: Result, shots: int) -> Verdict:
    """Hold what a job has yielded against its rules.

    Args:
        shots: that it has had, those that yielded no outcome among them.
    """
    reached, needed = True, 0
    intervals: dict[str, Interval] = {}
    for rule in map(parse_until, rules):
        if rule.measure is Measure.STDERR:
            holds, wants = _errors(rule, observables, result, shots, intervals)
        else:
            holds, wants = _shares(rule, result, shots, intervals)
        if not holds:
            reached = False
            needed = max(needed, math.ceil(wants), shots + max(_LEAST, round(_GROWTH * shots)))
    return Verdict(reached=reached, shots=needed, intervals=intervals)


def clopper_pearson(count: int, shots: int) -> Interval:
    """The interval of a share, from how often it came: 95 % of it after looking on the way."""
    from scipy.special import betaincinv

    low = 0.0 if count == 0 else float(betaincinv(count, shots - count + 1, _TAIL))
    high = 1.0 if count == shots else float(betaincinv(count + 1, shots - count, 1 - _TAIL))
    return low, high


def _range(observable: str) -> float:
    """Half of the range of an observable's values: the sum of its factors' sizes."""
    return sum(abs(factor) for pauli, factor in parse_observable(observable) if pauli.strip("I"))


def _watched(rule: Until, observables: Sequence[str]) -> list[str]:
    """The observables that a rule is about."""
    return [text for text in observables if rule.of in ("", "".join(text.split()))]


def _first(rule: Until, observables: Sequence[str]) -> int:
    if rule.measure is Measure.STDERR:
        widest = max(map(_range, _watched(rule, observables)), default=0.0)
        # Alike all of them: then the error is that of the shots at the ends alone.
        return max(_LEAST, math.ceil(2 * widest * math.sqrt(_AT_THE_ENDS) / rule.bound))
    if rule.measure is Measure.COUNT:
        return max(_LEAST, math.ceil(rule.bound))
    return max(_LEAST, math.ceil(math.log(_TAIL) / math.log1p(-2 * rule.bound)))


def _most(rule: Until, observables: Sequence[str]) -> int | None:
    if rule.measure is Measure.COUNT:
        return None
    if rule.measure is Measure.STDERR:
        widest = max(map(_range, _watched(rule, observables)), default=0.0)
        return max(_LEAST, math.ceil(1.1 * _for_error(widest**2, widest, rule.bound)))
    return max(_LEAST, math.ceil(1.1 * _for_halfwidth(0.5, rule.bound)))


def _for_error(variance: float, half_range: float, bound: float) -> float:
    """Shots n with variance / n + 4 · `_AT_THE_ENDS` · half_range² / n² = bound²."""
    ends = 4 * _AT_THE_ENDS * half_range**2
    return (variance + math.sqrt(variance**2 + 4 * ends * bound**2)) / (2 * bound**2)


def _for_halfwidth(share: float, bound: float) -> float:
    """Shots for an interval of that half width about a share."""
    return _SHARE_Z**2 * share * (1 - share) / bound**2 + 1 / bound


def _errors(
    rule: Until,
    observables: Sequence[str],
    result: Result,
    shots: int,
    intervals: dict[str, Interval],
) -> tuple[bool, float]:
    assert isinstance(result, ExpectationValues)
    watched, holds, needed = _watched(rule, observables), True, 0.0
    for found in result.values:
        if found.observable not in watched:
            continue
        half_range, error = _range(found.observable), found.standard_error
        if error is None:  # the backend does not tell it: then it may be the largest there can be
            error = half_range / math.sqrt(shots)
        variance = shots * error**2
        told = _Z * math.sqrt(error**2 + 4 * _IN_INTERVALS * (half_range / shots) ** 2)
        intervals[found.observable] = (found.value - told, found.value + told)
        if error**2 + 4 * _AT_THE_ENDS * (half_range / shots) ** 2 < rule.bound**2:
            continue
        holds = False
        needed = max(needed, _aimed(shots, _for_error(variance, half_range, rule.bound)))
    return holds, needed


def _shares(
    rule: Until, result: Result, shots: int, intervals: dict[str, Interval]
) -> tuple[bool, float]:
    assert isinstance(result, Counts)
    kept = result.total
    count = sum(n for name, n in result.counts.items() if "".join(name.split()) == rule.of)
    if not kept:
        return False, _TIMES * shots
    low, high = intervals[rule.of] = clopper_pearson(count, kept)
    share = (count + 0.5) / (kept + 1)
    if rule.measure is Measure.COUNT:
        if count >= rule.bound:
            return True, 0.0
        # A little more than the mean says, so that the next round is mostly the last.
        wanted = (rule.bound + math.sqrt(rule.bound)) / share
        most = math.inf if count >= _FEW else _TIMES * shots
        return False, min(wanted * shots / kept, most)
    if (high - low) / 2 < rule.bound:
        return True, 0.0
    return False, _aimed(shots, _for_halfwidth(share, rule.bound) * shots / kept)


def _aimed(shots: int, needed: float) -> float:
    """Where the next round should end, if so many seem to be needed."""
    return needed / 2 if _FAR * shots < needed else _MARGIN * needed
