"""What is said below a table of differences."""

from __future__ import annotations

import math
from array import array
from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING

from qbatch.cli import output

if TYPE_CHECKING:
    from qbatch.results.differing import Difference
    from qbatch.results.matching import MatchedPair

_NOISE = 1e-3  # false alarms that all jobs together may give
_SAME = 1e-6  # difference of exact values that is none
_MOST_TOLD = 10


class Seen:
    """What was seen of pairs of jobs.

    Args:
        number: of the pairs.
    """

    def __init__(self, number: int) -> None:
        self._noise = _NOISE / max(1, number)  # Bonferroni's share of a single job
        self._only: Counter[str] = Counter()
        self._open = 0
        self._distances = array("d")
        self._told: Counter[str] = Counter()

    def note(self, pair: MatchedPair) -> bool:
        """Whether the results of a pair were compared."""
        if pair.first is None or pair.second is None:
            self._only["second" if pair.first is None else "first"] += 1
        elif pair.comparison is None:
            self._open += 1
        self._tell_apart(pair)
        if pair.comparison is None:
            return False
        if pair.comparison.tvd is not None:
            self._distances.append(pair.comparison.tvd)
        return True

    def _tell_apart(self, pair: MatchedPair) -> None:
        """Note what differs; where nothing is known to, whether noise would do as a reason."""
        found = pair.comparison
        if found is None:
            return
        said = [one.said for one in told(pair)]
        if not said:
            chance = found.p_value
            is_noise = chance is None or chance >= self._noise
            if found.exact:
                is_noise = (found.delta or 0.0) <= _SAME
            said = ["only noise" if is_noise else "more than noise, and nothing known differs"]
        self._told.update(said)

    def tell(self, names: Mapping[str, str]) -> None:
        """Print it; ``names`` of the first and the second side."""
        for side in ("second", "first"):
            if alone := self._only[side]:
                output.message(f"only in {names[side]}: {output.plural(alone, 'job')}")
        if self._open:
            output.message(f"without a result on one side: {output.plural(self._open, 'job')}")
        if self._distances:
            mean = math.fsum(self._distances) / len(self._distances)
            print(f"total variation: mean {mean:.3g}, largest {max(self._distances):.3g}")
        for said, number in self._told.most_common(_MOST_TOLD):
            print(f"{said}: {output.plural(number, 'job')}")


def told(pair: MatchedPair) -> list[Difference]:
    """What tells the two results of a pair apart beside noise."""
    from qbatch.results.differing import differences

    if pair.comparison is None or pair.first is None or pair.second is None:
        return []
    return differences(pair.first, pair.second)
