"""Batches whose payloads are compiled before they are sent."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from qbatch.domain.batches import PlannedJob
from qbatch.domain.compilations import Compilation, Readout, readout_of
from qbatch.domain.states import CompilationState, Failure
from qbatch.rules.batching import halves
from qbatch.seam import Backend, CompileTask, Landed, Mark, Stage
from qbatch.store import Store
from qbatch.store.compilations import Recipe
from qbatch.store.compile_lock import CompileLock
from qbatch.store.ledger_rows import Refusal

_COMMIT_SECONDS = 0.25
_LOOK_SECONDS = 0.5  # between two looks at what another process has compiled
_CANCEL_SECONDS = 1.0  # between two looks at what is still wanted
_MOST_TASKS = 500  # that the stage has at once: their texts are in memory
_MOST_KNOWN = 20_000
_MOST_PARTS = 20_000  # jobs that wait
_MOST_ERRORS = 5

_FAILURES = {
    CompilationState.INVALID: Failure.INVALID,
    CompilationState.TIMEOUT: Failure.TIMEOUT,
    CompilationState.LOST: Failure.LOST,
}

OpenStage = Callable[[Backend], Stage | None]
"""Gives the compile stage of a backend; None where what it gets is not compiled."""


def mark_of(part: PlannedJob) -> Mark:
    """What is to be compiled for a job."""
    return Mark(part.payload.id, readout_of(part.request), part.payload.hash)


def recipe_of(stage: Stage) -> Recipe:
    """How a stage compiles."""
    options = {readout: stage.options(readout) for readout in Readout}
    return Recipe(stage.target.hash, stage.compiler, options)


def refusal(found: Compilation, target: str, backend: str) -> Refusal:
    """Why a job whose circuit could not be compiled is not sent."""
    said = (
        f"cannot be compiled for {target}: {found.error}"
        f" (qbatch compile GROUP --for {backend} --retry tries it again)"
    )
    return _FAILURES[found.state], said


@dataclass(slots=True, eq=False)
class _Waiting:
    """A batch, and what of it is not compiled yet."""

    parts: list[PlannedJob]
    missing: set[Mark] = field(default_factory=set)


class CompileLane:
    """What stands between planning and sending where circuits are compiled.

    A batch leaves it when the store knows of each of its payloads what came of compiling it.
    What another process compiles by the same recipe is waited for, and not done again.

    Attributes:
        recipe: how circuits are compiled.
        done, total: circuits that were not in the store when they were asked for.
        compiled, failed: what came of those that this process has compiled.
        errors: a few of the failures, as (id of a job, reason).
    """

    def __init__(
        self, store: Store, stage: Stage, backend: str, note: Callable[[str], None]
    ) -> None:
        self.stage = stage
        self.recipe = recipe_of(stage)
        self.done = self.total = 0
        self._store = store
        self._cache = store.compilations
        self._cache.keep_target(stage.target.name, stage.target.hash, stage.target.body)
        self._lock = CompileLock(store.database, self.recipe, backend)
        self._backend = backend
        self._note = note
        self._known: dict[Mark, Compilation] = {}
        self._waiting: list[_Waiting] = []
        self._pending: dict[Mark, None] = {}
        self._unsent: deque[Mark] = deque()
        self._landed: list[Landed] = []
        self._sent: set[Mark] = set()
        self._committed = self._looked = self._checked = time.monotonic()
        self._holds = self._told = False
        self.compiled = self.failed = 0
        self.errors: list[tuple[int, str]] = []

    @property
    def is_busy(self) -> bool:
        """Whether batches wait here."""
        return bool(self._waiting)

    @property
    def num_pending(self) -> int:
        """Number of circuits that are still to be compiled."""
        return len(self._pending)

    @property
    def is_full(self) -> bool:
        """Whether more would only wait."""
        if len(self._pending) > 2 * _MOST_TASKS:
            return True
        return sum(len(one.parts) for one in self._waiting) > _MOST_PARTS

    def enter(self, parts: Sequence[PlannedJob]) -> None:
        """Take a batch; what is not known of its payloads is to be compiled."""
        self._look_up({mark_of(part) for part in parts} - self._known.keys())
        missing = {mark for part in parts if (mark := mark_of(part)) not in self._known}
        self._waiting.append(_Waiting(list(parts), missing))
        new = [mark for mark in sorted(missing) if mark not in self._pending]
        self._pending.update(dict.fromkeys(new))
        self._unsent.extend(new)
        self.total += len(new)

    def leave(self, most_bytes: int | None) -> list[list[PlannedJob]]:
        """The batches that are ready; cut where what was compiled is too large for one."""
        ready = [waiting for waiting in self._waiting if not waiting.missing]
        if not ready:
            return []
        batches = [batch for one in ready for batch in self._cut(one.parts, most_bytes)]
        self._waiting = [waiting for waiting in self._waiting if waiting.missing]
        self._forget()
        return batches

    def known(self, parts: Sequence[PlannedJob]) -> dict[Mark, Compilation]:
        """What is known of the payloads of jobs that have just come."""
        return dict(self._of(parts))

    def settled(self, parts: Sequence[PlannedJob]) -> Mapping[Mark, Compilation] | None:
        """What came of the payloads of a batch; None where that is to be compiled anew."""
        marks = {mark_of(part) for part in parts}
        self._look_up(marks - self._known.keys())
        if not marks <= self._known.keys():
            return None
        found = {mark: self._known[mark] for mark in marks}
        self._forget()
        return found

    def step(self, seconds: float) -> None:
        """Go on compiling, for so many seconds at the most."""
        if not self._pending:
            self._release()
            return
        if not self._may_compile():
            time.sleep(min(seconds, 0.1))
            return
        while self._unsent and len(self._sent) < _MOST_TASKS:
            self._send()
        landed = self.stage.landed(seconds)
        self._landed += landed
        self._sent.difference_update(one.mark for one in landed)
        late = time.monotonic() - self._committed >= _COMMIT_SECONDS
        if self._landed and (late or not self._sent):
            self._commit()

    def drop(self, still_wanted: Callable[[Sequence[PlannedJob]], list[PlannedJob]]) -> bool:
        """Let go, now and then, what was cancelled meanwhile; whether something was."""
        if not self._waiting or time.monotonic() - self._checked < _CANCEL_SECONDS:
            return False
        self._checked = time.monotonic()
        if not self._narrow(still_wanted):
            return False
        wanted = {mark for one in self._waiting for mark in one.missing}
        self.total -= len(self._pending.keys() - wanted)
        self._pending = {mark: None for mark in self._pending if mark in wanted}
        self._unsent = deque(mark for mark in self._unsent if mark in wanted)
        self._sent &= wanted
        self.stage.keep_only(wanted)
        return True

    def empty(self) -> None:
        """Let go of all batches: nothing of them will be sent."""
        self.total -= len(self._pending)
        self._waiting.clear()
        self._pending.clear()
        self._unsent.clear()
        self._sent.clear()
        self.stage.keep_only(set())
        self._release()

    def _narrow(self, still_wanted: Callable[[Sequence[PlannedJob]], list[PlannedJob]]) -> bool:
        """Leave out of the batches what is not wanted; whether something was."""
        changed = False
        for one in self._waiting:
            left = still_wanted(one.parts)
            changed = changed or len(left) < len(one.parts)
            one.parts = left
            one.missing &= {mark_of(part) for part in left}
        self._waiting = [one for one in self._waiting if one.parts]
        return changed

    def close(self) -> None:
        """Stop at once; what has been compiled is kept."""
        if self._landed:
            self._commit()
        self.stage.close()
        self._release()

    # -- inside -------------------------------------------------------------------------

    def _forget(self) -> None:
        """Let go what no batch needs that waits here; it can be looked up again."""
        if len(self._known) > _MOST_KNOWN:
            self._known = {m: c for one in self._waiting for m, c in self._of(one.parts)}

    def _look_up(self, marks: Iterable[Mark]) -> None:
        self._known.update(self._cache.found(marks, self.recipe))

    def _may_compile(self) -> bool:
        """Whether this process is the one that compiles; what others have done is noted."""
        if self._holds:
            return True
        if self._lock.acquire():
            self._holds = True
            self._take_over()  # what was compiled until now
            if self._holds:
                self._lock.tell(self.done, self.total)
            return self._holds
        if not self._told:
            self._told = True
            self._note(f"another process compiles for {self._backend}; waiting for what it does")
        if time.monotonic() - self._looked >= _LOOK_SECONDS:
            self._looked = time.monotonic()
            self._take_over()
        return False

    def _take_over(self) -> None:
        found = self._cache.found(list(self._pending), self.recipe)
        self.total -= len(found)
        self._settle(found)
        self._unsent = deque(mark for mark in self._unsent if mark not in found)

    def _send(self) -> None:
        marks = [self._unsent.popleft() for _ in range(min(len(self._unsent), _MOST_TASKS))]
        sources = self._store.jobs.sources({mark.payload for mark in marks})
        there = [mark for mark in marks if mark.payload in sources]
        self._lose(set(marks).difference(there))
        self.stage.submit([CompileTask(mark=m, source=sources[m.payload]) for m in there])
        self._sent.update(there)

    def _commit(self) -> None:
        landed, self._landed = self._landed, []
        self._cache.keep(landed, self.recipe)
        self._committed = time.monotonic()
        kept = self._cache.found([one.mark for one in landed], self.recipe)
        for one in landed:
            if one.mark in kept and one.mark in self._pending:
                self._count(one)
        self._settle(kept)
        # Nothing is kept of a circuit whose number another one has by now.
        self._lose({one.mark for one in landed}.difference(kept) & self._pending.keys())
        if self._holds:
            self._lock.tell(self.done, self.total)

    def _lose(self, gone: Collection[Mark]) -> None:
        """Drop circuits that were deleted meanwhile, and the jobs that wait for them.

        That a job of that number is there says nothing: it may be a new one.
        """
        for mark in gone:
            self.total -= self._pending.pop(mark, mark) is None
        if gone:
            self._narrow(lambda parts: [part for part in parts if mark_of(part) not in gone])
        if not self._pending:
            self._release()

    def _count(self, landed: Landed) -> None:
        self.done += 1
        if landed.state is CompilationState.DONE:
            self.compiled += 1
            return
        self.failed += 1
        if len(self.errors) < _MOST_ERRORS:
            jobs = (part.id for one in self._waiting for part in one.parts
                    if mark_of(part) == landed.mark)  # fmt: skip
            self.errors.append((next(jobs, 0), str(landed.error)))

    def _settle(self, found: Mapping[Mark, Compilation]) -> None:
        self._known.update(found)
        for mark in found:
            self._pending.pop(mark, None)
        for one in self._waiting:
            one.missing -= found.keys()
        if not self._pending:
            self._release()  # whatever this run does next, others may compile

    def _release(self) -> None:
        if self._holds:
            self._holds = False
            self._lock.release()

    def _of(self, parts: Iterable[PlannedJob]) -> list[tuple[Mark, Compilation]]:
        marks = {mark_of(part) for part in parts}
        return [(mark, self._known[mark]) for mark in marks if mark in self._known]

    def _cut(self, parts: list[PlannedJob], most: int | None) -> list[list[PlannedJob]]:
        sizes = {
            found.compiled.id: found.compiled.num_bytes
            for _, found in self._of(parts)
            if found.compiled is not None
        }
        if most is None or len(parts) == 1 or sum(sizes.values()) <= most:
            return [parts]
        return [batch for half in halves(parts) for batch in self._cut(half, most)]
