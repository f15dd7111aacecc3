"""Pulser's simulator on this machine. Nothing of Pulser is imported here: the workers do that."""

from __future__ import annotations

import functools
import importlib.util
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from qbatch.backends.settings import only_known
from qbatch.domain.batches import PlannedJob
from qbatch.domain.limits import Limits
from qbatch.errors import NotInstalled, UsageError
from qbatch.execution import by_name
from qbatch.execution.local import LocalBackend, Work
from qbatch.payloads.pulser import INSTALL

_WORKER = "qbatch.backends.pulser.worker"
_OPTIONS = {"sampling_rate"}
_PREPARING = 0.05
_STATE_SECONDS = 2e-5  # of an amplitude
_PROCESS_BYTES = 300_000_000


class PulserBackend(LocalBackend):
    """Simulates pulse sequences with Pulser's QuTiP backend, without noise.

    Args:
        name: what the backend is called.
        settings: ``executor``; ``sampling_rate``, the share of time steps that are computed.

    Raises:
        NotInstalled: Pulser's simulator is not here.
    """

    packages: ClassVar = ("pulser-core", "pulser-simulation")

    process_bytes = _PROCESS_BYTES

    def __init__(self, name: str, settings: Mapping[str, Any]) -> None:
        if importlib.util.find_spec("pulser_simulation") is None:
            raise NotInstalled("Pulser is not installed", hint=INSTALL)
        super().__init__(name, settings, Limits(formats=frozenset({"pulser"}), values=False))

    def work(self) -> Work:
        """Pulser, in a worker."""
        return functools.partial(by_name.run, _WORKER)

    def cost(self, job: PlannedJob, *, again: bool = False) -> float:  # noqa: ARG002
        """Seconds on one core."""
        return float(_PREPARING + _STATE_SECONDS * 2 ** min(job.payload.info["num_atoms"], 40))

    def bytes_of(self, info: Mapping[str, Any]) -> int:
        """State vectors, and a sparse Hamiltonian."""
        atoms = min(int(info["num_atoms"]), 50)
        return int(16 * 2**atoms * (4 + 2 * atoms))

    def warm_up(self) -> Callable[[], object]:
        """Import Pulser."""
        return functools.partial(by_name.load, _WORKER)

    def check(self) -> str:
        """Its settings are good.

        Raises:
            UsageError: a setting is not known.
        """
        self.check_settings()
        from importlib.metadata import version

        return f"Pulser {version('pulser-simulation')} simulates here"

    def check_settings(self) -> None:
        """Hold what the configuration says against what it knows.

        Raises:
            UsageError: a setting is not known, or has no such value.
        """
        self.check_options(self.options)

    def check_options(self, options: Mapping[str, Any]) -> None:
        """Make sure of a job's options.

        Raises:
            UsageError: one is not known, or has no such value.
        """
        only_known(self.name, options, _OPTIONS)
        rate = options.get("sampling_rate", 1.0)
        if isinstance(rate, bool) or not isinstance(rate, int | float) or not 0 < rate <= 1:
            raise UsageError(f"backend {self.name!r}: sampling_rate {rate!r}: above 0, at most 1")
