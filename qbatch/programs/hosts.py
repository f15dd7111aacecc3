"""The hosts that the programs of a run live in."""

from __future__ import annotations

import itertools
import select
import statistics
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar

from qbatch.domain.programs import Program
from qbatch.domain.states import Failure
from qbatch.programs.hosting import HostEnd
from qbatch.programs.live import Live
from qbatch.programs.messages import park_message
from qbatch.programs.wire import Message

T = TypeVar("T")

_GATHERING = 0.0003  # seconds, in which more of them say something
_MANY = 4
_SLOW_SECONDS = 0.1  # of computing, from which on a program may be in the others' way
_SLOWER = 5.0  # than the others of its host
_MOST_AGAIN = 5.0  # seconds that it has computed: they are computed again where it is moved
_MOST_APART = 4
_MOST_LOSSES = 2  # of a host, while a program computed there alone
_LOST = "it ended its process, twice while it alone computed there (a crash, or out of memory)"


class Hosts:
    """Starts programs in hosts, and hands messages to and fro.

    Where a host has died, or nothing came of several programs in time, nobody knows which one
    it was: its programs go on in a new one that lets one compute at a time.

    Args:
        make: starts a host.
        directory: of a program's code; each directory has hosts of its own, for modules of two of
            them may have one name.
        number: of hosts that the programs of a directory are spread over.
        load: programs that will be started: their hosts start at once, and load their code while
            the run takes its lock.
        step_timeout: seconds that a program may compute for.
    """

    def __init__(
        self,
        make: Callable[[], HostEnd],
        directory: Callable[[Program], str],
        *,
        number: int = 1,
        load: Iterable[Program] = (),
        step_timeout: float | None = None,
        close: Callable[[], None] = lambda: None,
    ) -> None:
        self._make = make
        self._directory = directory
        self._step_timeout = step_timeout
        self._close = close
        self.computing: set[Live] = set()
        self._num_apart = 0
        self._hosts: list[_Host] = []
        self._of: dict[int, _Host] = {}
        self._number = number
        self._spare: dict[str, list[_Host]] = {}
        try:
            for place, own in _by_directory(load, directory).items():
                self._load(place, [program.reference for program in own])
        except BaseException:
            self.end()
            raise

    def _load(self, directory: str, references: Sequence[str]) -> None:
        """Start hosts that load the code of programs."""
        hosts = self._spare[directory] = []
        for _ in range(min(self._number, len(references))):
            hosts.append(_Host(self._make(), careful=False))
            for reference in sorted(set(references)):
                hosts[-1].send({"type": "load", "reference": reference, "directory": directory})

    def start(self, programs: Sequence[Live]) -> None:
        """Start programs, spread over the hosts; after a loss one at a time in a new host."""
        for place, own in _by_directory(programs, lambda x: self._directory(x.program)).items():
            again = any(live.program.id in self._of for live in own)
            hosts = [] if again else self._spare.pop(place, [])
            self._start(own, hosts or [_Host(self._make(), careful=again)])

    def _start(self, programs: Sequence[Live], hosts: Sequence[_Host]) -> None:
        self._hosts += hosts
        for place, host in enumerate(hosts):
            own = programs[place :: len(hosts)]
            for live in own:
                live.crowd = self.computing
                self._of[live.program.id] = host
            host.start([(live, self._start_message(live)) for live in own])

    def _start_message(self, live: Live) -> Message:
        program, known = live.program, live.journal.get(0)
        return {
            "program": program.id,
            "number": program.number,
            "reference": program.reference,
            "directory": self._directory(program),
            "arguments": dict(program.arguments),
            "seed": program.seed,
            "shots": program.settings.shots,
            "recorded": None if known is None else [list(pair) for pair in known.records],
        }

    def receive(self) -> list[Message]:
        """What programs have said by now."""
        found: list[Message] = []
        for host in self._hosts:
            if not host.end.connection.closed:
                for message in host.end.connection.receive(0):
                    if self._of.get(message["program"]) is not host:
                        message["program"] = None  # it was moved, or has ended
                    found.append(message)
        return found

    def any_gone(self) -> bool:
        """Whether a host has ended."""
        return any(host.end.has_ended() for host in self._hosts)

    def wait(self, seconds: float) -> None:
        """Until one has said something."""
        alive = [h.end.connection for h in self._hosts if not h.end.connection.closed]
        if alive:
            said, _, _ = select.select(alive, [], [], seconds)
            if said and len(self.computing) > _MANY:  # to wake for each takes longer than to wait
                time.sleep(_GATHERING)
        elif seconds:
            time.sleep(seconds)

    def reply(self, replies: Sequence[tuple[Live, Message]]) -> None:
        """Answer the steps of programs: in one message each host, where all may compute at once."""
        together: dict[int, tuple[_Host, list[tuple[Live, Message]]]] = {}
        for live, message in replies:
            host = self._of[live.program.id]
            together.setdefault(id(host), (host, []))[1].append((live, message))
        for host, own in together.values():
            host.answer(own)

    def park(self, live: Live, said: str = "") -> None:
        """End a program's thread where it waits for an answer, for a reason."""
        self._of[live.program.id].send(park_message(live.program.id, said))

    def is_in_the_way(self, live: Live) -> bool:
        """Whether a program holds the others of its host up: they share one interpreter."""
        took, host = live.last_seconds or 0.0, self._of[live.program.id]
        if took < _SLOW_SECONDS or live.is_apart or live.spent > _MOST_AGAIN + took:
            return False
        if host.careful or self._num_apart >= _MOST_APART:
            return False
        return _is_slower(live, [one.last_seconds for one in host.programs if one is not live])

    def move(self, live: Live) -> None:
        """Start a program again in a host of its own; it is answered from its journal."""
        self.park(live)
        self._of[live.program.id].drop(live)
        live.is_apart = True
        self._num_apart += 1
        host = _Host(self._make(), careful=False)
        self._hosts.append(host)
        self._of[live.program.id] = host
        host.start([(live, self._start_message(live))])

    def yielded(self, live: Live) -> None:
        """A program computes no more: the next one may."""
        self._of[live.program.id].next_one()

    def forget(self, live: Live) -> None:
        """A program has come to its end; a host without any is ended."""
        host = self._of.pop(live.program.id)
        host.drop(live)
        self.computing.discard(live)
        self._num_apart -= live.is_apart
        if not host.programs:
            self._put_away(host)

    def _put_away(self, host: _Host) -> None:
        if host in self._hosts:  # it may have been lost before its programs are given up
            host.end.end()
            self._hosts.remove(host)

    def failed(self, programs: Iterable[Live]) -> list[tuple[Live, Failure, str]]:
        """Programs that can be blamed: for taking too long, or for the end of their host."""
        if self._step_timeout is None and not self.any_gone():
            return []
        programs = list(programs)
        late = [live for live in programs if live.computes and self._is_late(live)]
        blamed = [*self._blamed_for_time(late)]
        return [*blamed, *self._blamed_for_loss([live for live in programs if live not in late])]

    def _blamed_for_time(self, late: Sequence[Live]) -> Iterator[tuple[Live, Failure, str]]:
        """End the hosts of programs that took too long; who is to blame where that is certain."""
        for host in {self._of[live.program.id] for live in late}:
            own = [live for live in late if self._of[live.program.id] is host]
            # Beside others it may only have waited for the interpreter.
            is_certain = sum(one.computes for one in host.programs) == 1
            host.end.end()
            if is_certain:
                said = f"it computed for more than {self._step_timeout:g} s (--step-timeout)"
                yield own[0], Failure.TIMEOUT, said

    def _blamed_for_loss(self, programs: Sequence[Live]) -> Iterator[tuple[Live, Failure, str]]:
        """Those that alone computed when their host ended, for the second time."""
        for live in programs:
            host = self._of[live.program.id]
            if live.computes and host.careful and host.end.connection.closed:
                live.losses += 1
                if live.losses >= _MOST_LOSSES:
                    yield live, Failure.LOST, _LOST

    def _is_late(self, live: Live) -> bool:
        return self._step_timeout is not None and live.seconds > self._step_timeout

    def lost(self, programs: Iterable[Live]) -> list[Live]:
        """The programs whose host has ended."""
        if not self.any_gone():
            return []
        found = [p for p in programs if self._of[p.program.id].end.connection.closed]
        for host in {self._of[live.program.id] for live in found}:
            self._put_away(host)
        return found

    def end(self) -> None:
        """End them all."""
        for host in itertools.chain(self._hosts, *self._spare.values()):
            host.end.end()
        self._hosts.clear()
        self._spare.clear()
        self._of.clear()
        self._close()


