"""IQM's servers, through ``iqm-client``.

A batch is one job of many circuits. The service takes no token and looks none up; a job is read
by its id in any process.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar
from uuid import UUID

from qbatch.backends.experiments import spaced
from qbatch.backends.qiskit.dialect import Body, Dialect
from qbatch.domain.limits import Limits
from qbatch.errors import BatchNotFound, Rejected

if TYPE_CHECKING:
    from qiskit import QuantumCircuit
    from qiskit.providers import BackendV2

_CODES = {
    "AuthenticationError": 401,
    "ForbiddenError": 403,
    "NotFoundError": 404,
    "ConflictError": 409,
    "RateLimitError": 429,
    "DataSizeError": 413,
    "InvalidOperationError": 400,
    "ValidationError": 400,
}  # of the package's classes, which tell no status
_REFUSED = {"CircuitValidationError", "CircuitTranspilationError"}


class Iqm(Dialect):
    """A quantum computer behind one of IQM's servers."""

    package: ClassVar[str] = "iqm-client[qiskit]"
    settings: ClassVar[frozenset[str]] = frozenset({"calibration_set", "device", "url"})
    limits: ClassVar[Limits] = Limits(lookup_seconds=0.0)
    repeats: ClassVar[bool] = False

    def connect(self) -> BackendV2:
        """The computer of that name, or the server's only one."""
        from iqm.qiskit_iqm import IQMProvider

        own = self.own
        token = self.token()
        # The package refuses a token that it finds in its own variable as well.
        given = {} if token in (None, os.environ.get("IQM_TOKEN")) else {"token": token}
        provider = IQMProvider(own.get("url"), quantum_computer=own.get("device"), **given)
        chosen = own.get("calibration_set")
        found: BackendV2 = provider.get_backend(
            calibration_set_id=None if chosen is None else UUID(str(chosen))
        )
        return found

    def code(self, error: BaseException) -> int | None:
        """The status that the class of an error stands for."""
        names = (cls.__name__ for cls in type(error).__mro__ if cls.__module__.startswith("exa."))
        found = next((_CODES[name] for name in names if name in _CODES), None)
        return found or super().code(error)

    def refuses(self, error: BaseException) -> bool:
        """The package looks at circuits before it sends them."""
        return type(error).__name__ in _REFUSED

    def run(self, device: BackendV2, body: Body, submission_id: str) -> str:  # noqa: ARG002
        """One job of all circuits."""
        bound = [experiment.bound() for experiment in body.experiments]
        for place, circuit in enumerate(bound):
            circuit.name = f"c{place}"  # the service wants one
        try:  # by itself: what fails once it was sent must not be taken for a refusal
            device.create_circuit_job_definition(bound, shots=body.shots)
        except ValueError as error:
            raise Rejected(f"{self.name}: {error}") from error
        return self.keep(device.run(bound, shots=body.shots))

    def retrieved(self, device: BackendV2, remote_id: str) -> Any:
        """A job by its id.

        Raises:
            BatchNotFound: no job can have it.
        """
        try:
            UUID(remote_id)
        except ValueError as error:
            raise BatchNotFound(f"{self.name} knows no job {remote_id}") from error
        return super().retrieved(device, remote_id)

    def counts(self, device: BackendV2, remote_id: str, body: Body) -> Sequence[Mapping[str, int]]:
        """Counts for each experiment; the package leaves registers out that nothing writes."""
        result = self.job(device, remote_id).result()
        return [
            _filled(result.get_counts(place), experiment.circuit)
            for place, experiment in enumerate(body.experiments)
        ]

    def why(self, job: Any) -> str:
        """Why a job failed."""
        errors = getattr(getattr(job, "_job_tracker", None), "job_data", None)
        said = "; ".join(str(error) for error in getattr(errors, "errors", ()))
        return said or "the service says that the job failed"


def _filled(counts: Mapping[str, int], circuit: QuantumCircuit) -> dict[str, int]:
    """Counts of all registers, with zeros in those that nothing writes.

    Raises:
        ValueError: an outcome has not a bit for each one that is written.
    """
    written = {bit for one in circuit for bit in one.clbits}
    words = [
        (register.size, not written.isdisjoint(register)) for register in reversed(circuit.cregs)
    ]
    told = sum(size for size, is_written in words if is_written)
    found: dict[str, int] = {}
    for outcome, number in counts.items():
        bits = str(outcome).replace(" ", "")
        if len(bits) != told:
            raise ValueError(f"the outcome {outcome!r} for {told} bits")
        whole = _whole(bits, words)
        found[whole] = found.get(whole, 0) + int(number)
    return spaced(found, circuit)


def _whole(bits: str, words: Sequence[tuple[int, bool]]) -> str:
    """Bits of the registers that are written, and zeros for the others."""
    parts, place = [], 0
    for size, is_written in words:
        parts.append(bits[place : place + size] if is_written else "0" * size)
        place += size if is_written else 0
    return "".join(parts)
