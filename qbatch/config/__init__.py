"""Where things are kept, and what the configuration file says of backends.

The file is TOML in the user's configuration directory (``--config``, ``QBATCH_CONFIG``)::

    [defaults]
    backend = "lab"         # options of run, rerun and add, unless they say it themselves

    [backends.lab]
    type = "aer"            # an installed adapter, or "package.module:Class"
    method = "stabilizer"   # everything else is handed to the adapter
    token_env = "LAB_TOKEN" # or token_file; a token itself never stands in the file
    price = { shot = 0.0009, task = 0.3 } # or second; qbatch plan tells the cost
    compile = { level = 2, target = "lab.json" } # circuits are compiled before they are sent

    [backends.lab.budget]   # over all runs and processes
    month = 200
    currency = "EUR"
    timezone = "Europe/Berlin"
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from qbatch.config.backend_tables import BackendConfig as BackendConfig
from qbatch.config.backend_tables import backend_table, refuse_secrets
from qbatch.errors import UsageError

ENV_DATABASE = "QBATCH_DB"
ENV_CONFIG = "QBATCH_CONFIG"
WHOLE_NUMBERS = frozenset({"max_batch_size", "max_in_flight", "retries", "shots"})
_TEXTS = frozenset({"backend", "executor", "notify", "sampling"})
_NUMBERS = frozenset({"rate", "timeout", "wait_lock"})
DEFAULTS = WHOLE_NUMBERS | _TEXTS | _NUMBERS
"""Options that the configuration may give another default, for commands and Python alike."""

_TABLES = {"backends", "defaults", "executors", "notify"}


def data_directory() -> Path:
    """The user's data directory for qbatch, as platformdirs names it."""
    from platformdirs import user_data_path

    return user_data_path("qbatch", appauthor=False)


def database_path(path: str | os.PathLike[str] | None = None) -> Path:
    """The database to use: ``path`` if given, else ``$QBATCH_DB``, else the user's own."""
    chosen = path or os.environ.get(ENV_DATABASE)
    return Path(chosen).expanduser() if chosen else data_directory() / "qbatch.db"


def existing_database(path: str | os.PathLike[str] | None = None) -> Path | None:
    """The database, if there is one; None where nothing has been stored yet."""
    chosen = database_path(path)
    return chosen if chosen.exists() else None


def config_path(path: str | os.PathLike[str] | None = None) -> Path:
    """The configuration file: ``path`` if given, else ``$QBATCH_CONFIG``, else the user's own."""
    chosen = path or os.environ.get(ENV_CONFIG)
    if chosen:
        return Path(chosen).expanduser()
    from platformdirs import user_config_path

    return user_config_path("qbatch", appauthor=False) / "config.toml"


