"""How a job of the service is to be run: Maestro's options, or those of a device.

They travel with the job's initialisation as ``maestro_config`` or ``device_config``, as the
service's own client (qoro-divi 0.15.1) sends them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from qbatch.errors import UsageError

_CODES: Mapping[str, tuple[str, ...]] = {
    "simulator_type": (
        "QiskitAer", "QCSim", "CompositeQiskitAer", "CompositeQCSim", "Gpu", "QuestSim",
        "DistributedGpu", "DistributedMpiGpu",
    ),
    "simulation_type": (
        "Statevector", "MatrixProductState", "Stabilizer", "TensorNetwork", "PauliPropagator",
        "ExtendedStabilizer", "PathIntegral", "DensityMatrix", "MatrixProductOperator",
    ),
}  # fmt: skip
"""Words that travel as their place in the list."""

_MAESTRO = {
    *_CODES, "disable_optimized_swapping", "distributed_options", "gate_fusion", "gpu_device",
    "lookahead_depth", "max_bond_dimension", "mpo_hermitize_after_truncation",
    "mpo_kraus_completeness_check", "mpo_restore_trace_after_truncation", "mpo_svd_solver",
    "mps_sampling", "mps_svd_solver", "noise_realizations", "noise_seed",
    "path_integral_threshold", "pp_coefficient_threshold", "pp_gates_between_deduplications",
    "pp_gates_between_trims", "pp_max_pauli_weight", "precision", "seed",
    "singular_value_threshold", "tensor_network_svd_solver", "truncation_mode",
}  # fmt: skip

_CHOOSES_DEVICE = {"IBM_DEVICE", "IQM_DEVICE_URL"}


class JobOptions:
    """What the configuration says of a backend's jobs, and what a batch adds to it.

    Args:
        name: the backend's.
        settings: ``maestro_config`` and ``noise_model`` (a JSON file with the calls that make
            one) of a simulator, ``device_config`` of a device.
        on_device: jobs go to a device.

    Raises:
        UsageError: an option is not known there.
    """

    def __init__(self, name: str, settings: Mapping[str, Any], *, on_device: bool) -> None:
        self._name = name
        self._key = "device_config" if on_device else "maestro_config"
        self._on_device = on_device
        other = {"maestro_config", "device_config", "noise_model"} - {self._key}
        if on_device and (wrong := sorted(other & settings.keys())):
            raise UsageError(f"backend {name!r}: {wrong[0]} is for simulators, not for a device")
        if not on_device and "device_config" in settings:
            raise UsageError(f"backend {name!r}: device_config needs a qpu_system_name")
        given = settings.get(self._key, {})
        if not isinstance(given, Mapping):
            raise UsageError(f"backend {name!r}: {self._key} is no table")
        self._own = self._checked(given)
        if "noise_model" in settings:
            self._own["noise_model"] = _noise_model(name, Path(str(settings["noise_model"])))

    def body(self, options: Mapping[str, Any]) -> dict[str, Any]:
        """What goes into the initialisation of a job with these options of its own."""
        found = {**self._own, **self._checked(options)}
        return {self._key: found} if found else {}

    def check(self, options: Mapping[str, Any]) -> None:
        """Make sure that a job's options are known.

        Raises:
            UsageError: one is not.
        """
        self._checked(options)

    def _checked(self, options: Mapping[str, Any]) -> dict[str, Any]:
        if self._on_device:  # which there are, each vendor says for itself
            found = {key.upper(): value for key, value in options.items()}
            if chosen := sorted(found.keys() & _CHOOSES_DEVICE):
                raise UsageError(
                    f"backend {self._name!r}: {chosen[0]} would choose the device",
                    hint="qpu_system_name does that",
                )
            return found
        if unknown := sorted(options.keys() - _MAESTRO):
            raise UsageError(
                f"backend {self._name!r} has no option {unknown[0]!r}",
                hint=f"there are: {', '.join(sorted(_MAESTRO))}",
            )
        return {key: self._coded(key, value) for key, value in options.items()}

    def _coded(self, key: str, value: Any) -> Any:
        words = _CODES.get(key)
        if words is None:
            return value
        if value in words:
            return words.index(value)
        if type(value) is int and 0 <= value < len(words):
            return value
        raise UsageError(
            f"backend {self._name!r}: {key} is {value!r}", hint=f"one of {', '.join(words)}"
        )


def _noise_model(name: str, path: Path) -> list[dict[str, Any]]:
    """The calls that make a noise model: ``[{"method": "set_…", "args": […], "kwargs": {…}}]``.

    Raises:
        UsageError: the file holds something else.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UsageError(f"backend {name!r}: noise_model {path}: {error}") from error
    good = isinstance(found, list) and all(
        isinstance(call, dict)
        and str(call.get("method", "")).startswith("set_")
        and isinstance(call.get("args", []), list)
        and isinstance(call.get("kwargs", {}), dict)
        for call in found
    )
    if not good:
        raise UsageError(
            f"backend {name!r}: noise_model {path} is no list of calls",
            hint='[{"method": "set_all_depolarizing", "args": [0.01], "kwargs": {}}]',
        )
    return [{"args": [], "kwargs": {}, **call} for call in found]
