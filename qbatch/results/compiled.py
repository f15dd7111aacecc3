"""How large the circuits were that results come from, once they were compiled."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from qbatch.domain.history import JobResult
from qbatch.domain.results import Column
from qbatch.errors import UsageError

if TYPE_CHECKING:
    from qbatch.domain.data import Cell

COLUMNS = {
    "depth": Column("depth", int),
    "size": Column("size", int),
    "two_qubit": Column("two_qubit", int),
    "layout": Column("layout", str),
}
"""What may be asked for beside a result; a layout is the target's qubits, as a text."""


def check_columns(names: Iterable[str]) -> tuple[str, ...]:
    """The names, if there are such columns.

    Raises:
        UsageError: there is no column of one.
    """
    found = tuple(dict.fromkeys(names))
    if unknown := [name for name in found if name not in COLUMNS]:
        raise UsageError(
            f"--columns: there is no {unknown[0]!r}", hint=f"there are: {', '.join(COLUMNS)}"
        )
    return found


def cells(result: JobResult, names: Sequence[str]) -> list[Cell]:
    """A cell for each name; nothing where the circuit was not compiled."""
    if result.compiled is None:
        return [None] * len(names)
    metrics, layout = result.compiled
    told: dict[str, Cell] = {
        "depth": metrics.depth,
        "size": metrics.size,
        "two_qubit": metrics.two_qubit,
        "layout": ",".join(map(str, layout.qubits)),
    }
    return [told[name] for name in names]
