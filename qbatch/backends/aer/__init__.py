"""Qiskit Aer on this machine. Nothing of Qiskit is imported here: the workers do that."""

from __future__ import annotations

import difflib
import functools
import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

from qbatch.backends.aer import circuits, costs, sampling, task
from qbatch.domain.batches import PlannedJob
from qbatch.domain.limits import Limits
from qbatch.domain.provenance import Calibration, Provenance
from qbatch.errors import BackendError, UsageError
from qbatch.execution import by_name
from qbatch.execution.base import cores, memory
from qbatch.execution.local import LocalBackend, Work
from qbatch.seam import Submission, versions_of

_WORKER = "qbatch.backends.aer.worker"
MAX_SHOTS = 1_000_000
"""Shots of one circuit that Aer's configuration names as its most."""


class AerBackend(LocalBackend):
    """Runs batches on `qiskit_aer.AerSimulator`.

    Args:
        name: what the backend is called.
        settings: ``executor`` (see `LocalBackend`), ``sampling``
            (``exact``: draw counts from the exact distribution, ``shots``: have Aer sample,
            ``auto``: whichever is faster where both are right), ``noise_model`` (a file of
            ``json.dumps(NoiseModel.to_dict(serializable=True))``) and Aer's own options
            (``method``, ``device``, ``precision``, …) for every job.

    Raises:
        UsageError: there is no such executor or sampling, or the noise model cannot be read.
    """

    run_settings: ClassVar = (*LocalBackend.run_settings, "sampling")
    process_bytes: ClassVar = costs.PROCESS_BYTES
    packages: ClassVar = ("numpy", "qiskit", "qiskit-aer")

    def __init__(self, name: str, settings: Mapping[str, Any]) -> None:
        options = {"sampling": "auto", **settings}
        if options["sampling"] not in sampling.KINDS:
            raise UsageError(
                f"backend {name!r} has no sampling {options['sampling']!r}",
                hint=f"there are: {', '.join(sampling.KINDS)}",
            )
        sampling.check_installed(options["sampling"])
        if "noise_model" in options:
            options["noise_model"] = _noise_model(name, str(options["noise_model"]))
        self._costs = costs.Costs(
            kernel=_has_exact_laws(options), stim=options["sampling"] == "stim"
        )
        limits = Limits(
            shots=MAX_SHOTS,
            formats=frozenset({"qasm2", "qasm3", "qpy"}),
            probabilities=True,
        )
        super().__init__(name, options, limits)

    def work(self) -> Work:
        """Aer, in a worker."""
        return functools.partial(by_name.run, _WORKER)

    def provenance(self) -> Provenance:
        """Versions, and the noise model as a calibration: another one makes other counts."""
        found = super().provenance()
        if self.options["sampling"] == "stim":
            found = replace(found, versions={**found.versions, **versions_of("stim")})
        if "noise_model" not in self.options:
            return found
        digest = hashlib.sha256(self.options["noise_model"].encode()).hexdigest()
        return replace(found, calibration=Calibration(digest=f"noise-model-sha256:{digest}"))

    def cost(self, job: PlannedJob, *, again: bool = False) -> float:
        """Seconds on one core."""
        return self._costs.seconds(job, again=again)

    def workload(self, job: PlannedJob) -> str:
        """Large circuits, counts, values, or those that one shot simulates at a time."""
        return self._costs.workload(job)

    def bytes_of(self, info: Mapping[str, Any]) -> int:
        """A state vector."""
        return costs.state_bytes(int(info["num_qubits"]))

    def is_wide(self, info: Mapping[str, Any]) -> bool:
        """Whether all cores work on one such circuit."""
        return int(info["num_qubits"]) >= costs.LARGE_QUBITS

    def is_bounded(self, batch: Submission) -> bool:
        """Whether it is known to end within seconds: Aer holds Python's lock meanwhile."""
        from qbatch.backends.aer import bounds

        return bounds.is_bounded(batch, noisy="noise_model" in self.options)

    def warm_up(self) -> Callable[[], object]:
        """Import what the work needs: Qiskit and Aer, unless all circuits are small."""
        if self._costs.needs_aer:
            return task.get_ready_for_aer
        return functools.partial(by_name.load, _WORKER)

    def memory_advice(self) -> str:
        """Other methods need no state vector."""
        return "another method (--option method=stabilizer, matrix_product_state) may need less"

    def options_for(self, workers: int) -> dict[str, Any]:
        """Aer's options, with the machine shared out among the workers."""
        options = dict(self.options)
        if not self.shares_machine:
            options.setdefault("max_parallel_threads", 1)
        elif workers > 1:
            options.setdefault("max_parallel_threads", max(1, cores() // workers))
            options.setdefault("max_memory_mb", memory() // 2**20 // workers)
        return options

    def check(self) -> str:
        """Its options are Aer's, and a circuit runs.

        Raises:
            UsageError: an option is not Aer's.
            BackendError: Aer cannot run as configured.
        """
        self.check_settings()
        from qbatch.backends.aer import probing

        found = probing.probe(self.options)
        if found.failure is not None:
            raise BackendError(f"{self.name}: {found.error}")
        return f"Aer runs circuits here ({found.info.get('method')}, {cores()} cores)"

    def check_settings(self) -> None:
        """Hold what the configuration says against what Aer knows.

        Raises:
            UsageError: an option is not Aer's.
        """
        for name in ("basis_gates", "coupling_map"):
            if name in self.options:
                raise UsageError(
                    f"backend {self.name!r}: {name} is a part of what is compiled for",
                    hint=f"compile = {{ level = 0, {name} = … }}",
                )
        own = {"noise_model"}
        self.check_options({k: v for k, v in self.options.items() if k not in own})

    def check_options(self, options: Mapping[str, Any]) -> None:
        """Compare with the options that AerSimulator has.

        Raises:
            UsageError: names the unknown option, or the method or way of sampling.
        """
        known = circuits.known_options()
        if unknown := sorted(set(options) - known):
            hint = _near(unknown[0], known) or "its options are those of qiskit_aer.AerSimulator"
            if unknown[0] == "memory":
                hint = "qbatch keeps counts, and no list of single shots"
            raise UsageError(f"backend {self.name!r} has no option {unknown[0]!r}", hint=hint)
        for name, known_values in (
            ("method", circuits.known_methods()),
            ("sampling", sampling.KINDS),
        ):
            if name in options and options[name] not in known_values:
                hint = f"there are: {', '.join(known_values)}"
                raise UsageError(
                    f"backend {self.name!r} has no {name} {options[name]!r}",
                    hint=_near(str(options[name]), known_values) or hint,
                )
        sampling.check_installed(options.get("sampling"))


def _has_exact_laws(options: Mapping[str, Any]) -> bool:
    """Whether small circuits go to the kernel, as far as the options tell."""
    return options["sampling"] != "shots" and "noise_model" not in options


def _noise_model(name: str, file: str) -> str:
    """The file's content; workers make the noise model of it."""
    try:
        text = Path(file).expanduser().read_text("utf-8")
        found = json.loads(text)
    except (OSError, ValueError) as error:
        raise UsageError(f"backend {name!r}: noise model {file}: {error}") from error
    if not isinstance(found, dict) or "errors" not in found:
        raise UsageError(
            f"backend {name!r}: noise model {file}: not what NoiseModel.to_dict gives",
            hint="json.dumps(noise_model.to_dict(serializable=True)) writes one",
        )
    return text


def _near(name: str, known: Iterable[str]) -> str | None:
    near = difflib.get_close_matches(name, list(known), 3)
    return f"did you mean {' or '.join(near)}?" if near else None
