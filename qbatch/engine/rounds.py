"""The rounds of jobs that get shots until they have enough.

A round is over when nothing is under way and nothing is left to send: then every job whose shots
are all there is held against its rules, and those that need more get them together, so that the
next round is merged like any other work. What is decided is stored in one transaction: a run that
is killed leaves either the round before or the next one, and whoever resumes decides the same.
"""

from __future__ import annotations

from collections.abc import Sequence

from qbatch.domain.jobs import Job
from qbatch.domain.until import UntilEnd
from qbatch.engine.planner import Planner
from qbatch.engine.recorder import BatchRecorder
from qbatch.rules.enough import judge
from qbatch.store import Store
from qbatch.store.rounds import Answered


class Rounds:
    """Decides what jobs with rules get next.

    Args:
        groups: ids.
        ask: give them more shots; otherwise only those that have enough are noted as done.
    """

    def __init__(
        self,
        store: Store,
        groups: Sequence[int],
        recorder: BatchRecorder,
        planner: Planner,
        *,
        ask: bool,
    ) -> None:
        self._store = store
        self._groups = groups
        self._recorder = recorder
        self._planner = planner
        self._ask = ask
        self._lost: set[int] = set()

    def resume(self) -> None:
        """Decide about jobs that an earlier run has left at the end of a round."""
        self._decide(counted=False)

    def next(self) -> bool:
        """Decide about those whose round has ended; whether any of them go on."""
        more = self._decide(counted=True)
        if more:
            self._planner.again(more)
        return bool(more)

    def _decide(self, *, counted: bool) -> list[int]:
        """Hold jobs against their rules; the ids of those that get more shots."""
        if not self._store.rounds.any_answered(self._groups):
            return []
        ends, more = self._judged()
        if ends or more:
            self._store.rounds.store(ends, more.items())
        at_most = sum(end is UntilEnd.MAX_SHOTS for _, end in ends)
        self._recorder.settled(len(ends), at_most_shots=at_most, counted=counted)
        if more:
            jobs = "1 job gets" if len(more) == 1 else f"{len(more)} jobs get"
            self._recorder.note(f"{jobs} {sum(more.values()):,} more shots")
        return list(more)

    def _judged(self) -> tuple[list[tuple[int, UntilEnd]], dict[int, int]]:
        """Jobs that get no more shots, with the reason, and those that do, with how many."""
        ends: list[tuple[int, UntilEnd]] = []
        more: dict[int, int] = {}
        for answered in self._store.rounds.answered(self._groups):
            decided = self._decided(answered)
            if isinstance(decided, UntilEnd):
                ends.append((answered.job.id, decided))
            elif decided:
                more[answered.job.id] = decided
        meant = self._planner.means(more) if self._ask else set()
        return ends, {job: shots for job, shots in more.items() if job in meant}

    def _decided(self, answered: Answered) -> UntilEnd | int:
        """Why a job gets no more shots, or how many it gets; 0: nobody can say."""
        job, result = answered.job, answered.result
        if result is None:
            self._note_lost(job)
            return 0
        shots = job.shots or 0
        verdict = judge(job.until, job.observables, result, shots)
        if verdict.reached:
            return UntilEnd.REACHED
        most = job.max_shots or shots
        return UntilEnd.MAX_SHOTS if shots >= most else min(verdict.shots, most) - shots

    def _note_lost(self, job: Job) -> None:
        if job.id not in self._lost:
            self._lost.add(job.id)
            self._recorder.note(
                f"{job.group}/{job.number}: what it yielded was let go, and cannot be held against"
                f" {', '.join(job.until)} (qbatch edit --until '' takes its rules away)"
            )
