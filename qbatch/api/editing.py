"""Changes to what is said of a group and its jobs, never to what they yielded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from qbatch.api.stored_group import Selector, StoredGroup
from qbatch.domain.naming import shell_quote
from qbatch.domain.states import ACTIVE, Status
from qbatch.errors import UsageError
from qbatch.files import AnyPath


def edit(
    stored: StoredGroup,
    selector: Selector,
    *,
    tags: Mapping[str, str],
    remove_tags: Sequence[str],
    note: str | None,
    backend: str | None,
) -> int:
    """Change what is said of jobs, or (without a selector) of the group; see `JobGroup.edit`."""
    if backend is not None and selector is not None:
        raise UsageError(
            "a backend of single jobs cannot be changed",
            hint="it is the group's, or a run's: qbatch run --backend NAME",
        )
    group, selection = stored.group(), stored.selection(selector)
    edits = stored.store.edits
    with stored.store.database.transaction():
        if backend is not None:
            _check_backend(stored, backend)
            stored.store.groups.set_backend(group.id, backend or None)
        if note is not None:
            where = None if selector is None else selection
            edits.note(group.id, where, note or None)
        if tags or remove_tags:
            return edits.tag(group.id, selection, tags, remove_tags)
    return stored.store.jobs.count(group.id, selection)


def _check_backend(stored: StoredGroup, backend: str) -> None:
    from qbatch.backends.catalog import Catalog

    if backend:
        Catalog(stored.config).get(backend)


def rename(stored: StoredGroup, name: str) -> None:
    """Give the group another name; the object follows.

    Raises:
        UsageError: there is a group of that name, or none can have it.
        Locked: a process runs the group, and knows it by its name.
    """
    from qbatch.store import run_lock

    group = stored.group()
    with run_lock.hold(stored.store, [group], hint="wait for it, or cancel it"):
        stored.store.edits.rename(group, name)
    stored.name = name


def archive(stored: StoredGroup, file: AnyPath) -> int:
    """Write the group with all that belongs to it as a portable file; number of jobs.

    Raises:
        UsageError: jobs are under way or their outcome is unknown, or the file cannot be
            written.
    """
    from qbatch.api import archive_file
    from qbatch.files import atomic
    from qbatch.results.export import is_ending

    path = Path(file).expanduser()
    if is_ending(path.suffix):
        raise UsageError(
            f"{path}: an archive is no table of results",
            hint=f"qbatch results {shell_quote(stored.name)} -o {shell_quote(str(path))}"
            " writes results; an archive's name ends in .qbatch",
        )
    stored.group()
    with stored.store.database.snapshot():
        group = stored.group()
        if loose := sum(group.counts.get(s, 0) for s in (*ACTIVE, Status.UNKNOWN)):
            raise UsageError(
                f"group {group.name!r} has {loose} jobs under way or with an unknown outcome",
                hint=f"qbatch wait {shell_quote(group.name)} or qbatch resolve first: two stores"
                " must not follow one batch",
            )
        with atomic(path, binary=True) as stream:
            archive_file.write(stored.store.archive.records(group), stream)
    return group.total
