"""What may stand in a cell of a row, and in a JSON document."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    Cell: TypeAlias = str | int | float | bytes | None
    """Of a row of SQLite, of CSV or of Parquet."""
    Row: TypeAlias = tuple[Cell, ...]
    SqlParameters: TypeAlias = Sequence[Cell] | Mapping[str, Cell]
    Json: TypeAlias = str | int | float | bool | Sequence["Json"] | Mapping[str, "Json"] | None
    """Read only: whoever makes a document gives its own type."""
