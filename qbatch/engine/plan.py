"""What a run would do, told before anything is sent."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from qbatch.domain.batches import PlannedJob, Throughput
from qbatch.domain.budgets import Cap, Reservation
from qbatch.domain.groups import Group, held_text
from qbatch.domain.html import table
from qbatch.domain.states import Status
from qbatch.engine.adapter_calls import prices_of
from qbatch.engine.backend_queue import BackendQueue
from qbatch.engine.compile_plan import CompilePlanner, PlannedCompiling
from qbatch.engine.compiling import OpenStage
from qbatch.engine.planner import OpenBackend, Planner
from qbatch.engine.settings import RunSettings
from qbatch.engine.spending import Spending
from qbatch.engine.submission import Loader, fix_seed
from qbatch.engine.throughput import batch_seconds, pooled
from qbatch.payloads.registry import payload_format
from qbatch.rules.batching import unanswerable
from qbatch.rules.merging import coalesce
from qbatch.rules.pricing import amounts
from qbatch.seam import SupportsCost, SupportsEstimate
from qbatch.store import Store

_DEFAULT = Throughput(seconds=1.0, startup=1.0)
_SECONDS_A_JOB = 6e-5  # of the engine and the store
_MOST_PAYLOADS = 1_000  # read to count their depth
_ROUND_TRIPS = 3  # of a remote batch that ends at once: sent, asked for, fetched


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedBatch:
    """One submission to come.

    Attributes:
        jobs, items: the latter after equal jobs are put together.
        shots: that are asked for; saved: those of them that need not be run.
        requests: the fewest that the backend needs for it; 0 where it is local.
        width: of the widest payload, as its format counts it.
        workload: what its jobs are like to the backend.
        estimated: seconds of work, before any measurement.
        workers: number of such batches that a local backend works on at once.
    """

    backend: str
    jobs: int
    items: int
    shots: int
    saved: int
    requests: int
    width: int
    workload: str
    estimated: float
    workers: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedBudget:
    """A backend's budget of this month."""

    month: float
    spent: float
    currency: str | None


