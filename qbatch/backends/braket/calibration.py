"""What Braket says that a device runs on."""

from __future__ import annotations

import hashlib
from typing import Any

from qbatch.seam import Calibration, Provenance, versions_of


def provenance_of(device: Any) -> Provenance:
    """Of an `AwsDevice`: its standardized properties are what was measured of its qubits."""
    told = getattr(device.properties, "standardized", None)
    calibration = None
    if told is not None:
        at = getattr(device.properties.service, "updatedAt", None)
        digest = f"sha256:{hashlib.sha256(told.json().encode()).hexdigest()}"
        calibration = Calibration(digest=digest, at=None if at is None else str(at))
    return Provenance(
        versions=versions_of("amazon-braket-sdk", "qiskit"),
        device=str(device.name),
        calibration=calibration,
    )
