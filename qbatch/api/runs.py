"""Running the jobs of groups: at once, again, or those that were sent before."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from qbatch.api.stored_group import StoredGroup
from qbatch.domain.selectors import Selection
from qbatch.domain.states import UNSUCCESSFUL, Status
from qbatch.errors import Locked, UsageError

if TYPE_CHECKING:
    from qbatch.api.options import RunOptions
    from qbatch.config import Config
    from qbatch.domain.groups import Group
    from qbatch.domain.programs import Program
    from qbatch.engine import Observer, RunReport, RunSettings
    from qbatch.engine.compile_run import CompileReport
    from qbatch.engine.plan import Plan

_CANCEL_SECONDS = 10.0
_ALL = Selection()


class Target(NamedTuple):
    """Jobs of a group that a command means."""

    group: StoredGroup
    selection: Selection = _ALL


def settings_of(config: Config, options: RunOptions) -> RunSettings:
    """The settings of a run: what is said, else the configuration's default, else ours.

    Raises:
        UsageError: they make no sense.
    """
    from qbatch.engine import RunSettings

    names = RunSettings.__dataclass_fields__
    defaults = {k: v for k, v in config.defaults.items() if k in names and k != "backend"}
    if unknown := sorted(options.keys() - names.keys()):
        raise UsageError(
            f"a run has no option {unknown[0]!r}", hint=f"there are: {', '.join(names)}"
        )
    if options.get("sequential"):
        defaults.pop("max_batch_size", None)  # one job at a time, whatever the default
    return RunSettings(**{**defaults, **options})


def run(
    targets: Sequence[Target],
    settings: RunSettings,
    *,
    observer: Observer | None = None,
    choose: Callable[[], Sequence[int]] | None = None,
    renew: Callable[[Sequence[int]], Sequence[int]] | None = None,
    programs: Sequence[Program] | None = None,
) -> RunReport:
    """Run the unsent jobs of several groups together, in common batches, and their programs.

    Args:
        targets: of one database.
        choose: says, once the groups are locked, which jobs to run instead of all unsent
            ones, by id.
        renew: makes chosen jobs unsent; see `qbatch.engine.Run`.
        programs: those that are hosted, made to wait by ``choose``; default: the unfinished ones
            that ``targets`` mean.

    Raises:
        Locked: another process runs one of them.
    """
    from qbatch.api import runner
    from qbatch.api.programs import driver, unfinished

    first = targets[0].group
    hosted = programs
    if hosted is None:
        hosted = [
            program
            for group, selection in targets
            for program in unfinished(group.store, group.group(), selection)
        ]
    if choose is None and any(target.selection != _ALL for target in targets):
        choose = lambda: _unsent(targets)  # noqa: E731
    _check_selections(targets)
    return runner.run(
        first.store,
        _groups(targets),
        settings,
        config=first.config,
        observer=observer,
        choose=choose,
        renew=renew,
        make_source=lambda *known: driver(hosted, *known),
    )


def rerun(
    targets: Sequence[Target],
    settings: RunSettings,
    *,
    keep: bool = False,
    from_step: int | None = None,
    observer: Observer | None = None,
) -> RunReport | None:
    """Run failed and cancelled jobs again, and only those; let such programs go on.

    Args:
        from_step: let the programs that are named go on from that step; what they were
            answered from there on is forgotten.

    Returns:
        None if there is nothing to rerun; nothing was done then.
    """
    from qbatch.api import programs

    meant: list[int] = []
    fresh: set[int] = set()
    store = targets[0].group.store
    jobs = store.jobs
    again = _checked_again(targets, from_step=from_step, keep=keep)

    def choose() -> list[int]:
        # The groups are locked by now; a run that cannot begin has changed nothing.
        programs.put_back(store, again, from_step)
        fresh.update(store.programs.unsent(program.id for program in again))
        meant.extend([*_to_rerun(targets)[: settings.limit], *fresh])
        return meant

    def renew(ids: Sequence[int]) -> list[int]:
        left = [job for job in ids if job in fresh]
        if not keep:
            return [*jobs.reset(ids), *left]
        return [new for group in _groups(targets) for new in jobs.append_again(group.id, ids)]

    report = run(targets, settings, observer=observer, choose=choose, renew=renew, programs=again)
    return report if meant or again else None


def _checked_again(
    targets: Sequence[Target], *, from_step: int | None, keep: bool
) -> list[Program]:
    """The programs that a rerun means, if they can go on."""
    from qbatch.api import programs

    found = [program for target in targets for program in _programs_again(target, from_step)]
    if found and keep:
        raise UsageError(f"{found[0].label} is a program: --keep is for jobs")
    programs.check_step(found, from_step)
    return found


def _programs_again(target: Target, from_step: int | None) -> list[Program]:
    """The programs that a rerun means: the failed and cancelled ones, or those to go back."""
    from qbatch.api import programs

    if from_step is None:
        return programs.to_rerun(target.group, target.selection)
    if not target.selection.programs:
        raise UsageError(programs.FROM_STEP, hint="qbatch rerun GROUP/p3 --from-step N")
    return programs.select(target.group, target.selection)


def compile_(
    targets: Sequence[Target],
    backend: str,
    *,
    retry: bool = False,
    observer: Observer | None = None,
) -> CompileReport:
    """Compile the circuits of jobs for a backend; nothing is sent.

    Args:
        retry: what could not be compiled before is tried again.
    """
    from qbatch.api import runner

    first, only = targets[0].group, None
    if any(target.selection != _ALL for target in targets):
        _check_selections(targets)
        only = [
            job.id
            for group, selection in targets
            for job in group.store.jobs.select(group.group().id, selection)
        ]
    return runner.compile_(
        first.store,
        _groups(targets),
        settings_of(first.config, {"backend": backend}),
        config=first.config,
        observer=observer,
        only=only,
        retry=retry,
    )


def plan(targets: Sequence[Target], settings: RunSettings) -> Plan:
    """What `run` would do; nothing is sent or changed."""
    from qbatch.api import programs

    only = None
    if any(target.selection != _ALL for target in targets):
        only = _unsent(targets)
    hosted = [
        program
        for group, selection in targets
        for program in programs.unfinished(group.store, group.group(), selection)
    ]
    return _plan(targets, settings, hosted, only=only)


def plan_rerun(
    targets: Sequence[Target], settings: RunSettings, *, from_step: int | None = None
) -> Plan:
    """What `rerun` would do; nothing is sent or changed."""
    _check_selections(targets)
    hosted = [one for target in targets for one in _programs_again(target, from_step)]
    return _plan(targets, settings, hosted, only=_to_rerun(targets), statuses=UNSUCCESSFUL)


def priced_plan(
    targets: Sequence[Target],
    settings: RunSettings,
    *,
    again: bool = False,
    from_step: int | None = None,
) -> Plan | None:
    """What a run would do, where it costs something or may; None where it does not.

    Args:
        again: the run is a rerun.
        from_step: of the rerun.
    """
    from qbatch.api import runner

    first = targets[0].group
    if not runner.may_cost(first.store, _groups(targets), settings, first.config):
        return None
    found = plan_rerun(targets, settings, from_step=from_step) if again else plan(targets, settings)
    return found if found.costs else None


def num_replaced(targets: Sequence[Target]) -> int:
    """Number of failed or cancelled jobs for which ``rerun --keep`` has made a new one."""
    return sum(
        group.store.jobs.replaced(group.group().id, selection) for group, selection in targets
    )


class Cancelled(NamedTuple):
    """How many were cancelled at once, and how many under way are asked to stop."""

    jobs: int
    asked: int
    programs: int


def cancel(target: Target) -> Cancelled:
    """Cancel jobs, and programs where these are meant.

    If another process runs the group, that one stops them; otherwise this one tells their
    backend, so that no batch goes on at a service unwatched.
    """
    from qbatch.api import programs
    from qbatch.store import run_lock

    stored, selection = target
    group = stored.group()
    _check_selections([target])
    hosted = programs.cancel(stored, selection)
    cancelled, asked = stored.store.jobs.cancel(group.id, selection)
    if asked and not run_lock.is_running(stored.store, group.id):
        # Whoever starts a run in between sees the request as well.
        with contextlib.suppress(Locked):
            run([Target(stored)], followed(_CANCEL_SECONDS))
    return Cancelled(cancelled, asked, hosted)


def is_running(group: StoredGroup) -> bool:
    """Whether a process runs a group now."""
    from qbatch.store import run_lock

    return run_lock.is_running(group.store, group.group().id)


def followed(seconds: float | None, wait_lock: float = 0.0) -> RunSettings:
    """Settings of a run that sends nothing and follows what is under way to its end."""
    from qbatch.engine import RunSettings

    return RunSettings(submit=False, wait_seconds=seconds, wait_lock=wait_lock)


def fetched(wait_lock: float = 0.0) -> RunSettings:
    """Settings of a run that sends nothing and looks once at what is under way."""
    from qbatch.engine import RunSettings

    return RunSettings(submit=False, wait=False, wait_lock=wait_lock)


def _plan(
    targets: Sequence[Target],
    settings: RunSettings,
    programs: Sequence[Program],
    *,
    only: Sequence[int] | None,
    statuses: Iterable[Status] = (Status.UNSENT,),
) -> Plan:
    from qbatch.api import runner

    first = targets[0].group
    return runner.plan(
        first.store,
        _groups(targets),
        settings,
        programs,
        config=first.config,
        only=only,
        statuses=statuses,
    )


def _groups(targets: Sequence[Target]) -> list[Group]:
    """The groups as they stand, each once."""
    return list({target.group.name: target.group.group() for target in targets}.values())


def _unsent(targets: Sequence[Target]) -> list[int]:
    _check_selections(targets)
    return [
        job
        for group, selection in targets
        for job in group.store.jobs.unsent(group.group().id, selection)
    ]


def _to_rerun(targets: Sequence[Target]) -> list[int]:
    """The ids of the failed and cancelled jobs, each once."""
    found = [group.store.jobs.to_rerun(group.group().id, selection) for group, selection in targets]
    return list(dict.fromkeys(job for ids in found for job in ids))


def _check_selections(targets: Sequence[Target]) -> None:
    for group, selection in targets:
        group.selection(selection)
