"""Primitives that simulate here, as devices: Samplers give counts, Estimators values."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from qiskit import QuantumCircuit
    from qiskit.primitives import BaseEstimatorV2, BaseSamplerV2


class SamplerDevice:
    """What `work` asks of a device, done by a primitive.

    Attributes:
        target: None: it takes circuits as they are.
        options: nothing; a primitive has its seed to itself.
    """

    target = None
    num_qubits = None
    max_circuits = None
    options = SimpleNamespace()

    def __init__(self, sampler: BaseSamplerV2) -> None:
        self.name = type(sampler).__name__
        self._sampler = sampler

    def run(self, circuits: Sequence[QuantumCircuit], shots: int) -> _Done:
        """Run circuits; what it gives has a ``result``, as a job has."""
        found = self._sampler.run([(circuit,) for circuit in circuits], shots=shots).result()
        return _Done([_counts(pub.data, own) for pub, own in zip(found, circuits, strict=True)])


class _Done:
    """A job's results, as those of a `BackendV2` are read."""

    status = "DONE"

    def __init__(self, counts: list[dict[str, int]]) -> None:
        self._counts = counts
        self.results = [SimpleNamespace(success=True)] * len(counts)

    def result(self) -> _Done:
        """Itself: it is done."""
        return self

    def get_counts(self, place: int) -> dict[str, int]:
        """Counts of one circuit."""
        return self._counts[place]


def _counts(data: Any, circuit: QuantumCircuit) -> dict[str, int]:
    """Counts from the bits of each register, the last one leftmost."""
    words = [data[register.name].get_bitstrings() for register in reversed(circuit.cregs)]
    return dict(Counter(" ".join(shot) for shot in zip(*words, strict=True)))


class EstimatorDevice:
    """What `work` asks of a device that yields expectation values alone, done by a primitive.

    Attributes:
        target: None: it takes circuits as they are.
        options: nothing; a primitive has its seed to itself.
    """

    target = None
    num_qubits = None
    options = SimpleNamespace()

    def __init__(self, estimator: BaseEstimatorV2) -> None:
        self.name = type(estimator).__name__
        self._estimator = estimator

    def values(
        self, circuit: QuantumCircuit, observables: Sequence[str], shots: int
    ) -> list[tuple[float, float]]:
        """Values and standard errors, to the precision 1/√shots."""
        from qbatch.payloads.circuit.measuring import operator_of

        rows = list(map(operator_of, observables))
        (found,) = self._estimator.run([(circuit, rows)], precision=shots**-0.5).result()
        return [
            (float(value), float(error))
            for value, error in zip(found.data.evs, found.data.stds, strict=True)
        ]
