"""A backend's ``compile`` setting understood."""

from __future__ import annotations

import importlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from qbatch.errors import NotInstalled, UsageError
from qbatch.execution.base import cores
from qbatch.execution.registry import NO_TABLES, Tables
from qbatch.payloads import plugins
from qbatch.payloads.circuit import target as targets
from qbatch.seam.stages import Compiler, Target
from qbatch.stages.stage import CompileStage
from qbatch.stages.workers import BringsWorkers, MakeExecutor, chosen

_TARGETS = ("target", "target_arguments", "target_with", "basis_gates", "coupling_map")
_SECONDS = 60.0


def make_stage(
    backend: str,
    settings: Mapping[str, Any],
    own: Target | None,
    *,
    local: bool,
    executors: Tables = NO_TABLES,
) -> CompileStage:
    """The compile stage of a backend.

    Args:
        settings: the table: ``with`` (a compiler), its options, where the target is from
            (``target``: a file, or ``package.module:callable`` that gives one of Qiskit's
            backends or targets, called with ``target_arguments``; or ``basis_gates`` and
            ``coupling_map``), ``target_with`` (``topology``; ``calibration``: errors and
            durations, too), ``timeout`` (seconds a circuit), ``workers``, and where these are:
            ``executor``, such as ``dask:tcp://HOST:PORT``, or ``server`` for a compiler that
            has one.
        own: what the backend says itself.
        local: wires on which nothing is done are left out.
        executors: the configuration's tables of executors.

    Raises:
        UsageError: it cannot be understood.
        NotInstalled: there is no such compiler here.
    """
    try:
        return _stage(settings, own, executors, local=local)
    except UsageError as error:
        raise type(error)(f"backend {backend!r}: {error}", hint=error.hint) from error


def _stage(
    settings: Mapping[str, Any], own: Target | None, executors: Tables, *, local: bool
) -> CompileStage:
    options = dict(settings)
    kind, compiler = _compiler(str(options.pop("with", "qiskit")))
    timeout = options.pop("timeout", getattr(compiler, "timeout", _SECONDS))
    workers = options.pop("workers", 0)
    if isinstance(timeout, bool) or not isinstance(timeout, (int, float)) or timeout <= 0:
        raise UsageError(f"compile: timeout is {timeout!r}, no number of seconds above 0")
    if type(workers) is not int or workers < 0:
        raise UsageError(f"compile: workers is {workers!r}, no whole number from 0 on")
    target = _target({key: options.pop(key) for key in _TARGETS if key in options}, own)
    version = compiler.version()
    make, place = _place(compiler, options, workers or cores(), executors)
    return CompileStage(
        kind,
        version,
        target,
        compiler.settle(options),
        idle="removed" if local else "kept",
        timeout=float(timeout),
        workers=workers,
        make=make,
        place=place,
        shared=isinstance(compiler, BringsWorkers),
    )


def _place(
    compiler: Compiler, options: dict[str, Any], workers: int, executors: Tables
) -> tuple[MakeExecutor, dict[str, Any]]:
    """Where the work is done: taken out of the options, for it changes nothing of what comes."""
    keys = [key for key in ("executor", "server") if key in options]
    where: dict[str, Any] = {key: options.pop(key) for key in keys}
    wrong = "executor" if isinstance(compiler, BringsWorkers) else "server"
    if wrong in where:
        raise UsageError(f"compile: this compiler takes no {wrong}")
    if isinstance(compiler, BringsWorkers):
        return compiler.executor, compiler.place(where, workers)
    named = where.get("executor")
    return chosen(None if named is None else str(named), executors), {}


def _compiler(name: str) -> tuple[str, Compiler]:
    """Where a compiler is, and one of it."""
    points = plugins.installed(plugins.COMPILERS)
    kind = points[name].value if name in points else name
    module, colon, attribute = kind.partition(":")
    if not colon:
        known = ", ".join(sorted(points))
        raise NotInstalled(f"there is no compiler {name!r}", hint=f"there are: {known}")
    try:
        found: Compiler = getattr(importlib.import_module(module), attribute)()
    except (ImportError, AttributeError, ValueError) as error:
        raise NotInstalled(f"compiler {name!r} cannot be loaded: {error}") from error
    return kind, found


def _target(settings: Mapping[str, Any], own: Target | None) -> Target:
    """The target that settings name, or the backend's own."""
    calibration = _with_calibration(settings)
    named, gates = settings.get("target"), settings.get("basis_gates")
    edges = settings.get("coupling_map")
    if named is not None and (gates is not None or edges is not None):
        raise UsageError("compile: target, or basis_gates with coupling_map: give one of them")
    if named is not None:
        return _named(str(named), settings.get("target_arguments", {}), calibration=calibration)
    if gates is not None:
        return Target(name="basis_gates", body=targets.from_gates(_names(gates), edges))
    if edges is not None:
        raise UsageError("compile: coupling_map needs basis_gates beside it")
    if own is None:
        raise UsageError(
            "compile: for which target?",
            hint='target = "FILE.json", or basis_gates = ["cx", "rz", "sx"] and coupling_map',
        )
    return own


def _with_calibration(settings: Mapping[str, Any]) -> bool:
    what = settings.get("target_with", "topology")
    if what not in ("topology", "calibration"):
        raise UsageError(f"compile: target_with is {what!r}, not topology or calibration")
    return bool(what == "calibration")


def _names(gates: Any) -> list[str]:
    if not isinstance(gates, list) or not gates or not all(isinstance(g, str) for g in gates):
        raise UsageError("compile: basis_gates is no list of names")
    return gates


def _named(text: str, arguments: Any, *, calibration: bool) -> Target:
    module, colon, attribute = text.partition(":")
    if text.endswith(".json") or not colon:
        path = Path(text).expanduser()
        try:
            body = targets.read(path.read_text("utf-8"), text)
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(f"compile: target {text}: {error}") from error
        return Target(name=path.stem, body=body if calibration else _topology(body))
    if not isinstance(arguments, dict):
        raise UsageError("compile: target_arguments is no table")
    try:
        made = getattr(importlib.import_module(module), attribute)(**arguments)
        target = getattr(made, "target", made)
        body = targets.from_qiskit(target, calibration=calibration)
    except (ImportError, AttributeError, TypeError, ValueError) as error:
        raise UsageError(f"compile: target {text}: {type(error).__name__}: {error}") from error
    return Target(name=str(getattr(made, "name", None) or attribute), body=body)


def _topology(body: str) -> str:
    """A target without what changes from day to day."""
    document = json.loads(body)
    for entry in document["operations"].values():
        entry.pop("errors", None)
        entry.pop("durations", None)
    return targets.text_of(document)
