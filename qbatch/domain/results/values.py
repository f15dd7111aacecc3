"""Expectation values: one for each observable, exact or estimated from shots."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Self, cast

from qbatch.domain.results.base import (
    ArrayPlan,
    Column,
    ExportOptions,
    Result,
    ResultKind,
    finite,
    shown,
)

if TYPE_CHECKING:
    from qbatch.domain.data import Cell, Json


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectationValue:
    """An observable's expectation value; ``standard_error`` is None where it is exact."""

    observable: str
    value: float
    standard_error: float | None = None

    def text(self) -> str:
        """``0.707 ± 0.02``, the error only where there is one."""
        if self.standard_error is None:
            return f"{self.value:.6g}"
        return f"{self.value:.6g} ± {self.standard_error:.2g}"


@dataclass(frozen=True, slots=True)
class ExpectationValues(Result):
    """Expectation values, in the order of the observables that were asked for."""

    values: tuple[ExpectationValue, ...]

    kind: ClassVar = ResultKind.EXPECTATION_VALUES
    stored_as: ClassVar = "values"
    noun: ClassVar = "observable"

    def stored(self) -> list[list[float | None]]:
        """Pairs of value and standard error or null."""
        return [[value.value, value.standard_error] for value in self.values]

    @classmethod
    def from_stored(cls, value: object, names: tuple[str, ...]) -> Self:
        """Values as they were stored."""
        return cls.from_pairs(value, names)

    @classmethod
    def from_pairs(cls, found: object, names: Sequence[str]) -> Self:
        """Values with their standard errors or None, in the order of the observables.

        Raises:
            ValueError: there are not so many of them, or one is no finite number.
        """
        pairs = list(cast("Iterable[object]", found or ()))
        if len(pairs) != len(names):
            raise ValueError(f"{len(pairs)} values for {len(names)} observables")
        checked = []
        for name, pair in zip(names, pairs, strict=True):
            if not isinstance(pair, (tuple, list)) or len(pair) != 2:
                raise ValueError(f"a value is {shown(pair)}")
            value, error = pair
            spread = None if error is None else finite(error)
            if spread is not None and spread < 0:
                raise ValueError(f"a standard error of {spread}")
            checked.append(
                ExpectationValue(observable=name, value=finite(value), standard_error=spread)
            )
        return cls(tuple(checked))

    @classmethod
    def add_up(cls, parts: Sequence[tuple[Self, int | None]]) -> Self:
        """The parts' means, weighted by their shots.

        The mean of independent estimates v_i of n_i shots is Σ n_i v_i / Σ n_i, its standard
        error √(Σ n_i² s_i²) / Σ n_i.
        """
        weights = [shots or 1 for _, shots in parts]
        total = sum(weights)
        combined = []
        for found in zip(*(part.values for part, _ in parts), strict=True):
            value = math.fsum(w * v.value for w, v in zip(weights, found, strict=True)) / total
            error: float | None = None
            if all(v.standard_error is not None for v in found):
                squares = (
                    w * w * (v.standard_error or 0.0) ** 2
                    for w, v in zip(weights, found, strict=True)
                )
                error = math.sqrt(math.fsum(squares)) / total
            name = found[0].observable
            combined.append(ExpectationValue(observable=name, value=value, standard_error=error))
        return cls(tuple(combined))

    def deal(self, shots: Sequence[int]) -> list[Result]:
        """The same for all where they are exact; an estimate cannot be dealt out."""
        if len(shots) > 1 and any(value.standard_error is not None for value in self.values):
            raise ValueError("an estimate cannot be dealt out")
        return [self] * len(shots)

    @classmethod
    def field(cls, shape: ExportOptions) -> str:  # noqa: ARG003
        """``expectation_values``."""
        return "expectation_values"

    def json(self, shape: ExportOptions) -> list[dict[str, str | float | None]]:  # noqa: ARG002
        """Objects with ``observable``, ``value`` and ``standard_error``."""
        return [
            {
                "observable": value.observable,
                "value": value.value,
                "standard_error": value.standard_error,
            }
            for value in self.values
        ]

    def compact(self) -> list[list[str | float | None]]:
        """Lists of observable, value and standard error."""
        return [[v.observable, v.value, v.standard_error] for v in self.values]

    @classmethod
    def from_compact(cls, value: object) -> Self:
        """Values with their observables from JSON."""
        rows = [(str(name), [number, error]) for name, number, error in _entries(value)]
        return cls.from_pairs([pair for _, pair in rows], [name for name, _ in rows])

    def quantities(self) -> Mapping[str, tuple[float, float | None]]:
        """The values with their standard errors."""
        return {value.observable: (value.value, value.standard_error) for value in self.values}

    def summary(self, top: int | None = None) -> str:  # noqa: ARG002
        """All values, in the order asked for."""
        return ", ".join(value.text() for value in self.values)

    def lines(self) -> Iterator[str]:
        """Each with its observable."""
        for value in self.values:
            yield f"{value.observable}  {value.text()}"

    @property
    def size(self) -> int:
        """Number of values in it."""
        return len(self.values)

    @property
    def is_empty(self) -> bool:
        """Whether no observable was asked for."""
        return not self.values

    # -- exported ----------------------------------------------------------------------

    @classmethod
    def columns(cls, shape: ExportOptions) -> tuple[Column, ...]:  # noqa: ARG003
        """An observable, its value, and the standard error."""
        return Column("observable", str), Column("value", float), Column("standard_error", float)

    @classmethod
    def rows(cls, value: Json, shape: ExportOptions) -> Iterator[Sequence[Cell]]:  # noqa: ARG003
        """One per observable."""
        for found in _objects(value):
            yield found["observable"], found["value"], found["standard_error"]

    @classmethod
    def wide(cls, value: Json, shape: ExportOptions) -> Mapping[str, Cell]:  # noqa: ARG003
        """Two columns per observable."""
        return {
            f"{part}:{found['observable']}": found[part]
            for found in _objects(value)
            for part in ("value", "standard_error")
        }

    @classmethod
    def wide_type(cls, shape: ExportOptions) -> type:  # noqa: ARG003
        """Numbers."""
        return float

    @classmethod
    def arrays(cls, shape: ExportOptions) -> ArrayPlan:  # noqa: ARG003
        """``observables``, ``values`` and ``standard_errors`` (NaN: none)."""
        names = ("values", "standard_errors")
        return ArrayPlan("observables", names, False, math.nan, math.nan, is_sorted=False)

    def cells(self, shape: ExportOptions) -> Iterator[tuple[str, tuple[float, ...]]]:  # noqa: ARG002
        """Its value and standard error."""
        for found in self.values:
            error = math.nan if found.standard_error is None else found.standard_error
            yield found.observable, (found.value, error)

    @classmethod
    def view(cls, value: Json) -> Mapping[str, Json]:
        """Pairs by the observable's place."""
        return {str(place): pair for place, pair in enumerate(cast("Sequence[Json]", value))}


def _objects(value: Json) -> Sequence[Mapping[str, str | float | None]]:
    """The field of values, which is a list of objects."""
    return cast("Sequence[Mapping[str, str | float | None]]", value)


def _entries(value: object) -> Iterable[tuple[object, object, object]]:
    """A baseline's values; whatever else it is does not come apart in three."""
    return cast("Iterable[tuple[object, object, object]]", value)
