"""A program of a run while it lives."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import Any

from qbatch.domain.programs import Program, Question, Report, Step
from qbatch.store.journal import Answer, Asked


class Live:
    """A program that runs: where it stands between two steps.

    Attributes:
        step: the one that it asks, or was answered last.
        steps: how many are stored.
        journal: steps that were asked before, as far as they are read; up to ``read_to``.
        crowd: of the programs whose code runs: the next thing that comes is from one of them.
        last_seconds: how long it computed the last time; None at first. ``spent``: in all.
        is_apart: it was moved to a host of its own.
    """

    def __init__(self, program: Program) -> None:
        self.program = program
        self.steps = program.steps
        self.crowd: set[Live] = set()
        self.losses = 0
        self.is_apart = False
        self.spent = 0.0
        self.times_told = 0
        self.last_seconds: float | None = None
        self.restart()

    def restart(self, first_step: int = 0) -> None:
        """Begin again, from a step of its journal."""
        self.step = first_step - 1
        self.journal: dict[int, Asked] = {}
        self.read_to = first_step
        self.crowd.discard(self)
        self.asked_at = 0.0
        self.questions: Sequence[Question] = ()
        self.records: Sequence[tuple[str, Any]] = ()
        self.said: Sequence[Report] = ()
        self._held: Sequence[Report] = ()
        self.jobs: Sequence[int] = ()
        self.answers: dict[int, Answer] = {}
        self._since = 0.0

    @property
    def computes(self) -> bool:
        """Whether its code runs."""
        return self in self.crowd

    def order(self) -> tuple[int, int]:
        """In which programs come, whatever their threads do."""
        return self.program.group_id, self.program.number

    @property
    def num_questions(self) -> int:
        """Of the step that it asks."""
        return len(self.questions)

    @property
    def seconds(self) -> float:
        """How long it has computed by now."""
        return time.monotonic() - self._since

    def started_computing(self) -> None:
        """It has been answered, or started."""
        self.crowd.add(self)
        self._since = time.monotonic()

    def stopped_computing(self) -> None:
        """It has asked, or ended."""
        # To its first question it also loads, which says nothing of the next ones.
        if self.computes and self.step >= 0:
            self.last_seconds = self.seconds
            self.spent += self.last_seconds
        self.crowd.discard(self)
        self.times_told = 0

    def asks(
        self,
        questions: Sequence[Question],
        records: Sequence[tuple[str, Any]],
        said: Sequence[Report],
    ) -> None:
        """It asks for what it never asked before."""
        self.questions, self.records = questions, records
        self.asked_at = time.monotonic()
        self.says(said)

    def says(self, said: Sequence[Report]) -> None:
        """It has reported; what came before its first step counts to that."""
        if self.step == 0:
            self.said, self._held = (), said
        else:
            self.said, self._held = [*self._held, *said], ()

    def waits(self, jobs: Sequence[int]) -> None:
        """Its step is stored: it waits for these jobs."""
        self.jobs, self.answers = jobs, {}
        if (asked := self.journal.get(self.step)) is not None:
            self.questions = asked.questions
        elif self.step >= self.steps:
            self.steps = self.step + 1
            self.read_to = max(self.read_to, self.steps)

    def asked_step(self) -> Step:
        """The step that it asks, as it is stored."""
        return Step(step=self.step, questions=self.questions, records=self.records)

    def asked(self) -> Iterator[tuple[int, Question]]:
        """The jobs that it waits for, with what they were asked."""
        return zip(self.jobs, self.questions, strict=True)

    def ends(self, said: Sequence[Report]) -> None:
        """It has come to its end after its last step."""
        self.step += 1
        self.says(said)

    def reported(self) -> tuple[int, int, Sequence[Report], float | None]:
        """What it reported after the step before this one, as the journal stores it."""
        best = min((report.value for report in self.said), default=None)
        return self.program.id, self.step - 1, self.said, best
