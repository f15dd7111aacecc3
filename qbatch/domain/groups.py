"""Groups of jobs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from qbatch.domain.naming import shell_quote
from qbatch.domain.states import GroupState


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """A named set of jobs.

    Attributes:
        backend: where its jobs run that name none themselves.
        counts: number of jobs in each status.
        hold: why nothing of it is sent; None: it is.
        parent: name of the group that it was copied from; ``parent_id``: its id, None where that
            was in another database.
        copied_for: the backend that it is its parent's copy for.
    """

    id: int
    name: str
    state: GroupState
    backend: str | None
    created_at: float
    counts: Mapping[str, int]
    note: str | None = None
    hold: str | None = None
    parent: str | None = None
    parent_id: int | None = None
    copied_for: str | None = None

    @property
    def total(self) -> int:
        """The number of its jobs."""
        return sum(self.counts.values())


def held_text(name: str, why: str) -> str:
    """What is said of a group that is held, for a reason."""
    return f"nothing is sent: {why} (qbatch group release {shell_quote(name)})"
