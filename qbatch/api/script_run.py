"""A run that a script holds with itself, in a thread beside it."""

from __future__ import annotations

import contextlib
from concurrent.futures import wait
from typing import TYPE_CHECKING

from qbatch import threads
from qbatch.api.stored_group import StoredGroup
from qbatch.errors import ProgramError, QbatchError
from qbatch.programs.messages import ask_message, done_message
from qbatch.programs.wire import pair

if TYPE_CHECKING:
    from qbatch.api.options import RunOptions
    from qbatch.domain.programs import Program, ProgramSettings
    from qbatch.programs.messages import Asking
    from qbatch.programs.wire import Connection, Message
    from qbatch.store import Store

_END_SECONDS = 10.0


class ScriptRun:
    """Stores, sends and answers the calls of a script, until it ends.

    Args:
        stored: the group.
        program: stands for the script.
        settings: of its jobs.
        options: of the run.
        first_step: the next call.
        forgets: what was asked from this call on is forgotten: the script goes another way.
    """

    def __init__(
        self,
        stored: StoredGroup,
        program: Program,
        settings: ProgramSettings,
        options: RunOptions,
        *,
        first_step: int,
        forgets: bool,
    ) -> None:
        self._name = stored.name
        self._program = program
        self._settings = settings
        self._options = options
        self._first_step = first_step
        self._forgets = forgets
        self._sent: set[str] = set()
        self._error: BaseException | None = None
        self._connection, theirs = pair()
        # A connection to the store belongs to its thread.
        own = StoredGroup(stored.name, stored.path, stored.config)
        self._ended = threads.call(self._run, own, theirs)

    def ask(self, asking: Asking) -> Message | None:
        """The answer to a call; None where the run has ended before it answered."""
        with contextlib.suppress(OSError):  # it has ended
            self._connection.send(ask_message(self._program.id, asking, self._sent))
            self._sent.update(payload.hash for payload in asking.payloads)
        while not self._connection.closed:
            for message in self._connection.receive():
                if message["type"] == "reply":
                    (reply,) = message["replies"]
                    found: Message = reply
                    return found
        return None

    def end(self, *, is_done: bool) -> None:
        """End it; what is under way is stored, or taken back.

        Args:
            is_done: the script has come to its end; else a call waits, and gets no answer.
        """
        if is_done:
            with contextlib.suppress(OSError):
                self._connection.send(done_message(self._program.id, None))
                wait([self._ended], _END_SECONDS)
        self._connection.close()
        wait([self._ended], _END_SECONDS)

    def why(self) -> BaseException:
        """Why it has ended before it answered."""
        return self._error or ProgramError(
            f"the run of {self._name!r} has ended before it answered",
            hint="qbatch status shows how its jobs stand; run the script again to go on",
        )

    # -- in its thread --------------------------------------------------------------------

    def _run(self, stored: StoredGroup, end: Connection) -> None:
        from qbatch.api import runner, runs
        from qbatch.programs.script import ScriptDriver

        try:
            settings = runs.settings_of(stored.config, self._options)
            runner.run(
                stored.store,
                [stored.group()],
                settings,
                config=stored.config,
                choose=lambda: self._chosen(stored.store),
                make_source=lambda store, _, __, note: ScriptDriver(
                    store, self._program, end, note, first_step=self._first_step
                ),
            )
        except QbatchError as error:
            self._error = error
        except BaseException as error:
            self._error = ProgramError(f"{type(error).__name__}: {error}")
            self._error.__cause__ = error
        finally:
            stored.close()
            end.close()

    def _chosen(self, store: Store) -> list[int]:
        """No job of the group: a call's are sent once it is made. The group is locked now."""
        if self._forgets:
            store.journal.drop(self._program, self._first_step)
        (found,) = store.programs.chosen([self._program.id])
        # The failures of a call that was answered in this start the script has seen.
        store.programs.renew(found.id, with_jobs=self._first_step < found.steps)
        store.programs.settle(found.id, self._settings)
        return []
