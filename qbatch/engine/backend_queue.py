"""A queue a backend: its planned batches, what is in flight there, and how large to cut."""

from __future__ import annotations

import heapq
import itertools
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from qbatch.domain.batches import Claim, OpenBatch, PlannedJob, Throughput, Usage
from qbatch.domain.states import StopReason
from qbatch.engine.compiling import CompileLane
from qbatch.engine.throughput import Costs, ThroughputMeter
from qbatch.rules.batching import Batcher, Policy
from qbatch.rules.sizing import Sizer
from qbatch.seam import (
    Backend,
    ItemResult,
    SupportsClose,
    SupportsDeadlines,
    SupportsFreeSlots,
    SupportsTiming,
    SupportsWait,
)

_FIRST_POLL = 0.1
_LONGEST_POLL = 10.0
_FULL_SECONDS = 2.0  # until an account that is full is asked again


@dataclass(slots=True, kw_only=True)
class InFlightBatch:
    """A batch under way.

    ``remote_id`` is None where the answer to its submission was lost, for ``reason``, and
    it must be looked up; ``parts`` is None where an earlier run planned it. ``half_sent``:
    the service has told an id, and nobody knows whether it has got all of the batch.
    ``said_after``: seconds of waiting after which the user is told of it, next. ``lost_at``: when
    the answer to its submission was lost, or this run took it over.
    """

    batch: OpenBatch
    remote_id: str | None
    claims: list[Claim]
    parts: Sequence[PlannedJob] | None
    reason: str = ""
    retry_after: float | None = None
    half_sent: bool = False
    said_after: float = 60.0
    incomplete: int = 0
    running: bool = False
    started: float = field(default_factory=time.monotonic)
    next_poll: float = 0.0
    poll_seconds: float = _FIRST_POLL
    poll_failures: int = 0
    cancelled_for: StopReason | None = None
    cancelled_at: float = 0.0
    cancel_sent: bool = False
    usage: Usage | None = None
    lost_at: float = field(default_factory=time.monotonic)

    def looked_at(self) -> None:
        """Asked once more without news: ask again later, and later each time."""
        self.next_poll = time.monotonic() + self.poll_seconds
        self.poll_seconds = min(self.poll_seconds * 1.5, _LONGEST_POLL)


