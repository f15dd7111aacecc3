"""A script that hosts itself: its calls are the steps of one program."""

from __future__ import annotations

from collections.abc import Callable

from qbatch.domain.programs import Program
from qbatch.programs.driver import Driver
from qbatch.programs.hosts import Hosts
from qbatch.programs.live import Live
from qbatch.programs.schedule import Schedule
from qbatch.programs.wire import Connection, Message
from qbatch.store import Store
from qbatch.store.journal import Asked


class ScriptDriver(Driver):
    """Feeds a run with the calls of a script.

    It differs from a program that a run hosts: nobody can start it again; it may end wherever it
    likes; and its unsent jobs are sent only when it asks for them once more.

    Args:
        first_step: its next call; those before it need no answer.
    """

    def __init__(
        self,
        store: Store,
        program: Program,
        connection: Connection,
        note: Callable[[str], None],
        *,
        first_step: int,
    ) -> None:
        hosts = Hosts(lambda: _Script(connection), lambda _: "")
        super().__init__(store, [program.id], hosts, Schedule(), note)
        self.first_step = first_step
        self._asked_again: list[int] = []
        self._left: list[int] = []

    def offer(self, *, has_room: bool, is_idle: bool, is_local: bool) -> list[int]:
        """See `JobSource.offer`."""
        new = super().offer(has_room=has_room, is_idle=is_idle, is_local=is_local)
        again, self._asked_again = self._asked_again, []
        return [*again, *new]

    @property
    def has_left(self) -> bool:
        """Whether the script waits no more: a call was interrupted, say."""
        return bool(self._left)

    def end(self) -> dict[str, int]:
        """See `JobSource.end`."""
        found = dict(super().end())
        self._store.programs.park(self._left)
        return found

    def _replayed(self, live: Live, asked: Asked) -> None:
        super()._replayed(live, asked)
        self._asked_again += asked.jobs

    def _ended_early(self, live: Live, message: Message) -> None:
        self._end_as_told(live, message)

    def _take_up(self, lost: list[Live]) -> None:
        for live in lost:
            self._forget(live)
        self._left += [live.program.id for live in lost]

    def _move_if_slow(self, live: Live) -> None:
        """It is where it is."""

    def _tell_slow(self) -> None:
        """Nobody can end it but its user."""


class _Script:
    """The run's end of a script."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def has_ended(self) -> bool:
        """Whether it has closed its end."""
        return self.connection.closed

    def end(self) -> None:
        """The script goes its own ways."""
        self.connection.close()
