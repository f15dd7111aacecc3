"""The verdict on two sets of results, held against each other job by job."""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from qbatch.results import together
from qbatch.results.chances import tail
from qbatch.results.comparing import Comparison, detectable
from qbatch.results.differing import known
from qbatch.results.matching import MatchedPair
from qbatch.results.samples import JobSample, mark_of
from qbatch.results.segments import is_new
from qbatch.results.verdicts import CheckReport, Finding, Thresholds
from qbatch.spool import LongSequence

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]

_BLINDEST = 5  # jobs whose shots are looked at for what would decide a check
_AT_ONCE = 1 << 13  # comparisons that are worked on together


def check(matched: Sequence[MatchedPair], thresholds: Thresholds) -> CheckReport:
    """Judge matched jobs.

    The false-alarm rate α is shared out: α/2 to the single jobs by Holm's method (Scand. J.
    Statist. 6, 65 (1979)), so that one job that has drifted is named; α/2 to all together,
    Σ χ² over Σ degrees of freedom, so that a small drift everywhere is seen.
    """
    tested = _Tested(matched, thresholds)
    rate = thresholds.p_value / 2
    # Of a single job at the rate that Holm's method has for the first: others only have more.
    visible, hidden = _visible(matched, tested, rate)
    report = CheckReport(
        findings=_Findings(matched, thresholds, tested, visible), detect=thresholds.detect
    )
    if not tested.places:
        return report
    p_value = tested.together()
    report = replace(
        report,
        p_value=p_value,
        drifted_together=p_value < rate,
        detectable=hidden.detectable(),
    )
    if report.is_blind:
        report = replace(
            report, deciding_shots=_deciding_shots(matched, tested, visible, thresholds)
        )
    return report


class _Tested:
    """The jobs that are tested for shot noise, in the order of their pairs.

    Attributes:
        places: of their pairs.
        drifted: of each whether its p-value tells a drift.
        distinct: of each whether it is further evidence; of those that draw the same counts
            under the same seed, only the first is.
        gone: names of jobs that only the first side has.
    """

    def __init__(self, matched: Sequence[MatchedPair], thresholds: Thresholds) -> None:
        import numpy

        self.places = array("q")
        self.gone: set[str] = set()
        p_values, chi2, degrees, marks = array("d"), array("d"), array("q"), array("Q")
        for place, pair in enumerate(matched):
            if pair.second is None and pair.sample.name is not None:
                self.gone.add(pair.sample.name)
            found = pair.comparison
            if found is None or not _is_tested(found, thresholds):
                continue
            self.places.append(place)
            p_values.append(_p_value(found))
            chi2.append(found.chi2 or 0.0)
            degrees.append(found.dof or 0)
            marks.frombytes(_draw_of(pair, place))
        self._chi2, self._degrees = numpy.asarray(chi2), numpy.asarray(degrees)
        self.drifted = _holm(numpy.asarray(p_values), thresholds.p_value / 2)
        words = numpy.asarray(marks).reshape(-1, 2).T
        order = numpy.lexsort(words)  # stable: the first of equal ones stays the first
        self.distinct: Array = numpy.zeros(len(self.places), bool)
        self.distinct[order[is_new(order, *words)]] = True

    def together(self) -> float:
        """The p-value of all of them."""
        chi2 = math.fsum(self._chi2[self.distinct].tolist())
        return tail(chi2, int(self._degrees[self.distinct].sum()))


def _is_tested(found: Comparison, thresholds: Thresholds) -> bool:
    if found.p_value is None:
        return False
    measured = thresholds.tvd is not None or thresholds.hellinger is not None
    return found.tvd is None or not measured


def _p_value(found: Comparison) -> float:
    assert found.p_value is not None
    return found.p_value


def _draw_of(pair: MatchedPair, place: int) -> bytes:
    """16 bytes, the same for jobs that draw the same counts under the same seed."""
    sample = pair.sample
    drawn = ("place", place) if sample.seed is None else (sample.key, sample.seed, sample.shots)
    return mark_of(repr(drawn))


def _holm(p_values: Array, rate: float) -> Array:
    """Of each p-value whether it tells a drift."""
    import numpy

    order = numpy.argsort(p_values, kind="stable")
    passed = p_values[order] >= rate / numpy.arange(len(order), 0, -1)
    first = int(numpy.argmax(passed)) if passed.any() else len(order)
    drifted: Array = numpy.zeros(len(order), bool)
    drifted[order[:first]] = True
    return drifted


def _visible(
    matched: Sequence[MatchedPair], tested: _Tested, rate: float
) -> tuple[Array, together.Hidden]:
    """The smallest change of each job tested that would have been seen; and of all together."""
    import numpy

    number = len(tested.places)
    visible, hidden = numpy.zeros(number), together.Hidden(rate)
    for start in range(0, number, _AT_ONCE):
        rows = slice(start, start + _AT_ONCE)
        found = [_comparison(matched[place]) for place in tested.places[rows]]
        visible[rows] = [change or 0.0 for change in detectable(found, rate / number)]
        told = zip(found, visible[rows].tolist(), tested.distinct[rows], strict=True)
        hidden.add([(one, change) for one, change, distinct in told if distinct])
    return visible, hidden


