"""What a job yields: one of a closed set of kinds, each of which knows all that is done with it.

A kind knows how it is stored, added up from the parts of a job's shots, dealt out to jobs that
shared a circuit, listed, and exported. Whoever stores, prints, draws or exports results asks
the result, and never which kind it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from qbatch.domain.results.base import Column, ExportOptions, Result, ResultKind, leading
from qbatch.domain.results.counts import Counts
from qbatch.domain.results.probabilities import Probabilities
from qbatch.domain.results.values import ExpectationValue, ExpectationValues

if TYPE_CHECKING:
    from qbatch.domain.data import Json

__all__ = [
    "RESULT_KINDS",
    "Column",
    "Counts",
    "ExpectationValue",
    "ExpectationValues",
    "ExportOptions",
    "Probabilities",
    "Result",
    "ResultKind",
    "leading",
    "read_stored",
    "stored",
]

RESULT_KINDS: Mapping[ResultKind, type[Result]] = {
    kind.kind: kind for kind in (Counts, ExpectationValues, Probabilities)
}
"""Every kind's class."""

_BY_KEY = {kind.stored_as: kind for kind in RESULT_KINDS.values()}


def stored(result: Result) -> dict[str, Json]:
    """A result as the JSON object that the store keeps."""
    return {result.stored_as: result.stored()}


def read_stored(found: Mapping[str, object], names: tuple[str, ...] = ()) -> Result | None:
    """The result that `stored` made an object of; None for one that was let go (``{}``).

    Args:
        names: the observables that were asked for, in order.

    Raises:
        ValueError, TypeError, KeyError: it is nothing that could have been stored.
    """
    if not found:
        return None
    ((key, value),) = found.items()
    return _BY_KEY[key].from_stored(value, names)
