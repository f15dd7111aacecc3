"""What a check is told, and what it says: thresholds, findings, the report."""

from __future__ import annotations

import functools
import itertools
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from qbatch.errors import UsageError
from qbatch.results.differing import Difference, differences
from qbatch.results.matching import MatchedPair


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
        max_two_qubit, max_depth: of a circuit as it was compiled; one that was not passes.
            Whatever they are, two-qubit gates may not be more than in the baseline.
        sizes: compiled circuits' sizes count at all.
    """

    p_value: float = 0.001
    tvd: float | None = None
    hellinger: float | None = None
    tolerance: float = 1e-6
    detect: float = 0.2
    max_two_qubit: int | None = None
    max_depth: int | None = None
    sizes: bool = True

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

    @property
    def differences(self) -> list[Difference]:
        """What tells the two results apart beside noise; nothing where there are no two."""
        first, second = self.pair.first, self.pair.second
        if first is None or second is None or not second.has_result:
            return []
        return differences(first, second)


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
    def is_of_itself(self) -> bool:
        """Whether all results of shots are equal to those before, which chance does not do."""
        sampled = (
            finding.pair.comparison
            for finding in self.findings
            if finding.detectable is not None and finding.pair.comparison is not None
        )
        equal = [not (found.tvd or found.delta) for found in itertools.islice(sampled, 1)]
        return equal == [True] and all(not (found.tvd or found.delta) for found in sampled)

    @property
    def is_blind(self) -> bool:
        """Whether a change as large as ``detect`` might not have been seen."""
        return self.detectable is not None and self.detectable > self.detect

    @property
    def passed(self) -> bool:
        """Something was compared, nothing has drifted or is missing, and that would have shown."""
        return self.verdict == "passed"
