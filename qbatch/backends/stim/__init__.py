"""Stim on this machine. Nothing of Stim is imported here: the workers do that."""

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
from qbatch.payloads.stim import INSTALL
from qbatch.seam import Submission

_WORKER = "qbatch.backends.stim.worker"
PORTION_BYTES = 64 << 20
"""What the shots that are sampled at once take at most."""

_BOUNDED_SECONDS = 0.5
_PREPARING = 1e-3  # to read a circuit, and to compile its sampler
_TARGET = 1e-9  # of one target in one shot
_BIT = 4e-9  # of one counted bit in one shot
_DECODING = 2e-7  # of one detector in one shot


class StimBackend(LocalBackend):
    """Samples stabiliser circuits of Stim, and decodes with PyMatching.

    A job's counts follow from its seed on one machine and version of Stim: its random numbers
    depend on the width of the processor's vectors.

    Args:
        name: what the backend is called.
        settings: ``executor`` alone.

    Raises:
        NotInstalled: Stim is not here.
    """

    packages: ClassVar = ("pymatching", "stim")

    def __init__(self, name: str, settings: Mapping[str, Any]) -> None:
        if importlib.util.find_spec("stim") is None:
            raise NotInstalled("Stim is not installed", hint=INSTALL)
        super().__init__(name, settings, Limits(formats=frozenset({"stim"}), values=False))

    def work(self) -> Work:
        """Stim, in a worker."""
        return functools.partial(by_name.run, _WORKER)

    def cost(self, job: PlannedJob, *, again: bool = False) -> float:  # noqa: ARG002
        """Seconds on one core."""
        return _seconds(job.payload.info, job.request.options, job.shots or 0)

    def bytes_of(self, info: Mapping[str, Any]) -> int:
        """A portion of shots, and the circuit's operations."""
        return PORTION_BYTES + 100 * int(info["num_qubits"])

    def is_bounded(self, batch: Submission) -> bool:
        """Whether all of it ends within half a second."""
        seconds = (_seconds(i.info, i.request.options, i.shots or 0) for i in batch.items)
        return sum(seconds) < _BOUNDED_SECONDS

    def warm_up(self) -> Callable[[], object]:
        """Import Stim."""
        return functools.partial(by_name.load, _WORKER)

    def check(self) -> str:
        """A circuit is sampled.

        Raises:
            UsageError: a setting is not known.
        """
        self.check_settings()
        import stim

        sampler = stim.Circuit("X 0\nM 0").compile_sampler(seed=1)
        assert sampler.sample(1)[0][0]
        decodes = importlib.util.find_spec("pymatching") is not None
        return (
            f"Stim {stim.__version__} samples here; PyMatching is {'' if decodes else 'not '}there"
        )

    def check_settings(self) -> None:
        """Hold what the configuration says against what it knows.

        Raises:
            UsageError: a setting is not known.
        """
        only_known(self.name, self.options, set())

    def check_options(self, options: Mapping[str, Any]) -> None:
        """It has none.

        Raises:
            UsageError: one was given.
        """
        if options:
            raise UsageError(
                f"backend {self.name!r} has no option {min(options)!r}",
                hint="what is counted is asked for: --ask sample=detectors",
            )


def _seconds(info: Mapping[str, Any], asked: Mapping[str, Any], shots: int) -> float:
    decodes = "decoder" in asked
    bits = info["num_detectors"] if decodes else info["num_measurements"]
    a_shot = _TARGET * info["operations"] + (_DECODING if decodes else _BIT) * bits
    return float(_PREPARING + shots * a_shot)
