"""Where a stage's compiling is done: in processes here, on a Dask cluster, in an own runtime."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Protocol, runtime_checkable

from qbatch.errors import UsageError
from qbatch.execution.base import Executor, Setup
from qbatch.execution.registry import ExecutorSpec, Tables, make_executor, parse_executor
from qbatch.stages import work

MakeExecutor = Callable[[int], Executor]


@runtime_checkable
class BringsWorkers(Protocol):
    """A compiler that spreads its work by itself.

    Attributes:
        timeout: seconds for one circuit, where the user names none.
    """

    timeout: float

    def place(self, settings: Mapping[str, Any], workers: int) -> dict[str, Any]:
        """Where it works: added to the options that `compile` gets, and no part of the key.

        Args:
            settings: what the user says of it; here ``server``.

        Raises:
            UsageError: it cannot work there.
        """

    def executor(self, workers: int) -> Executor:
        """What carries out calls of its `compile`, so many at a time."""


def local(workers: int) -> Executor:
    """Worker processes of this machine."""
    setup = Setup(workers=workers, warm_up=work.get_ready)
    return make_executor(ExecutorSpec("local", workers=workers), setup)


def chosen(text: str | None, tables: Tables) -> MakeExecutor:
    """What ``executor`` in a ``compile`` table asks for.

    Raises:
        UsageError: there is no such executor, or it works in this process, where nothing could
            end what hangs.
    """
    if text is None:
        return local
    spec = parse_executor(text, tables)
    if spec.name in ("auto", "serial"):
        raise UsageError(
            f"compile: executor {text!r} cannot be stopped",
            hint="leave executor out, or write dask:tcp://HOST:PORT",
        )
    return partial(_made, spec, tables.get(spec.name, {}))


def _made(spec: ExecutorSpec, settings: Mapping[str, Any], workers: int) -> Executor:
    setup = Setup(workers=spec.workers or workers, warm_up=work.get_ready, settings=settings)
    return make_executor(spec, setup)