def _deciding_shots(
    matched: Sequence[MatchedPair], tested: _Tested, visible: Array, thresholds: Thresholds
) -> int | None:
    """Shots a job that would show a change of ``detect``: as many as the job needs most."""
    import numpy

    distinct = numpy.flatnonzero(tested.distinct)
    rate = thresholds.p_value / 2 / max(1, len(distinct))
    wanted = []
    blindest = distinct[numpy.argsort(-visible[distinct], kind="stable")[:_BLINDEST]]
    for row in blindest.tolist():
        if visible[row] <= thresholds.detect:
            continue
        found = _comparison(matched[tested.places[row]])
        shots = found.deciding_shots(rate, thresholds.detect)
        if shots is None:
            return None
        wanted.append(shots)
    return max(wanted, default=None)


def _comparison(pair: MatchedPair) -> Comparison:
    assert pair.comparison is not None
    return pair.comparison


class _Findings(LongSequence[Finding]):
    """What is said of each job, put together as it is asked for."""

    def __init__(
        self,
        matched: Sequence[MatchedPair],
        thresholds: Thresholds,
        tested: _Tested,
        visible: Array,
    ) -> None:
        import numpy

        self._matched = matched
        self._thresholds = thresholds
        self._drifted: Array = numpy.zeros(len(matched), bool)
        self._visible: Array = numpy.full(len(matched), math.nan)
        places = numpy.asarray(tested.places)
        self._drifted[places], self._visible[places] = tested.drifted, visible
        self._gone = tested.gone

    def __len__(self) -> int:
        return len(self._matched)

    def at(self, place: int) -> Finding:
        """That of the pair at a place."""
        return self._said(place, self._matched[place])

    def __iter__(self) -> Iterator[Finding]:
        return (self._said(place, pair) for place, pair in enumerate(self._matched))

    def _said(self, place: int, pair: MatchedPair) -> Finding:
        visible = float(self._visible[place])
        found = _finding(
            pair,
            self._thresholds,
            bool(self._drifted[place]),
            None if math.isnan(visible) else visible,
        )
        name = pair.sample.name
        if found.verdict != "new" or name not in self._gone:
            return found
        # A job of that name is missing: it was changed.
        said = f"{found.reason}; {name!r} there has another circuit or parameters"
        return replace(found, reason=said)


def _finding(
    pair: MatchedPair, thresholds: Thresholds, drifted: bool, detectable: float | None
) -> Finding:
    first, second, found = pair.first, pair.second, pair.comparison
    if first is None:
        return Finding(verdict="new", pair=pair, reason="not in the baseline")
    if second is None:
        return Finding(verdict="missing", pair=pair, reason="not in the group")
    if found is None:
        said = f"no result: {second.status}" if not second.has_result else "asks something else"
        return Finding(verdict="missing", pair=pair, reason=said)
    grown = _grown(first, second, thresholds) if thresholds.sizes else ()
    if reasons := [*_reasons(found, thresholds, drifted), *grown]:
        said = "; ".join([*reasons, *known(first, second)])
        return Finding(verdict="drifted", pair=pair, reason=said, detectable=detectable)
    if detectable is not None and detectable > thresholds.detect:
        said = (
            "no change of this job alone would have shown"
            if detectable >= 1
            else f"a change below {detectable:.2g} would not have shown"
        )
        return Finding(verdict="undecided", pair=pair, reason=said, detectable=detectable)
    return Finding(verdict="same", pair=pair, detectable=detectable)


def _reasons(found: Comparison, thresholds: Thresholds, drifted: bool) -> Iterator[str]:
    """Why a job counts as drifted."""
    measured = (
        ("total variation", found.tvd, thresholds.tvd),
        ("Hellinger", found.hellinger, thresholds.hellinger),
    )
    for name, distance, most in measured:
        if distance is not None and most is not None and distance > most:
            yield f"{name} {distance:.3g} > {most:g}"
    if found.exact and not (found.delta or 0.0) <= thresholds.tolerance:
        yield f"exact value off by {found.delta:.3g} > {thresholds.tolerance:g}"
    if drifted:
        yield f"p = {found.p_value:.2g}: shot noise does not explain it"


def _grown(first: JobSample, second: JobSample, thresholds: Thresholds) -> Iterator[str]:
    """Why a compiled circuit is too large."""
    limits = (
        ("two-qubit gates", second.two_qubit, thresholds.max_two_qubit),
        ("depth", second.depth, thresholds.max_depth),
    )
    for name, size, most in limits:
        if size is not None and most is not None and size > most:
            yield f"{name} {size} > {most}"
    before, now = first.two_qubit, second.two_qubit
    if before is not None and now is not None and now > before:
        yield f"two-qubit gates {now}, {before} in the baseline"
