"""Local work on more than one machine: a running Dask cluster, by its scheduler's address.

Results come back once, but work may be done more than once: a worker that dies takes its
tasks along, and Dask gives them to another. Only simulations go here, never a submission
that costs money. The package ``distributed`` is needed on this machine; on
the workers qbatch itself must be installed.
"""

from __future__ import annotations

import contextlib
import logging
import re
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from typing import Any, ParamSpec, TypeVar

from qbatch.errors import Unavailable, UsageError
from qbatch.execution.base import Setup

P = ParamSpec("P")
T = TypeVar("T")

_CONNECT_SECONDS = 5
_ADDRESS = re.compile(r"(?:tcp|tls)://\S+")


class ClusterExecutor:
    """The workers of a Dask cluster.

    Args:
        argument: address of the scheduler, ``tcp://HOST:PORT`` or ``tls://HOST:PORT``.
        setup: its settings hold ``ca_file``, ``cert_file`` and ``key_file``, for ``tls://``.

    Raises:
        UsageError: the extra is not installed, or the certificates are not named.
        Unavailable: nobody answers at the address.
    """

    in_process = False
    shares_itself = True

    def __init__(self, argument: str, setup: Setup) -> None:
        self.check(argument)
        address, tls = argument, setup.settings
        try:
            from distributed import Client
        except ImportError:
            raise UsageError(
                "dask is not installed", hint="pip install distributed installs it"
            ) from None
        _silence("distributed", "tornado")  # they log what qbatch says itself, with tracebacks
        self.address = address
        try:
            self._client = Client(  # type: ignore[no-untyped-call]
                address, security=_security(address, tls), timeout=_CONNECT_SECONDS,
                set_as_default=False,
            )  # fmt: skip
        except (OSError, ValueError, TimeoutError) as error:
            raise Unavailable(
                f"the Dask scheduler at {address} does not answer: {error}",
                hint="dask scheduler and dask worker start a cluster",
            ) from error
        self._pool: Any = self._client.get_executor(pure=False)  # type: ignore[no-untyped-call]

    @staticmethod
    def check(argument: str) -> int:
        """Nobody knows the number of its workers beforehand.

        Raises:
            UsageError: it is no address of a scheduler.
        """
        if not _ADDRESS.fullmatch(argument):
            raise UsageError(
                f"executor 'dask:{argument}' is not known", hint="write dask:tcp://HOST:PORT"
            )
        return 0

    @property
    def slots(self) -> int:
        """Tasks that the cluster works on at once; at least one, workers may be coming."""
        workers = self._client.scheduler_info(n_workers=-1)["workers"].values()
        return max(1, sum(int(worker["nthreads"]) for worker in workers))

    @property
    def is_alive(self) -> bool:
        """Whether the scheduler is there; where it is not, no task ever ends."""
        return str(self._client.status) == "running"

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Send a call to the cluster."""
        future: Future[T] = self._pool.submit(fn, *args, **kwargs)
        return future

    def is_worker_loss(self, error: BaseException) -> bool:
        """Whether the task killed the workers that tried it."""
        return type(error).__name__ == "KilledWorker"

    def stop(self) -> None:
        """Leave the cluster; what waits there is dropped."""
        with contextlib.suppress(Exception):  # the scheduler may be gone
            self._pool.shutdown(wait=False)
        with contextlib.suppress(Exception):
            self._client.close(timeout=2)  # type: ignore[no-untyped-call]


def _silence(*packages: str) -> None:
    for name in list(logging.root.manager.loggerDict):
        if name.partition(".")[0] in packages:
            logging.getLogger(name).setLevel(logging.CRITICAL)


def _security(address: str, tls: Mapping[str, str]) -> Any:
    if not address.startswith("tls://"):
        return None
    from distributed.security import Security

    missing = [name for name in ("ca_file", "cert_file", "key_file") if not tls.get(name)]
    if missing:
        raise UsageError(
            f"{address} needs certificates: {', '.join(missing)}",
            hint="name them in the configuration under [dask]",
        )
    return Security(  # type: ignore[no-untyped-call]
        tls_ca_file=tls["ca_file"],
        tls_client_cert=tls["cert_file"],
        tls_client_key=tls["key_file"],
        require_encryption=True,
    )