_loaded: dict[tuple[Path, int, int], Config] = {}
"""What this process has read: by file, time of its last change, and size."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """The configuration, read once and handed down.

    Attributes:
        file: where it is, whether it exists or not.
        document: all of it, as it stands.
        defaults: options of commands and of Python's verbs, by name with underscores.
        backends: by name.
        executors: tables by executor, such as a cluster's certificates.
        notify_secret: where the secret that signs notifications is: ``secret_env`` or
            ``secret_file``.
    """

    file: Path
    document: Mapping[str, Any] = field(default_factory=dict)
    defaults: Mapping[str, Any] = field(default_factory=dict)
    backends: Mapping[str, BackendConfig] = field(default_factory=dict)
    executors: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    notify_secret: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def load(cls, path: str | os.PathLike[str] | Config | None = None) -> Config:
        """The configuration of a file; an empty one if the user has none.

        Args:
            path: default ``$QBATCH_CONFIG``, else the user's own. One that is loaded
                already is returned as it is.

        Raises:
            UsageError: the file that is named is missing, cannot be read, or holds what
                it must not.
        """
        if isinstance(path, Config):
            return path
        file = config_path(path)
        if not file.exists():
            if path or os.environ.get(ENV_CONFIG):
                raise UsageError(f"{file}: no such configuration file")
            return cls(file=file)
        stat = file.stat()
        mark = (file, stat.st_mtime_ns, stat.st_size)
        if mark not in _loaded:
            _loaded[mark] = cls.of(file, _read(file))
        return _loaded[mark]

    @classmethod
    def of(cls, file: Path, document: Mapping[str, Any]) -> Config:
        """The configuration that a document is.

        Args:
            file: where it stands, for messages and for paths that are relative to it.

        Raises:
            UsageError: it holds what it must not.
        """
        tables = {name: document.get(name, {}) for name in _TABLES}
        for name, table in tables.items():
            if not isinstance(table, dict):
                raise UsageError(f"{file}: [{name}] is not a table")
        return cls(
            file=file,
            document=document,
            defaults=_defaults(file, tables["defaults"]),
            backends={
                name: backend_table(file, name, table) for name, table in tables["backends"].items()
            },
            executors={
                name: _executor(file, name, table) for name, table in tables["executors"].items()
            },
            notify_secret=_notify_secret(file, tables["notify"]),
        )


def set_value(key: str, value: str | None, path: str | os.PathLike[str] | None = None) -> Path:
    """Set one value of the configuration file, keeping everything else as it is written.

    Args:
        key: such as ``defaults.backend`` or ``backends.lab.type``.
        value: as TOML writes it (``3``, ``true``, ``["cx"]``); anything else is a text; None
            takes what is there away.

    Raises:
        UsageError: the result would not be a configuration; nothing was written.
    """
    import tomlkit

    from qbatch.files import atomic

    file = config_path(path)
    try:
        document = tomlkit.parse(file.read_text("utf-8")) if file.exists() else tomlkit.document()
        *tables, name = _key(key)
        place: Any = document
        for table in tables:
            place = place.setdefault(table, tomlkit.table())
        if value is None:
            if name not in place:
                raise UsageError(f"{file}: {key} is not set")
            del place[name]
        else:
            place[name] = _toml_value(value)
        text = tomlkit.dumps(document)
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise UsageError(f"{file}: cannot set {key}: {error}") from error
    Config.of(file, _parsed(file, text.encode()))  # as any command will read it
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with atomic(file) as stream:
        stream.write(text)
    return file


def _key(key: str) -> list[str]:
    parts = key.split(".")
    if len(parts) < 2 or not all(parts):
        raise ValueError(f"a key has a table: defaults.{key}, or backends.lab.type")
    return parts


def _toml_value(text: str) -> Any:
    import tomlkit

    try:
        return tomlkit.value(text)
    except tomlkit.exceptions.TOMLKitError:
        return text


def _read(file: Path) -> dict[str, Any]:
    try:
        data = file.read_bytes()
    except OSError as error:
        raise UsageError(f"{file}: cannot be read: {error.strerror or error}") from error
    return _parsed(file, data)


def _parsed(file: Path, data: bytes) -> dict[str, Any]:
    import tomllib

    try:
        document = tomllib.loads(data.decode())
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise UsageError(f"{file}: cannot be read: {error}") from error
    if unknown := sorted(document.keys() - _TABLES):
        tables = ", ".join(sorted(_TABLES))
        raise UsageError(f"{file}: there is no table [{unknown[0]}]", hint=f"there are: {tables}")
    return document


def _defaults(file: Path, table: Mapping[str, Any]) -> Mapping[str, Any]:
    refuse_secrets(f"{file}: [defaults]", table)
    for name, value in sorted(table.items()):
        if name not in DEFAULTS:
            known = ", ".join(sorted(DEFAULTS))
            raise UsageError(f"{file}: [defaults] has no {name!r}", hint=f"there are: {known}")
        if needed := _lacks(name, value):
            raise UsageError(f"{file}: [defaults] {name} = {value!r}: not {needed}")
    return table


def _lacks(name: str, value: Any) -> str | None:
    """What a default should be and is not."""
    if name in _TEXTS:
        return None if isinstance(value, str) else "a text"
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return "a whole number" if name in WHOLE_NUMBERS else "a number from 0 on"
    if name in WHOLE_NUMBERS:
        return None if isinstance(value, int) else "a whole number"
    return None if value >= 0 else "a number from 0 on"


def _executor(file: Path, name: str, table: Any) -> dict[str, str]:
    where = f"{file}: [executors.{name}]"
    if not isinstance(table, dict) or not all(isinstance(v, str) for v in table.values()):
        raise UsageError(f"{where} is not a table of texts")
    refuse_secrets(where, table)
    return {
        key: str(file.parent / Path(value).expanduser()) if key.endswith("_file") else value
        for key, value in table.items()
    }


def _notify_secret(file: Path, table: Mapping[str, Any]) -> dict[str, str]:
    if "secret" in table:
        raise UsageError(
            f"{file}: [notify]: 'secret' must not stand in the file",
            hint='name an environment variable (secret_env = "…") or a file (secret_file = "…")',
        )
    found = {key: str(value) for key, value in table.items()}
    if "secret_file" in found:
        found["secret_file"] = str(file.parent / Path(found["secret_file"]).expanduser())
    return found
