"""What a run would do, told before anything is sent."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from qbatch.backends.base import Foreseeing
from qbatch.batching import LARGE_QUBITS, kind_of
from qbatch.engine.lanes import Lane
from qbatch.engine.pacing import batch_seconds, pooled
from qbatch.engine.planning import OpenBackend, Planner
from qbatch.engine.settings import RunSettings
from qbatch.engine.submission import Loader, fix_seed
from qbatch.merging import coalesce
from qbatch.models import Group, Pace, PlannedJob, Status
from qbatch.store import Store

_DEFAULT_PACE = Pace(seconds=1.0, startup=1.0)
_SECONDS_A_JOB = 6e-5  # of the engine and the store
_BYTES_AN_AMPLITUDE = 16
_WORKER_BYTES = 150_000_000  # Qiskit and Aer, imported
_MOST_CIRCUITS = 1_000  # read to count their depth
_ROUND_TRIPS = 3  # of a remote batch that ends at once: sent, asked for, fetched


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedBatch:
    """One submission to come.

    Attributes:
        jobs, circuits: the latter after equal ones are put together.
        shots: that are asked for; saved: those of them that need not be run.
        requests: the fewest that the backend needs for it; 0 where it is local.
    """

    backend: str
    jobs: int
    circuits: int
    shots: int
    saved: int
    num_qubits: int
    requests: int
    kind: str
    estimated: float


@dataclass(slots=True, kw_only=True)
class BackendPlan:
    """What goes to one backend.

    Attributes:
        batches: in the order of sending.
        seconds: an estimate, None where nothing is known; ``measured``: it rests on what
            an earlier run took here.
        memory: bytes that the simulation needs at most, None for a remote backend.
        depth: the largest of the circuits, None where there are too many to look at.
        cost: by unit of price, where the configuration gives one.
        warnings: what will be refused, or may be.
    """

    backend: str
    local: bool
    batches: list[PlannedBatch] = field(default_factory=list)
    seconds: float | None = None
    measured: bool = False
    memory: int | None = None
    depth: int | None = None
    cost: dict[str, float | None] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)

    def total(self, name: str) -> int:
        """The sum of an attribute over the batches."""
        return sum(getattr(batch, name) for batch in self.batches)


@dataclass(slots=True, kw_only=True)
class Plan:
    """What a run would do.

    Attributes:
        warnings: about jobs that no backend takes.
    """

    groups: list[str]
    jobs: int = 0
    backends: list[BackendPlan] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def make_plan(
    store: Store,
    groups: Sequence[Group],
    open_backend: OpenBackend,
    settings: RunSettings,
    *,
    prices: Mapping[str, Mapping[str, float]],
    only: Sequence[int] | None = None,
    statuses: Iterable[Status] = (Status.UNSENT,),
) -> Plan:
    """Plan a run as it would be planned, and send nothing.

    Args:
        prices: by backend, per ``shot``, ``task`` (a circuit) or ``second``.
        only, statuses: which jobs; default: all unsent ones.
    """
    plan = Plan(groups=[group.name for group in groups])
    planner = Planner(
        store, [group.id for group in groups], open_backend, settings, plan.warnings.append
    )
    planner.begin(only, statuses)
    plan.jobs = planner.pick()
    plans: dict[str, _Adding] = {}
    try:
        while not planner.exhausted:
            planner.page()
            for name, lane in planner.lanes.items():
                adding = plans.setdefault(name, _Adding(store, name, lane, settings))
                while lane.has_work:
                    adding.take(lane.take())
        for name, adding in plans.items():
            plan.backends.append(adding.finished(prices.get(name, {})))
    finally:
        for lane in planner.lanes.values():
            lane.close()
    return plan


class _Adding:
    """The plan of one backend while it grows."""

    def __init__(self, store: Store, name: str, lane: Lane, settings: RunSettings) -> None:
        self._store = store
        self._lane = lane
        self._settings = settings
        self._loader = Loader(store)
        self._circuits: set[int] = set()
        self._refused: dict[str, int] = {}
        self._paces = store.paces.of(name)
        self.plan = BackendPlan(backend=name, local=lane.local)

    def take(self, jobs: Sequence[PlannedJob]) -> None:
        """Add a batch."""
        settings, limits = self._settings, self._lane.backend.limits
        parts = [fix_seed(part, settings.seed) for part in jobs]
        enabled = settings.coalesce and settings.policy().merge and limits.mixed_shots
        items = coalesce(parts, enabled=enabled, max_shots=limits.shots)
        run = sum(part.shots or 0 for part in pooled(parts, items))
        asked = sum(part.shots or 0 for part in parts)
        self._circuits.update(part.circuit_id for part in parts)
        self.plan.batches.append(
            PlannedBatch(
                backend=self.plan.backend,
                jobs=len(parts),
                circuits=len(set(items)),
                shots=asked,
                saved=asked - run,
                num_qubits=max(part.num_qubits for part in parts),
                requests=self._requests(parts, items),
                kind=kind_of(parts[0]),
                estimated=batch_seconds(parts, items),
            )
        )

    def _requests(self, parts: Sequence[PlannedJob], items: Sequence[int]) -> int:
        backend = self._lane.backend
        if self._lane.local:
            return 0
        if not isinstance(backend, Foreseeing):
            return _ROUND_TRIPS
        submission = self._loader.submission("plan", parts[0].options, parts, items)
        requests, refused = backend.foresee(submission)
        for reason in refused:
            self._refused[reason] = self._refused.get(reason, 0) + 1
        return requests

    def finished(self, prices: Mapping[str, float]) -> BackendPlan:
        """The plan, with what only all of its batches tell."""
        plan = self.plan
        plan.depth = self._depth()
        plan.warnings += [f"{n} circuits: {reason}" for reason, n in self._refused.items()]
        if plan.local and plan.batches:
            self._foresee_time()
            self._foresee_memory()
        seconds = plan.seconds if plan.local else None
        units = {
            "shot": float(plan.total("shots") - plan.total("saved")),
            "task": float(plan.total("circuits")),
            "second": seconds,
        }
        for unit, price in prices.items():
            amount = units[unit]
            plan.cost[unit] = None if amount is None else amount * price
        return plan

    def _workers(self) -> int:
        return max(1, self._lane.backend.limits.in_flight // 2)

    def _foresee_time(self) -> None:
        """Work at the pace of earlier runs, shared out, and the start of the workers."""
        plan, work, startups = self.plan, 0.0, []
        plan.measured = all(batch.kind in self._paces for batch in plan.batches)
        for batch in plan.batches:
            pace = self._paces.get(batch.kind, _DEFAULT_PACE)
            large = batch.num_qubits >= LARGE_QUBITS
            work += batch.estimated * pace.seconds / (1 if large else self._workers())
            startups.append(pace.startup)
        longest = max(
            b.estimated * self._paces.get(b.kind, _DEFAULT_PACE).seconds for b in plan.batches
        )
        plan.seconds = max(startups) + max(work, longest) + _SECONDS_A_JOB * plan.total("jobs")

    def _foresee_memory(self) -> None:
        """A state vector for each worker, and what every process holds besides."""
        plan = self.plan
        qubits = max(batch.num_qubits for batch in plan.batches)
        small = [b.num_qubits for b in plan.batches if b.num_qubits < LARGE_QUBITS]
        side_by_side = min(self._workers(), len(plan.batches)) * 2 ** max(small, default=0)
        amplitudes = max(2**qubits, side_by_side)
        processes = 1 if self._lane.backend.limits.in_flight == 1 else self._workers()
        plan.memory = _BYTES_AN_AMPLITUDE * amplitudes + _WORKER_BYTES * processes
        available = physical_memory()
        if available is not None and plan.memory > available:
            plan.warnings.append(
                f"circuits of {qubits} qubits need about {plan.memory / 1e9:.3g} GB as state"
                f" vectors, this machine has {available / 1e9:.3g} GB; another method"
                " (--option method=stabilizer, matrix_product_state) may need less"
            )

    def _depth(self) -> int | None:
        if not self._circuits or len(self._circuits) > _MOST_CIRCUITS:
            return None
        from qbatch.payloads.circuit.formats import parse

        sources = self._store.jobs.circuits(self._circuits).values()
        return max(int(parse(source).depth()) for _, source in sources)


def physical_memory() -> int | None:
    """Bytes of memory that this machine has; None where the system does not say."""
    try:
        found: int = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (ValueError, OSError, AttributeError):
        return None
    return found
