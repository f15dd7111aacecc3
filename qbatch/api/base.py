"""What every verb of a group needs: its name, its store, and the jobs that are meant."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from qbatch.config import database_path
from qbatch.domain.groups import Group
from qbatch.domain.naming import check_name, shell_quote
from qbatch.domain.selectors import Selection, parse_selection
from qbatch.errors import NotFound
from qbatch.files import AnyPath
from qbatch.store import Store

Selector = str | Sequence[int] | Selection | None


class Base:
    """A group by its name; an object holds nothing that could be lost."""

    def __init__(
        self,
        name: str,
        *,
        db: AnyPath | None = None,
        config: AnyPath | None = None,
        must_exist: bool = False,
    ) -> None:
        self._name = check_name(name)
        self._path = database_path(db)
        self._config = config
        self._opened: Store | None = None
        if must_exist:
            self._group()

    @property
    def name(self) -> str:
        """The group's name."""
        return self._name

    def close(self) -> None:
        """Close the database; the next call opens it again."""
        if self._opened is not None:
            self._opened.close()
            self._opened = None

    @property
    def _store(self) -> Store:
        if self._opened is None:
            self._opened = Store(self._path)
        return self._opened

    def _group(self) -> Group:
        if self._opened is None and not self._path.exists():
            raise _nothing_yet(self._name, self._path)
        return self._store.groups.get(self._name)

    def _selection(self, selector: Selector) -> Selection:
        selection = selector if isinstance(selector, Selection) else parse_selection(selector)
        self._store.jobs.check(self._group().id, self._name, selection)
        return selection


def _nothing_yet(name: str, path: Path) -> NotFound:
    return NotFound(
        f"there is no group {name!r}: nothing is stored yet at {path}",
        hint=f"qbatch add {shell_quote(name)} FILE… makes it",
    )
