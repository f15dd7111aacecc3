"""Compiling the circuits of groups without sending anything."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from qbatch.domain.batches import PlannedJob
from qbatch.domain.compilations import Readout
from qbatch.domain.groups import Group
from qbatch.domain.states import CompilationState, Status
from qbatch.engine.compiling import CompileLane, OpenStage, mark_of
from qbatch.engine.planner import OpenBackend, Planner
from qbatch.engine.report import Observer, RunState, Silent
from qbatch.engine.settings import RunSettings
from qbatch.engine.stop import StopSignals
from qbatch.errors import UsageError
from qbatch.seam import Mark
from qbatch.store import Store

_TICK = 0.25
_SHOWN_ERRORS = 5
_MEANT = [status for status in Status if status is not Status.CANCELLED]


@dataclass(slots=True, kw_only=True)
class CompileReport:
    """What compiling came to.

    Attributes:
        backend, target, compiler: for what, and by what.
        circuits: distinct ones, by the measurements that they get; stored: those that were
            in the store already, ``failed_before`` of which could not be compiled.
        compiled, failed: what came of those that were compiled now.
        left: not reached.
        errors: a few of the failures, as (``group/number`` of a job, reason).
        stopped_by: the signal that ended it early, or None.
    """

    backend: str
    target: str
    compiler: str
    circuits: int = 0
    stored: int = 0
    compiled: int = 0
    failed: int = 0
    failed_before: int = 0
    left: int = 0
    seconds: float = 0.0
    errors: list[tuple[str, str]] = field(default_factory=list)
    stopped_by: int | None = None

    @property
    def exit_code(self) -> int:
        """0 all well, 1 some could not be compiled, 128 + signal."""
        if self.stopped_by is not None:
            return 128 + self.stopped_by
        return 1 if self.failed or self.failed_before else 0


class CompileRun:
    """Compiles what the jobs of groups ask about, for one backend.

    Args:
        settings: name the backend.
        only: ids of the jobs that are meant; None: all but the cancelled ones.
        retry: what could not be compiled before is tried again.
    """

    def __init__(
        self,
        store: Store,
        groups: Sequence[Group],
        open_backend: OpenBackend,
        open_stage: OpenStage,
        settings: RunSettings,
        *,
        observer: Observer | None = None,
        only: Sequence[int] | None = None,
        retry: bool = False,
    ) -> None:
        assert settings.backend is not None
        self._store = store
        self._observer = observer or Silent()
        self._only = only
        self._retry = retry
        self._backend = settings.backend
        ids = [group.id for group in groups]
        self._planner = Planner(store, ids, open_backend, settings, self._observer.note, open_stage)
        self._seen: set[tuple[int, Readout]] = set()
        self._errors: list[tuple[int, str]] = []
        self._stop = StopSignals()

    def execute(self) -> CompileReport:
        """Compile to the end, or until a signal; what has been compiled is kept either way.

        Raises:
            UsageError: nothing is compiled for the backend.
        """
        started = time.monotonic()
        queue = self._planner.queue(self._backend)
        try:
            lane = queue.lane
            if lane is None:
                raise UsageError(
                    f"nothing is compiled for backend {self._backend!r}",
                    hint='its setting compile = { level = 2, target = "FILE.json" } does that',
                )
            report = CompileReport(
                backend=self._backend,
                target=lane.stage.target.name,
                compiler=lane.stage.compiler,
            )
            with self._stop:
                self._work(lane, report)
        finally:
            queue.close()  # what has landed by now is kept, and counted
        self._count(lane, report)
        report.seconds = time.monotonic() - started
        report.stopped_by = self._stop.received
        return report

    def _work(self, lane: CompileLane, report: CompileReport) -> None:
        self._planner.begin(self._only, _MEANT)
        self._planner.pick()
        while self._stop.received is None:
            if not self._planner.exhausted and not lane.is_full:
                self._take(lane, self._planner.read(), report)
            elif lane.is_busy:
                lane.step(_TICK)
                lane.drop(self._still_wanted)
                self._observer.update(RunState(compiled=lane.done, to_compile=lane.total))
            else:
                return
            lane.leave(None)

    def _take(self, lane: CompileLane, parts: Sequence[PlannedJob], report: CompileReport) -> None:
        new: dict[Mark, PlannedJob] = {}
        for part in parts:
            mark = mark_of(part)
            if (mark.payload, mark.readout) not in self._seen:
                self._seen.add((mark.payload, mark.readout))
                new[mark] = part
        if not new:
            return
        if self._retry:
            self._store.compilations.forget_failed(new, lane.recipe)
        lane.enter(list(new.values()))
        report.circuits += len(new)
        for mark, found in lane.known(list(new.values())).items():
            report.stored += 1
            if found.state is not CompilationState.DONE:
                report.failed_before += 1
                self._note(new[mark].id, str(found.error))

    def _note(self, job: int, reason: str) -> None:
        if len(self._errors) < _SHOWN_ERRORS:
            self._errors.append((job, reason))

    def _still_wanted(self, parts: Sequence[PlannedJob]) -> list[PlannedJob]:
        stands = self._store.ledger.statuses([part.id for part in parts])
        gone = (None, Status.CANCELLED)
        return [part for part in parts if stands.get(part.id) not in gone]

    def _count(self, lane: CompileLane, report: CompileReport) -> None:
        report.compiled, report.failed = lane.compiled, lane.failed
        report.left = lane.num_pending
        # The others were compiled by another process meanwhile, or are not wanted any more.
        for job, reason in lane.errors:
            self._note(job, reason)
        labels = self._store.jobs.labels([job for job, _ in self._errors])
        report.errors = [(labels.get(job, ""), reason) for job, reason in self._errors]
