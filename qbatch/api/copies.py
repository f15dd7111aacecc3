"""One group on several backends: a copy for each, and all of them side by side."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import TYPE_CHECKING

from qbatch.api.job_group import JobGroup
from qbatch.domain.naming import check_new_name, shell_quote
from qbatch.domain.states import GroupState
from qbatch.errors import NotFound, UsageError

if TYPE_CHECKING:
    from qbatch.domain.groups import Group
    from qbatch.domain.history import JobResult
    from qbatch.domain.selectors import Selection
    from qbatch.results.plot_data import Picture, PlotOptions
    from qbatch.results.verdicts import CheckReport, Thresholds
    from qbatch.store import Store


def copies_for(group: JobGroup, backends: Sequence[str]) -> list[JobGroup]:
    """The copies of a group for backends, ``GROUP-BACKEND`` each: made, or brought up to date.

    Jobs that a copy has already stay as they are; those that were added to the group since are
    added to it.

    Args:
        backends: names, at least two different ones.

    Raises:
        UsageError: there is a group of such a name that is no copy of this one, or a copy's jobs
            ask something else than the group's do now.
        NotFound: there is no such backend.
    """
    from qbatch.backends.catalog import Catalog

    names = _names(backends)
    catalog = Catalog(group.config)
    for name in names:
        catalog.get(name)
    parent, store = group.status(), group.target().group.store
    known = {one.copied_for: one for one in _copies(group)}
    taken = {one.name for one in store.groups.all()}
    wrong = [
        error
        for name in names
        if (error := _check(store, parent, name, known.get(name), taken)) is not None
    ]
    if wrong:
        raise UsageError("\n".join(map(str, wrong)), hint=wrong[0].hint)
    for name in names:
        store.edits.copy_for(parent, known.get(name), f"{parent.name}-{name}", name)
    known = {one.copied_for: one for one in _copies(group)}
    return [_opened(group, known[name].name) for name in names]


def _names(backends: Sequence[str]) -> list[str]:
    """The backends, each once.

    Raises:
        UsageError: there is but one, or one twice.
    """
    names = [name.strip() for name in backends]
    if len(set(names)) < max(2, len(names)) or not all(names):
        raise UsageError(
            f"--backend {','.join(backends)}: name each backend once",
            hint="qbatch run scan --backend aer,noisy runs a copy of scan on each",
        )
    return names


def _check(
    store: Store, parent: Group, backend: str, there: Group | None, taken: Collection[str]
) -> UsageError | None:
    """Why a copy cannot be made, or is none of what the group asks now; None: it can, and is."""
    if there is None:
        name = check_new_name(f"{parent.name}-{backend}")
        if name not in taken:
            return None
        return UsageError(
            f"group {name!r} is no copy of {parent.name!r} for {backend}",
            hint=f"qbatch group rename {shell_quote(name)} NEW makes room for one",
        )
    named = shell_quote(there.name)
    if there.state is GroupState.CLOSED:
        return UsageError(f"group {there.name!r} is closed", hint=f"qbatch group open {named}")
    if others := store.edits.strangers(parent, there):
        return UsageError(
            f"{there.name}/{others[0]} asks something else than {parent.name}/{others[0]}"
            f" ({len(others)} such jobs)",
            hint=f"qbatch group rename {named} NEW keeps it, qbatch delete {named} lets it go;"
            " then a new copy is made",
        )
    return None


def _copies(group: JobGroup) -> list[Group]:
    """The copies of a group for backends, the oldest first, one for each."""
    own = group.status().id
    found = [
        one
        for one in group.target().group.store.groups.all()
        if one.parent_id == own and one.copied_for and one.copied_for == one.backend
    ]
    return list({one.copied_for: one for one in reversed(found)}.values())[::-1]


def copies_of(group: JobGroup) -> list[JobGroup]:
    """The copies of a group for backends, the oldest first.

    Raises:
        NotFound: there are none.
    """
    found = _copies(group)
    if not found:
        named = shell_quote(group.name)
        raise NotFound(
            f"group {group.name!r} has no copies for backends",
            hint=f"qbatch run {named} --backend aer,NAME makes and runs them",
        )
    return [_opened(group, one.name) for one in found]


def _opened(group: JobGroup, name: str) -> JobGroup:
    return JobGroup(name, db=group.path, config=group.config, if_missing="raise")


def side_by_side(
    copies: Sequence[JobGroup], selection: Selection, postselect: Sequence[str] = ()
) -> Iterator[JobResult]:
    """The results of copies, one after another, each with the backend that its copy is for."""
    for copy in copies:
        backend = copy.status().backend
        found = copy.results(selection, partial=True, compiled=True, postselect=postselect)
        for result in found:
            yield replace(result, job=replace(result.job, backend=backend))


def picture(
    group: JobGroup,
    selection: Selection,
    options: PlotOptions,
    postselect: Sequence[str] = (),
) -> Picture:
    """The copies of a group in one picture; ``backend`` is an axis of it.

    Where there are none, its own jobs, which may name backends.

    Raises:
        UsageError: there is nothing to show.
    """
    from qbatch.results import pictures

    if not _copies(group):
        return group.results(selection, postselect=postselect).picture(options)
    found = side_by_side(copies_of(group), selection, postselect)
    total = sum(copy.status().total for copy in copies_of(group))
    return pictures.picture(found, group.name, options, total=total)


def together(
    chosen: Sequence[tuple[JobGroup, Selection]],
    options: PlotOptions,
    postselect: Sequence[str] = (),
) -> Picture:
    """Several groups in one picture, told apart by their names unless ``by`` says otherwise.

    Raises:
        UsageError: there is nothing to show.
    """
    from qbatch.results import pictures

    by = options.by if "group" in (*options.by, options.x) else ("group", *options.by)
    found = chain.from_iterable(
        group.results(selection, partial=True, compiled=True, postselect=postselect)
        for group, selection in chosen
    )
    names = ", ".join(group.name for group, _ in chosen)
    total = sum(group.status().total for group, _ in chosen)
    return pictures.picture(found, names, replace(options, by=by), total=total)


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """Two copies of a group held against each other, as a gate would."""

    first: str
    second: str
    report: CheckReport


def compared(group: JobGroup, thresholds: Thresholds | None = None) -> list[Compared]:
    """The first copy of a group beside each of the others.

    Raises:
        NotFound: there are none.
        UsageError: there is but one.
    """
    from qbatch.api.results import diff
    from qbatch.results import checking, verdicts

    first, *others = copies_of(group)
    if not others:
        raise UsageError(f"group {group.name!r} has one copy: there is nothing beside it")
    return [
        Compared(
            first=first.name,
            second=other.name,
            report=checking.check(
                # Another device may need more gates: what counts is what it yields.
                diff(first.results(), other.results()),
                replace(thresholds or verdicts.Thresholds(), sizes=False),
            ),
        )
        for other in others
    ]
