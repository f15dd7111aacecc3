"""Running the jobs of a group: at once, again, or those that were sent before."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from qbatch.api.base import Base, Selector
from qbatch.domain.states import UNSUCCESSFUL
from qbatch.errors import Locked

if TYPE_CHECKING:
    from qbatch.engine import Observer, RunReport, RunSettings
    from qbatch.engine.plan import Plan

_CANCEL_SECONDS = 10.0


class Running(Base):
    """The verbs that run."""

    def run_parallel(self, *, observer: Observer | None = None, **settings: Any) -> RunReport:
        """Run the unsent jobs, merged into batches, many at once.

        Args:
            settings: see `qbatch.engine.RunSettings`.
        """
        return run_groups([self], _settings(settings), observer=observer)

    def run_sequential(
        self, delay: float = 0.0, *, observer: Observer | None = None, **settings: Any
    ) -> RunReport:
        """Run the unsent jobs one by one, ``delay`` seconds after the end of the one before."""
        chosen = _settings({"sequential": True, "delay": delay, **settings})
        return run_groups([self], chosen, observer=observer)

    def rerun(
        self,
        selector: Selector = None,
        *,
        keep: bool = False,
        observer: Observer | None = None,
        **settings: Any,
    ) -> RunReport | None:
        """Run failed and cancelled jobs again, and only those.

        A job that was rerun with ``keep`` is not run again: the new one stands for it.

        Args:
            selector: which of them; all by default.
            keep: leave each failed job as it is and append a new one that names it as
                its parent, instead of a new attempt at the same job.

        Returns:
            None where there is nothing to rerun; nothing was done then.
        """
        group, selection = self._group(), self._selection(selector)
        jobs = self._store.jobs
        again: list[int] = []

        def choose() -> list[int]:
            # Under the run's own lock, when everything else about the run has been checked.
            again.extend((jobs.append_again if keep else jobs.reset)(group.id, selection))
            return again

        report = run_groups([self], _settings(settings), observer=observer, choose=choose)
        return report if again else None

    def rerun_failed_parallel(
        self, replace_failed_jobs: bool = True, **settings: Any
    ) -> RunReport | None:
        """Perceval's name for `rerun`."""
        return self.rerun(keep=not replace_failed_jobs, **settings)

    def rerun_failed_sequential(
        self, delay: float = 0.0, replace_failed_jobs: bool = True, **settings: Any
    ) -> RunReport | None:
        """Perceval's name for a sequential `rerun`."""
        return self.rerun(keep=not replace_failed_jobs, sequential=True, delay=delay, **settings)

    def plan(self, **settings: Any) -> Plan:
        """What `run_parallel` with these settings would do; nothing is sent or changed.

        Args:
            settings: see `qbatch.engine.RunSettings`.
        """
        return plan_groups([self], _settings(settings))

    def num_replaced(self, selector: Selector = None) -> int:
        """How many failed or cancelled jobs ``rerun(keep=True)`` has made a new one for."""
        return self._store.jobs.replaced(self._group().id, self._selection(selector))

    def plan_rerun(self, selector: Selector = None, **settings: Any) -> Plan:
        """What `rerun` would do; nothing is sent or changed."""
        from qbatch.api.runner import plan

        group, selection = self._group(), self._selection(selector)
        return plan(
            self._store,
            [group],
            _settings(settings),
            config=self._config,
            only=self._store.jobs.to_rerun(group.id, selection),
            statuses=UNSUCCESSFUL,
        )

    def cancel_all(self, selector: Selector = None) -> tuple[int, int]:
        """Cancel jobs: how many unsent ones, and how many under way are asked to stop.

        Where another process runs the group, that one stops them; otherwise this one
        tells their backend, so that no batch goes on at a service unwatched.
        """
        from qbatch.store import run_lock

        group = self._group()
        cancelled, asked = self._store.jobs.cancel(group.id, self._selection(selector))
        if asked and not run_lock.is_running(self._store, group.id):
            # Whoever starts a run in between sees the request as well.
            with contextlib.suppress(Locked):
                self.wait(seconds=_CANCEL_SECONDS)
        return cancelled, asked

    def sync(self, *, observer: Observer | None = None) -> RunReport:
        """Fetch what has finished of batches that an earlier run sent; send nothing."""
        return run_groups([self], _settings({"submit": False, "wait": False}), observer=observer)

    def wait(self, *, seconds: float | None = None, observer: Observer | None = None) -> RunReport:
        """Follow batches that an earlier run sent to their end; send nothing."""
        settings = _settings({"submit": False, "wait_seconds": seconds})
        return run_groups([self], settings, observer=observer)


def run_groups(
    groups: Sequence[Base],
    settings: RunSettings,
    *,
    observer: Observer | None = None,
    choose: Callable[[], Sequence[int]] | None = None,
) -> RunReport:
    """Run the unsent jobs of several groups together, in common batches.

    Args:
        groups: of one database.
        choose: says, once the groups are locked, which jobs to run instead of all unsent
            ones, by id.

    Raises:
        Locked: another process runs one of them.
    """
    from qbatch.api.runner import run

    found = {group.name: group._group() for group in groups}
    first = groups[0]
    return run(
        first._store,
        list(found.values()),
        settings,
        config=first._config,
        observer=observer,
        choose=choose,
    )


def plan_groups(groups: Sequence[Base], settings: RunSettings) -> Plan:
    """What `run_groups` would do; nothing is sent or changed."""
    from qbatch.api.runner import plan

    first = groups[0]
    found = {group.name: group._group() for group in groups}
    return plan(first._store, list(found.values()), settings, config=first._config)


def _settings(wishes: Mapping[str, Any]) -> RunSettings:
    from qbatch.engine import RunSettings

    return RunSettings(**wishes)
