"""A group by its name: its store, the configuration, and the jobs that a selector means."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

from qbatch.config import Config, database_path
from qbatch.domain.groups import Group
from qbatch.domain.naming import check_name, shell_quote
from qbatch.domain.selectors import Selection, parse_selection
from qbatch.errors import NotFound
from qbatch.files import AnyPath
from qbatch.store import Store

Selector = str | Sequence[int] | Selection | None
"""A text such as ``1,3,5-8``, numbers, a `Selection`, or None for all jobs."""


class StoredGroup:
    """What every verb of a group needs; it holds nothing that could be lost.

    Args:
        config: a file, or a configuration that is loaded already.
    """

    def __init__(self, name: str, db: AnyPath | None, config: AnyPath | Config | None) -> None:
        self.name = check_name(name)
        self.path: Path = database_path(db)
        self._config = config
        self._opened: Store | None = None

    @cached_property
    def config(self) -> Config:
        """The configuration, read when it is first needed."""
        return Config.load(self._config)

    @property
    def store(self) -> Store:
        """The open store; it makes the file if there is none."""
        if self._opened is None:
            self._opened = Store(self.path)
        return self._opened

    def close(self) -> None:
        """Close the database; the next verb opens it again."""
        if self._opened is not None:
            self._opened.close()
            self._opened = None

    def group(self) -> Group:
        """How the group stands now.

        Raises:
            NotFound: there is none of that name; looking does not make a database.
        """
        if self._opened is None and not self.path.exists():
            raise NotFound(
                f"there is no group {self.name!r}: nothing is stored yet at {self.path}",
                hint=f"qbatch add {shell_quote(self.name)} FILE… makes it",
            )
        return self.store.groups.get(self.name)

    def ensure(self) -> None:
        """Make the group, empty, if there is none of its name."""
        if not self.path.exists() or self.store.groups.find(self.name) is None:
            self.store.groups.ensure(self.name)

    def selection(self, selector: Selector) -> Selection:
        """What a selector means in this group.

        Raises:
            InvalidSelector: it cannot be understood.
            NotFound: a number or name in it does not exist.
        """
        selection = selector if isinstance(selector, Selection) else parse_selection(selector)
        self.store.jobs.check(self.group().id, self.name, selection)
        return selection
