"""Qiskit's backends that run on this machine: fakes of devices, and providers' simulators.

What a provider's package gives is made in the worker processes that run it, so that it can
be stopped. A service is refused: a batch that dies with this process would be sent, and paid
for, again.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from qbatch.backends.qiskit import devices, work
from qbatch.backends.qiskit.calibration import calibration_of
from qbatch.backends.settings import no_options, only_known, whole_number
from qbatch.domain.batches import PlannedJob
from qbatch.domain.limits import Limits
from qbatch.errors import UsageError
from qbatch.execution.local import LocalBackend, Work
from qbatch.seam import Provenance, Target, versions_of

_SECONDS_A_CIRCUIT = 5e-3
_SECONDS_AN_AMPLITUDE = 1e-9  # of a shot, for each operation
_SMALL = {"num_qubits": 5, "seed": 0}
_MOST_QUBITS = 25  # of a circuit that is simulated; the device may be far wider


class SimulatorBackend(LocalBackend):
    """Runs batches on a `BackendV2` of Qiskit's that simulates here.

    Args:
        name: what the backend is called.
        settings: ``provider`` (a known name, see `devices.KNOWN`, or ``package.module:callable``
            that gives the backend; default a noisy one of five qubits), ``arguments`` (its
            table), ``max_shots`` of a circuit, and ``executor`` (see `LocalBackend`).

    Raises:
        UsageError: a setting is missing or not known.
    """

    def __init__(self, name: str, settings: Mapping[str, Any]) -> None:
        options = dict(settings)
        provider = options.setdefault("provider", "generic")
        if not isinstance(provider, str):
            known = ", ".join(devices.KNOWN)
            raise UsageError(
                f"backend {name!r}: provider is {provider!r}, no name",
                hint=f"provider = one of {known}, or package.module:callable",
            )
        shots = whole_number(name, options, "max_shots", devices.most_shots(provider))
        options.pop("max_shots", None)
        usual = _SMALL if provider == "generic" else {}
        arguments = options.setdefault("arguments", usual)
        if not isinstance(arguments, dict):
            raise UsageError(f"backend {name!r}: arguments is no table")
        forms = frozenset({"qasm2", "qasm3", "qpy"})
        limits = Limits(shots=shots, formats=forms, exact_values=False)
        super().__init__(name, options, limits)

    def check_settings(self) -> None:
        """Make sure of every setting.

        Raises:
            UsageError: one is not known.
        """
        told = "provider, arguments, max_shots, compile, executor"
        only_known(self.name, self.options, {"provider", "arguments"}, told)

    def check_options(self, options: Mapping[str, Any]) -> None:
        """Jobs have no options here.

        Raises:
            UsageError: one has.
        """
        no_options(self.name, options)

    def check(self) -> str:
        """The package is here, and its backend simulates on this machine.

        Raises:
            UsageError, NotInstalled: what is wrong.
        """
        self.check_settings()
        device = devices.device(self.options["provider"], self.options["arguments"])
        width = "any number of" if device.num_qubits is None else device.num_qubits
        return f"{device.name} simulates here, {width} qubits"

    def target(self, *, calibration: bool = False) -> Target:
        """What the device runs, as its package says."""
        from qbatch.payloads.circuit.target import from_qiskit

        device = devices.device(self.options["provider"], self.options["arguments"])
        body = from_qiskit(device.target, calibration=calibration)
        return Target(name=str(device.name), body=body)

    def provenance(self) -> Provenance:
        """The package's version, the device, and how it says that this is calibrated."""
        provider = self.options["provider"]
        device = devices.device(provider, self.options["arguments"])
        known = devices.KNOWN.get(provider)
        packages = ["qiskit", "qiskit-aer", *([] if known is None else [known.package])]
        # What it is made with is told by the device and its calibration.
        return Provenance(
            versions=versions_of(*(name.partition("[")[0] for name in packages)),
            device=str(device.name),
            calibration=calibration_of(device.target, _properties(device)),
        )

    def default_compile(self) -> Mapping[str, Any] | None:
        """A device takes only what is compiled for it; a primitive takes all."""
        device = devices.device(self.options["provider"], self.options["arguments"])
        return None if device.target is None else {"with": "qiskit", "level": 2}

    # -- what `LocalBackend` asks -----------------------------------------------------------

    run_settings: ClassVar = LocalBackend.run_settings

    def work(self) -> Work:
        """The provider's simulator, in a worker."""
        return work.run

    def cost(self, job: PlannedJob, *, again: bool = False) -> float:  # noqa: ARG002
        """Seconds on one core: under noise a shot simulates the state once."""
        info = job.payload.info
        amplitudes = 2.0 ** min(int(info["num_qubits"]), _MOST_QUBITS)
        operations = max(1, int(info.get("gates", 1)))
        shots = (job.shots or 1) * operations * amplitudes * _SECONDS_AN_AMPLITUDE
        return _SECONDS_A_CIRCUIT + shots

    def bytes_of(self, info: Mapping[str, Any]) -> int:
        """A state vector of the qubits that are simulated; compiled circuits tell the device's."""
        return int(16 << min(int(info["num_qubits"]), _MOST_QUBITS))


def _properties(device: Any) -> Any:
    """What a fake device says of its last update, where it says something."""
    told = getattr(device, "properties", None)
    return told() if callable(told) else None
