"""Where a run's jobs come from while it goes on, besides what is stored already."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol


class JobSource(Protocol):
    """Adds jobs to a run's groups, and is told when they have ended.

    All of its calls come from the run's own thread.
    """

    def begin(self) -> None:
        """The groups are locked, and what an earlier run left open is taken over."""

    def offer(self, *, has_room: bool, is_idle: bool, is_local: bool) -> list[int]:
        """Store the jobs that are ready to be sent; their ids.

        Args:
            has_room: a backend would take another batch.
            is_idle: nothing is under way, and nothing else is there to be sent.
            is_local: every backend of the run is on this machine.
        """

    def landed(self, job: int) -> None:
        """A job has come to its end."""

    @property
    def is_working(self) -> bool:
        """Whether it works towards jobs that it may still offer."""

    @property
    def has_left(self) -> bool:
        """Whether nobody waits for its jobs any more: the run ends as if interrupted."""

    @property
    def standing(self) -> tuple[int, int]:
        """How many of what offers jobs have ended, and how many there are."""

    def wait(self, seconds: float) -> None:
        """Sleep until it has something to offer, no longer than that."""

    def end(self) -> Mapping[str, int]:
        """The run is over; how many of what offered jobs stand in which status."""
