"""Executors by what the user writes: entry points of the group ``qbatch.executors``."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from qbatch.errors import UsageError
from qbatch.execution.base import Executor, Setup
from qbatch.payloads import plugins

AUTO = "auto"

Tables = Mapping[str, Mapping[str, Any]]
NO_TABLES: Tables = {}


@dataclass(frozen=True, slots=True)
class ExecutorSpec:
    """Where local work shall run.

    Attributes:
        name: of the executor, or ``auto``.
        argument: what stands behind its colon.
        workers: that it asks for; 0 leaves that open.
    """

    name: str
    argument: str = ""
    workers: int = 0


def parse_executor(text: str, tables: Tables = NO_TABLES) -> ExecutorSpec:
    """``auto``, ``NAME`` or ``NAME:ARGUMENT`` understood.

    Args:
        tables: of the configuration, by name; ``type = "package.module:Class"`` names an
            executor that is not installed as an entry point.

    Raises:
        UsageError: there is no such executor, or its argument is something else.
    """
    name, _, argument = text.partition(":")
    if text == AUTO:
        return ExecutorSpec(AUTO)
    found = _load(name, text, tables)
    return ExecutorSpec(name, argument, found.check(argument))


def make_executor(spec: ExecutorSpec, setup: Setup) -> Executor:
    """The executor meant, ready for work; its table is among the settings of ``setup``.

    Raises:
        Unavailable: it cannot be reached.
    """
    tables = {spec.name: setup.settings}
    found: Executor = _load(spec.name, spec.name, tables)(spec.argument, setup)
    return found


def _load(name: str, text: str, tables: Tables) -> Any:
    points = plugins.installed(plugins.EXECUTORS)
    if kind := tables.get(name, {}).get("type"):
        module, _, attribute = str(kind).partition(":")
        try:
            return getattr(importlib.import_module(module), attribute)
        except (ImportError, AttributeError, ValueError) as error:
            raise UsageError(f"executor {name!r} cannot be loaded: {error}") from error
    if name not in points:
        raise UsageError(
            f"executor {text!r} is not known",
            hint=f"write auto, local:N, dask:tcp://HOST:PORT; there are:"
            f" {', '.join(sorted(points))}",
        )
    try:
        return points[name].load()
    except ImportError as error:
        raise UsageError(f"executor {name!r} cannot be loaded: {error}") from error
