"""Programs of a group: added, chosen for a run, run again, cancelled."""

from __future__ import annotations

import functools
import secrets
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from qbatch.api.stored_group import Selector, StoredGroup
from qbatch.domain.naming import shell_quote
from qbatch.domain.programs import Program, ProgramSettings, ProgramSpec
from qbatch.domain.states import UNFINISHED, ProgramStatus
from qbatch.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from qbatch.api.options import ProgramOptions
    from qbatch.backends.catalog import Catalog
    from qbatch.domain.groups import Group
    from qbatch.domain.selectors import Selection
    from qbatch.engine import RunSettings
    from qbatch.engine.plan import PlannedPrograms
    from qbatch.files import AnyPath
    from qbatch.programs.driver import Driver
    from qbatch.programs.hosts import Hosts
    from qbatch.programs.schedule import Schedule
    from qbatch.results.plot_data import LinePlot
    from qbatch.store import Store

SCRIPT = "script:primitives"
"""The reference of the program that stands for a script with durable primitives."""

FROM_STEP = "--from-step needs the programs to be named"

_SEED_BITS = 31
_A_HOST = 10  # programs that are worth a process of their own


def add(group: StoredGroup, reference: str, options: ProgramOptions) -> range:
    """Add a program for each point of a sweep; their numbers.

    The code is loaded once, in a process of its own, to see that it can be called.

    Raises:
        UsageError: it cannot, or something else is wrong; nothing was stored.
    """
    from qbatch.backends.catalog import Catalog
    from qbatch.programs import hosting, source

    place, directory = source.absolute(reference)
    settings = _settings(options)
    Catalog(group.config).check_options(settings.backend, settings.options)
    arguments = list(_arguments(options, reference))
    text = hosting.checked(place, directory, arguments)
    specs = [
        ProgramSpec(
            name=options.get("name") or place.rpartition(":")[2],
            reference=place,
            arguments=own,
            seed=seed,
            settings=settings,
        )
        for own, seed in zip(arguments, _seeds(options.get("seed"), len(arguments)), strict=True)
    ]
    store = group.store
    with store.database.transaction():
        return store.programs.add(store.groups.ensure(group.name), specs, text)


def _settings(options: ProgramOptions) -> ProgramSettings:
    from qbatch.domain.jobs import JobSettings
    from qbatch.payloads.adding import check_settings

    own = ProgramSettings(
        shots=options.get("shots"),
        backend=options.get("backend"),
        priority=options.get("priority") or 0,
        options=dict(options.get("options") or {}),
        tags=dict(options.get("tags") or {}),
    )
    check_settings(
        JobSettings(
            name=options.get("name"), tags=own.tags, shots=own.shots, seed=options.get("seed"),
            backend=own.backend, priority=own.priority, options=own.options,
        )
    )  # fmt: skip
    return own


def _arguments(options: ProgramOptions, reference: str) -> Iterator[dict[str, Any]]:
    """What each program is called with."""
    from qbatch.payloads.parameters import Sweep, float_rows, float_values

    axes, rows = options.get("parameters") or {}, options.get("rows")
    sweep = Sweep(
        {name: float_values(values) for name, values in axes.items()},
        None if rows is None else float_rows(rows),
        in_step=options.get("in_step", False),
    )
    shared = dict(options.get("arguments") or {})
    names = [*axes, *sorted(sweep.names - set(axes))]
    if twice := sorted(set(names) & set(shared)):
        raise UsageError(f"argument {twice[0]!r} is given twice")
    for values in sweep.values(names, reference):
        yield {**shared, **dict(zip(names, map(_whole, values), strict=True))}


def _whole(value: float) -> float:
    """A whole number as such: a function may count with it."""
    return int(value) if value == int(value) and abs(value) < 2**53 else value


