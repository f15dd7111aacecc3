"""Braket's local simulator, in worker processes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from qbatch.backends.braket import work
from qbatch.backends.braket.programs import target_text
from qbatch.backends.settings import no_options, only_known
from qbatch.domain.batches import PlannedJob
from qbatch.domain.limits import Limits
from qbatch.errors import NotInstalled, UsageError
from qbatch.execution.local import LocalBackend, Work
from qbatch.seam import Target

SIMULATORS = ("braket_sv", "braket_dm")
_SECONDS_A_CIRCUIT = 1e-2
_SECONDS_AN_AMPLITUDE = 2e-8
_MOST_QUBITS = 26


class LocalBraket(LocalBackend):
    """Runs batches on a simulator of the package, which needs no account.

    Args:
        name: what the backend is called.
        settings: ``device`` (``local``, or ``local:braket_dm``), ``executor`` (see
            `LocalBackend`).

    Raises:
        UsageError: there is no such simulator.
    """

    packages: ClassVar = ("amazon-braket-default-simulator", "amazon-braket-sdk")

    def __init__(self, name: str, settings: Mapping[str, Any]) -> None:
        options = dict(settings)
        simulator = str(options.pop("device", "local")).partition(":")[2] or SIMULATORS[0]
        if simulator not in SIMULATORS:
            raise UsageError(
                f"backend {name!r}: there is no simulator {simulator!r}",
                hint=f"device = local:{' or local:'.join(SIMULATORS)}",
            )
        options["simulator"] = simulator
        forms = frozenset({"qasm2", "qasm3", "qpy"})
        super().__init__(name, options, Limits(formats=forms, exact_values=False))

    def check_settings(self) -> None:
        """Make sure of every setting.

        Raises:
            UsageError: one is not known.
        """
        only_known(self.name, self.options, {"simulator"}, "device, compile, executor")

    def check_options(self, options: Mapping[str, Any]) -> None:
        """Jobs have no options here.

        Raises:
            UsageError: one has.
        """
        no_options(self.name, options)

    def check(self) -> str:
        """The package is here.

        Raises:
            NotInstalled: it is not.
        """
        self.check_settings()
        return f"{self._device().name} simulates here"

    def _device(self) -> Any:
        try:
            return work.simulator(self.options["simulator"])
        except ImportError as error:
            raise NotInstalled(
                f"{self.name} needs a package that is not here: {error}",
                hint="pip install 'qbatch-quantum[braket]' installs it",
            ) from error

    def target(self, *, calibration: bool = False) -> Target:  # noqa: ARG002
        """The gates of Braket's that have a name in Qiskit."""
        device = self._device()
        operations = device.properties.action["braket.ir.openqasm.program"].supportedOperations
        width = int(device.properties.paradigm.qubitCount)
        return Target(name=str(device.name), body=target_text(width, operations))

    def default_compile(self) -> Mapping[str, Any]:
        """Gates get those names by being compiled."""
        return {"with": "qiskit", "level": 1}

    # -- what `LocalBackend` asks -----------------------------------------------------------

    run_settings: ClassVar = LocalBackend.run_settings

    def work(self) -> Work:
        """The simulator, in a worker."""
        return work.run

    def cost(self, job: PlannedJob, *, again: bool = False) -> float:  # noqa: ARG002
        """Seconds on one core."""
        amplitudes = 2.0 ** min(int(job.payload.info["num_qubits"]), _MOST_QUBITS)
        operations = max(1, int(job.payload.info.get("gates", 1)))
        return _SECONDS_A_CIRCUIT + operations * amplitudes * _SECONDS_AN_AMPLITUDE

    def bytes_of(self, info: Mapping[str, Any]) -> int:
        """A state vector, or a density matrix."""
        width = min(int(info["num_qubits"]), _MOST_QUBITS)
        return int(16 << (2 * width if self.options["simulator"] == "braket_dm" else width))