class _Host:
    """A host, and who waits for its turn there."""

    def __init__(self, end: HostEnd, *, careful: bool) -> None:
        self.end = end
        self.careful = careful
        self.programs: set[Live] = set()
        self._busy = False
        self._waiting: list[tuple[Live, Message]] = []

    def start(self, programs: Sequence[tuple[Live, Message]]) -> None:
        """Start programs, all at once or one after another."""
        self.programs.update(live for live, _ in programs)
        if self.careful:
            for live, message in programs:
                self.deliver(live, {"type": "start", "programs": [message]})
            return
        self.send({"type": "start", "programs": [message for _, message in programs]})
        for live, _ in programs:
            live.started_computing()

    def answer(self, replies: Sequence[tuple[Live, Message]]) -> None:
        """Hand replies to programs, all at once or one after another."""
        if self.careful:
            for live, reply in replies:
                self.deliver(live, {"type": "reply", "replies": [reply]})
            return
        for live, _ in replies:
            live.started_computing()
        self.send({"type": "reply", "replies": [reply for _, reply in replies]})

    def deliver(self, live: Live, message: Message) -> None:
        """Let a program compute: now, or when the one that does has asked."""
        if self.careful and self._busy:
            self._waiting.append((live, message))
            return
        self._busy = True
        live.started_computing()
        self.send(message)

    def next_one(self) -> None:
        """The one that computed has asked, or ended."""
        self._busy = False
        if self._waiting:
            self.deliver(*self._waiting.pop(0))

    def drop(self, live: Live) -> None:
        """A program that ended, or lives elsewhere now, waits for nothing here."""
        self.programs.discard(live)
        self._waiting = [pair for pair in self._waiting if pair[0] is not live]
        if self.careful and live.computes:
            self.next_one()

    def send(self, message: Message) -> None:
        """Send a message; a host that has gone shows when it is looked for."""
        try:
            self.end.connection.send(message)
        except OSError:
            self.end.connection.closed = True


def _by_directory(programs: Iterable[T], of: Callable[[T], str]) -> dict[str, list[T]]:
    found: dict[str, list[T]] = {}
    for program in programs:
        found.setdefault(of(program), []).append(program)
    return found


def _is_slower(live: Live, others: Sequence[float | None]) -> bool:
    known = [seconds for seconds in others if seconds is not None]
    return bool(known) and (live.last_seconds or 0.0) > _SLOWER * statistics.median(known)
