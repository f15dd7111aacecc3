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
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from qbatch.api.programs import SCRIPT
from qbatch.api.stored_group import StoredGroup
from qbatch.domain.programs import Program, ProgramSettings, ProgramSpec, Source
from qbatch.domain.results import Result, read_stored
from qbatch.domain.states import ProgramStatus
from qbatch.errors import JobFailed, Locked, NonDeterminism, ProgramError, QbatchError, UsageError
from qbatch.programs.context import Asking
from qbatch.programs.wire import Connection, Message, pair, payload_message, question_message

if TYPE_CHECKING:
    from qbatch.api.options import RunOptions
    from qbatch.api.runner import Note
    from qbatch.domain.payloads import Payload
    from qbatch.domain.programs import Question
    from qbatch.engine.job_source import JobSource
    from qbatch.files import AnyPath
    from qbatch.store import Store

_END_SECONDS = 10.0
_OPEN: weakref.WeakSet[Session] = weakref.WeakSet()


class Session:
    """The calls of a script to one group.

    Attributes:
        last_call: the thread of the last one, after which the next is made.

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
        self._run_options = run
        self._branches = on_change == "branch"
        self._cache = cache
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._connection: Connection | None = None
        self._error: BaseException | None = None
        self._sent: set[str] = set()
        self.last_call: threading.Thread | None = None
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
        self._finishes_last = False
        self._step -= 1
        (last,) = self._stored.store.journal.page(self._program, self._step, 1)
        self._stored.close()
        with contextlib.suppress(JobFailed):
            self._asked(last.questions, ())
        self._step = self._program.steps

    def _known(self, questions: Sequence[Question]) -> dict[Question, Result]:
        store = self._stored.store
        try:
            return store.journal.known(self._program.group_id, questions, self._settings)
        finally:
            self._stored.close()

    def _asked(self, questions: Sequence[Question], payloads: Sequence[Payload]) -> list[Result]:
        asking = Asking(
            step=self._step, questions=questions, payloads=payloads, reports=(), records=()
        )
        connection = self._open()
        reply = self._exchange(connection, self._message(asking))
        self._step += 1
        return [
            _result(answer, question)
            for answer, question in zip(reply["answers"], questions, strict=True)
        ]

    def _message(self, asking: Asking) -> Message:
        new = [payload for payload in asking.payloads if payload.hash not in self._sent]
        self._sent.update(payload.hash for payload in new)
        return {
            "type": "ask",
            "program": self._program.id,
            "step": asking.step,
            "payloads": [payload_message(payload) for payload in new],
            "questions": [question_message(question) for question in asking.questions],
            "reports": [],
            "records": [],
        }

    def _exchange(self, connection: Connection, message: Message) -> Message:
        """Send a call to the run, and wait for what comes of it."""
        with contextlib.suppress(OSError):  # the run has ended: it said why, or will
            connection.send(message)
        while True:
            for answer in connection.receive():
                if answer["type"] != "reply":
                    continue
                (reply,) = answer["replies"]
                if reply["parked"]:
                    self._leave(connection)
                    raise self._parked(reply["said"])
                found: Message = reply
                return found
            if connection.closed:
                self._leave(connection)
                raise self._ended()

    def _leave(self, connection: Connection) -> None:
        """Leave a run that ends; the next call may begin another."""
        connection.close()
        self._connection = None
        if self._thread is not None:
            self._thread.join(_END_SECONDS)

    def _parked(self, said: str) -> ProgramError:
        """Why there is no answer to a call."""
        if said:
            return NonDeterminism(f"call {self._step}: {said}")
        return ProgramError(
            f"call {self._step} to {self._stored.name!r} was cancelled",
            hint="run the script again to go on",
        )

    def _ended(self) -> BaseException:
        if self._error is not None:
            return self._error
        return ProgramError(
            f"the run of {self._stored.name!r} has ended before it answered",
            hint="qbatch status shows how its jobs stand; run the script again to go on",
        )

    # -- the run ------------------------------------------------------------------------

    def _open(self) -> Connection:
        if self._connection is None:
            self._sent.clear()
            self._error = None
            own, theirs = pair()
            self._connection = own
            self._thread = threading.Thread(
                target=self._run, args=(theirs,), name=f"qbatch {self._stored.name}", daemon=True
            )
            self._thread.start()
        return self._connection

    def _run(self, end: Connection) -> None:
        from qbatch.api import runner, runs

        stored = StoredGroup(self._stored.name, self._stored.path, self._stored.config)

        def choose() -> list[int]:
            """No job of the group: a call's are sent once it is made. The group is locked now."""
            stored.store.programs.renew(self._program.id)
            stored.store.programs.settle(self._program.id, self._settings)
            return []

        try:
            settings = runs.settings_of(stored.config, self._run_options or {})
            runner.run(
                stored.store,
                [stored.group()],
                settings,
                config=stored.config,
                choose=choose,
                make_source=lambda store, _, __, note: self._driver(end, store, note),
            )
        except QbatchError as error:
            self._error = error
        except BaseException as error:
            self._error = ProgramError(f"{type(error).__name__}: {error}")
            self._error.__cause__ = error
        finally:
            stored.close()
            end.close()

    def _driver(self, end: Connection, store: Store, note: Note) -> JobSource:
        from qbatch.programs.driver import Choice, Driver
        from qbatch.programs.hosts import Hosts
        from qbatch.programs.schedule import Schedule

        hosts = Hosts(lambda: _ScriptEnd(end), lambda _: "", respawns=False)
        choice = Choice(groups=[self._program.group_id], ids=frozenset([self._program.id]))
        return Driver(
            store, choice, hosts, Schedule(), note, branches=self._branches, first_step=self._step
        )

    def close(self) -> None:
        """End the run; what is under way is stored, or taken back."""
        connection, thread = self._connection, self._thread
        self._connection = self._thread = None
        if connection is None or thread is None:
            if not self._program.steps:
                with contextlib.suppress(Locked):
                    self._settle()
            return
        # A lock that is held: a call was interrupted, and nobody waits for its answer.
        waits = not self._lock.acquire(blocking=False)
        if not waits:
            self._lock.release()
            done = {"type": "done", "program": self._program.id, "value": None}
            with contextlib.suppress(OSError):
                connection.send({**done, "reports": [], "records": []})
                thread.join(_END_SECONDS)
        connection.close()
        thread.join(_END_SECONDS)

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


class _ScriptEnd:
    """The run's end of a script."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def has_ended(self) -> bool:
        """Whether it has closed its end."""
        return self.connection.closed

    def end(self) -> None:
        """The script goes its own ways."""
        self.connection.close()


def _result(answer: Mapping[str, Any], question: Question) -> Result:
    if "error" in answer:
        said = f"{answer['job']}: {answer['error']}"
        raise JobFailed(said, job=answer["job"], failure=answer["failure"] or "")
    found = read_stored(answer["result"], question.request.observables)
    assert found is not None
    return found


@atexit.register
def _close_all() -> None:
    for session in list(_OPEN):
        with contextlib.suppress(QbatchError):
            session.close()
