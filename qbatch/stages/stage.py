"""Many circuits compiled by worker processes; one that kills or never ends costs itself."""

from __future__ import annotations

import json
import shutil
import tempfile
import time
from collections import deque
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import BrokenExecutor, Future, wait
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from qbatch.domain.compilations import Readout
from qbatch.domain.states import CompilationState
from qbatch.errors import BackendError, QbatchError
from qbatch.execution.base import Executor, cores
from qbatch.seam.stages import CompileTask, Landed, Mark, Target
from qbatch.stages import work
from qbatch.stages.workers import MakeExecutor, local

_CHUNK_SECONDS = 0.5
_MOST_CHUNK = 200
_MOST_DEATHS = 3  # of workers, one after another, before they have begun with anything
_LOOK_SECONDS = 0.2  # between two looks at what takes too long


@dataclass(slots=True, eq=False)
class _Chunk:
    """Circuits that a worker has."""

    tasks: list[CompileTask]
    note: Path | None
    future: Future[list[Landed]]
    is_suspect: bool = False
    since: float = field(default_factory=time.monotonic)

    @property
    def is_unseen(self) -> bool:
        """Nobody sees which of its circuits is worked on."""
        return self.note is None and len(self.tasks) > 1

    def at(self) -> tuple[int, float] | None:
        """Which of its circuits is worked on, and since when; None where nothing was begun.

        On another machine nobody sees that: it is the first, if it is alone.
        """
        if self.note is not None:
            return work.worked_on(self.note)
        return (0, self.since) if len(self.tasks) == 1 else None

    def tidy(self) -> None:
        """Nobody asks any more which of its circuits was worked on."""
        if self.note is not None:
            self.note.unlink(missing_ok=True)


