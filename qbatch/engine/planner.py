"""From the jobs of a run to batches in queues: the same for a run and for a plan of one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from qbatch.domain.batches import PlannedJob
from qbatch.domain.states import Status
from qbatch.engine.backend_queue import BackendQueue
from qbatch.engine.compiling import CompileLane, OpenStage
from qbatch.engine.settings import RunSettings
from qbatch.errors import NotFound, NotInstalled, UsageError
from qbatch.payloads.registry import payload_format
from qbatch.rules.batching import ALONE_SECONDS, remaining_parts
from qbatch.seam import Backend, SupportsCost
from qbatch.store import Store
from qbatch.store.work_queue import UnreadableJob

_PAGE = 2_000

OpenBackend = Callable[[str], Backend]
"""Gives the backend of a name."""


class Planner:
    """Picks jobs, page by page, and puts them into the batches of their backends' queues.

    Args:
        groups: ids.
        open_backend: each backend is opened once.
        note: what to do with a sentence that the user should read.
        open_stage: gives a backend's compile stage.

    Attributes:
        queues: by the backend's name, opened at first use.
        total: number of jobs that have been picked.
        exhausted: nothing is picked that is not planned.
        missing: why some jobs cannot be planned: their backend or format is not known here.
    """

    def __init__(
        self,
        store: Store,
        groups: Sequence[int],
        open_backend: OpenBackend,
        settings: RunSettings,
        note: Callable[[str], None],
        open_stage: OpenStage = lambda _: None,
    ) -> None:
        self.queues: dict[str, BackendQueue] = {}
        self.total = 0
        self.exhausted = False
        self.missing: NotFound | None = None
        self._store = store
        self._groups = groups
        self._open_backend = open_backend
        self._settings = settings
        self._note = note
        self._open_stage = open_stage
        self._unknown: set[str] = set()
        self._told: set[str] = set()
        self._only: Sequence[int] | None = None
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
        self._store.work_queue.begin(statuses)

    @property
    def is_chosen(self) -> bool:
        """Whether only some of the unsent jobs are meant."""
        return self._settings.limit is not None or self._only is not None

    def pick(self) -> int:
        """Note the jobs to run; those that were added meanwhile, when called again."""
        new = self._store.work_queue.pick(
            self._groups,
            by_key=self._settings.by_key,
            limit=self._settings.limit,
            only=self._only,
        )
        self.total += new
        self.exhausted = new == 0
        return new

    def warn_of_shared_draws(self) -> None:
        """Under one seed, equal jobs of the same number in several groups draw alike."""
        seed = self._settings.seed
        if seed is None or len(self._groups) < 2:
            return
        if shared := self._store.work_queue.sharing_draws():
            self._note(
                f"--seed {seed}: {shared} jobs ask the same under the same number in several of"
                " these groups, and get the same counts: no independent repetitions"
                " (qbatch run one group at a time with a seed of its own)"
            )

    def means(self, ids: Iterable[int]) -> set[int]:
        """Those of some jobs that the run is about."""
        ids = set(ids)
        if self._only is not None:
            ids &= set(self._only)
        if self.total and self.is_chosen:
            return self._store.work_queue.picked(ids)
        return ids

    def again(self, ids: Sequence[int]) -> None:
        """Jobs of the run that were given more shots are planned once more."""
        self._store.work_queue.again(ids)
        self.total += len(ids)
        self.exhausted = False

    def include(self, ids: Sequence[int]) -> None:
        """Jobs that came meanwhile belong to the run, also where only some are meant."""
        if self._only is not None:
            self._only = ids

    def queue(self, name: str) -> BackendQueue:
        """The queue of a backend.

        Raises:
            NotFound: there is no such backend, or its adapter is not installed here.
        """
        if name not in self.queues:
            backend = self._open_backend(name)
            settings = self._settings
            measured = self._store.throughputs.of(name) if backend.limits.local else {}
            self.queues[name] = BackendQueue(
                backend,
                settings.policy(),
                settings.max_in_flight,
                measured,
                lambda: self._open_lane(backend),
            )
        return self.queues[name]

    def _open_lane(self, backend: Backend) -> CompileLane | None:
        stage = self._open_stage(backend)
        if stage is None:
            return None
        return CompileLane(self._store, stage, backend.name, self._note)

    def runnable(self, ids: Sequence[int]) -> list[int]:
        """Those of some jobs whose backends open; the others' are told.

        Raises:
            BackendError, UsageError: a backend is there, and cannot be used as configured.
        """
        wanted = self._store.jobs.backends(ids)
        known = {name: self._opens(self._name(*name)) for name in dict.fromkeys(wanted.values())}
        return [job for job in ids if known[wanted[job]]]

    def _opens(self, name: str) -> bool:
        try:
            self.queue(name)
        except NotFound as error:
            self._leave(name, error)
            return False
        return True

    def _name(self, wanted: str | None, kind: str) -> str:
        """Where a job goes that asks for a backend, or for none."""
        settings = self._settings
        home = settings.homes.get(kind) or settings.default_backend
        return settings.backend or wanted or home or "default"

    def _leave(self, name: str, error: NotFound) -> None:
        if name not in self._unknown:
            self._unknown.add(name)
            self._note(f"jobs for backend {name!r} are left as they are: {error}")
        self.missing = error

    def read(self) -> list[PlannedJob]:
        """The next jobs that are known here, without planning where they go."""
        page = self._store.work_queue.planned(self._place, _PAGE)
        self.exhausted = len(page) < _PAGE
        if page:
            self._place = page[-1][0]
        return [job for _, job in page if isinstance(job, PlannedJob)]

    def page(self) -> None:
        """Plan the next jobs."""
        page = self._store.work_queue.planned(self._place, _PAGE)
        left = self.total - self._planned
        chosen = [self._chosen(job) for _, job in page]
        shares = self._shares(chosen, left)
        for (place, _), share in zip(page, chosen, strict=True):
            self._place = place
            self._planned += 1
            if share is not None:
                name, job = share
                self._plan(self.queues[name], job, shares[name].mean)
        if len(page) < _PAGE:
            self.exhausted = True
            for queue in self.queues.values():
                queue.flush()

    def _chosen(self, job: PlannedJob | UnreadableJob) -> tuple[str, PlannedJob] | None:
        """Where a job goes; None where that place, or its payload's format, is not known."""
        if isinstance(job, UnreadableJob):
            self._leave_unread(job.kind)
            return None
        name = self._name(job.backend, job.payload.kind)
        if not self._opens(name):
            return None
        if self.queues[name].local and not self._settings.wait:
            raise UsageError(
                f"{name} works in this process: there is nothing to detach from",
                hint="--backend NAME sends to a service; qbatch backends list names them",
            )
        return name, job

    def _leave_unread(self, kind: str) -> None:
        try:
            payload_format(kind)
        except NotInstalled as error:
            if self.missing is None:
                self._note(f"jobs are left unsent: {error}")
            self.missing = error

    def _shares(
        self, chosen: Sequence[tuple[str, PlannedJob] | None], left: int
    ) -> dict[str, _Share]:
        """What each backend gets of a page; each is told its work before it gets any."""
        found: dict[str, _Share] = {}
        for share in chosen:
            if share is not None:
                name, job = share
                found.setdefault(name, _Share()).add(job, self.queues[name])
        for name, total in ((name, share.total) for name, share in found.items()):
            backend = self.queues[name].backend
            if name not in self._told and isinstance(backend, SupportsCost):
                self._told.add(name)
                backend.expect(total / max(1, len(chosen)) * left)
        return found

    def _plan(self, queue: BackendQueue, job: PlannedJob, seconds: float) -> None:
        queue.expect(job, seconds)
        queue.to_come = self.total - self._planned
        if job.whole:
            queue.add(job)
            return
        done = self._store.work_queue.done_parts(job.id)
        starts = self._store.work_queue.stream_starts(job.id)
        job = replace(job, taken=frozenset(stream for _, _, stream in done))
        for part in remaining_parts(job, [(offset, shots) for offset, shots, _ in done], starts):
            queue.add(part)


@dataclass(slots=True)
class _Share:
    """What one backend gets of a page of jobs, in seconds of work."""

    total: float = 0.0
    jobs: int = 0
    alike: float = 0.0
    num_alike: int = 0
    before: int = -1

    def add(self, job: PlannedJob, queue: BackendQueue) -> None:
        cost = queue.costs.cost(job, again=job.payload.id == self.before)
        self.before = job.payload.id
        self.total += cost
        self.jobs += 1
        # What is a batch of its own says nothing of how many of the others make one.
        if cost <= ALONE_SECONDS:
            self.alike += cost
            self.num_alike += 1

    @property
    def mean(self) -> float:
        """Seconds of a job, of those that share batches."""
        if self.num_alike:
            return self.alike / self.num_alike
        return self.total / max(1, self.jobs)
