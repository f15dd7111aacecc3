"""Files: written whole or not at all; and how a path may be given."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from qbatch.errors import UsageError

AnyPath = str | os.PathLike[str]


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """An empty file beside a path, which takes its name when all has gone well.

    Raises:
        UsageError: it cannot be written.
    """
    import tempfile

    path = Path(os.path.realpath(path))  # what a link points to is written, not the link
    try:
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        os.close(handle)
        made = Path(name)
        try:
            yield made
            with made.open("rb") as written:
                os.fsync(written.fileno())
            # Private like the store it comes from, unless the user has made the file otherwise.
            if path.exists():
                made.chmod(path.stat().st_mode & 0o777)
            made.replace(path)
        finally:
            with contextlib.suppress(OSError):
                made.unlink()
    except OSError as error:
        raise UsageError(f"{path}: cannot be written: {error.strerror or error}") from error


@contextlib.contextmanager
def atomic(path: Path, *, binary: bool = False) -> Iterator[IO[Any]]:
    """A file that appears whole under its name, or not at all; a pipe or device is written to.

    Raises:
        UsageError: it cannot be written.
    """
    if path.exists() and not path.is_file() and not path.is_dir():
        try:
            with _opened(path, binary) as stream:
                yield stream
        except OSError as error:
            raise UsageError(f"{path}: cannot be written: {error.strerror or error}") from error
        return
    with replacing(path) as made, _opened(made, binary) as stream:
        yield stream


def _opened(path: Path, binary: bool) -> IO[Any]:
    if binary:
        return path.open("wb")
    return path.open("w", encoding="utf-8", newline="")
