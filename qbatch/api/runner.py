"""A run with real backends: what the engine must not know, chosen and handed to it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from qbatch.backends import registry
from qbatch.backends.catalog import Catalog
from qbatch.config import Config
from qbatch.domain.groups import Group
from qbatch.domain.programs import Program
from qbatch.domain.states import Status
from qbatch.errors import Locked, QbatchError, UsageError
from qbatch.execution.registry import parse_executor
from qbatch.seam import Backend, Stage, SupportsOptions, SupportsTarget
from qbatch.store import Store

if TYPE_CHECKING:
    from qbatch.api.webhook import Notifier
    from qbatch.engine import Observer, RunReport, RunSettings
    from qbatch.engine.compile_run import CompileReport
    from qbatch.engine.job_source import JobSource
    from qbatch.engine.plan import Plan
    from qbatch.engine.planner import OpenBackend


Note = Callable[[str], None]
MakeSource = Callable[["Store", "RunSettings", "Catalog", Note], "JobSource | None"]
"""From a store, the settings, the backends, and what to do with a sentence for the user."""


def run(
    store: Store,
    groups: Sequence[Group],
    settings: RunSettings,
    *,
    config: Config,
    observer: Observer | None = None,
    choose: Callable[[], Sequence[int]] | None = None,
    renew: Callable[[Sequence[int]], Sequence[int]] | None = None,
    make_source: MakeSource = lambda *_: None,
) -> RunReport:
    """Run groups of a store.

    Args:
        config: names backends, and where a secret for webhooks is.
        choose: says, once the groups are locked, the ids of the jobs to run instead of
            all unsent ones.
        renew: makes chosen jobs unsent; see `qbatch.engine.Run`.
        make_source: gives what adds jobs while the run goes on.

    Raises:
        Locked: another process runs one of the groups.
        NotFound: there is no such backend.
    """
    from qbatch.engine import Run

    catalog = Catalog(config)
    settings, open_backend = _prepared(settings, catalog)
    notifier = _notifier(settings, config, observer)
    note = observer.note if observer is not None else lambda _: None
    # From here on the source may hold processes: the run ends it, whatever happens.
    source = make_source(store, settings, catalog, note)
    job = Run(
        store,
        groups,
        open_backend,
        settings,
        observer=observer,
        choose=choose,
        renew=renew,
        open_stage=lambda backend: open_stage(catalog, backend),
        source=source,
    )
    try:
        report = job.execute()
    except Locked:
        raise  # the run that holds the lock will tell
    except QbatchError as error:
        if notifier is not None:
            notifier.failed([group.name for group in groups], error)
        raise
    if notifier is not None:
        notifier.ended(report)
    return report


def _notifier(settings: RunSettings, config: Config, observer: Observer | None) -> Notifier | None:
    if settings.notify is None:
        return None
    from qbatch.api.webhook import Notifier

    return Notifier(settings.notify, config.notify_secret, observer)


def compile_(
    store: Store,
    groups: Sequence[Group],
    settings: RunSettings,
    *,
    config: Config,
    observer: Observer | None = None,
    only: Sequence[int] | None = None,
    retry: bool = False,
) -> CompileReport:
    """Compile the circuits of groups for the backend that the settings name; send nothing.

    Args:
        only: ids of the jobs that are meant; None: all but the cancelled ones.
        retry: what could not be compiled before is tried again.

    Raises:
        NotFound: there is no such backend.
        UsageError: nothing is compiled for it.
    """
    from qbatch.engine.compile_run import CompileRun

    catalog = Catalog(config)
    settings, open_backend = _prepared(settings, catalog)
    work = CompileRun(
        store,
        groups,
        open_backend,
        lambda backend: open_stage(catalog, backend),
        settings,
        observer=observer,
        only=only,
        retry=retry,
    )
    return work.execute()


def plan(
    store: Store,
    groups: Sequence[Group],
    settings: RunSettings,
    programs: Sequence[Program] = (),
    *,
    config: Config,
    only: Sequence[int] | None = None,
    statuses: Iterable[Status] = (Status.UNSENT,),
) -> Plan:
    """What `run` would do with the same settings; nothing is sent or changed.

    Args:
        programs: those that the run would host.
        only, statuses: which jobs; default: all unsent ones.

    Raises:
        NotFound: there is no such backend.
    """
    from qbatch.api.programs import planned
    from qbatch.engine.plan import make_plan

    catalog = Catalog(config)
    settings, open_backend = _prepared(settings, catalog)
    found = make_plan(
        store,
        groups,
        open_backend,
        settings,
        only=only,
        statuses=statuses,
        open_stage=lambda backend: open_stage(catalog, backend),
    )
    found.programs = planned(programs, settings, catalog)
    return found


def may_cost(store: Store, groups: Sequence[Group], settings: RunSettings, config: Config) -> bool:
    """Whether a run may send something to a backend that has a price."""
    catalog = Catalog(config)
    if settings.backend is not None:
        return catalog.has_price(settings.backend)
    if not any(map(catalog.has_price, (*config.backends, catalog.default))):
        return False
    ids = [group.id for group in groups]
    named = {*store.work_queue.backends(ids), *store.programs.backends(ids)}
    chosen = {name or settings.default_backend or catalog.default for name in named}
    known = {*config.backends, *registry.available()}
    return any(map(catalog.has_price, chosen & known))


def open_stage(catalog: Catalog, backend: Backend) -> Stage | None:
    """How circuits are compiled for a backend; None where they are sent as they are.

    Raises:
        UsageError: its ``compile`` setting cannot be understood.
    """
    own = backend if isinstance(backend, SupportsTarget) else None
    settings = catalog.get(backend.name).compile
    if settings is None and own is not None:
        settings = own.default_compile()
    if not settings:
        return None
    from qbatch.stages.settings import make_stage

    names_one = {"target", "basis_gates"} & settings.keys()
    target = None
    if own is not None and not names_one:
        target = own.target(calibration=settings.get("target_with") == "calibration")
    # A backend that is a device itself takes circuits for all of its qubits.
    local = backend.limits.local and own is None
    return make_stage(backend.name, settings, target, local=local, executors=catalog.executors)


def check_backend(config: Config, name: str) -> str:
    """Try a backend, and what is compiled for it; what was found.

    Raises:
        NotFound, BackendError, UsageError: what is wrong with it.
    """
    catalog = Catalog(config)
    with catalog.checked(name) as (backend, said):
        stage = open_stage(catalog, backend)
    if stage is None:
        return said
    from qbatch.payloads.circuit.target import to_qiskit

    try:
        width = to_qiskit(stage.target.body).num_qubits
    except ValueError as error:
        raise UsageError(f"backend {name!r}: target {stage.target.name}: {error}") from error
    qubits = "any number of qubits" if width is None else f"{width} qubits"
    return f"{said}; circuits are compiled for {stage.target.name} ({qubits}) by {stage.compiler}"


def _prepared(settings: RunSettings, catalog: Catalog) -> tuple[RunSettings, OpenBackend]:
    """The settings with the configuration's default backend, and what opens a backend."""
    parse_executor(settings.executor, catalog.executors)
    if settings.backend is not None:
        catalog.get(settings.backend)
    if settings.default_backend is None:
        settings = replace(settings, default_backend=catalog.default)
    settings = replace(
        settings,
        homes=catalog.homes(str(settings.default_backend)),
        prices=catalog.prices(),
        budgets=catalog.budgets(),
    )

    def open_backend(name: str) -> Backend:
        wishes: dict[str, Any] = {
            "executor": settings.executor,
            "sampling": settings.sampling,
            "executors": catalog.executors,
        }
        if settings.rate is not None:
            wishes["rate"] = settings.rate
        backend = catalog.open(name, **wishes)
        if catalog.get(name).settings and isinstance(backend, SupportsOptions):
            backend.check_settings()
        return backend

    return settings, open_backend
