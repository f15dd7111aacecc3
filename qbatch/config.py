"""Where things are kept, and what the configuration file says of backends.

The file is TOML in the user's configuration directory (``--config``, ``QBATCH_CONFIG``)::

    [backends.lab]
    type = "aer"            # an installed adapter, or "package.module:Class"
    method = "stabilizer"   # everything else is handed to the adapter
    token_env = "LAB_TOKEN" # or token_file; a token itself never stands in the file
"""

from __future__ import annotations

import os
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qbatch.errors import UsageError

ENV_DATABASE = "QBATCH_DB"
ENV_CONFIG = "QBATCH_CONFIG"
_FILES = {"noise_model", "token_file"}
_FORBIDDEN = ("token", "password", "secret", "api_key")


def data_directory() -> Path:
    """The user's data directory for qbatch, as platformdirs names it."""
    from platformdirs import user_data_path

    return user_data_path("qbatch", appauthor=False)


def database_path(path: str | os.PathLike[str] | None = None) -> Path:
    """The database to use: ``path`` if given, else ``$QBATCH_DB``, else the user's own."""
    chosen = path or os.environ.get(ENV_DATABASE)
    return Path(chosen).expanduser() if chosen else data_directory() / "qbatch.db"


def config_path(path: str | os.PathLike[str] | None = None) -> Path:
    """The configuration file: ``path`` if given, else ``$QBATCH_CONFIG``, else the user's own."""
    chosen = path or os.environ.get(ENV_CONFIG)
    if chosen:
        return Path(chosen).expanduser()
    from platformdirs import user_config_path

    return user_config_path("qbatch", appauthor=False) / "config.toml"


@dataclass(frozen=True, slots=True, kw_only=True)
class BackendConfig:
    """A named backend: its adapter's type, and the settings for the adapter."""

    name: str
    type: str
    settings: dict[str, Any]


def configured_backends(path: str | os.PathLike[str] | None = None) -> dict[str, BackendConfig]:
    """The backends that the configuration file names; none where there is no file.

    Raises:
        UsageError: the file cannot be read, or holds what it must not.
    """
    file, tables = _table("backends", path)
    return {name: _backend(file, name, table) for name, table in tables.items()}


def configured_dask(path: str | os.PathLike[str] | None = None) -> dict[str, str]:
    """The certificates for a Dask cluster: ``ca_file``, ``cert_file``, ``key_file``.

    Raises:
        UsageError: the file cannot be read.
    """
    file, table = _table("dask", path)
    return {k: str(file.parent / Path(str(v)).expanduser()) for k, v in table.items()}


def _table(name: str, path: str | os.PathLike[str] | None) -> tuple[Path, dict[str, Any]]:
    """A table of the configuration file; an empty one where there is no file."""
    file = config_path(path)
    if not file.exists():
        if path or os.environ.get(ENV_CONFIG):
            raise UsageError(f"{file}: no such configuration file")
        return file, {}
    table = _read(file).get(name, {})
    if not isinstance(table, dict):
        raise UsageError(f"{file}: [{name}] is not a table")
    return file, table


def _read(file: Path) -> dict[str, Any]:
    try:
        with file.open("rb") as stream:
            return tomllib.load(stream)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UsageError(f"{file}: cannot be read: {error}") from error


def _backend(file: Path, name: str, table: Any) -> BackendConfig:
    where = f"{file}: [backends.{name}]"
    if not isinstance(table, dict) or not isinstance(table.get("type"), str):
        raise UsageError(f'{where} needs a type, such as type = "aer"')
    settings = {key: value for key, value in table.items() if key != "type"}
    for key in _FILES & settings.keys():
        # A run from cron stands in another directory than the user who wrote the file.
        settings[key] = str(file.parent / Path(str(settings[key])).expanduser())
    for key in _FORBIDDEN:
        if key in settings:
            raise UsageError(
                f"{where}: {key!r} must not stand in the file",
                hint=f'name an environment variable ({key}_env = "…") or a file ({key}_file = "…")',
            )
    return BackendConfig(name=name, type=table["type"], settings=_with_secret(where, settings))


def _with_secret(where: str, settings: dict[str, Any]) -> dict[str, Any]:
    """The settings with the secret's source, not the secret: adapters read it when they need it."""
    for key in ("token_env", "token_file"):
        if key in settings and not isinstance(settings[key], str):
            raise UsageError(f"{where}: {key} is not a text")
    if "token_env" in settings and "token_file" in settings:
        raise UsageError(f"{where}: token_env and token_file: give one of them")
    return settings
