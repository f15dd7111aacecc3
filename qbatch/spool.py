"""Long lists that lie in a temporary file, so that memory does not grow with them."""

from __future__ import annotations

import abc
import bisect
import os
import pickle
import tempfile
import threading
import weakref
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar, overload

T = TypeVar("T")

_BLOCK = 1 << 16  # bytes that are written or read at once


class LongSequence(Sequence[T]):
    """A sequence whose items are made as they are asked for."""

    @abc.abstractmethod
    def at(self, place: int) -> T:
        """The item at a place that is known to be from 0 on and below the length."""

    @overload
    def __getitem__(self, place: int) -> T: ...

    @overload
    def __getitem__(self, place: slice) -> list[T]: ...

    def __getitem__(self, place: int | slice) -> T | list[T]:
        if isinstance(place, slice):
            return [self.at(i) for i in range(*place.indices(len(self)))]
        from_start = place + len(self) if place < 0 else place
        if not 0 <= from_start < len(self):
            raise IndexError(place)
        return self.at(from_start)

    def __iter__(self) -> Iterator[T]:
        return map(self.at, range(len(self)))


class Spool(LongSequence[T]):
    """Values that can be pickled, in a file that is gone with the object and with the process.

    It is never made for few of them.

    Args:
        items: the first of them.
        page: so many are written and read at once; 1 where they are asked for in any order.
        held: so many, the first of them, stay in memory.
    """

    def __init__(self, items: Iterable[T] = (), *, page: int = 200, held: int = 0) -> None:
        self._page = page
        self._most_held = held
        self._held: list[T] = []
        self._ends = array("Q", [0])  # in the file, of each page; first that of none
        self._unwritten = bytearray()  # of the last of them
        self._waiting: list[T] = []
        self._kept: tuple[int, list[T]] = (-1, [])
        self._file: int | None = None
        self._written = 0
        self._writing = threading.Lock()  # the first reader may have to
        for item in items:
            self.append(item)

    def __len__(self) -> int:
        return len(self._held) + (len(self._ends) - 1) * self._page + len(self._waiting)

    def append(self, item: T) -> None:
        """One more."""
        if len(self._held) < self._most_held:
            self._held.append(item)
            return
        self._waiting.append(item)
        if len(self._waiting) == self._page:
            # Only this process ever reads it again; for plain values as fast as JSON, and exact.
            self._unwritten += pickle.dumps(self._waiting, 5)
            self._waiting = []
            self._ends.append(self._written + len(self._unwritten))
            if len(self._unwritten) > _BLOCK:
                self._write()

    def __reduce__(self) -> tuple[Callable[..., Spool[T]], tuple[object, ...]]:
        return _again, ([*self], self._page, self._most_held)  # a copy has a file of its own

    def _write(self) -> None:
        with self._writing:
            self._write_all()

    def _write_all(self) -> None:
        if self._file is None:
            opened = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115 - closed with the object
            weakref.finalize(self, opened.close)
            self._file = opened.fileno()
        while self._unwritten:
            number = os.pwrite(self._file, self._unwritten, self._written)
            self._written += number
            del self._unwritten[:number]

    def _read(self, start: int, end: int) -> bytes:
        if end > self._written:
            self._write()
        assert self._file is not None
        return os.pread(self._file, end - start, start)

    def at(self, place: int) -> T:
        """The item at a place that is known to be from 0 on and below the length."""
        if place < len(self._held):
            return self._held[place]
        number, row = divmod(place - len(self._held), self._page)
        if number == len(self._ends) - 1:
            return self._waiting[row]
        kept = self._kept  # another thread may put another page there
        if kept[0] != number:
            raw = self._read(self._ends[number], self._ends[number + 1])
            self._kept = kept = (number, pickle.loads(raw))  # noqa: S301 - our own
        return kept[1][row]

    def __iter__(self) -> Iterator[T]:
        yield from self._held
        number = 0
        while number < len(self._ends) - 1:
            start = self._ends[number]
            last = bisect.bisect(self._ends, start + _BLOCK, lo=number + 2) - 1
            raw = memoryview(self._read(start, self._ends[last]))
            for end in self._ends[number + 1 : last + 1]:
                yield from pickle.loads(raw[: end - start])  # noqa: S301 - our own
                raw, start = raw[end - start :], end
            number = last
        yield from self._waiting


def _again(items: list[T], page: int, held: int) -> Spool[T]:
    """A spool as it was copied."""
    return Spool(items, page=page, held=held)
