"""Groups of jobs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from qbatch.domain.states import GroupState


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """A named set of jobs.

    Attributes:
        backend: where its jobs run that name none themselves.
        counts: number of jobs in each status.
    """

    id: int
    name: str
    state: GroupState
    backend: str | None
    created_at: float
    counts: Mapping[str, int]
    note: str | None = None

    @property
    def total(self) -> int:
        """The number of its jobs."""
        return sum(self.counts.values())
