"""What batches run on, asked of their backends before they are sent."""

from __future__ import annotations

import contextlib
import platform
import time
from collections.abc import Iterable
from dataclasses import replace

from qbatch.domain.compilations import Compilation
from qbatch.domain.provenance import Provenance
from qbatch.engine.adapter_calls import asked
from qbatch.errors import BackendError
from qbatch.seam import Backend, SupportsProvenance, versions_of

_SECONDS = 600.0  # for which an answer holds: devices are calibrated every few hours


class Provenances:
    """What each backend of a run runs on; asked now and then, and never a reason to stop."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[float, Provenance]] = {}

    def of(
        self, backend: Backend, target: str | None, compiled: Iterable[Compilation]
    ) -> Provenance:
        """What a batch runs on.

        Args:
            target: hash of what it was compiled for.
            compiled: what of; the calibration is kept of the qubits that these use.
        """
        found = replace(self._told(backend), target=target)
        if found.calibration is None:
            return found
        used: set[int] = set()
        for one in compiled:
            if one.layout is not None:
                wires = (*one.layout.initial, *one.layout.final)
                used.update(one.layout.wires[wire] for wire in wires)
        return replace(found, calibration=found.calibration.of(used))

    def _told(self, backend: Backend) -> Provenance:
        since, found = self._known.get(backend.name, (0.0, None))
        if found is not None and time.monotonic() - since < _SECONDS:
            return found
        own = Provenance()
        if isinstance(backend, SupportsProvenance):
            with contextlib.suppress(BackendError):
                own = asked(backend.provenance)
        base = {"python": platform.python_version(), **versions_of("qbatch-quantum")}
        found = replace(own, versions={**own.versions, **base})
        self._known[backend.name] = (time.monotonic(), found)
        return found
