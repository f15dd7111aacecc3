"""A run with real backends: what the engine must not know, chosen and handed to it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from qbatch.backends.catalog import Catalog
from qbatch.config import Config
from qbatch.domain.groups import Group
from qbatch.domain.states import Status
from qbatch.errors import Locked, QbatchError
from qbatch.execution.registry import parse_executor
from qbatch.seam import Backend, SupportsOptions
from qbatch.store import Store

if TYPE_CHECKING:
    from qbatch.engine import Observer, RunReport, RunSettings
    from qbatch.engine.plan import Plan
    from qbatch.engine.planner import OpenBackend


def run(
    store: Store,
    groups: Sequence[Group],
    settings: RunSettings,
    *,
    config: Config,
    observer: Observer | None = None,
    choose: Callable[[], Sequence[int]] | None = None,
    renew: Callable[[Sequence[int]], Sequence[int]] | None = None,
) -> RunReport:
    """Run groups of a store.

    Args:
        config: names backends, and where a secret for webhooks is.
        choose: says, once the groups are locked, the ids of the jobs to run instead of
            all unsent ones.
        renew: makes chosen jobs unsent; see `qbatch.engine.Run`.

    Raises:
        Locked: another process runs one of the groups.
        NotFound: there is no such backend.
    """
    from qbatch.engine import Run

    settings, open_backend = _prepared(settings, Catalog(config))
    job = Run(store, groups, open_backend, settings, observer=observer, choose=choose, renew=renew)
    if settings.notify is None:
        return job.execute()
    from qbatch.api.webhook import Notifier

    notifier = Notifier(settings.notify, config.notify_secret, observer)
    try:
        report = job.execute()
    except Locked:
        raise  # the run that holds the lock will tell
    except QbatchError as error:
        notifier.failed([group.name for group in groups], error)
        raise
    notifier.ended(report)
    return report


def plan(
    store: Store,
    groups: Sequence[Group],
    settings: RunSettings,
    *,
    config: Config,
    only: Sequence[int] | None = None,
    statuses: Iterable[Status] = (Status.UNSENT,),
) -> Plan:
    """What `run` would do with the same settings; nothing is sent or changed.

    Args:
        only, statuses: which jobs; default: all unsent ones.

    Raises:
        NotFound: there is no such backend.
    """
    from qbatch.engine.plan import make_plan

    catalog = Catalog(config)
    settings, open_backend = _prepared(settings, catalog)
    return make_plan(
        store,
        groups,
        open_backend,
        settings,
        prices=catalog.prices(),
        only=only,
        statuses=statuses,
    )


def _prepared(settings: RunSettings, catalog: Catalog) -> tuple[RunSettings, OpenBackend]:
    """The settings with the configuration's default backend, and what opens a backend."""
    parse_executor(settings.executor, catalog.executors)
    if settings.backend is not None:
        catalog.get(settings.backend)
    if settings.default_backend is None:
        settings = replace(settings, default_backend=catalog.default)

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
