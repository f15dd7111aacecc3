"""One group on several backends: a copy for each, and all of them side by side."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import TYPE_CHECKING

from qbatch.api.job_group import JobGroup
from qbatch.domain.naming import check_new_name
from qbatch.errors import NotFound, UsageError

if TYPE_CHECKING:
    from qbatch.domain.history import JobResult
    from qbatch.domain.selectors import Selection
    from qbatch.results.checking import CheckReport, Thresholds
    from qbatch.results.plot_data import Picture, PlotOptions


def copies_for(group: JobGroup, backends: Sequence[str]) -> list[JobGroup]:
    """The copies of a group for backends, ``GROUP-BACKEND`` each: made, or brought up to date.

    Jobs that a copy has already stay as they are; those that were added to the group since are
    added to it.

    Args:
        backends: names, at least two different ones.

    Raises:
        UsageError: there is a group of such a name that is no copy of this one.
        NotFound: there is no such backend.
    """
    from qbatch.backends.catalog import Catalog

    names = [name.strip() for name in backends]
    if len(set(names)) < max(2, len(names)) or not all(names):
        raise UsageError(
            f"--backend {','.join(backends)}: name each backend once",
            hint="qbatch run scan --backend aer,noisy runs a copy of scan on each",
        )
    catalog = Catalog(group.config)
    for name in names:
        catalog.get(name)
        check_new_name(f"{group.name}-{name}")
    parent, store = group.status(), group.target().group.store
    known = {one.name: one for one in store.groups.all()}
    for name in names:
        there = known.get(f"{group.name}-{name}")
        if there is not None and (there.parent, there.backend) != (group.name, name):
            raise UsageError(
                f"group {there.name!r} is no copy of {group.name!r} for {name}",
                hint=f"qbatch group rename {there.name} NEW makes room for one",
            )
    for name in names:
        store.edits.copy_for(parent, f"{group.name}-{name}", name)
    return [_opened(group, f"{group.name}-{name}") for name in names]


def copies_of(group: JobGroup) -> list[JobGroup]:
    """The copies of a group for backends, the oldest first.

    Raises:
        NotFound: there are none.
    """
    parent = group.status().name
    groups = group.target().group.store.groups.all()
    found = [one for one in groups if one.parent == parent and one.backend]
    if not found:
        raise NotFound(
            f"group {parent!r} has no copies for backends",
            hint=f"qbatch run {parent} --backend aer,NAME makes and runs them",
        )
    return [_opened(group, one.name) for one in found]


def _opened(group: JobGroup, name: str) -> JobGroup:
    return JobGroup(name, db=group.path, config=group.config, if_missing="raise")


def side_by_side(copies: Sequence[JobGroup]) -> Iterator[JobResult]:
    """The results of copies, one after another, each with the backend that its copy is for."""
    for copy in copies:
        backend = copy.status().backend
        for result in copy.results(partial=True, compiled=True):
            yield replace(result, job=replace(result.job, backend=backend))


def picture(group: JobGroup, options: PlotOptions) -> Picture:
    """The copies of a group in one picture; ``backend`` is an axis of it.

    Raises:
        NotFound: there are none.
        UsageError: there is nothing to show.
    """
    from qbatch.results import pictures

    return pictures.picture(side_by_side(copies_of(group)), group.name, options)


def together(chosen: Sequence[tuple[JobGroup, Selection]], options: PlotOptions) -> Picture:
    """Several groups in one picture, told apart by their names unless ``by`` says otherwise.

    Raises:
        UsageError: there is nothing to show.
    """
    from qbatch.results import pictures

    by = options.by if "group" in (*options.by, options.x) else ("group", *options.by)
    found = chain.from_iterable(
        group.results(selection, partial=True, compiled=True) for group, selection in chosen
    )
    names = ", ".join(group.name for group, _ in chosen)
    return pictures.picture(found, names, replace(options, by=by))


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
    from qbatch.results import checking

    first, *others = copies_of(group)
    if not others:
        raise UsageError(f"group {group.name!r} has one copy: there is nothing beside it")
    return [
        Compared(
            first=first.name,
            second=other.name,
            report=checking.check(
                diff(first.results(), other.results()), thresholds or checking.Thresholds()
            ),
        )
        for other in others
    ]
