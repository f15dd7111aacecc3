"""Two sets of results, job by job: the differences of groups, and the verdict of a check.

Jobs belong together that have the same key (circuit, parameters, observables; not shots,
seed, name or backend); of several with one key, the first and the first, and so on.
"""

from __future__ import annotations

import functools
import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from qbatch.errors import UsageError
from qbatch.results import together
from qbatch.results.baselines import JobSample
from qbatch.results.chances import tail
from qbatch.results.comparing import Comparison, compare_results, detectable

_BLINDEST = 5  # jobs whose shots are looked at for what would decide a check


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchedPair:
    """A job on one side, the other, or both, and how its results differ."""

    first: JobSample | None
    second: JobSample | None
    comparison: Comparison | None = None

    @property
    def sample(self) -> JobSample:
        """The one that stands for both: the second, where there is one."""
        found = self.second or self.first
        assert found is not None
        return found


def pairs(first: Iterable[JobSample], second: Iterable[JobSample]) -> list[MatchedPair]:
    """Jobs matched, in the order of the second; then those that only the first has.

    Of several with one key those that have a result go first: a rerun that stands beside
    the job that failed takes its place.
    """
    second = list(second)
    waiting: dict[str, list[JobSample]] = {}
    for sample in first:
        waiting.setdefault(sample.key, []).append(sample)
    for same in waiting.values():
        same.sort(key=lambda sample: (sample.has_result, -sample.number))
    before: dict[int, JobSample] = {}
    for place in sorted(range(len(second)), key=lambda i: (not second[i].has_result, i)):
        if same := waiting.get(second[place].key, []):
            before[place] = same.pop()
    compared = _compared([(before.get(place), sample) for place, sample in enumerate(second)])
    found = [
        MatchedPair(first=before.get(place), second=sample, comparison=comparison)
        for place, (sample, comparison) in enumerate(zip(second, compared, strict=True))
    ]
    left = (sample for same in waiting.values() for sample in same)
    found += (MatchedPair(first=s, second=None) for s in sorted(left, key=lambda s: s.number))
    return found


