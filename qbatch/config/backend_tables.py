"""What the configuration says of a backend: the table ``[backends.NAME]``, checked."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from qbatch.errors import UsageError

_FILES = {"noise_model", "token_file"}
_SECRET_WORDS = frozenset(
    [
        "apikey",
        "authorisation",
        "authorization",
        "bearer",
        "cookie",
        "credential",
        "credentials",
        "passphrase",
        "passwd",
        "password",
        "secret",
        "token",
    ]
)
_SECRET_KEYS = frozenset({"access", "api", "private", "secret"})  # before "key"
_USERINFO = re.compile(r"(\b[a-z][a-z0-9+.-]*://)[^/@\s]+@", re.I)


@dataclass(frozen=True, slots=True, kw_only=True)
class BackendConfig:
    """A named backend: its adapter's type, and the settings for the adapter.

    Attributes:
        prices: what it costs per ``shot``, ``task`` (an item), ``batch`` and ``second``.
        budget: fields of `qbatch.domain.budgets.Budget`; empty: there is none.
        compile: how circuits are compiled for it (`qbatch.stages.settings`); empty: not at all;
            None: as the adapter says.
    """

    name: str
    type: str
    settings: dict[str, Any]
    prices: Mapping[str, float] = field(default_factory=dict)
    budget: Mapping[str, Any] = field(default_factory=dict)
    compile: Mapping[str, Any] | None = None


def backend_table(file: Path, name: str, table: Any) -> BackendConfig:
    """A backend from its table.

    Raises:
        UsageError: the table holds what it must not.
    """
    where = f"{file}: [backends.{name}]"
    if isinstance(table, dict):
        refuse_secrets(where, table)
    if not isinstance(table, dict) or not isinstance(table.get("type"), str):
        raise UsageError(
            f'{where} needs a type, such as type = "aer"',
            hint=f"qbatch config set backends.{name}.type aer comes first",
        )
    settings = {key: value for key, value in table.items() if key != "type"}
    for key in _FILES & settings.keys():
        # A run from cron stands in another directory than the user who wrote the file.
        settings[key] = str(file.parent / Path(str(settings[key])).expanduser())
    prices = _prices(where, settings.pop("price", {}))
    budget = _budget(where, settings.pop("budget", {}))
    compile_ = _compile(where, file.parent, settings.pop("compile", None))
    settings = _with_secret(where, settings)
    return BackendConfig(
        name=name,
        type=table["type"],
        settings=settings,
        prices=prices,
        budget=budget,
        compile=compile_,
    )


def _compile(where: str, directory: Path, value: Any) -> Mapping[str, Any] | None:
    """The ``compile`` table; false stands for an empty one."""
    if value is None or value is False:
        return None if value is None else {}
    if not isinstance(value, dict) or not value:
        raise UsageError(
            f"{where}: compile is not understood",
            hint='compile = { level = 2, target = "device.json" }, or compile = false',
        )
    target = value.get("target")
    if isinstance(target, str) and target.endswith(".json"):
        value = {**value, "target": str(directory / Path(target).expanduser())}
    return dict(value)


def is_secret(key: str) -> bool:
    """Whether a setting is called like a secret, and not like the place of one."""
    words = re.split(r"[^a-z]+", re.sub(r"(?<=[a-z])(?=[A-Z])", "_", key).lower())
    if words[-1] in ("env", "file"):
        return False
    pairs = itertools.pairwise(words)
    return bool(_SECRET_WORDS.intersection(words)) or any(
        second == "key" and first in _SECRET_KEYS for first, second in pairs
    )


def refuse_secrets(where: str, table: Mapping[str, Any], path: str = "") -> None:
    """Secrets come from the environment or a file of their own, never from the configuration.

    Raises:
        UsageError: a key is called like one, or an address holds one.
    """
    for key, value in table.items():
        name = f"{path}{key}"
        if isinstance(value, Mapping):
            refuse_secrets(where, value, f"{name}.")
        elif is_secret(key):
            raise UsageError(
                f"{where}: {name!r} must not stand in the file",
                hint='name an environment variable (token_env = "…") or a file (token_file = "…")',
            )
        elif isinstance(value, str) and _USERINFO.search(value):
            raise UsageError(
                f"{where}: {name!r} is an address with a secret in it",
                hint="leave user:secret@ out; token_env or token_file names the secret",
            )


def _prices(where: str, table: Any) -> dict[str, float]:
    units = ("shot", "task", "batch", "second")
    good = isinstance(table, dict) and all(
        unit in units and isinstance(price, (int, float)) and not isinstance(price, bool)
        for unit, price in table.items()
    )
    if not good:
        raise UsageError(
            f"{where}: price is not understood", hint="price = { shot = 0.001, task = 0.3 }"
        )
    return {unit: float(price) for unit, price in table.items()}


def _with_secret(where: str, settings: dict[str, Any]) -> dict[str, Any]:
    """The settings with the secret's source, not the secret: adapters read it when they need it."""
    for key in ("token_env", "token_file"):
        if key in settings and not isinstance(settings[key], str):
            raise UsageError(f"{where}: {key} is not a text")
    if "token_env" in settings and "token_file" in settings:
        raise UsageError(f"{where}: token_env and token_file: give one of them")
    return settings


def _budget(where: str, table: Any) -> dict[str, Any]:
    """A table ``budget``: an amount a month, a currency, and the time zone of the months.

    Raises:
        UsageError: it is something else.
    """
    if table == {}:
        return {}
    hint = 'budget = { month = 200, currency = "EUR", timezone = "Europe/Berlin" }'
    good = isinstance(table, dict) and table.keys() <= {"month", "currency", "timezone"}
    if not good or not _is_amount(table.get("month")):
        raise UsageError(f"{where}: budget is not understood", hint=hint)
    found = {key: table[key] for key in ("currency", "timezone") if key in table}
    if not all(isinstance(value, str) and value for value in found.values()):
        raise UsageError(f"{where}: budget: currency and timezone are texts", hint=hint)
    _check_zone(where, found.get("timezone", "UTC"))
    return {"month": float(table["month"]), **found}


def _is_amount(value: Any) -> bool:
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return is_number and 0 <= value < math.inf


def _check_zone(where: str, name: str) -> None:
    import zoneinfo

    try:
        zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        raise UsageError(
            f"{where}: budget: there is no time zone {name!r}",
            hint="a name such as Europe/Berlin or UTC",
        ) from None
