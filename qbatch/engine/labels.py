"""What the circuits of a batch are called: results come back under it.

A label carries a mark of its batch beside the number of its circuit, so that the results of
one batch are never taken for another's.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

_MARK = 6


def label(token: str, item: int) -> str:
    """The label of a batch's circuit."""
    return f"{mark(token)}.{item}"


def mark(token: str) -> str:
    """The mark of the batch with that token."""
    return hashlib.sha256(token.encode()).hexdigest()[:_MARK]


def item(found: str) -> str:
    """The number of the circuit, as a text, of a label."""
    return found.rpartition(".")[2]


def are_foreign(token: str, found: Iterable[str]) -> bool:
    """Whether labels are those of another batch: they carry marks, and none carries ours."""
    marks = {before for before, dot, _ in (text.rpartition(".") for text in found) if dot}
    return bool(marks) and mark(token) not in marks
