"""Long lists that lie in a temporary file, so that memory does not grow with them."""

from __future__ import annotations

import abc
import os
import pickle
import tempfile
import weakref
from array import array
from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar, overload

T = TypeVar("T")


class LongSequence(Sequence[T]):
    """A sequence whose items are made as they are asked for."""

    @abc.abstractmethod
    def _item(self, place: int) -> T:
        """The item at a place from 0 on, below the length."""

    @overload
    def __getitem__(self, place: int) -> T: ...

    @overload
    def __getitem__(self, place: slice) -> list[T]: ...

    def __getitem__(self, place: int | slice) -> T | list[T]:
        if isinstance(place, slice):
            return [self._item(i) for i in range(*place.indices(len(self)))]
        from_start = place + len(self) if place < 0 else place
        if not 0 <= from_start < len(self):
            raise IndexError(place)
        return self._item(from_start)

    def __iter__(self) -> Iterator[T]:
        return map(self._item, range(len(self)))


class Spool(LongSequence[T]):
    """Plain values (texts, numbers, members of enums, and lists and dicts of them) in a file.

    A list that is shorter than a page never reaches the disk; the file is gone with the
    object, and with the process.

    Args:
        items: the first of them.
        page: so many are written and read at once; 1 where they are asked for in any order.
    """

    def __init__(self, items: Iterable[T] = (), *, page: int = 200) -> None:
        self._page = page
        self._ends = array("Q", [0])  # in the file, of each page; first that of none
        self._waiting: list[T] = []
        self._kept: tuple[int, list[T]] = (-1, [])
        self._file: int | None = None
        for item in items:
            self.append(item)

    def __len__(self) -> int:
        return (len(self._ends) - 1) * self._page + len(self._waiting)

    def append(self, item: T) -> None:
        """One more."""
        self._waiting.append(item)
        if len(self._waiting) == self._page:
            self._write()

    def _write(self) -> None:
        if self._file is None:
            opened = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115 - closed with the object
            weakref.finalize(self, opened.close)
            self._file = opened.fileno()
        # Only this process ever reads it again; for plain values as fast as JSON, and exact.
        raw = memoryview(pickle.dumps(self._waiting, 5))
        at = self._ends[-1]
        while raw:
            written = os.pwrite(self._file, raw, at)
            raw, at = raw[written:], at + written
        self._ends.append(at)
        self._waiting = []

    def _at(self, number: int) -> list[T]:
        """A page."""
        if number == len(self._ends) - 1:
            return self._waiting
        if self._kept[0] != number:
            assert self._file is not None
            start, end = self._ends[number], self._ends[number + 1]
            page = pickle.loads(os.pread(self._file, end - start, start))  # noqa: S301 - our own
            self._kept = (number, page)
        return self._kept[1]

    def _item(self, place: int) -> T:
        number, row = divmod(place, self._page)
        return self._at(number)[row]

    def __iter__(self) -> Iterator[T]:
        for number in range(len(self._ends)):
            yield from self._at(number)
