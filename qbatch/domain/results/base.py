"""What every kind of result can do."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, ClassVar, NamedTuple, Self, TypeVar, cast

from qbatch.domain.results.labels import told_apart

if TYPE_CHECKING:
    from qbatch.domain.data import Cell, Json

Number = TypeVar("Number", int, float)


class ResultKind(StrEnum):
    """What can be asked for."""

    COUNTS = "counts"
    EXPECTATION_VALUES = "expectation_values"
    PROBABILITIES = "probabilities"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportOptions:
    """What of a result is wanted, and how.

    Attributes:
        top: so many of the most frequent outcomes of each job, the first one first;
            None for all of them, ordered by outcome.
        probabilities: shares of the shots instead of counts.
        partial: of a job that is not done, what has landed so far.
        wide: in a table of columns, one row per job instead of one per outcome.
        columns: what else: ``depth``, ``size`` and ``two_qubit`` of the circuit once it was
            compiled, and its ``layout``.
    """

    top: int | None = None
    probabilities: bool = False
    partial: bool = False
    wide: bool = False
    columns: tuple[str, ...] = ()


class Column(NamedTuple):
    """A column of an exported table: its name, and the type of its cells."""

    name: str
    type: type


class ArrayPlan(NamedTuple):
    """Arrays of the results of one kind: a row a job, a column an outcome or observable.

    Attributes:
        names: of the array of the columns' names.
        arrays: the names of the arrays of numbers.
        whole: the numbers are whole.
        absent: the number of what a result does not name.
        missing: fills the row of a job without such a result.
        is_sorted: columns stand in the order of their names, else as they first occur.
    """

    names: str
    arrays: tuple[str, ...]
    whole: bool
    absent: float
    missing: float
    is_sorted: bool


class Result(ABC):
    """What a job, or a part of its shots, yielded."""

    __slots__ = ()

    kind: ClassVar[ResultKind]
    stored_as: ClassVar[str]
    """The key of its value in the object that the store keeps."""
    is_distribution: ClassVar[bool] = False
    """Whether it says how often each of a set of outcomes comes."""
    absent: ClassVar[float | None] = None
    """What a column of a wide table holds for what a result does not name."""
    unseen: ClassVar[tuple[float, float | None]] = (0.0, None)
    """Of a distribution, the quantity of an outcome that it does not name."""
    noun: ClassVar[str] = "outcome"
    """What it names: outcomes, or observables."""

    def __reduce__(self) -> tuple[type[Self], tuple[object, ...]]:
        # Without the names of its fields, a tenth of the time that dataclasses take for it.
        names: tuple[str, ...] = self.__slots__
        return type(self), tuple(getattr(self, name) for name in names)

    # -- stored, added up, dealt out -------------------------------------------------

    @abstractmethod
    def stored(self) -> Json:
        """Its value as JSON, without the names of observables, which the request holds."""

    @classmethod
    @abstractmethod
    def from_stored(cls, value: object, names: tuple[str, ...]) -> Self:
        """The inverse of `stored`.

        Raises:
            ValueError, TypeError, KeyError: the value is nothing that could have been stored.
        """

    @classmethod
    @abstractmethod
    def add_up(cls, parts: Sequence[tuple[Self, int | None]]) -> Self:
        """The result of a job from those of its parts, each with its shots."""

    def deal(self, shots: Sequence[int]) -> list[Result]:
        """A share for each of the jobs that asked for it together, with their shots.

        Raises:
            ValueError: it cannot be shared out.
        """
        if len(shots) > 1:
            raise ValueError(f"{self.kind.value} of one run cannot be dealt out")
        return [self]

    # -- told ------------------------------------------------------------------------

    @classmethod
    @abstractmethod
    def field(cls, shape: ExportOptions) -> str:
        """The name of its field in JSON."""

    @abstractmethod
    def json(self, shape: ExportOptions) -> Json:
        """The value of that field."""

    @abstractmethod
    def compact(self) -> Json:
        """Its value as a baseline keeps it, by which it can be compared without its job."""

    @classmethod
    @abstractmethod
    def from_compact(cls, value: object) -> Self:
        """The inverse of `compact`.

        Raises:
            ValueError, TypeError, KeyError: the value is no result.
        """

    @abstractmethod
    def quantities(self) -> Mapping[str, tuple[float, float | None]]:
        """Numbers by the outcome or observable they belong to, with standard errors."""

    @abstractmethod
    def summary(self, top: int | None = None) -> str:
        """All of it in one line, or its ``top`` most frequent outcomes."""

    def described(self, top: int) -> str:
        """All of it in one line by name, or its ``top`` most frequent outcomes."""
        quantities = self.quantities()
        if self.is_distribution:
            return percentages(self.shares(top), len(quantities), top, more=True)
        return ", ".join(
            f"{name} = {value:.6g}" + ("" if error is None else f" ± {error:.2g}")
            for name, (value, error) in quantities.items()
        )

    @abstractmethod
    def lines(self) -> Iterator[str]:
        """All of it, one line for each outcome or observable."""

    def shares(self, top: int | None = None) -> list[tuple[str, float]]:
        """Of a distribution, its most frequent outcomes with their shares, falling."""
        found = sorted(self.quantities().items(), key=lambda pair: (-pair[1][0], pair[0]))
        return [(name, share) for name, (share, _) in found[:top]]

    @property
    @abstractmethod
    def size(self) -> int:
        """Number of outcomes or values in it."""

    @property
    @abstractmethod
    def is_empty(self) -> bool:
        """Whether there is nothing in it to show or compare."""

    # -- exported: on the value of its field, as JSON ----------------------------------

    @classmethod
    @abstractmethod
    def columns(cls, shape: ExportOptions) -> tuple[Column, ...]:
        """The columns of a long table that it fills."""

    @classmethod
    @abstractmethod
    def rows(cls, value: Json, shape: ExportOptions) -> Iterator[Sequence[Cell]]:
        """Its rows of a long table, cells in the order of `columns`."""

    @classmethod
    @abstractmethod
    def wide(cls, value: Json, shape: ExportOptions) -> Mapping[str, Cell]:
        """Its cells in the row of a wide table, by column."""

    @classmethod
    @abstractmethod
    def wide_type(cls, shape: ExportOptions) -> type:
        """The type of the cells of `wide`."""

    @classmethod
    @abstractmethod
    def arrays(cls, shape: ExportOptions) -> ArrayPlan:
        """The arrays that many results make, a row each."""

    @abstractmethod
    def cells(self, shape: ExportOptions) -> Iterator[tuple[str, tuple[float, ...]]]:
        """By outcome or observable its number in each of those arrays."""

    @classmethod
    @abstractmethod
    def view(cls, value: Json) -> Mapping[str, Json]:
        """Its stored value for SQL: by name a whole number, or a list [value, error]."""


def leading(counts: Mapping[str, Number], top: int | None = None) -> list[tuple[str, Number]]:
    """Outcomes by falling count, equal ones by name; the first ``top`` of them."""
    return sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))[:top]


def by_name(value: Json) -> Mapping[str, float]:
    """A distribution's field, or its stored value, which is an object of numbers."""
    return cast("Mapping[str, float]", value)


