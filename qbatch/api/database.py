"""What concerns a database as a whole, and batches that need a decision."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from qbatch.config import Config, database_path, existing_database
from qbatch.domain.states import Resolution
from qbatch.errors import NotFound, UsageError
from qbatch.files import AnyPath
from qbatch.store import Store

if TYPE_CHECKING:
    from qbatch.domain.data import Row
    from qbatch.seam import Backend


def resolve(
    batch: int,
    action: Resolution | str,
    *,
    remote_id: str | None = None,
    sure: bool = False,
    db: AnyPath | None = None,
    config: AnyPath | Config | None = None,
) -> int:
    """Decide about a batch whose outcome cannot be had; its number of jobs.

    Args:
        action: ``resubmit``, ``adopt`` (with ``remote_id``) or ``give-up``.
        sure: the id is the batch's, also where the service cannot tell.

    Raises:
        UsageError: there is no such batch, it has an outcome, or the id cannot be its own.
        BackendError: the service cannot be asked about the id.
        Locked: one of its groups is being run.
    """
    from qbatch.engine import adopting
    from qbatch.engine.rebuilding import rebuilt
    from qbatch.engine.submission import Loader
    from qbatch.store import run_lock

    if remote_id is not None:
        adopting.check_id(remote_id)
    with existing_store(db) as store:
        ids = set(store.ledger.groups_of(batch))
        with run_lock.hold(store, [group for group in store.groups.all() if group.id in ids]):
            found = store.resolving.batch(batch)
            if remote_id is not None:
                store.resolving.check_unused(found, remote_id)
                with _opened(found.backend, config) as backend:
                    claims = store.ledger.claims(batch)
                    sent = partial(rebuilt, store, Loader(store), found)
                    adopting.check_remote(backend, found, claims, remote_id, sent, sure=sure)
            return store.resolving.resolve(batch, Resolution(action), remote_id)


@contextlib.contextmanager
def _opened(name: str, config: AnyPath | Config | None) -> Iterator[Backend]:
    from qbatch.backends.catalog import Catalog
    from qbatch.seam import SupportsClose

    backend = Catalog(Config.load(config)).open(name)
    try:
        yield backend
    finally:
        if isinstance(backend, SupportsClose):
            backend.close()


def verify(db: AnyPath | None = None) -> list[str]:
    """What is wrong with the database, a sentence each; nothing for a sound one."""
    with existing_store(db) as store:
        return list(store.integrity.problems())


def backup(file: AnyPath, db: AnyPath | None = None) -> None:
    """A consistent copy of the database, also while a run is under way."""
    with existing_store(db) as store:
        store.integrity.backup(Path(file).expanduser())


def export(file: AnyPath, db: AnyPath | None = None) -> dict[str, int]:
    """The documented views as tables of a plain SQLite file; rows by table.

    Raises:
        UsageError: the file cannot be written.
    """
    from qbatch.store.tables import write_tables

    with existing_store(db) as store:
        path = store.database.path
        target = Path(file).expanduser()
        if target.resolve() == path:
            raise UsageError(f"{file}: is the database itself")
        return write_tables(path, target)


@contextlib.contextmanager
def query(sql: str, db: AnyPath | None = None) -> Iterator[tuple[list[str], Iterator[Row]]]:
    """The columns of an SQL query over the documented views, and its rows one at a time.

    Raises:
        UsageError: it is not understood, or would do more than read.
    """
    from qbatch.store import queries

    with existing_store(db) as store:  # of a schema that the views know
        path = store.database.path
    with queries.query(path, sql) as found:
        yield found


def views() -> dict[str, str]:
    """What `query` can be asked: the columns of each view."""
    from qbatch.store import queries

    return {name: columns for name, (columns, _) in queries.VIEWS.items()}


def existing_store(db: AnyPath | None) -> Store:
    """The store, if there is one; looking must not make one.

    Raises:
        NotFound: nothing is stored yet.
    """
    path = existing_database(db)
    if path is None:
        raise NotFound(f"nothing is stored yet at {database_path(db)}")
    return Store(path)