def _seeds(seed: int | None, number: int) -> list[int]:
    """A seed for each program, from the user's or by chance; either way it is stored."""
    from qbatch.rules.keys import derive_seed

    if seed is None:
        return [secrets.randbits(_SEED_BITS) for _ in range(number)]
    return [derive_seed(seed, b"program", b"%d" % place) for place in range(number)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How a group's programs stand.

    Attributes:
        counts: how many there are in each status.
        rounds: number of their steps.
        best: the least value that one reported, and its number.
    """

    counts: Mapping[str, int]
    rounds: int
    best: tuple[float, int] | None


def progress(groups: Sequence[Group], db: AnyPath | None = None) -> dict[str, Progress]:
    """How the programs of groups stand, by the group's name; nothing of groups without any."""
    from qbatch.config import existing_database
    from qbatch.store import Store

    path = existing_database(db)
    if path is None or not groups:
        return {}
    found = {}
    with Store(path) as store:
        counts = store.programs.counts([group.id for group in groups])
        for group in groups:
            if group.id in counts:
                rounds, best = store.programs.progress(group.id)
                found[group.name] = Progress(counts=counts[group.id], rounds=rounds, best=best)
    return found


def convergence(group: StoredGroup, selector: Selector = None) -> LinePlot:
    """The best value so far against the round, a line a program.

    Raises:
        UsageError: no program that is meant has reported a value.
    """
    from qbatch.results.convergence import convergence as drawn

    meant = select(group, selector)
    return drawn(group.name, meant, group.store.journal.curve(p.id for p in meant))


def advice(program: Program) -> str:
    """The command that helps next."""
    name = shell_quote(program.label)
    if program.status is ProgramStatus.DONE:
        return f"qbatch results {name} shows what it returned"
    if program.status in UNFINISHED:
        return f"qbatch run {name} goes on with it"
    return (
        f"qbatch rerun {name} goes on from step {program.steps};"
        " --from-step N forgets those from N on"
    )


def select(group: StoredGroup, selector: Selector = None) -> list[Program]:
    """The programs that a selector names, or all of them.

    Raises:
        NotFound: there is none of a number.
    """
    selection = group.selection(selector)
    return chosen(group.store, group.group(), selection)


def chosen(store: Store, group: Group, selection: Selection) -> list[Program]:
    """The programs of a group that a selection means: all, or those that it names."""
    found = store.programs.of([group.id])
    if selection.is_all:
        return found
    meant = selection.programs
    return [p for p in found if any(first <= p.number <= last for first, last in meant)]


def unfinished(store: Store, group: Group, selection: Selection) -> list[Program]:
    """The programs that a selection means and that have not ended."""
    return [one for one in chosen(store, group, selection) if one.status in UNFINISHED]


def driver(
    programs: Sequence[Program],
    store: Store,
    settings: RunSettings,
    catalog: Catalog,
    note: Callable[[str], None],
) -> Driver | None:
    """What hosts programs in a run; None where there are none.

    Raises:
        UsageError: their code was changed, or came from elsewhere, and nobody has accepted it.
    """
    meant = [program for program in programs if _is_hosted(program)]
    if not meant or not settings.submit:
        return None
    if settings.limit is not None:
        note(
            f"programs are not started ({len(meant)}): --limit counts jobs, and how many they ask"
            " for is not known"
        )
        return None
    from qbatch.api.program_code import checked
    from qbatch.programs.driver import Driver

    accept = checked(store, meant, changes=settings.accept_changes, code=settings.accept_code)
    return Driver(
        store,
        [program.id for program in meant],
        _hosts(store, meant, settings),
        _schedule(meant, settings, catalog),
        note,
        begins=accept,
    )


def _hosts(store: Store, programs: Sequence[Program], settings: RunSettings) -> Hosts:
    """What runs the code of programs."""
    from qbatch.execution.base import cores
    from qbatch.programs.hosting import Directories, HostProcess
    from qbatch.programs.hosts import Hosts

    directories = Directories()
    source = functools.cache(store.programs.source)

    def directory(program: Program) -> str:
        return directories.of(program.source, source(program.source))

    return Hosts(
        HostProcess,
        directory,
        number=settings.program_hosts or max(1, min(cores(), len(programs) // _A_HOST)),
        load=programs,
        step_timeout=settings.step_timeout,
        close=directories.close,
    )


def planned(
    programs: Sequence[Program], settings: RunSettings, catalog: Catalog
) -> list[PlannedPrograms]:
    """What a run would host of some programs, by backend."""
    from qbatch.engine.plan import PlannedPrograms

    if settings.limit is not None or not settings.submit:
        return []
    found = Counter(
        _backend(program, settings, catalog) for program in programs if _is_hosted(program)
    )
    return [
        PlannedPrograms(backend=name, programs=number, priced=catalog.has_price(name))
        for name, number in found.items()
    ]


def _is_hosted(program: Program) -> bool:
    """Whether a run calls its code; a script calls itself."""
    return program.reference != SCRIPT


def _backend(program: Program, settings: RunSettings, catalog: Catalog) -> str:
    """Where what it asks for goes."""
    own = settings.backend or program.settings.backend
    return own or settings.default_backend or catalog.default


def _schedule(programs: Sequence[Program], settings: RunSettings, catalog: Catalog) -> Schedule:
    from qbatch.programs.schedule import Schedule

    names = {_backend(program, settings, catalog) for program in programs}
    return Schedule(
        policy="eager" if settings.schedule == "eager" else "barrier",
        max_wait=settings.max_wait,
        patient=any(map(catalog.has_price, names)),
        max_batch_size=settings.max_batch_size,
    )


def to_rerun(group: StoredGroup, selector: Selector = None) -> list[Program]:
    """The failed and cancelled programs that a selector means."""
    found = (ProgramStatus.ERROR, ProgramStatus.CANCELLED)
    return [program for program in select(group, selector) if program.status in found]


def check_step(programs: Sequence[Program], step: int | None) -> None:
    """Make sure that programs have a step.

    Raises:
        UsageError: one has not.
    """
    for program in programs:
        if step is not None and not 0 <= step < max(1, program.steps):
            raise UsageError(f"{program.label} has no step {step}: it has {program.steps}, from 0")


def renew(group: StoredGroup, programs: Sequence[Program], from_step: int | None = None) -> int:
    """Let programs go on that failed, were cancelled, or shall go another way.

    Args:
        from_step: forget their steps from this one on, with results; None keeps them all.

    Returns:
        Number of jobs that were forgotten.

    Raises:
        UsageError: one has no such step, or jobs of it are under way.
        Locked: a process runs the group.
    """
    from qbatch.store import run_lock

    check_step(programs, from_step)
    store = group.store
    with run_lock.hold(store, [group.group()], say=lambda _: None, hint=run_lock.MAY_WAIT):
        return put_back(store, programs, from_step)


def put_back(store: Store, programs: Sequence[Program], from_step: int | None) -> int:
    """See `renew`; whoever calls it holds the lock of their groups."""
    dropped = 0
    with store.database.transaction():
        for program in programs:
            if from_step is not None:
                dropped += store.journal.drop(program, from_step)
            # What it was answered before that step, failures included, it has seen.
            store.programs.renew(program.id, with_jobs=from_step is None)
    return dropped


def cancel(group: StoredGroup, selector: Selector = None) -> int:
    """Cancel programs that have not ended, with their jobs; how many they are."""
    return group.store.programs.cancel([program.id for program in select(group, selector)])
