"""What the items of a batch are called: results come back under it.

A label carries a mark of its batch beside the number of its item, so that the results of
one batch are never taken for another's.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

from qbatch.domain.batches import Claim

_MARK = 6


def label(submission_id: str, item: int) -> str:
    """The label of a batch's item."""
    return f"{mark(submission_id)}.{item}"


def labels(submission_id: str, claims: Sequence[Claim]) -> list[str]:
    """The labels of a batch's items, in the order in which they were sent.

    Claims are written down in the order of the items' first jobs, without those that were
    refused: these are the positions, in any process.
    """
    before = mark(submission_id)
    return [f"{before}.{item}" for item in dict.fromkeys(claim.item for claim in claims)]


def mark(submission_id: str) -> str:
    """The mark of the batch with that submission id."""
    return hashlib.sha256(submission_id.encode()).hexdigest()[:_MARK]


def item(found: str) -> str:
    """The number of the item, as a text, of a label."""
    return found.rpartition(".")[2]


def are_foreign(submission_id: str, found: Iterable[str]) -> bool:
    """Whether labels are those of another batch: they carry marks, and none carries ours."""
    marks = {before for before, dot, _ in (text.rpartition(".") for text in found) if dot}
    return bool(marks) and mark(submission_id) not in marks
