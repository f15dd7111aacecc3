"""A script as a program: each of its calls is a step, stored, merged and resumable.

The script's own thread asks; a run in a thread beside it stores, sends and answers. A second start
of the script is answered from the journal, call by call, until the calls that were never made.
"""

from __future__ import annotations

import atexit
import contextlib
import secrets
import threading
import weakref
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Literal

from qbatch import threads
from qbatch.api.programs import SCRIPT
from qbatch.api.script_run import ScriptRun
from qbatch.api.stored_group import StoredGroup
from qbatch.domain.programs import Program, ProgramSettings, ProgramSpec, Source
from qbatch.domain.states import ProgramStatus
from qbatch.errors import JobFailed, Locked, NonDeterminism, ProgramError, QbatchError, UsageError
from qbatch.programs.messages import Asking, read_answer

if TYPE_CHECKING:
    from qbatch.api.options import RunOptions
    from qbatch.domain.payloads import Payload
    from qbatch.domain.programs import Question
    from qbatch.domain.results import Result
    from qbatch.files import AnyPath
    from qbatch.programs.wire import Message
    from qbatch.store import Store

_OPEN: weakref.WeakSet[Session] = weakref.WeakSet()


class Session:
    """The calls of a script to one group.

    Args:
        group: made where there is none.
        settings: of the jobs.
        seed: of the jobs, if the group has none yet; default: by chance, and stored.
        fresh: forget what was asked before.
        on_change: what to do where a call asks for something else than before: ``error``, or
            ``branch``: go on from there, and forget what followed.
        cache: answer by content and not by order: an equal question has the equal answer.
        run: options of the run.

    Raises:
        UsageError: the group cannot have that name.
    """

    def __init__(
        self,
        group: str,
        *,
        db: AnyPath | None = None,
        config: AnyPath | None = None,
        settings: ProgramSettings = ProgramSettings(),  # noqa: B008 - it is frozen
        seed: int | None = None,
        fresh: bool = False,
        on_change: Literal["error", "branch"] = "error",
        cache: bool = False,
        run: RunOptions | None = None,
    ) -> None:
        self._stored = StoredGroup(group, db, config)
        self._settings = settings
        self._run_options: RunOptions = run or {}
        self._branches = on_change == "branch"
        self._forgets = False
        self._cache = cache
        self._lock = threading.Lock()
        self._run: ScriptRun | None = None
        self._guard = threading.Lock()
        self._caller: threads.LastingThread | None = None
        self._program = self._begin(seed, fresh=fresh)
        self._step = self._program.steps if cache else 0
        self._finishes_last = cache and self._step > 0
        _OPEN.add(self)

    def _begin(self, seed: int | None, *, fresh: bool) -> Program:
        """The program that stands for the script."""
        store = self._stored.store
        with store.database.transaction():
            group = store.groups.ensure(self._stored.name)
            if self._stands_for(store, group) is None:
                number = secrets.randbits(31) if seed is None else seed
                spec = ProgramSpec(
                    name="script", reference=SCRIPT, arguments={}, seed=number,
                    settings=self._settings,
                )  # fmt: skip
                store.programs.add(group, [spec], Source(directory=""))
        found = self._stands_for(store, group)
        assert found is not None
        if found.steps and not (fresh or self._cache):
            self._check_settings(found)
        if fresh and found.steps:
            # Another process may run the group: what it waits for must stay.
            with self._alone(), store.database.transaction():
                store.journal.drop(found, 0)
            found = self._stands_for(store, group)
            assert found is not None
        self._stored.close()  # a connection belongs to its thread
        return found

    def _check_settings(self, found: Program) -> None:
        """An answer of another backend is no answer to this script's calls."""
        before, now = found.settings, self._settings
        if (before.backend, dict(before.options)) != (now.backend, dict(now.options)):
            raise UsageError(
                f"the calls to {self._stored.name!r} went to {_place(before)}, and now shall go to"
                f" {_place(now)}",
                hint="another group keeps both; fresh=True begins anew",
            )

    @staticmethod
    def _stands_for(store: Store, group: int) -> Program | None:
        return next((p for p in store.programs.of([group]) if p.reference == SCRIPT), None)

    def _alone(self) -> contextlib.AbstractContextManager[None]:
        """The group's lock."""
        from qbatch.store import run_lock

        groups = [self._stored.group()]
        return run_lock.hold(self._stored.store, groups, say=lambda _: None, hint=run_lock.MAY_WAIT)

    # -- asking -------------------------------------------------------------------------

    def ask(self, questions: Sequence[Question], payloads: Sequence[Payload]) -> list[Result]:
        """Ask several questions in one call; the results in their order.

        Raises:
            JobFailed: a job did not end well.
            NonDeterminism: before, this call asked for something else.
            Locked: another process runs the group.
        """
        with self._lock:
            if not self._cache:
                return self._asked(questions, payloads)
            return self._looked_up(questions, payloads)

    def _looked_up(
        self, questions: Sequence[Question], payloads: Sequence[Payload]
    ) -> list[Result]:
        """Answer what was ever asked in the group, and ask the rest."""
        self._finish_last()
        known = self._known(questions)
        missing = list(dict.fromkeys(q for q in questions if q not in known))
        if missing:
            known.update(zip(missing, self._asked(missing, payloads), strict=True))
        return [known[question] for question in questions]

    def _finish_last(self) -> None:
        """Let the call end that an earlier start was in: what that has paid for is used."""
        if not self._finishes_last:
            return
        step = self._step - 1
        (last,) = self._stored.store.journal.page(self._program, step, 1)
        self._stored.close()
        with contextlib.suppress(JobFailed):
            self._answered(step, last.questions, ())
        self._finishes_last = False

    def _known(self, questions: Sequence[Question]) -> dict[Question, Result]:
        store = self._stored.store
        try:
            return store.journal.known(self._program.group_id, questions, self._settings)
        finally:
            self._stored.close()

    def _asked(self, questions: Sequence[Question], payloads: Sequence[Payload]) -> list[Result]:
        """Make the next call."""
        step = self._step
        try:
            reply = self._reply(step, questions, payloads)
        except NonDeterminism:
            if not self._branches:
                raise
            # What followed is forgotten by the next run, before it reads anything.
            self._forgets = True
            reply = self._reply(step, questions, payloads)
        self._step += 1
        return list(map(read_answer, reply["answers"]))

    def _answered(
        self, step: int, questions: Sequence[Question], payloads: Sequence[Payload]
    ) -> list[Result]:
        """Make a call once more."""
        return list(map(read_answer, self._reply(step, questions, payloads)["answers"]))

    def _reply(
        self, step: int, questions: Sequence[Question], payloads: Sequence[Payload]
    ) -> Message:
        """Send a call to the run, and wait for what comes of it."""
        if self._run is None:
            forgets, self._forgets = self._forgets, False
            self._run = ScriptRun(
                self._stored, self._program, self._settings, self._run_options,
                first_step=step, forgets=forgets,
            )  # fmt: skip
        run = self._run
        reply = run.ask(Asking(step=step, questions=questions, payloads=payloads))
        if reply is not None and not reply["parked"]:
            return reply
        self._run = None  # it ends; the next call may begin another
        run.end(is_done=False)
        if reply is None:
            raise run.why()
        if reply["said"]:
            raise NonDeterminism(f"call {step}: {reply['said']}")
        raise ProgramError(
            f"call {step} to {self._stored.name!r} was cancelled",
            hint="run the script again to go on",
        )

    def in_order(self, call: Callable[[], None]) -> None:
        """Make a call beside what the script does, after those that came before it."""
        with self._guard:
            if self._caller is None:
                self._caller = threads.take()
                weakref.finalize(self, self._caller.leave)
            self._caller.ask(call)

    def close(self) -> None:
        """End the run; what is under way is stored, or taken back.

        The next call begins another.
        """
        # A lock that is held: a call is under way, or was interrupted; it gets no answer.
        is_free = self._lock.acquire(blocking=False)
        try:
            run = self._run
            if run is not None:
                run.end(is_done=is_free)
            elif is_free and not self._program.steps:
                with contextlib.suppress(Locked):
                    self._settle()
            if is_free:
                self._run = None
        finally:
            if is_free:
                self._lock.release()

    def _settle(self) -> None:
        """A script that has asked nothing has come to its end as well."""
        with self._alone():
            store = self._stored.store
            found = self._stands_for(store, self._program.group_id)
            if found is not None and not found.steps:
                store.programs.end(self._program.id, ProgramStatus.DONE)
        self._stored.close()


def _place(settings: ProgramSettings) -> str:
    """A backend and its options in words."""
    options = "".join(f", {key}={value!r}" for key, value in settings.options.items())
    return f"{settings.backend or 'the default backend'}{options}"


@atexit.register
def _close_all() -> None:
    for session in list(_OPEN):
        with contextlib.suppress(QbatchError):
            session.close()