@dataclass(slots=True, kw_only=True)
class BackendPlan:
    """What goes to one backend.

    Attributes:
        batches: in the order of sending.
        seconds: an estimate, None where nothing is known; ``measured``: it rests on what
            an earlier run took here.
        memory: bytes that the work needs at most, None for a remote backend.
        unit: what `PlannedBatch.width` counts.
        depth: the largest of the payloads, None where there are too many to look at.
        cost: by unit of price, where the configuration gives one.
        budget: what may be spent there a month, and what is spent or reserved of it already.
        compiling: what is compiled first; None where circuits are sent as they are.
        warnings: what will be refused, or may be.
    """

    backend: str
    local: bool
    batches: list[PlannedBatch] = field(default_factory=list)
    seconds: float | None = None
    measured: bool = False
    memory: int | None = None
    unit: str = ""
    depth: int | None = None
    cost: dict[str, float | None] = field(default_factory=dict)
    budget: PlannedBudget | None = None
    compiling: PlannedCompiling | None = None
    warnings: list[str] = field(default_factory=list)

    def total(self, name: str) -> int:
        """The sum of an attribute over the batches."""
        return sum(getattr(batch, name) for batch in self.batches)

    @property
    def costs(self) -> bool:
        """Whether it costs something, or may: a price is known, and something is sent."""
        return bool(self.batches) and any(cost != 0 for cost in self.cost.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedPrograms:
    """Programs that ask a backend for jobs round by round; for how many, only they know.

    Attributes:
        priced: whether the backend has a price.
    """

    backend: str
    programs: int
    priced: bool


@dataclass(slots=True, kw_only=True)
class Plan:
    """What a run would do.

    Attributes:
        programs: those that are hosted; whoever asks for the plan adds them.
        rounds: number of jobs of the groups that go on until their rules hold, and the most shots
            that these may ask for beyond the batches that are planned.
        warnings: about jobs that no backend takes.
    """

    groups: list[str]
    jobs: int = 0
    backends: list[BackendPlan] = field(default_factory=list)
    programs: list[PlannedPrograms] = field(default_factory=list)
    rounds: tuple[int, int] = (0, 0)
    warnings: list[str] = field(default_factory=list)

    @property
    def costs(self) -> bool:
        """Whether the run costs something, or may."""
        return any(one.costs for one in self.backends) or any(one.priced for one in self.programs)

    def _repr_html_(self) -> str:
        """What notebooks show: what goes to each backend."""
        head = ("backend", "batches", "jobs", "items", "shots", "seconds")
        rows = [
            (
                one.backend,
                len(one.batches),
                *(one.total(name) for name in ("jobs", "items", "shots")),
                None if one.seconds is None else f"{one.seconds:.3g}",
            )
            for one in self.backends
        ]
        return table(f"{', '.join(self.groups)}: {self.jobs} jobs to send", head, rows)


def make_plan(
    store: Store,
    groups: Sequence[Group],
    open_backend: OpenBackend,
    settings: RunSettings,
    *,
    only: Sequence[int] | None = None,
    statuses: Iterable[Status] = (Status.UNSENT,),
    open_stage: OpenStage = lambda _: None,
) -> Plan:
    """Plan a run as it would be planned, and send nothing.

    Args:
        only, statuses: which jobs; default: all unsent ones.
        open_stage: gives a backend's compile stage.
    """
    plan = Plan(groups=[group.name for group in groups], warnings=_of_held(store, groups))
    planner = Planner(
        store, [group.id for group in groups], open_backend, settings, plan.warnings.append
    )
    plan.rounds = store.rounds.to_come([group.id for group in groups])
    planner.begin(only, statuses)
    plan.jobs = planner.pick()
    plans: dict[str, _Adding] = {}
    try:
        while not planner.exhausted:
            planner.page()
            for name, queue in planner.queues.items():
                if name not in plans:
                    compiling = CompilePlanner.of(store, open_stage(queue.backend))
                    plans[name] = _Adding(store, name, queue, settings, compiling)
                adding = plans[name]
                while queue.has_work:
                    adding.take(queue.take())
        for name, adding in plans.items():
            known = prices_of(planner.queues[name].backend, settings.prices.get(name))
            plan.backends.append(adding.finished(known))
    finally:
        for queue in planner.queues.values():
            queue.close()
    return plan


def _of_held(store: Store, groups: Sequence[Group]) -> list[str]:
    """What is said of the groups of which nothing is sent."""
    held = store.groups.held([group.id for group in groups])
    return [f"{name}: {held_text(name, why)}" for name, why in held.items()]


class _Adding:
    """The plan of one backend while it grows."""

    def __init__(
        self,
        store: Store,
        name: str,
        queue: BackendQueue,
        settings: RunSettings,
        compiling: CompilePlanner | None,
    ) -> None:
        self._store = store
        self._compiling = compiling
        self._queue = queue
        self._settings = settings
        self._loader = Loader(store)
        self._payloads: set[int] = set()
        self._refused: Counter[str] = Counter()
        self._largest: list[PlannedJob] = []
        self._measured = store.throughputs.of(name)
        # What is paid for: circuits, their shots, and submissions, with every basis of values.
        self._paid: Counter[str] = Counter()
        self._spending = Spending(settings)
        self._ceiling = 0.0
        self._over: str | None = None
        self.plan = BackendPlan(backend=name, local=queue.local)

    def take(self, jobs: Sequence[PlannedJob]) -> None:
        """Add a batch."""
        settings, limits = self._settings, self._queue.backend.limits
        parts = [fix_seed(part, settings.seed) for part in jobs]
        enabled = settings.coalesce and settings.policy().merge and limits.mixed_shots
        items = coalesce(parts, enabled=enabled, max_shots=limits.shots)
        if self._compiling is not None:
            limits = replace(limits, formats=None)  # compiled ones are in another form
            self._compiling.take(parts)
        for part in parts:
            if reason := unanswerable(part, limits):
                self._refused[reason] += 1
        self._payloads.update(part.payload.id for part in parts)
        widest = max(parts, key=_width)
        self._largest.append(widest)
        self.plan.unit = payload_format(widest.payload.kind).unit
        self.plan.batches.append(self._planned(parts, items, widest))

    def _planned(
        self, parts: Sequence[PlannedJob], items: Sequence[int], widest: PlannedJob
    ) -> PlannedBatch:
        costs, shots = self._queue.costs, sum(part.shots or 0 for part in parts)
        whole = pooled(parts, items)
        self._pay(whole)
        wish = self._spending.wish(self._queue, whole)
        self._spending.sent(len(self.plan.batches), wish)
        self._ceiling += wish.ceiling.price or 0.0
        if wish.refusal is not None and not self._over:
            self._over = wish.refusal
        return PlannedBatch(
            backend=self.plan.backend,
            jobs=len(parts),
            items=len(set(items)),
            shots=shots,
            saved=shots - sum(part.shots or 0 for part in whole),
            requests=self._requests(parts, items),
            width=_width(widest),
            workload=costs.workload(parts[0]),
            estimated=batch_seconds(costs, parts, items),
            workers=costs.workers(widest),
        )

    def _pay(self, items: Sequence[PlannedJob]) -> None:
        """Count what a batch of items comes to."""
        asked_for = ((item.request, item.shots) for item in items)
        self._paid.update(amounts(asked_for, self._queue.backend.limits))

    def _requests(self, parts: Sequence[PlannedJob], items: Sequence[int]) -> int:
        backend = self._queue.backend
        if self._queue.local:
            return 0
        if not isinstance(backend, SupportsEstimate):
            return _ROUND_TRIPS
        submission = self._loader.submission("plan", parts[0].options, parts, items)
        estimate = backend.estimate(submission)
        self._refused.update(estimate.refused)
        return estimate.requests

    def finished(self, prices: Mapping[str, float]) -> BackendPlan:
        """The plan, with what only all of its batches tell."""
        plan = self.plan
        plan.depth = self._depth()
        if self._compiling is not None:
            plan.compiling = self._compiling.planned()
        plan.warnings += [f"{n} jobs: {reason}" for reason, n in self._refused.items()]
        plan.budget = self._budget()
        plan.warnings += self._warnings_of_caps()
        if plan.local and plan.batches:
            self._estimate_time()
            self._estimate_memory()
        seconds = plan.seconds if plan.local else None
        for unit, price in prices.items():
            amount = seconds if unit == "second" else float(self._paid[unit])
            plan.cost[unit] = None if amount is None else amount * price
        return plan

    def _warnings_of_caps(self) -> list[str]:
        """Why not all of it would be sent, if so."""
        budget, reason = self.plan.budget, self._over
        if reason is None and budget is not None and budget.spent + self._ceiling > budget.month:
            reason = f"its budget has no room for {self._ceiling:.6g} more"
        return [] if reason is None else [f"not all of it would be sent: {reason}"]

    def _budget(self) -> PlannedBudget | None:
        budget = self._settings.budgets.get(self.plan.backend)
        if budget is None:
            return None
        cap = Cap(budget.month, *budget.period(time.time()))
        wish = Reservation(price=0.0, currency=budget.currency, cap=cap)
        spent = self._store.budgets.spent(self.plan.backend, wish)
        return PlannedBudget(month=budget.month, spent=spent, currency=budget.currency)

    def _estimate_time(self) -> None:
        """Work at the throughput of earlier runs, shared out, and the start of the workers."""
        plan = self.plan
        plan.measured = all(batch.workload in self._measured for batch in plan.batches)
        found = [self._measured.get(batch.workload, _DEFAULT) for batch in plan.batches]
        work = [
            batch.estimated * own.seconds for batch, own in zip(plan.batches, found, strict=True)
        ]
        shared = sum(
            seconds / batch.workers for seconds, batch in zip(work, plan.batches, strict=True)
        )
        startup = max(own.startup for own in found)
        plan.seconds = startup + max(shared, *work) + _SECONDS_A_JOB * plan.total("jobs")

    def _estimate_memory(self) -> None:
        plan, backend = self.plan, self._queue.backend
        plan.memory = self._queue.costs.memory(self._largest)
        available = physical_memory()
        if plan.memory is not None and available is not None and plan.memory > available:
            width = max(batch.width for batch in plan.batches)
            advice = backend.memory_advice() if isinstance(backend, SupportsCost) else ""
            plan.warnings.append(
                f"{width} {plan.unit} need about {plan.memory / 1e9:.3g} GB,"
                f" this machine has {available / 1e9:.3g} GB" + (f"; {advice}" if advice else "")
            )

    def _depth(self) -> int | None:
        if not self._payloads or len(self._payloads) > _MOST_PAYLOADS:
            return None
        sources = self._store.jobs.sources(self._payloads).values()
        depths = [payload_format(source.kind).depth(source) for source in sources]
        return max((depth for depth in depths if depth is not None), default=None)


def _width(job: PlannedJob) -> int:
    return payload_format(job.payload.kind).width(job.payload.info)


def physical_memory() -> int | None:
    """Bytes of memory that this machine has; None where the system does not say."""
    try:
        found: int = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (ValueError, OSError, AttributeError):
        return None
    return found