def percentages(
    shares: Sequence[tuple[str, float]], outcomes: int, top: int | None, *, more: bool = False
) -> str:
    """``00 51.2%, 11 48.8%``, and how many outcomes there are where not all are named.

    Args:
        more: say so also where only so many were asked for.
    """
    most = top or 4
    names = told_apart([name for name, _ in shares[:most]])
    shown = [
        f"{name} {100 * share:.1f}%" for name, (_, share) in zip(names, shares[:most], strict=True)
    ]
    return listed(shown, outcomes, None if more else top)


def listed(shown: Sequence[str], outcomes: int, top: int | None) -> str:
    """Outcomes in one cell, and how many there are where not all that were asked for are shown.

    Args:
        outcomes: number of all of them.
        top: how many were asked for; None if nobody said.
    """
    more = [f"… {outcomes} outcomes"] if top is None and outcomes > len(shown) else []
    return ", ".join([*shown, *more])


def finite(value: object) -> float:
    """A real number that is finite, and no text that looks like one.

    Raises:
        ValueError: it is not.
    """
    import numbers

    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise ValueError(f"a value is {shown(value)}")  # noqa: TRY004 - as the others here
    number = float(value)
    if not math.isfinite(number):
        raise ValueError(f"a value is {number}")
    return number


def shown(found: object) -> str:
    """Something foreign in a message, not too long."""
    text = repr(found)
    return text if len(text) <= 60 else f"{text[:60]}…"
