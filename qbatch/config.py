"""Where things are kept: paths, and what the environment says of them."""

from __future__ import annotations

import os
from pathlib import Path

ENV_DATABASE = "QBATCH_DB"


def data_directory() -> Path:
    """The user's data directory for qbatch, as platformdirs names it."""
    from platformdirs import user_data_path

    return user_data_path("qbatch", appauthor=False)


def database_path(path: str | os.PathLike[str] | None = None) -> Path:
    """The database to use: ``path`` if given, else ``$QBATCH_DB``, else the user's own."""
    chosen = path or os.environ.get(ENV_DATABASE)
    return Path(chosen).expanduser() if chosen else data_directory() / "qbatch.db"
