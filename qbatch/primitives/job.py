"""A call of a primitive, and what the primitives have in common."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any, Literal

from qiskit.primitives import BasePrimitiveJob, PrimitiveResult
from qiskit.providers import JobStatus

from qbatch.api.session import Session
from qbatch.domain.programs import ProgramSettings
from qbatch.errors import UsageError
from qbatch.programs.circuits import Payloads

if TYPE_CHECKING:
    from qbatch.api.options import RunOptions
    from qbatch.domain.payloads import Payload
    from qbatch.domain.programs import Question
    from qbatch.domain.results import Result
    from qbatch.files import AnyPath


class DurableJob(BasePrimitiveJob):  # type: ignore[misc] # Qiskit has no types
    """A call; its answer comes from the store, or from the backend."""

    def __init__(self, found: Future[Any]) -> None:
        super().__init__(job_id=str(uuid.uuid4()))
        self._found = found

    def result(self) -> PrimitiveResult[Any]:
        """The answer, waiting for it.

        Raises:
            JobFailed: a job did not end well.
            NonDeterminism: before, this call asked for something else.
            Locked: another process runs the group.
        """
        return self._found.result()

    def status(self) -> JobStatus:
        """Where it stands."""
        if not self._found.done():
            return JobStatus.RUNNING
        return JobStatus.DONE if self._found.exception() is None else JobStatus.ERROR

    def done(self) -> bool:
        """Whether it has been answered."""
        return bool(self.status() is JobStatus.DONE)

    def running(self) -> bool:
        """Whether it is under way."""
        return bool(self.status() is JobStatus.RUNNING)

    def cancelled(self) -> bool:
        """A call cannot be cancelled; ``qbatch cancel`` cancels its jobs."""
        return False

    def in_final_state(self) -> bool:
        """Whether nothing more comes of it."""
        return self._found.done()

    def cancel(self) -> None:
        """Nothing: ``qbatch cancel`` cancels its jobs."""


class Primitive:
    """What both primitives are made of.

    Args:
        group: in which the calls are stored; made where there is none. Both primitives of a
            script may share one, with the same arguments.
        backend: instead of the group's, or the configuration's.
        db, config: files; default: the user's own.
        seed: of the counts and estimates, where the group has none yet.
        options: for the backend.
        fresh: forget what the group's script asked before.
        on_change: what to do where a call asks for something else than before: ``error``, or
            ``branch``: go on from there, and forget what followed.
        cache: answer by content and not by order.
        run: options of the run, as those of `qbatch.JobGroup.run`.
    """

    _sessions: dict[tuple[str, str], tuple[Session, dict[str, Any]]] = {}  # noqa: RUF012 - of the process
    _guard = threading.Lock()

    def __init__(
        self,
        *,
        group: str,
        backend: str | None = None,
        db: AnyPath | None = None,
        config: AnyPath | None = None,
        seed: int | None = None,
        options: Mapping[str, Any] | None = None,
        fresh: bool = False,
        on_change: Literal["error", "branch"] = "error",
        cache: bool = False,
        run: RunOptions | None = None,
    ) -> None:
        from qbatch.config import database_path

        self._payloads = Payloads()
        self._mark = (str(database_path(db)), group)
        self._asked: dict[str, Any] = {
            "config": config,
            "settings": ProgramSettings(backend=backend, options=dict(options or {})),
            "seed": seed,
            "on_change": on_change,
            "cache": cache,
            "run": run,
        }
        self._group, self._db = group, db
        with self._guard:
            if fresh and self._mark in self._sessions:
                self._sessions.pop(self._mark)[0].close()
            self._opened(fresh=fresh)

    def _opened(self, *, fresh: bool = False) -> Session:
        """The session of the group, which all primitives of the script share."""
        session, asked = self._sessions.get(self._mark, (None, None))
        if session is None:
            session = Session(self._group, db=self._db, fresh=fresh, **self._asked)
            self._sessions[self._mark] = session, self._asked
        elif asked is not None and (other := self._other_than(asked)):
            raise UsageError(
                f"another primitive of group {self._group!r} was made with other {other}",
                hint="the primitives of a group share them; close() the other, or name another",
            )
        return session

    def _other_than(self, asked: Mapping[str, Any]) -> str:
        """What differs; a seed or options of the run that are not said are the session's."""
        return next(
            (
                name
                for name, value in self._asked.items()
                if asked[name] != value and not (name in ("seed", "run") and value is None)
            ),
            "",
        )

    @property
    def session(self) -> Session:
        """The calls of this script to the group."""
        with self._guard:
            return self._opened()

    def close(self) -> None:
        """End the run; the next primitive of the group begins at its first call again."""
        with self._guard:
            found = self._sessions.pop(self._mark, None)
        if found is not None:
            found[0].close()

    def _called(
        self,
        questions: Sequence[Question],
        payloads: Iterable[Payload],
        made: Callable[[Iterator[Result]], Any],
    ) -> DurableJob:
        """A call in a thread of its own; calls are made in the order in which they come.

        Args:
            made: makes the answer of the questions' results.
        """
        found: Future[Any] = Future()
        session, bodies = self.session, list(payloads)

        def call() -> None:
            try:
                results = session.ask(questions, bodies) if questions else []
                found.set_result(made(iter(results)))
            except BaseException as error:
                found.set_exception(error)

        session.in_order(call)
        return DurableJob(found)


def indices(shape: Sequence[int]) -> list[tuple[int, ...]]:
    """The places of an array, in its order."""
    import numpy

    return list(numpy.ndindex(*shape))