class BackendQueue:
    """One backend's share of a run.

    Args:
        policy: how to batch.
        max_in_flight: the user's limit; the backend's holds besides.
        measured: how fast the backend was before, by workload.
        open_lane: gives the lane in which payloads are compiled; asked when the first job comes.

    Attributes:
        to_come: jobs that the run has not planned yet.
    """

    def __init__(
        self,
        backend: Backend,
        policy: Policy,
        max_in_flight: int | None,
        measured: Mapping[str, Throughput] = MappingProxyType({}),
        open_lane: Callable[[], CompileLane | None] = lambda: None,
    ) -> None:
        self.backend = backend
        self.local = backend.limits.local
        self.waits = isinstance(backend, SupportsWait)
        self.costs = Costs(backend)
        self.sizer = Sizer(measured)
        self.meter = ThroughputMeter(self.costs)
        self.to_come = 0
        target = self._target if self.local and policy.max_batch_size is None else None
        self._batcher = Batcher(
            policy,
            backend.limits,
            target,
            cost=self.costs.cost if self.costs.are_known else None,
            apart=self.costs.apart if self.costs.are_known else None,
        )
        self._ready: deque[list[PlannedJob]] = deque()
        self._later: list[tuple[float, int, list[PlannedJob]]] = []
        self._count = itertools.count()
        self.flights: dict[int, InFlightBatch] = {}
        self._full_until = 0.0
        self._is_shut = False
        self._awaited: frozenset[int] = frozenset()
        self._max_in_flight = max_in_flight
        self._open_lane = open_lane
        self._opened = False
        self._lane: CompileLane | None = None

    @property
    def lane(self) -> CompileLane | None:
        """Where payloads are compiled first; None where they are sent as they are."""
        if not self._opened:
            self._lane, self._opened = self._open_lane(), True
        return self._lane

    @property
    def compiles(self) -> bool:
        """Whether something is being compiled now."""
        return self._lane is not None and self._lane.is_busy

    @property
    def wants_more(self) -> bool:
        """Whether there is room for jobs that are not planned yet; who is shut lets them pass."""
        if self._is_shut:
            return True
        return self.has_slot and not (self._lane is not None and self._lane.is_full)

    @property
    def in_flight(self) -> int:
        """The most batches at once; a local backend may settle it when it is told its work."""
        most = self.backend.limits.in_flight
        return min(most, self._max_in_flight or most)

    @property
    def has_slot(self) -> bool:
        """Whether another batch may be sent now."""
        if self._awaited and self._awaited <= self.flights.keys():
            return False
        self._awaited = frozenset()
        return len(self.flights) < self.in_flight and time.monotonic() >= self._full_until

    def has_room(self) -> bool:
        """Ask the service, where it says so, whether the account may send one more now."""
        if not isinstance(self.backend, SupportsFreeSlots) or self.backend.free_slots() > 0:
            return True
        self._full_until = time.monotonic() + _FULL_SECONDS
        return False

    @property
    def has_work(self) -> bool:
        """Whether a batch is ready to be sent."""
        while self._later and self._later[0][0] <= time.monotonic():
            self._ready.append(heapq.heappop(self._later)[2])
        if self._lane is not None:
            self._ready.extend(self._lane.leave(self.backend.limits.bytes))
        return bool(self._ready)

    @property
    def idle(self) -> bool:
        """Nothing ready, nothing to try again, nothing under way, nothing being compiled."""
        return not (self._ready or self._later or self.flights or self.compiles)

    def waits_for_a_worker(self, flight: InFlightBatch) -> bool:
        """Whether a local batch is kept in supply, behind those that the workers have."""
        if not isinstance(self.backend, SupportsDeadlines) or flight.remote_id is None:
            return False
        return self.backend.is_waiting(flight.remote_id)

    def next_event(self) -> float | None:
        """When, on the monotonic clock, something is due here; None for nothing."""
        times = [flight.next_poll for flight in self.flights.values()]
        if self._later:
            times.append(self._later[0][0])
        return min(times, default=None)

    def expect(self, job: PlannedJob, seconds: float) -> None:
        """What the next jobs are like, and the estimate of what one of them costs."""
        if self.local:  # elsewhere nothing depends on it
            self.sizer.expect(self.costs.workload(job), seconds)

    def learn(self, flight: InFlightBatch, results: Sequence[ItemResult]) -> None:
        """What a batch that has ended says of the backend's speed; nothing if something failed."""
        if not self.local or flight.remote_id is None or any(map(_failed, results)):
            return
        spent = time.monotonic() - flight.started
        worked = None
        if isinstance(self.backend, SupportsTiming):
            worked = self.backend.worked_seconds(flight.remote_id)
        if worked is None:
            # With several batches in flight a batch also waits for its turn.
            waiting = max(1, len(self.flights) + 1) / 2 if self.in_flight > 1 else 1
            self.sizer.learn(len(flight.claims), spent / waiting)
            return
        self.sizer.learn(len(flight.claims), worked)
        items = [claim.item for claim in flight.claims]
        self.meter.note(flight.parts or (), items[: len(flight.parts or ())], worked, spent)

    def add(self, job: PlannedJob) -> None:
        """Plan a job; full batches become ready."""
        self._plan(self._batcher.add(job))

    def _target(self, waiting: int) -> int:
        return self.sizer.share(self.to_come + waiting, self.in_flight)

    def flush(self) -> None:
        """No more jobs for now: what is planned becomes ready."""
        self._plan(self._batcher.flush())

    def _plan(self, batches: Iterable[list[PlannedJob]]) -> None:
        for batch in batches:
            if self._is_shut:
                continue
            if self.lane is None:
                self._ready.append(batch)
            else:
                self.lane.enter(batch)

    def again(self, batches: Sequence[list[PlannedJob]]) -> None:
        """Put batches in front that have to be sent again."""
        if self._is_shut:
            return
        self._ready.extendleft(reversed([batch for batch in batches if batch]))

    def again_in(self, seconds: float, batch: list[PlannedJob]) -> None:
        """A batch to be sent again after a while."""
        if batch and not self._is_shut:
            when = time.monotonic() + seconds
            heapq.heappush(self._later, (when, next(self._count), batch))

    def wait_for_an_end(self) -> None:
        """Send nothing before one of the batches under way has ended."""
        self._awaited = frozenset(self.flights)

    def shut(self) -> None:
        """Send nothing more in this run: what is planned is left unsent."""
        self._is_shut = True
        self._ready.clear()
        self._later.clear()
        if self._lane is not None:
            self._lane.empty()

    def take(self) -> list[PlannedJob]:
        """The next ready batch."""
        return self._ready.popleft()

    def close(self) -> None:
        """Let the backend give back what it holds."""
        if self._lane is not None:
            self._lane.close()
        if isinstance(self.backend, SupportsClose):
            self.backend.close()


def _failed(result: ItemResult) -> bool:
    return result.error is not None
