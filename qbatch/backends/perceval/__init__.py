"""Perceval's simulators on this machine. Nothing of Perceval is imported here: workers do that."""

from __future__ import annotations

import functools
import importlib.util
import json
import math
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from qbatch.backends.settings import only_known
from qbatch.domain.batches import PlannedJob
from qbatch.domain.limits import Limits
from qbatch.errors import NotInstalled, UsageError
from qbatch.execution import by_name
from qbatch.execution.local import LocalBackend, Work
from qbatch.payloads.photonic import INSTALL

_WORKER = "qbatch.backends.perceval.worker"
SIMULATORS = (
    "SLOS", "CliffordClifford2017", "CliffordCliffordTTV", "Naive", "NaiveApprox", "SLAP",
    "Stepper", "MPS",
)  # fmt: skip
_SAMPLERS = {"CliffordClifford2017", "CliffordCliffordTTV"}
_OPTIONS = {"max_shots", "simulator"}
_PREPARING = 5e-3
_PROCESS_BYTES = 400_000_000
_AMPLITUDE = 16  # bytes
_SAMPLE = 2e-5  # seconds of a sample of few photons


class PercevalBackend(LocalBackend):
    """Runs experiments on one of Perceval's simulators.

    Where the simulator gives probabilities, counts are drawn from them with the job's own seed;
    where it samples, Perceval's random numbers are seeded with it.

    Args:
        name: what the backend is called.
        settings: ``executor``; ``simulator``, one of Perceval's, default ``SLOS``, which computes
            probabilities; ``max_shots``, at most so many shots for the samples that are wanted.

    Raises:
        NotInstalled: Perceval is not here.
        UsageError: there is no such simulator.
    """

    packages: ClassVar = ("exqalibur", "perceval-quandela")

    process_bytes = _PROCESS_BYTES

    def __init__(self, name: str, settings: Mapping[str, Any]) -> None:
        if importlib.util.find_spec("perceval") is None:
            raise NotInstalled("Perceval is not installed", hint=INSTALL)
        limits = Limits(formats=frozenset({"pcvl"}), values=False, probabilities=True)
        super().__init__(name, settings, limits)
        self.check_options({k: v for k, v in self.options.items() if k in _OPTIONS})

    def work(self) -> Work:
        """Perceval, in a worker."""
        return functools.partial(by_name.run, _WORKER)

    def cost(self, job: PlannedJob, *, again: bool = False) -> float:  # noqa: ARG002
        """Seconds on one core."""
        options = {**self.options, **json.loads(job.options)}
        samples = options.get("simulator") in _SAMPLERS or "max_shots" in options
        law = _PREPARING + 1e-7 * _states(job.payload.info)
        return law + (_SAMPLE * (job.shots or 0) if samples else 0.0)

    def bytes_of(self, info: Mapping[str, Any]) -> int:
        """Amplitudes of all output states."""
        return int(min(_AMPLITUDE * _states(info), 2.0**60))

    def warm_up(self) -> Callable[[], object]:
        """Import Perceval."""
        return functools.partial(by_name.load, _WORKER)

    def memory_advice(self) -> str:
        """Samplers need no list of all states."""
        return "--option simulator=CliffordClifford2017 samples and needs less"

    def check(self) -> str:
        """Its settings are good.

        Raises:
            UsageError: a setting is not known.
        """
        self.check_settings()
        from importlib.metadata import version

        simulator = self.options.get("simulator", "SLOS")
        return f"Perceval {version('perceval-quandela')} simulates here with {simulator}"

    def check_settings(self) -> None:
        """Hold what the configuration says against what it knows.

        Raises:
            UsageError: a setting is not known.
        """
        only_known(self.name, self.options, _OPTIONS)

    def check_options(self, options: Mapping[str, Any]) -> None:
        """Make sure of a job's options.

        Raises:
            UsageError: one is not known, or there is no such simulator.
        """
        only_known(self.name, options, _OPTIONS)
        simulator = options.get("simulator", "SLOS")
        if simulator not in SIMULATORS:
            raise UsageError(
                f"backend {self.name!r} has no simulator {simulator!r}",
                hint=f"there are: {', '.join(SIMULATORS)}",
            )
        most = options.get("max_shots")
        if most is not None and (type(most) is not int or most < 1):
            raise UsageError(f"backend {self.name!r}: max_shots {most!r}: a whole number from 1")


def _states(info: Mapping[str, Any]) -> float:
    """Number of output states of so many photons in so many modes."""
    modes, photons = int(info["num_modes"]), int(info["num_photons"])
    return float(min(math.comb(modes + photons - 1, photons), 2**60))
