"""Changes to what is said of a group and its jobs, never to what they yielded."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from qbatch.api import asking
from qbatch.api.stored_group import Selector, StoredGroup
from qbatch.domain.groups import Group
from qbatch.domain.naming import shell_quote
from qbatch.domain.selectors import Selection
from qbatch.domain.states import ACTIVE, Status
from qbatch.errors import UsageError
from qbatch.files import AnyPath
from qbatch.store import Store

if TYPE_CHECKING:
    from qbatch.api.options import EditOptions

_ASKED = ("shots", "more_shots", "until", "max_shots", "priority", "options")
"""Changes to what jobs ask for; a backend is one where jobs are named."""


class EditReport(NamedTuple):
    """What an edit did.

    Attributes:
        jobs: that were changed.
        left: jobs that were meant and are as they were: they are under way, of a program, or were
            run already.
    """

    jobs: int
    left: int = 0


def edit(stored: StoredGroup, selector: Selector, changes: EditOptions) -> EditReport:
    """Change what is said of jobs, or (without a selector) of the group; see `JobGroup.edit`.

    What jobs ask for is changed under the group's run lock: a run sends what it has read.
    """
    from qbatch.store import run_lock

    group, selection = stored.group(), stored.selection(selector)
    asks = {name for name in _ASKED if changes.get(name) is not None}
    if changes.get("backend") is not None:
        _check_backend(stored, str(changes["backend"]))
        if selector is not None:
            asks.add("backend")
    held = run_lock.hold(stored.store, [group], hint="wait for it, or cancel it")
    with held if asks else contextlib.nullcontext(), stored.store.database.transaction():
        meant = stored.store.jobs.count(group.id, selection)
        _said(stored, group, selector, selection, changes)
        if not asks:
            return EditReport(meant)
        changed = asking.change(stored.store, group.id, selection, asks, changes)
        if meant and not changed:
            raise UsageError(
                f"nothing of {shell_quote(group.name)} can be changed so: the jobs are under way,"
                " of a program, ruled by --until, or were run already",
                hint=f"qbatch jobs {shell_quote(group.name)} shows how they stand",
            )
    return EditReport(changed, meant - changed)


def _said(
    stored: StoredGroup,
    group: Group,
    selector: Selector,
    selection: Selection,
    changes: EditOptions,
) -> None:
    """Change tags, notes, and the group's own backend."""
    store, note, backend = stored.store, changes.get("note"), changes.get("backend")
    if selector is None and backend is not None:
        store.groups.set_backend(group.id, backend or None)
    if note is not None:
        store.edits.note(group.id, None if selector is None else selection, note or None)
    _tag(store, group.id, selection, changes.get("tags") or {}, changes.get("remove_tags") or ())


def _tag(
    store: Store,
    group_id: int,
    selection: Selection,
    tags: Mapping[str, str],
    remove: Sequence[str],
) -> None:
    if tags or remove:
        store.edits.tag(group_id, selection, tags, remove)


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


def archive(stored: StoredGroup, file: AnyPath, key: AnyPath | None = None) -> int:
    """Write the group with all that belongs to it as a portable file; number of jobs.

    Args:
        key: of OpenSSH, to sign it with.

    Raises:
        UsageError: jobs are under way or their outcome is unknown, or the file cannot be
            written.
    """
    from qbatch.api import archive_file, signing
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
            sign = None if key is None else partial(signing.sign, key=key)
            archive_file.write(stored.store.archive.records(group), stream, sign)
    return group.total


def delete(stored: StoredGroup, selector: Selector) -> EditReport:
    """Delete jobs of the group, with what only they use; their numbers are never given again.

    Raises:
        UsageError: none of them can be deleted.
        Locked: a process runs the group.
    """
    from qbatch.store import run_lock

    group, selection = stored.group(), stored.selection(selector)
    with (
        run_lock.hold(stored.store, [group], hint="wait for it, or cancel it"),
        stored.store.database.transaction(),
    ):
        meant = stored.store.jobs.count(group.id, selection)
        deleted = stored.store.changes.delete(group.id, selection)
        stored.store.groups.drop_unused()
    if meant and not deleted:
        raise UsageError(
            f"no job of {shell_quote(group.name)} was deleted: they are under way, of unknown"
            " outcome, or of a program",
            hint=f"qbatch delete {shell_quote(group.name)} deletes the whole group",
        )
    return EditReport(deleted, meant - deleted)
