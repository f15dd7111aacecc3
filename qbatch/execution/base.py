"""The protocol of an executor."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any, ParamSpec, Protocol, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


def _nothing() -> None:
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """What an executor is made with.

    Attributes:
        workers: that shall work at once; 0 leaves it to the executor.
        warm_up: called in each worker at once, while this process prepares their work.
        settings: its table of the configuration, such as a cluster's certificates.
    """

    workers: int = 0
    warm_up: Callable[[], object] = _nothing
    settings: Mapping[str, Any] = field(default_factory=dict)


class Executor(Protocol):
    """Something that carries calls out; a call may be carried out more than once.

    An entry point of the group ``qbatch.executors`` names a class of these; its name is the
    first word of what the user writes, ``NAME`` or ``NAME:ARGUMENT``. It is made with the
    argument and a `Setup`.
    """

    in_process: bool
    """It works in this process, where nothing can end a call."""
    shares_itself: bool
    """It shares itself out: one is enough, however wide the work."""

    @staticmethod
    def check(argument: str) -> int:
        """The number of workers that an argument asks for, 0 where it leaves that open.

        Raises:
            UsageError: it cannot be understood.
        """

    @property
    def slots(self) -> int:
        """The number of calls that it carries out at once; at least one."""

    @property
    def is_alive(self) -> bool:
        """Whether what was submitted may still end."""

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Have a call carried out."""

    def is_worker_loss(self, error: BaseException) -> bool:
        """Whether an error says that a worker died over its call."""

    def stop(self) -> None:
        """Stop at once, whatever the workers are doing."""


def cores() -> int:
    """The number of processors that this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on every system
        return os.cpu_count() or 1


def memory() -> int:
    """The machine's memory in bytes."""
    return int(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