class CompileStage:
    """A backend's compiler, target and options, with workers of its own.

    Workers start with the first circuit. A worker that dies takes the others along; the
    circuits that were being worked on are then taken alone, one at a time, until the culprit
    has died alone. Of workers on other machines nobody sees what they work on: then all
    circuits of a chunk are taken alone.

    Args:
        kind: the compiler, ``package.module:Class``; ``version``: its name and version.
        options: what the compiler settled.
        idle: ``kept`` or ``removed``: wires on which nothing is done.
        timeout: seconds for one circuit.
        make: gives workers.
        place: what the compiler is told besides: where it works, which changes nothing of what
            comes of it.
        shared: circuits are worked on by one runtime, where one that hangs holds up others: it
            is only known who it was once it has hung alone.
    """

    def __init__(
        self,
        kind: str,
        version: str,
        target: Target,
        options: Mapping[str, Any],
        *,
        idle: str,
        timeout: float,
        workers: int = 0,
        make: MakeExecutor = local,
        place: Mapping[str, Any] | None = None,
        shared: bool = False,
    ) -> None:
        self.target = target
        self.compiler = version
        self._kind = kind
        self._options = {**options, "idle": idle}
        self._timeout = timeout
        self._workers = workers or cores()
        self._make = make
        self._place = dict(place or {})
        self._shared = shared
        self._pool: Executor | None = None
        self._notes: Path | None = None
        self._number = 0
        self._queue: deque[CompileTask] = deque()
        self._alone: deque[CompileTask] = deque()
        self._chunks: list[_Chunk] = []
        self._deaths = 0
        self._mean: float | None = None

    def options(self, readout: Readout) -> str:
        """The compiler's options, which measurements, and whether idle wires stay."""
        found = {**self._options, "readout": readout.value}
        return json.dumps(found, separators=(",", ":"), sort_keys=True)

    def submit(self, tasks: Sequence[CompileTask]) -> None:
        """Have circuits compiled."""
        self._queue.extend(tasks)
        self._fill()

    def landed(self, seconds: float) -> list[Landed]:
        """What has been compiled since, after waiting for so many seconds at the most.

        Raises:
            BackendError: no worker lives long enough to begin.
        """
        self._fill()
        futures = [chunk.future for chunk in self._chunks]
        if futures:
            wait(futures, timeout=min(seconds, _LOOK_SECONDS), return_when="FIRST_COMPLETED")
        done = [chunk for chunk in self._chunks if chunk.future.done()]
        found = [landed for chunk in done for landed in self._done(chunk)]
        # Of those that were looked at: another may have ended well since.
        if any(chunk in self._chunks for chunk in done):
            found += self._after_death()
        found += self._too_long()
        self._fill()
        return found

    def _done(self, chunk: _Chunk) -> list[Landed]:
        """What came of a chunk; nothing where its worker died.

        Raises:
            BackendError: it failed for a reason that is no circuit's.
        """
        error = chunk.future.exception()
        if error is None:
            self._chunks.remove(chunk)
            chunk.tidy()
            return self._taken(chunk.future.result())
        lost = self._pool is not None and self._pool.is_worker_loss(error)
        if not lost and not isinstance(error, BrokenExecutor):
            hint = error.hint if isinstance(error, QbatchError) else None
            raise BackendError(f"nothing can be compiled: {_words(error)}", hint=hint) from error
        return []

    def keep_only(self, marks: Collection[Mark]) -> None:
        """Drop the circuits that nobody wants any more; those under way are finished."""
        self._queue = deque(task for task in self._queue if task.mark in marks)
        self._alone = deque(task for task in self._alone if task.mark in marks)

    def close(self) -> None:
        """Stop at once."""
        self._queue.clear()
        self._alone.clear()
        self._stop()
        if self._notes is not None:
            shutil.rmtree(self._notes, ignore_errors=True)
            self._notes = None

    # -- chunks -------------------------------------------------------------------------

    def _fill(self) -> None:
        """Keep the workers supplied; while there is a suspect, with that alone."""
        while (self._queue or self._alone) and len(self._chunks) < self._most_chunks():
            if self._alone:
                if self._chunks:
                    return
                self._send([self._alone.popleft()], is_suspect=True)
                return
            if any(chunk.is_suspect for chunk in self._chunks):
                return
            size = 1 if self._mean is None else int(_CHUNK_SECONDS / self._mean)
            # The last circuits are shared out: no worker waits for another's long chunk.
            fair = -(-len(self._queue) // self._workers)
            count = max(1, min(size, fair, _MOST_CHUNK))
            self._send([self._queue.popleft() for _ in range(min(count, len(self._queue)))])

    def _most_chunks(self) -> int:
        """That are out at once; where nobody sees when one begins, each begins at once."""
        if self._pool is not None and self._pool.shares_itself:
            return self._pool.slots
        return 2 * self._workers

    def _send(self, tasks: list[CompileTask], *, is_suspect: bool = False) -> None:
        if self._pool is None:
            self._pool = self._make(self._workers)
        if self._notes is None:
            self._notes = Path(tempfile.mkdtemp(prefix="qbatch-compile-"))
        self._number += 1
        note = None if self._pool.shares_itself else self._notes / str(self._number)
        args = (self._kind, self.target, {**self._options, **self._place}, tasks, note)
        try:
            future = self._pool.submit(work.compile_chunk, *args)
        except BrokenExecutor as error:  # a worker died while nobody looked
            future = Future()
            future.set_exception(error)
        self._chunks.append(_Chunk(tasks, note, future, is_suspect))

    def _taken(self, landed: Iterable[Landed]) -> list[Landed]:
        found = list(landed)
        self._deaths = 0
        mean = sum(one.seconds for one in found) / max(1, len(found))
        mean = max(mean, 1e-4)
        self._mean = mean if self._mean is None else 0.7 * self._mean + 0.3 * mean
        return found

    # -- what goes wrong ----------------------------------------------------------------

    def _after_death(self) -> list[Landed]:
        """A worker has died, and the others with it: who was it over?"""
        chunks, found = self._give_up()
        at = {id(chunk): chunk.at() for chunk in chunks}
        unseen = [chunk for chunk in chunks if chunk.is_unseen]
        self._note_death(any(at.values()) or bool(unseen))
        for chunk in self._seen_of(chunks, unseen):
            seen = at[id(chunk)]
            task = self._take_again(chunk, None if seen is None else seen[0])
            if task is None:
                continue
            if chunk.is_suspect:
                said = "the worker died over it; it may have run out of memory"
                found.append(_failed(task, CompilationState.LOST, 0.0, said))
            else:
                self._alone.appendleft(task)
        return found

    def _note_death(self, had_begun: bool) -> None:
        """Count workers that die before they have begun with anything.

        Raises:
            BackendError: there were too many.
        """
        self._deaths = 0 if had_begun else self._deaths + 1
        if self._deaths >= _MOST_DEATHS:
            raise BackendError("worker processes for compiling die before they begin")

    def _too_long(self) -> list[Landed]:
        """Circuits that take longer than they may; their neighbours are taken again."""
        late = self._late_places()
        unseen = [chunk for chunk in self._chunks if self._is_late_unseen(chunk)]
        if not (late or unseen):
            return []
        chunks, found = self._give_up()
        for chunk in self._seen_of(chunks, unseen):
            task = self._take_again(chunk, late.get(id(chunk)))
            if task is None:
                continue
            if (self._shared or chunk.note is None) and not chunk.is_suspect:
                self._alone.appendleft(task)
            else:
                said = f"compiling it took longer than {self._timeout:g} s"
                found.append(_failed(task, CompilationState.TIMEOUT, self._timeout, said))
        return found

    def _seen_of(self, chunks: list[_Chunk], unseen: list[_Chunk]) -> Iterator[_Chunk]:
        """Those of which it is known what was worked on; of the others all are taken alone."""
        for chunk in reversed(chunks):
            if chunk in unseen:
                self._alone.extendleft(reversed(chunk.tasks))
            else:
                yield chunk

    def _late_places(self) -> dict[int, int]:
        """Of chunks, by their ids, the place of the circuit that takes too long."""
        places = {id(chunk): self._late(chunk) for chunk in self._chunks}
        return {number: place for number, place in places.items() if place >= 0}

    def _late(self, chunk: _Chunk) -> int:
        """The place of the circuit that takes too long; -1 where none does."""
        at = None if chunk.future.done() else chunk.at()
        return -1 if at is None or time.monotonic() - at[1] <= self._timeout else at[0]

    def _is_late_unseen(self, chunk: _Chunk) -> bool:
        """Whether one of its circuits takes too long, and nobody sees which."""
        if not chunk.is_unseen or chunk.future.done():
            return False
        return time.monotonic() - chunk.since > self._timeout * len(chunk.tasks)

    def _take_again(self, chunk: _Chunk, place: int | None) -> CompileTask | None:
        """Put a chunk's circuits back in front, but for the one at a place, which is given."""
        others = [task for n, task in enumerate(chunk.tasks) if n != place]
        self._queue.extendleft(reversed(others))
        return None if place is None else chunk.tasks[place]

    def _give_up(self) -> tuple[list[_Chunk], list[Landed]]:
        """Stop the workers; the chunks that are not done, and what came of those that are."""
        found: list[Landed] = []
        left = []
        for chunk in self._chunks:
            if chunk.future.done() and chunk.future.exception() is None:
                found += self._taken(chunk.future.result())
                chunk.tidy()
            else:
                left.append(chunk)
        self._stop()
        return left, found

    def _stop(self) -> None:
        if self._pool is not None:
            self._pool.stop()
        self._pool = None
        self._chunks = []


def _words(error: BaseException) -> str:
    return str(error) if isinstance(error, QbatchError) else f"{type(error).__name__}: {error}"


def _failed(task: CompileTask, state: CompilationState, seconds: float, said: str) -> Landed:
    return Landed(mark=task.mark, state=state, seconds=seconds, error=said)