def _compared(partners: Sequence[tuple[JobSample | None, JobSample]]) -> list[Comparison | None]:
    """How the results differ, where both sides have one of the same kind."""
    pairs = {}
    for place, (first, second) in enumerate(partners):
        if first is None or not first.has_result or not second.has_result:
            continue
        assert first.result is not None
        assert second.result is not None
        pairs[place] = (first.result, second.result, first.shots, second.shots)
    found: list[Comparison | None] = [None] * len(partners)
    for place, comparison in zip(pairs, compare_results(list(pairs.values())), strict=True):
        found[place] = comparison
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """From when on a difference is a drift.

    Attributes:
        p_value: the false-alarm rate of the whole check, for counts (unless ``tvd`` or
            ``hellinger`` is given) and estimated expectation values.
        tvd, hellinger: the largest distance of counts that passes.
        tolerance: the largest difference of exact expectation values that passes.
        detect: the total variation that the check must be able to show (for expectation
            values, the share of an observable's range); where it cannot, it is undecided.
    """

    p_value: float = 0.001
    tvd: float | None = None
    hellinger: float | None = None
    tolerance: float = 1e-6
    detect: float = 0.2

    def __post_init__(self) -> None:
        wrong = {
            f"--p-value {self.p_value}: not between 0 and 1": not 0 < self.p_value < 1,
            f"--detect {self.detect}: not above 0 and at most 1": not 0 < self.detect <= 1,
            f"--tvd {self.tvd}: not between 0 and 1": self.tvd is not None
            and not 0 <= self.tvd < 1,
            f"--hellinger {self.hellinger}: not between 0 and 1": self.hellinger is not None
            and not 0 <= self.hellinger < 1,
            f"--tolerance {self.tolerance}: not 0 or more": not 0 <= self.tolerance < math.inf,
        }
        for message, holds in wrong.items():
            if holds:
                raise UsageError(message)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What the check says of one job.

    Attributes:
        verdict: ``same``, ``drifted``, ``undecided`` (nothing was seen, and a change as
            large as ``Thresholds.detect`` might not have been), ``new`` (not in the
            baseline) or ``missing`` (in the baseline, without a result now).
        reason: a sentence, for all but ``same``.
        detectable: the smallest change of this job alone that would have been seen with
            95 % power; None where nothing is left to chance.
    """

    verdict: str
    pair: MatchedPair
    reason: str | None = None
    detectable: float | None = None


@dataclass(frozen=True, kw_only=True)
class CheckReport:
    """What a check found.

    Attributes:
        p_value: of all jobs tested for shot noise together; None where none was.
        drifted_together: that p-value alone tells that something has drifted.
        detectable: the smallest change, as a mean over the jobs tested, that would have
            been seen with 95 % power wherever it hides; None where none was tested.
        detect: what it should be at the most.
        deciding_shots: about so many shots a job would show it; None where they are enough,
            or nobody can tell.
    """

    findings: Sequence[Finding]
    p_value: float | None = None
    drifted_together: bool = False
    detectable: float | None = None
    detect: float = 0.2
    deciding_shots: int | None = None

    @functools.cached_property
    def _numbers(self) -> Counter[str]:
        return Counter(finding.verdict for finding in self.findings)

    def number(self, verdict: str) -> int:
        """Number of jobs with that verdict."""
        return self._numbers[verdict]

    @property
    def verdict(self) -> str:
        """``failed``, ``undecided`` (too few shots to call it the same) or ``passed``."""
        if self.drifted_together or self.number("drifted") or self.number("missing"):
            return "failed"
        if not self.number("same") + self.number("undecided"):
            return "failed"  # nothing was compared
        return "undecided" if self.is_blind else "passed"

    def fails(self, *, strict: bool = False) -> bool:
        """Whether a gate closes: it failed, or (strict) is undecided."""
        return self.verdict == "failed" or (strict and self.verdict == "undecided")

    @property
    def is_blind(self) -> bool:
        """Whether a change as large as ``detect`` might not have been seen."""
        return self.detectable is not None and self.detectable > self.detect

    @property
    def passed(self) -> bool:
        """Something was compared, nothing has drifted or is missing, and that would have shown."""
        return self.verdict == "passed"


def check(matched: Sequence[MatchedPair], thresholds: Thresholds) -> CheckReport:
    """Judge matched jobs.

    The false-alarm rate α is shared out: α/2 to the single jobs by Holm's method (Scand. J.
    Statist. 6, 65 (1979)), so that one job that has drifted is named; α/2 to all together,
    Σ χ² over Σ degrees of freedom, so that a small drift everywhere is seen.
    """
    tested = [pair for pair in matched if _is_tested(pair, thresholds)]
    drifted = _holm(tested, thresholds.p_value / 2)
    visible = _visible(tested, thresholds)
    findings = [
        _finding(pair, thresholds, id(pair) in drifted, visible.get(id(pair))) for pair in matched
    ]
    findings = _with_namesakes(matched, findings)
    report = CheckReport(findings=findings, detect=thresholds.detect)
    if not tested:
        return report
    distinct = _distinct(tested)
    p_value = _together(distinct)
    changes = [(_comparison(pair), visible[id(pair)]) for pair in distinct]
    report = replace(
        report,
        p_value=p_value,
        drifted_together=p_value < thresholds.p_value / 2,
        detectable=together.detectable(changes, thresholds.p_value / 2),
    )
    if report.is_blind:
        report = replace(report, deciding_shots=_deciding_shots(distinct, visible, thresholds))
    return report


def _with_namesakes(matched: Sequence[MatchedPair], findings: Sequence[Finding]) -> list[Finding]:
    """Findings of new jobs, told if a job of that name is missing: it was changed."""
    gone = {pair.first.name for pair in matched if pair.first and not pair.second}

    def told(found: Finding) -> Finding:
        name = found.pair.sample.name
        if found.verdict != "new" or name not in gone:
            return found
        said = f"{found.reason}; {name!r} there has another circuit or parameters"
        return replace(found, reason=said)

    return [told(found) for found in findings]


def _visible(tested: Sequence[MatchedPair], thresholds: Thresholds) -> dict[int, float]:
    """The smallest change of each job that would have been seen, by `id`.

    At the rate that Holm's method has for the first of them: all others could only have more.
    """
    rate = thresholds.p_value / 2 / max(1, len(tested))
    changes = detectable([_comparison(pair) for pair in tested], rate)
    return {id(pair): change or 0.0 for pair, change in zip(tested, changes, strict=True)}


def _deciding_shots(
    distinct: Sequence[MatchedPair], visible: Mapping[int, float], thresholds: Thresholds
) -> int | None:
    """Shots a job that would show a change of ``detect``: as many as the job needs most."""
    rate = thresholds.p_value / 2 / max(1, len(distinct))
    wanted = []
    blindest = sorted(distinct, key=lambda pair: -visible[id(pair)])[:_BLINDEST]
    for pair in blindest:
        if visible[id(pair)] <= thresholds.detect:
            continue
        shots = _comparison(pair).deciding_shots(rate, thresholds.detect)
        if shots is None:
            return None
        wanted.append(shots)
    return max(wanted, default=None)


def _is_tested(pair: MatchedPair, thresholds: Thresholds) -> bool:
    found = pair.comparison
    if found is None or found.p_value is None:
        return False
    measured = thresholds.tvd is not None or thresholds.hellinger is not None
    return found.tvd is None or not measured


def _holm(tested: Sequence[MatchedPair], rate: float) -> set[int]:
    """Those whose p-value tells a drift, by `id`."""
    drifted: set[int] = set()
    ordered = sorted(tested, key=_p_value)
    for place, pair in enumerate(ordered):
        if _p_value(pair) >= rate / (len(ordered) - place):
            break
        drifted.add(id(pair))
    return drifted


def _p_value(pair: MatchedPair) -> float:
    found = _comparison(pair).p_value
    assert found is not None
    return found


def _comparison(pair: MatchedPair) -> Comparison:
    assert pair.comparison is not None
    return pair.comparison


def _distinct(tested: Sequence[MatchedPair]) -> list[MatchedPair]:
    """Without those that draw the same counts under the same seed: no further evidence."""
    found, seen = [], set()
    for pair in tested:
        sample = pair.sample
        if sample.seed is not None:
            mark = (sample.key, sample.seed, sample.shots)
            if mark in seen:
                continue
            seen.add(mark)
        found.append(pair)
    return found


def _together(distinct: Sequence[MatchedPair]) -> float:
    found = [_comparison(pair) for pair in distinct]
    return tail(math.fsum(c.chi2 or 0.0 for c in found), sum(c.dof or 0 for c in found))


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
    if reasons := list(_reasons(found, thresholds, drifted)):
        said = "; ".join(reasons)
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


def undecided_text(report: CheckReport) -> str:
    """Why the check is undecided, and what would decide it."""
    shots = report.deciding_shots
    seen = (
        "no change would have shown with these shots"
        if (report.detectable or 0.0) >= 1
        else f"a change below {report.detectable:.2g} would not have shown"
    )
    more = (
        f"about {shots} shots a job would show {report.detect:g}"
        if shots
        else (f"more shots are needed to show {report.detect:g}; how many, these do not tell")
    )
    return f"{seen}; {more}"
