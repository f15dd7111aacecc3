"""The run's end of programs: takes their steps, stores them as jobs, and answers them."""

from __future__ import annotations

import contextlib
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence

from qbatch.domain.payloads import Payload
from qbatch.domain.states import UNFINISHED, Failure, ProgramStatus, Status
from qbatch.errors import NonDeterminism
from qbatch.programs import replay
from qbatch.programs.hosts import Hosts
from qbatch.programs.live import Live
from qbatch.programs.messages import RequestReader, answer_message, read_payload, reports_of
from qbatch.programs.schedule import Schedule
from qbatch.programs.source import environment
from qbatch.programs.wire import Message
from qbatch.store import Store
from qbatch.store.journal import Asked, NewStep

_LOOK_SECONDS = 0.5
_PAGE = 1_000  # steps that are read at once
_ENDED = (Status.DONE, Status.ERROR, Status.CANCELLED)
_MOST_LOSSES = 10  # of hosts in a row, and one for each program: then no more are started
_LOSSES = "the processes that hosted it ended again and again"
_LONG_SECONDS = 60.0  # of computing, after which the user is told


class Driver:
    """Feeds a run with the steps of programs; a `qbatch.engine.job_source.JobSource`.

    Args:
        programs: ids of those that are hosted, where they have not ended.
        hosts: run their code.
        schedule: says when what was asked is sent.
        note: what to do with a sentence that the user should read.
        begins: called once the groups are locked, before a program starts.
    """

    first_step = 0
    """The first that is asked; those before it are not replayed."""

    def __init__(
        self,
        store: Store,
        programs: Sequence[int],
        hosts: Hosts,
        schedule: Schedule,
        note: Callable[[str], None],
        *,
        begins: Callable[[], None] = lambda: None,
    ) -> None:
        self._store = store
        self._programs = programs
        self._hosts = hosts
        self._begins = begins
        self._schedule = schedule
        self._note = note
        self._reader = RequestReader()
        self._live: dict[int, Live] = {}
        self._payloads: dict[str, Payload] = {}
        self._waits_for: dict[int, Live] = {}  # by the job that it waits for
        self._landed: set[int] = set()
        self._ready: dict[int, Live] = {}
        self._next_look = 0.0
        self._is_local = self._has_room = False
        self._ended: Counter[str] = Counter()
        self._losses = 0
        self._environment = environment()
        self._with_environment: set[int] = set()  # programs of which it is stored

    # -- as a source of jobs ------------------------------------------------------------

    def begin(self) -> None:
        """Start the programs that are meant."""
        self._begins()
        found = [p for p in self._store.programs.chosen(self._programs) if p.status in UNFINISHED]
        self._store.programs.begin([program.id for program in found])
        self._live = {program.id: Live(program) for program in found}
        self._start(self._live.values())

    def offer(self, *, has_room: bool, is_idle: bool, is_local: bool) -> list[int]:
        """See `JobSource.offer`."""
        if not self._live:
            return []
        if is_idle:  # what it waits for may have ended without this run: cancelled by another
            self._landed |= self._waits_for.keys()
        self._answer_landed()
        self._receive()
        self._answer_landed()
        self._look_after()
        self._is_local, self._has_room = is_local, has_room
        return self._store_ready() if self._is_due() else []

    def landed(self, job: int) -> None:
        """See `JobSource.landed`."""
        if job in self._waits_for:
            self._landed.add(job)

    @property
    def is_working(self) -> bool:
        """Whether a program computes, or has asked for what is not stored yet."""
        return bool(self._ready or self._landed) or self._is_computing()

    @property
    def has_left(self) -> bool:
        """See `JobSource.has_left`: programs that are lost are started again."""
        return False

    @property
    def standing(self) -> tuple[int, int]:
        """See `JobSource.standing`."""
        ended = sum(self._ended.values())
        return ended, ended + len(self._live)

    def wait(self, seconds: float) -> None:
        """Until programs have asked what is to be sent, or one has to be answered."""
        until = time.monotonic() + seconds
        while self._is_computing() and not (self._landed or self._is_due()):
            if (left := until - time.monotonic()) <= 0:
                return
            self._hosts.wait(min(left, self._schedule.patience(self._ready.values())))
            self._receive()
            if self._hosts.any_gone():
                return

    def _is_computing(self) -> bool:
        return bool(self._hosts.computing)

    def _receive(self) -> None:
        messages = self._hosts.receive()
        ends = any(message["type"] != "ask" for message in messages)
        # Many may end at once: that is one commit.
        with self._store.database.transaction() if ends else contextlib.nullcontext():
            for message in messages:
                self._take(message)

    def _is_due(self) -> bool:
        return self._schedule.is_due(
            self._ready.values(),
            self._hosts.computing,
            has_room=self._has_room,
            is_local=self._is_local,
        )

    def end(self) -> Mapping[str, int]:
        """Park what has not ended; how many programs stand in which status."""
        self._hosts.end()
        self._store.programs.park(self._live)
        found = Counter(self._ended)
        found[ProgramStatus.WAITING.value] += len(self._live)
        return {status: number for status, number in found.items() if number}

    # -- starting and ending --------------------------------------------------------------

    def _start(self, programs: Iterable[Live]) -> None:
        """Start programs, or start them again from the beginning of their journals."""
        meant = list(programs)
        for live in meant:
            self._put_back(live)
        self._hosts.start(meant)

    def _put_back(self, live: Live) -> None:
        """Put a program back to the beginning of its journal."""
        self._wait_no_more(live)
        live.restart(self.first_step)
        self._read_ahead(live, self.first_step)

    def _read_ahead(self, live: Live, step: int) -> None:
        """Read more of its journal, where a step lies beyond what was read."""
        if step >= live.read_to and live.read_to < live.steps:
            page = self._store.journal.page(live.program, live.read_to, _PAGE)
            live.journal = {asked.step: asked for asked in page}
            live.read_to += _PAGE

    def _finish(
        self,
        live: Live,
        status: ProgramStatus,
        *,
        value: object = None,
        failure: Failure | None = None,
        error: str | None = None,
    ) -> None:
        """A program has come to its end."""
        self._forget(live)
        self._store.programs.end(live.program.id, status, value=value, failure=failure, error=error)
        self._ended[status.value] += 1
        if error is not None:
            self._note(f"{live.program.label} failed: {error}")

    def _forget(self, live: Live) -> None:
        del self._live[live.program.id]
        self._hosts.forget(live)
        self._wait_no_more(live)

    def _wait_no_more(self, live: Live) -> None:
        self._ready.pop(live.program.id, None)
        for job in live.jobs:
            self._waits_for.pop(job, None)

    # -- what programs say ----------------------------------------------------------------

    def _take(self, message: Message) -> None:
        for body in message.get("payloads", ()):
            payload = read_payload(body)
            self._payloads[payload.hash] = payload
        live = self._live.get(message["program"])
        if live is None:  # it was cancelled, or took too long
            return
        live.stopped_computing()
        self._hosts.yielded(live)
        if message["type"] == "ask":
            self._take_step(live, message)
            self._move_if_slow(live)
        else:
            self._take_end(live, message)

    def _take_step(self, live: Live, message: Message) -> None:
        questions = [self._reader.question(question) for question in message["questions"]]
        records = [(str(name), value) for name, value in message["records"]]
        live.step = message["step"]
        asked = live.journal.get(live.step)
        if asked is None:
            live.asks(questions, records, reports_of(message))
            self._ready[live.program.id] = live
            return
        live.says(reports_of(message))
        try:
            replay.check_step(asked, questions, records)
        except NonDeterminism as error:
            self._diverged(live, str(error))
            return
        for question in questions:  # those lie in the store
            self._payloads.pop(question.payload, None)
        self._replayed(live, asked)

    def _replayed(self, live: Live, asked: Asked) -> None:
        """A program asks what it asked before: the answer may be there, or is to come."""
        live.waits(asked.jobs)
        self._waits_for.update(dict.fromkeys(live.jobs, live))
        self._landed.update(asked.jobs)

    def _move_if_slow(self, live: Live) -> None:
        """Give a program that computes for long a process of its own, where it is in nobody's way.

        What it has just asked it asks again there: a new step is not stored yet, and one that is
        stored answers it.
        """
        if live.program.id in self._live and self._hosts.is_in_the_way(live):
            self._put_back(live)
            self._hosts.move(live)

    def _take_end(self, live: Live, message: Message) -> None:
        if live.step + 1 < live.steps:
            self._ended_early(live, message)
            return
        self._end_as_told(live, message)

    def _end_as_told(self, live: Live, message: Message) -> None:
        live.ends(reports_of(message))
        if live.said:
            self._store.journal.report([live.reported()])
        if message["type"] == "done":
            self._finish(live, ProgramStatus.DONE, value=message["value"])
            return
        failure = Failure(message["failure"])
        self._finish(live, ProgramStatus.ERROR, failure=failure, error=message["error"])

    def _ended_early(self, live: Live, message: Message) -> None:
        """A program came to its end before all was asked again that it asked before."""
        steps = live.step + 1
        if message["type"] == "done":
            said = f"it ended after {steps} steps, where it asked {live.steps} before"
            text = self._difference(live, said, steps)
        else:
            text = f"step {steps}, which was asked before: {message['error']}"
        self._finish(live, ProgramStatus.ERROR, failure=Failure.INVALID, error=text)

    def _diverged(self, live: Live, said: str) -> None:
        """A program asks for something else than it did before."""
        text = self._difference(live, said, live.step)
        self._hosts.park(live, text)
        self._finish(live, ProgramStatus.ERROR, failure=Failure.INVALID, error=text)

    def _difference(self, live: Live, said: str, step: int) -> str:
        text = f"step {step}: {said} (ctx.rng and ctx.record are the same at every replay)"
        if changed := replay.changed(live.program.environment, self._environment):
            text += f"; meanwhile {changed}"
        return text

    # -- answering ------------------------------------------------------------------------

    def _answer_landed(self) -> None:
        """Answer the programs all of whose jobs have come to their end."""
        landed, self._landed = self._landed, set()
        if not landed:
            return
        answers = self._store.journal.answers(landed)
        whole: list[Live] = []
        for job, answer in answers.items():
            live = self._waits_for.get(job)
            if live is not None and answer.status in _ENDED:
                del self._waits_for[job]
                live.answers[job] = answer
                if len(live.answers) == len(live.jobs):
                    whole.append(live)
        self._hosts.reply([(live, self._reply(live)) for live in sorted(whole, key=Live.order)])

    def _reply(self, live: Live) -> Message:
        self._read_ahead(live, live.step + 1)
        known = live.journal.get(live.step + 1)
        return {
            "program": live.program.id,
            "answers": [answer_message(live.answers[job], asked) for job, asked in live.asked()],
            "recorded": None if known is None else [list(pair) for pair in known.records],
            "parked": False,
        }

    # -- storing --------------------------------------------------------------------------

    def _store_ready(self) -> list[int]:
        """Store what was asked, in the order of the programs: in one transaction."""
        ready = sorted(self._ready.values(), key=Live.order)
        new = [NewStep(live.program, live.asked_step()) for live in ready]
        said = [live.reported() for live in ready if live.said]
        first = {live.program.id for live in ready} - self._with_environment
        with self._store.database.transaction():
            self._store.journal.add(new, self._bodies(ready))
            self._store.journal.report(said)
            # Not before: until a program asks anew, it is known what it was answered under.
            self._store.programs.note_environment(first, self._environment)
        self._ready.clear()
        self._with_environment |= first
        for live, step in zip(ready, new, strict=True):
            live.waits(step.jobs)
            self._waits_for.update(dict.fromkeys(live.jobs, live))
        return [job for step in new for job in step.jobs]

    def _bodies(self, ready: Iterable[Live]) -> list[Payload]:
        """The payloads of some steps that are not stored yet."""
        needed = {question.payload for live in ready for question in live.questions}
        return [self._payloads.pop(name) for name in needed if name in self._payloads]

    # -- looking after them ---------------------------------------------------------------

    def _look_after(self) -> None:
        """Those that took too long, lost their host, or were cancelled."""
        for live, failure, said in self._hosts.failed(self._live.values()):
            self._losses = 0  # it is known who it was
            self._finish(live, ProgramStatus.ERROR, failure=failure, error=said)
        if lost := self._hosts.lost(self._live.values()):
            self._take_up(lost)
        if time.monotonic() >= self._next_look:
            self._next_look = time.monotonic() + _LOOK_SECONDS
            self._drop_cancelled()
            self._tell_slow()

    def _take_up(self, lost: list[Live]) -> None:
        """Start programs again whose host has gone, unless that happens without end."""
        self._losses += 1
        if self._losses > _MOST_LOSSES + len(self._live):
            for live in lost:
                self._finish(live, ProgramStatus.ERROR, failure=Failure.LOST, error=_LOSSES)
            return
        self._note(f"a process of programs has ended; {len(lost)} of them are being restarted")
        self._start(lost)

    def _drop_cancelled(self) -> None:
        for program in self._store.programs.cancelled(self._live):
            live = self._live[program]
            self._hosts.park(live)
            self._forget(live)
            self._ended[ProgramStatus.CANCELLED.value] += 1

    def _tell_slow(self) -> None:
        """Say which programs have computed for long, each time that it has doubled."""
        for live in self._live.values():
            if live.computes and live.seconds > _LONG_SECONDS * 2**live.times_told:
                live.times_told += 1
                self._note(
                    f"{live.program.label} has computed for {live.seconds:.0f} s;"
                    " --step-timeout SECONDS ends such programs"
                )
