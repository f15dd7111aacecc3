"""Probabilities: the exact distribution of the outcomes, without shots."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Self

from qbatch.domain.results.base import (
    ArrayPlan,
    Column,
    ExportOptions,
    Result,
    ResultKind,
    by_name,
    finite,
    leading,
    percentages,
    shown,
)

if TYPE_CHECKING:
    from qbatch.domain.data import Cell, Json

_ROUNDING = 1e-6


@dataclass(frozen=True, slots=True)
class Probabilities(Result):
    """The probability of each outcome; what is not named has none."""

    probabilities: Mapping[str, float]

    kind: ClassVar = ResultKind.PROBABILITIES
    stored_as: ClassVar = "probabilities"
    is_distribution: ClassVar = True
    absent: ClassVar = 0.0

    def stored(self) -> dict[str, float]:
        """The probabilities."""
        return dict(self.probabilities)

    @classmethod
    def from_stored(cls, value: object, names: tuple[str, ...]) -> Self:  # noqa: ARG003
        """Probabilities as they were stored."""
        return cls.from_compact(value)

    @classmethod
    def add_up(cls, parts: Sequence[tuple[Self, int | None]]) -> Self:
        """The one there is: a job without shots has no parts."""
        if len(parts) != 1:
            raise ValueError(f"{len(parts)} parts of exact probabilities")
        return parts[0][0]

    def deal(self, shots: Sequence[int]) -> list[Result]:
        """The same for all: nothing of it is used up."""
        return [self] * len(shots)

    @classmethod
    def field(cls, shape: ExportOptions) -> str:  # noqa: ARG003
        """``probabilities``."""
        return "probabilities"

    def json(self, shape: ExportOptions) -> dict[str, float]:
        """By outcome, in order."""
        if shape.top is not None:
            return dict(leading(self.probabilities, shape.top))
        return self.compact()

    def compact(self) -> dict[str, float]:
        """The probabilities, in order."""
        return dict(sorted(self.probabilities.items()))

    @classmethod
    def from_compact(cls, value: object, *, most: float = 1.0) -> Self:
        """Probabilities from JSON, or from a backend: finite, not negative, summing to 1."""
        if not isinstance(value, Mapping) or not value:
            raise ValueError(f"probabilities are {shown(value)}")
        found = {outcome: finite(p) for outcome, p in value.items()}
        if min(found.values()) < 0:
            raise ValueError(f"a probability of {min(found.values())}")
        if abs(sum(found.values()) - most) > _ROUNDING:
            raise ValueError(f"probabilities that sum to {sum(found.values())}")
        return cls(found)

    def quantities(self) -> Mapping[str, tuple[float, float | None]]:
        """The probabilities, without error."""
        return {outcome: (p, None) for outcome, p in self.probabilities.items()}

    def summary(self, top: int | None = None) -> str:
        """The leading outcomes."""
        shares = leading(self.probabilities, max(top or 0, 4))
        return percentages(shares, len(self.probabilities), top)

    def lines(self) -> Iterator[str]:
        """By falling probability."""
        for outcome, p in leading(self.probabilities):
            yield f"{outcome}  {p:.6g}"

    @property
    def size(self) -> int:
        """Number of outcomes in it."""
        return len(self.probabilities)

    @property
    def is_empty(self) -> bool:
        """Never: something always comes."""
        return not self.probabilities

    # -- exported ----------------------------------------------------------------------

    @classmethod
    def columns(cls, shape: ExportOptions) -> tuple[Column, ...]:  # noqa: ARG003
        """An outcome and its probability."""
        return Column("outcome", str), Column("probability", float)

    @classmethod
    def rows(cls, value: Json, shape: ExportOptions) -> Iterator[Sequence[Cell]]:  # noqa: ARG003
        """One per outcome."""
        return iter(by_name(value).items())

    @classmethod
    def wide(cls, value: Json, shape: ExportOptions) -> Mapping[str, Cell]:  # noqa: ARG003
        """A column per outcome."""
        return {f"probabilities:{outcome}": p for outcome, p in by_name(value).items()}

    @classmethod
    def wide_type(cls, shape: ExportOptions) -> type:  # noqa: ARG003
        """Shares."""
        return float

    @classmethod
    def arrays(cls, shape: ExportOptions) -> ArrayPlan:  # noqa: ARG003
        """``exact_outcomes`` and ``exact_probabilities`` (NaN: none)."""
        names = ("exact_probabilities",)
        return ArrayPlan("exact_outcomes", names, False, 0.0, math.nan, is_sorted=True)

    def cells(self, shape: ExportOptions) -> Iterator[tuple[str, tuple[float, ...]]]:
        """Its probability."""
        return ((outcome, (p,)) for outcome, p in self.json(shape).items())

    @classmethod
    def view(cls, value: Json) -> Mapping[str, Json]:
        """Values without an error by outcome."""
        return {outcome: [p, None] for outcome, p in by_name(value).items()}
