"""One process compiles by one recipe at a time: a file lock that the kernel releases."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass

from filelock import FileLock, Timeout

from qbatch.files import atomic
from qbatch.store.compilations import Recipe
from qbatch.store.database import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class Compiling:
    """What a process says of its compiling: for which backend, and how far it is."""

    backend: str
    done: int
    total: int
    pid: int


class CompileLock:
    """The right to compile by a recipe."""

    def __init__(self, database: Database, recipe: Recipe, backend: str) -> None:
        text = json.dumps([recipe.target, recipe.compiler, sorted(recipe.options.values())])
        name = f"compile-{hashlib.sha256(text.encode()).hexdigest()[:16]}"
        path = database.lock_path(name)
        self._lock = FileLock(path, mode=0o600, thread_local=False, fallback_to_soft=False)
        self._notes = path.with_suffix(".json")
        self._backend = backend

    def acquire(self) -> bool:
        """Take it, or keep it; False: another process has it."""
        if self._lock.is_locked:
            return True
        try:
            self._lock.acquire(timeout=0)
        except Timeout:
            return False
        return True

    def tell(self, done: int, total: int) -> None:
        """Let others see how far it is."""
        told = Compiling(backend=self._backend, done=done, total=total, pid=os.getpid())
        with contextlib.suppress(OSError), atomic(self._notes) as stream:
            stream.write(json.dumps(asdict(told)))

    def release(self) -> None:
        """Let others compile."""
        if self._lock.is_locked:
            self._notes.unlink(missing_ok=True)
            self._lock.release()


def under_way(database: Database) -> Iterator[Compiling]:
    """What processes compile for this store now."""
    for notes in sorted(database.lock_path("any").parent.glob("compile-*.json")):
        lock = FileLock(notes.with_suffix(".lock"), mode=0o600, fallback_to_soft=False)
        try:
            with lock.acquire(timeout=0):
                continue  # whoever wrote it has died
        except Timeout:
            with contextlib.suppress(OSError, ValueError, TypeError):
                yield Compiling(**json.loads(notes.read_text("utf-8")))
