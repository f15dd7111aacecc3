"""Counts: how often each outcome came."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar, Self

from qbatch.domain.record import record
from qbatch.domain.results.base import (
    ArrayPlan,
    Column,
    ExportOptions,
    Result,
    ResultKind,
    by_name,
    leading,
    listed,
    shown,
)
from qbatch.domain.results.labels import told_apart

if TYPE_CHECKING:
    import numpy as np

    from qbatch.domain.data import Cell, Json


@record(kw_only=False)
class Counts(Result):
    """How often each outcome came; ``counts`` sum to the shots, or less where some are lost."""

    counts: Mapping[str, int]

    kind: ClassVar = ResultKind.COUNTS
    stored_as: ClassVar = "counts"
    is_distribution: ClassVar = True
    absent: ClassVar = 0.0
    unseen: ClassVar = (0.0, 0.0)

    @property
    def total(self) -> int:
        """Shots that yielded an outcome."""
        return sum(self.counts.values())

    def stored(self) -> dict[str, int]:
        """The counts."""
        return dict(self.counts)

    @classmethod
    def from_stored(cls, value: object, names: tuple[str, ...]) -> Self:  # noqa: ARG003
        """Counts as they were stored."""
        return cls.from_compact(value)

    @classmethod
    def add_up(cls, parts: Sequence[tuple[Self, int | None]]) -> Self:
        """The sums."""
        if len(parts) == 1:
            return parts[0][0]
        total: dict[str, int] = {}
        for part, _ in parts:
            for outcome, count in part.counts.items():
                total[outcome] = total.get(outcome, 0) + count
        return cls(total)

    def deal(self, shots: Sequence[int]) -> list[Result]:
        """Deal them out without replacement, so many shots to each."""
        if len(shots) == 1 and self.total <= shots[0]:
            return [self]
        return [Counts(hand) for hand in deal(self.counts, shots)]

    @classmethod
    def field(cls, shape: ExportOptions) -> str:
        """``counts``, or ``probabilities`` where shares are wanted."""
        return "probabilities" if shape.probabilities else "counts"

    def json(self, shape: ExportOptions) -> dict[str, int] | dict[str, float]:
        """By outcome, in order, so that the same results make the same bytes."""
        chosen = sorted(self.counts.items()) if shape.top is None else self.most_frequent(shape.top)
        if not shape.probabilities:
            return dict(chosen)
        total = self.total or 1
        return {outcome: count / total for outcome, count in chosen}

    def compact(self) -> dict[str, int]:
        """The counts, in order."""
        return dict(sorted(self.counts.items()))

    @classmethod
    def from_compact(cls, value: object) -> Self:
        """Counts from JSON."""
        if not isinstance(value, dict):
            raise ValueError(f"counts are {shown(value)}")  # noqa: TRY004 - as below
        for count in value.values():
            if type(count) is not int or count < 0:
                raise ValueError("a count that is no whole number from 0 on")
        return cls(value)

    def quantities(self) -> Mapping[str, tuple[float, float | None]]:
        """Shares p with their standard errors √(p (1 - p) / shots)."""
        total = self.total
        if not total:
            return {}
        found = {}
        for outcome, count in self.counts.items():
            p = count / total
            found[outcome] = (p, math.sqrt(p * (1 - p) / total))
        return found

    def summary(self, top: int | None = None) -> str:
        """The leading outcomes with their counts and shares: ``00 516 (50.4%), 11 508 (49.6%)``."""
        total = self.total or 1
        first = self.most_frequent(top or 4)
        names = told_apart([outcome for outcome, _ in first])
        shown = [
            f"{name} {count} ({100 * count / total:.1f}%)"
            for name, (_, count) in zip(names, first, strict=True)
        ]
        return listed(shown, len(self.counts), top)

    def lines(self) -> Iterator[str]:
        """By falling count."""
        for outcome, count in self.most_frequent():
            yield f"{outcome}  {count}"

    @property
    def size(self) -> int:
        """Number of outcomes in it."""
        return len(self.counts)

    @property
    def is_empty(self) -> bool:
        """Whether no outcome came."""
        return not any(self.counts.values())

    def most_frequent(self, top: int | None = None) -> list[tuple[str, int]]:
        """The outcomes with the largest counts, or all of them."""
        return leading(self.counts, top)

    # -- exported ----------------------------------------------------------------------

    @classmethod
    def columns(cls, shape: ExportOptions) -> tuple[Column, ...]:
        """An outcome, and its count or share."""
        number = ("probability", float) if shape.probabilities else ("count", int)
        return Column("outcome", str), Column(*number)

    @classmethod
    def rows(cls, value: Json, shape: ExportOptions) -> Iterator[Sequence[Cell]]:  # noqa: ARG003
        """One per outcome."""
        return iter(by_name(value).items())

    @classmethod
    def wide(cls, value: Json, shape: ExportOptions) -> Mapping[str, Cell]:
        """A column per outcome."""
        name = cls.field(shape)
        return {f"{name}:{outcome}": number for outcome, number in by_name(value).items()}

    @classmethod
    def wide_type(cls, shape: ExportOptions) -> type:
        """Whole numbers, or shares."""
        return float if shape.probabilities else int

    @classmethod
    def arrays(cls, shape: ExportOptions) -> ArrayPlan:
        """``outcomes`` and ``counts`` (-1: none) or ``probabilities`` (NaN: none)."""
        names, whole = (cls.field(shape),), not shape.probabilities
        return ArrayPlan("outcomes", names, whole, 0, -1 if whole else math.nan, is_sorted=True)

    def cells(self, shape: ExportOptions) -> Iterator[tuple[str, tuple[float, ...]]]:
        """Its count or share."""
        return ((outcome, (number,)) for outcome, number in self.json(shape).items())

    @classmethod
    def view(cls, value: Json) -> Mapping[str, Json]:
        """Whole numbers by outcome."""
        return by_name(value)


def deal(
    counts: Mapping[str, int], shots: Sequence[int], rng: np.random.Generator | None = None
) -> list[dict[str, int]]:
    """Deal a pool of counts out without replacement, so many shots to each.

    Each hand follows the multivariate hypergeometric distribution given the pool and the
    hands before it; all hands together are the pool. Shots that yielded no outcome are
    dealt out like the others.

    Args:
        counts: the pool.
        shots: the size of each hand; they sum to the pool's, or more where some were lost.
        rng: where the randomness comes from; fresh by default.

    Raises:
        ValueError: the pool holds more than the hands.
    """
    lost = sum(shots) - sum(counts.values())
    if lost < 0:
        raise ValueError(f"{sum(shots)} shots to deal out, {sum(counts.values())} in the pool")
    if len(shots) == 1:
        return [dict(counts)]
    import numpy

    generator = numpy.random.default_rng() if rng is None else rng
    outcomes = list(counts)
    numbers = [counts[outcome] for outcome in outcomes]
    pool = numpy.array([*numbers, lost] if lost else numbers, dtype=numpy.int64)
    hands = []
    for size in shots:
        # "marginals" works outcome by outcome, so its time does not grow with the shots.
        hand = generator.multivariate_hypergeometric(pool, size, method="marginals")
        pool = pool - hand
        hands.append({o: n for o, n in zip(outcomes, hand.tolist(), strict=False) if n})
    return hands
