"""How a device is calibrated, as one of Qiskit's backends says.

Errors, T1 and T2 are those of its `Target`; the time is the last update that its properties
tell (`qiskit_ibm_runtime.IBMBackend.properties` and the fake devices have them).
"""

from __future__ import annotations

import datetime
import hashlib
import json
import math
from typing import TYPE_CHECKING, Any

from qbatch.domain.provenance import Calibration, Qubit
from qbatch.payloads.circuit.target import from_qiskit

if TYPE_CHECKING:
    from qiskit.transpiler import Target


def calibration_of(target: Target | None, properties: Any = None) -> Calibration | None:
    """What is said of a device; None where nothing is.

    Args:
        properties: an object that may have a ``last_update_date``.
    """
    if target is None:
        return None
    qubits, gates = _qubits(target), _gates(target)
    at = _moment(getattr(properties, "last_update_date", None))
    if not gates and at is None and not any(_says(own) for own in qubits.values()):
        return None
    told = json.dumps([[q, own.t1, own.t2] for q, own in sorted(qubits.items())])
    body = f"{from_qiskit(target, calibration=True)}\n{told}\n{at}"
    digest = f"sha256:{hashlib.sha256(body.encode()).hexdigest()}"
    return Calibration(digest=digest, at=at, qubits=qubits, gates=gates)


def _says(own: Qubit) -> bool:
    return any(value is not None for value in (own.t1, own.t2, own.readout_error))


def _qubits(target: Target) -> dict[int, Qubit]:
    told = target.qubit_properties or [None] * (target.num_qubits or 0)
    return {
        place: Qubit(
            t1=_number(getattr(own, "t1", None)),
            t2=_number(getattr(own, "t2", None)),
            readout_error=_error(target, "measure", (place,)),
        )
        for place, own in enumerate(told)
    }


def _gates(target: Target) -> dict[str, float]:
    found: dict[str, float] = {}
    for name in target.operation_names:
        for places in (target[name] or {}) if name != "measure" else ():
            error = None if places is None else _error(target, name, places)
            if error is not None:
                found[" ".join([name, *map(str, places)])] = error
    return found


def _error(target: Target, name: str, places: tuple[int, ...]) -> float | None:
    if name not in target.operation_names:
        return None
    own = (target[name] or {}).get(places)
    return None if own is None else _number(own.error)


def _number(value: Any) -> float | None:
    """A number that is one: some packages tell infinity where they know nothing."""
    return None if value is None or not math.isfinite(value) else float(value)


def _moment(value: Any) -> str | None:
    """In UTC: a provider's package tells it in the zone of whoever asks."""
    if not isinstance(value, datetime.datetime):
        return None if value is None else str(value)
    if value.tzinfo is None:
        return value.isoformat()
    return value.astimezone(datetime.UTC).isoformat()
