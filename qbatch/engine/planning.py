"""From the jobs of a run to batches in lanes: the same for a run and for a plan of one."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence

from qbatch.backends.base import Backend
from qbatch.batching import ALONE_SECONDS, estimated_seconds, remaining_parts
from qbatch.engine.lanes import Lane
from qbatch.engine.settings import RunSettings
from qbatch.errors import NotFound, UsageError
from qbatch.models import PlannedJob, Status
from qbatch.store import Store

_PAGE = 2_000

OpenBackend = Callable[[str, float], Backend]
"""Gives the backend of a name, told how many seconds of simulation are to come at first."""


class Planner:
    """Picks jobs, page by page, and puts them into the batches of their backends' lanes.

    Args:
        groups: ids.
        open_backend: each backend is opened once.
        note: what to do with a sentence that the user should read.

    Attributes:
        lanes: by the backend's name, opened at first use.
        total: how many jobs have been picked.
        exhausted: nothing is picked that is not planned.
        missing: why some jobs cannot be planned: nobody knows their backend.
    """

    def __init__(
        self,
        store: Store,
        groups: Sequence[int],
        open_backend: OpenBackend,
        settings: RunSettings,
        note: Callable[[str], None],
    ) -> None:
        self.lanes: dict[str, Lane] = {}
        self.total = 0
        self.exhausted = False
        self.missing: NotFound | None = None
        self._store = store
        self._groups = groups
        self._open_backend = open_backend
        self._settings = settings
        self._note = note
        self._unknown: set[str] = set()
        self._only: Sequence[int] | None = None
        self._expected_seconds = math.inf  # not known yet
        self._place = 0
        self._planned = 0

    def begin(
        self, only: Sequence[int] | None = None, statuses: Iterable[Status] = (Status.UNSENT,)
    ) -> None:
        """Begin a run.

        Args:
            only: ids of jobs to choose from.
            statuses: those that are taken.
        """
        self._only = only
        self._store.picking.begin(statuses)

    @property
    def is_chosen(self) -> bool:
        """Whether only some of the unsent jobs are meant."""
        return self._settings.limit is not None or self._only is not None

    def pick(self) -> int:
        """Note the jobs to run; those that were added meanwhile, when called again."""
        new = self._store.picking.pick(
            self._groups,
            by_key=self._settings.by_key,
            limit=self._settings.limit,
            only=self._only,
        )
        self.total += new
        self.exhausted = new == 0
        return new

    def lane(self, name: str) -> Lane:
        """The lane of a backend."""
        if name not in self.lanes:
            backend = self._open_backend(name, self._expected_seconds)
            settings = self._settings
            paces = self._store.paces.of(name) if backend.limits.local else {}
            self.lanes[name] = Lane(backend, settings.policy(), settings.max_in_flight, paces)
        return self.lanes[name]

    def page(self) -> None:
        """Plan the next jobs."""
        page = self._store.picking.planned(self._place, _PAGE)
        before, costs = -1, []
        for _, job in page:
            costs.append(estimated_seconds(job, again=job.circuit_id == before))
            before = job.circuit_id
        left = self.total - self._planned
        self._expected_seconds = math.fsum(costs) / max(1, len(page)) * left
        # What is a batch of its own says nothing of how many of the others make one.
        alike = [cost for cost in costs if cost <= ALONE_SECONDS] or costs
        mean = math.fsum(alike) / max(1, len(alike))
        for place, job in page:
            self._place = place
            self._planned += 1
            self._plan(job, mean)
        if len(page) < _PAGE:
            self.exhausted = True
            for lane in self.lanes.values():
                lane.flush()

    def _plan(self, job: PlannedJob, seconds: float) -> None:
        settings = self._settings
        name = settings.backend or job.backend or settings.default_backend or "aer"
        try:
            lane = self.lane(name)
        except NotFound as error:
            if name not in self._unknown:
                self._unknown.add(name)
                self._note(f"jobs for backend {name!r} are left unsent: {error}")
            self.missing = error
            return
        if lane.local and not settings.wait:
            raise UsageError(f"{name} works in this process: there is nothing to detach from")
        lane.expect(job, seconds)
        lane.to_come = self.total - self._planned
        done = [] if job.whole else self._store.picking.done_parts(job.id)
        for part in remaining_parts(job, done):
            lane.add(part)
