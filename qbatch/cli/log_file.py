"""A run's log: a line for all that happens, with its time and the groups.

The engine logs to the logger ``qbatch.run`` of the standard library, as any Python program
may configure it; `write_to` is what ``--log-file`` does.
"""

from __future__ import annotations

import logging
import logging.handlers
import os
from pathlib import Path

from qbatch.errors import UsageError

FORMAT = "%(asctime)s %(levelname)s %(groups)s: %(message)s"


class _Groups(logging.Filter):
    """Gives a line that names no group a dash instead."""

    def filter(self, record: logging.LogRecord) -> bool:
        if not hasattr(record, "groups"):
            record.groups = "-"
        return True


def write_to(file: str | os.PathLike[str], level: str) -> None:
    """Append what happens in this process to a file, which logrotate may move away.

    Args:
        level: ``debug``, ``info``, ``warning`` or ``error``.

    Raises:
        UsageError: the file cannot be written.
    """
    path = Path(file).expanduser()
    try:
        path.touch(0o600, exist_ok=True)
        handler = logging.handlers.WatchedFileHandler(path, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"--log-file {path}: {error.strerror or error}") from error
    handler.setFormatter(logging.Formatter(FORMAT, "%Y-%m-%dT%H:%M:%S%z"))
    handler.addFilter(_Groups())
    logger = logging.getLogger("qbatch")
    logger.setLevel(level.upper())
    logger.addHandler(handler)
