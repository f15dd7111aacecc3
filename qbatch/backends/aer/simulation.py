"""Aer's ``run``: many circuits and many points in few calls, each judged by itself."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from qbatch.backends.aer import circuits, sampling
from qbatch.backends.aer.templates import Angles, Template
from qbatch.domain.states import Failure
from qbatch.errors import BackendError

if TYPE_CHECKING:
    from qiskit import QuantumCircuit
    from qiskit.result import Result
    from qiskit_aer.noise import NoiseModel

_AUTOMATIC_NAME = re.compile(r"circuit (circuit-[\d-]+)? using")

_MATRICES = {"kraus", "superop", "unitary"}  # operations of an error whose numbers are complex

Work = Sequence[tuple[Template, Sequence[Angles]]]


@dataclass(frozen=True, slots=True)
class Entry:
    """What became of one circuit: its part of Aer's result, or why there is none."""

    result: Result | None
    index: int = 0
    failure: Failure | None = None
    reason: str = ""

    @property
    def data(self) -> Any:
        """What the circuit's save instructions kept, by label."""
        assert self.result is not None
        return self.result.results[self.index].data

    def counts(self) -> dict[str, int]:
        """Counts in Qiskit's format."""
        assert self.result is not None
        found = self.result.get_counts(self.index)
        return {str(outcome): int(count) for outcome, count in found.items()}

    def info(self) -> dict[str, Any]:
        """What is worth keeping about the run."""
        assert self.result is not None
        metadata = getattr(self.result.results[self.index], "metadata", None) or {}
        found = {name: metadata.get(name) for name in ("method", "device")}
        return {name: value for name, value in found.items() if value is not None}


class Simulation:
    """Aer with a backend's and a batch's options."""

    def __init__(self, options: Mapping[str, Any]) -> None:
        self._options = dict(options)
        noise = self._options.pop("noise_model", None)
        self.is_noisy = noise is not None
        self._is_dense = options.get("method") == "density_matrix"
        if noise is not None:
            self._options["noise_model"] = _noise_model(noise)

    @property
    def is_exact(self) -> bool:
        """Whether saved probabilities are the exact ones, to about twelve digits."""
        options = self._options
        return (
            not self.is_noisy
            and options.get("method", "automatic") in sampling.METHODS
            and options.get("precision", "double") == "double"
            and not set(options) - {"method", "precision"} - sampling.HARMLESS
        )

    def of_exact_values(self) -> Simulation:
        """The same for exact expectation values: noise needs the whole density matrix."""
        if not self.is_noisy or self._options.get("method", "automatic") != "automatic":
            return self
        other = Simulation({})
        other._options = {**self._options, "method": "density_matrix"}
        other.is_noisy, other._is_dense = True, True
        return other

    def why_inexact(self, method: str | None) -> str | None:
        """Why expectation values that a method of Aer gave are not exact; None where they are.

        Under noise, every other method than the density matrix follows one random trajectory.
        """
        own = set(self._options) - {"method", "precision", "noise_model"} - sampling.HARMLESS
        if own:
            return f"the option {min(own)!r} may change them"
        if self.is_noisy and method != "density_matrix":
            return f"the method {method!r} follows one random trajectory under noise"
        if method not in sampling.VALUE_METHODS:
            return f"the method {method!r} estimates them"
        return None

    def run(
        self, work: Work, shots: int, seed: int | None = None, *, most: int = 1 << 14
    ) -> Iterator[list[Entry]]:
        """Run every point of every template; a list of entries for each template, in order.

        Args:
            most: points in one call, which bounds the memory of what is saved.
        """
        alone = [template.bound(points[0]) for template, points in work if len(points) == 1]
        single = (
            entry
            for start in range(0, len(alone), most)
            for entry in self.entries_of(alone[start : start + most], shots, seed)
        )
        for template, points in work:
            found: list[Entry] = []
            if len(points) == 1:
                found.append(next(single))
                points = ()
            for start in range(0, len(points), most):
                found += self._points(template, points[start : start + most], shots, seed)
            yield found

    def _points(
        self, template: Template, points: Sequence[Angles], shots: int, seed: int | None
    ) -> list[Entry]:
        method = self._method_of_points(template, shots)
        dense = method == "density_matrix"
        circuit = template.bindable(noisy=self.is_noisy, dense=dense)
        if circuit is not None:
            try:
                result = self._call(
                    [circuit],
                    shots,
                    seed,
                    parameter_binds=[template.binds(points)],
                    runtime_parameter_bind_enable=True,
                    method=method,
                )
                return _entries(result, len(points))
            except Exception:  # noqa: S110 - each is bound by Qiskit then, and judged by itself
                pass
        return self.entries_of([template.bound(point) for point in points], shots, seed)

    def _method_of_points(self, template: Template, shots: int) -> str:
        """The method for all points of a template.

        Left to itself, Aer looks at the first point alone: where that one's rotations are
        by multiples of a right angle, it takes the stabilizer method, which rounds the angles
        of all the others. The density matrix is chosen where Aer would: under noise, for more
        shots than the state has amplitudes.
        """
        method = str(self._options.get("method", "automatic"))
        if method != "automatic":
            return method
        many = shots > 1 << template.circuit.num_qubits
        dense = self.is_noisy and many and template.bindable(noisy=True, dense=True) is not None
        return "density_matrix" if dense else "statevector"

    def entries_of(
        self, batch: Sequence[QuantumCircuit], shots: int, seed: int | None
    ) -> list[Entry]:
        """One entry per circuit of a list, each judged by itself."""
        if not batch:
            return []
        if self.is_noisy or self._is_dense:
            batch = [circuits.with_matrices(c, dense=self._is_dense) for c in batch]
        if self._may_choose_wrongly(batch):
            return self._sorted_out(batch, shots, seed)
        try:
            return _entries(self._call(batch, shots, seed), len(batch))
        except Exception as error:
            # A circuit that Aer cannot even convert fails the whole list: one by one then.
            if len(batch) == 1:
                return [self._untruncated(batch[0], shots, seed, error)]
            return [entry for circuit in batch for entry in self.entries_of([circuit], shots, seed)]

    def _may_choose_wrongly(self, batch: Sequence[QuantumCircuit]) -> bool:
        """Whether Aer may choose a method by itself that is wrong for one of the circuits."""
        chooses = self.is_noisy and "method" not in self._options
        return chooses and any(map(circuits.writes_again, batch))

    def _sorted_out(
        self, batch: Sequence[QuantumCircuit], shots: int, seed: int | None
    ) -> list[Entry]:
        """Those that write a bit again as trajectories of the state vector, the others as ever.

        Aer's density matrix, which it may choose by itself, puts a read-out error behind all
        measurements of its bit.
        """
        vectors = Simulation({})
        vectors._options = {**self._options, "method": "statevector"}
        vectors.is_noisy = True
        again = [circuits.writes_again(circuit) for circuit in batch]
        found: dict[bool, Iterator[Entry]] = {}
        for chosen, simulation in ((True, vectors), (False, self)):
            part = [c for c, marked in zip(batch, again, strict=True) if marked is chosen]
            found[chosen] = iter(simulation.entries_of(part, shots, seed))
        return [next(found[marked]) for marked in again]

    def _untruncated(
        self, circuit: QuantumCircuit, shots: int, seed: int | None, error: Exception
    ) -> Entry:
        """Once more with every qubit: Aer loses qubits that only a branch acts on."""
        if "enable_truncation" not in self._options:
            try:
                result = self._call([circuit], shots, seed, enable_truncation=False)
                return _entries(result, 1)[0]
            except Exception as again:
                error = again
        return Entry(None, failure=Failure.INVALID, reason=_reason(error))

    def _call(
        self, batch: Sequence[QuantumCircuit], shots: int, seed: int | None, **more: Any
    ) -> Result:
        options = {**self._options, **more}
        if seed is not None:
            # Shots spread over threads draw from one stream a thread: not with a seed.
            options.update(seed_simulator=seed, max_parallel_shots=1)
        return circuits.simulator().run(list(batch), shots=shots, **options).result()


@functools.lru_cache(maxsize=8)
def _noise_model(text: str) -> NoiseModel:
    """The noise model of ``NoiseModel.to_dict(serializable=True)``, as JSON."""
    from qiskit_aer.noise import NoiseModel

    model = json.loads(text)
    for error in model["errors"]:
        for operations in error.get("instructions", ()):
            for operation in operations:
                if operation["name"] in _MATRICES:
                    operation["params"] = [_complex(matrix) for matrix in operation["params"]]
    return NoiseModel.from_dict(model)


def _complex(matrix: Any) -> Any:
    """A matrix as `NoiseModel.to_dict` writes it for JSON, which `from_dict` does not read."""
    import numpy

    pairs = numpy.array(matrix, float)
    return pairs[..., 0] + 1j * pairs[..., 1]


def _entries(result: Result, expected: int) -> list[Entry]:
    if len(result.results) != expected:
        raise BackendError(str(result.status))
    return [
        Entry(result, index) if entry.success else Entry(None, index, *_failure(entry.status))
        for index, entry in enumerate(result.results)
    ]


def _failure(status: str) -> tuple[Failure, str]:
    # Aer names the circuit by Qiskit's running number, which means nothing to the user.
    reason = _AUTOMATIC_NAME.sub("circuit using", str(status).removeprefix("ERROR:").strip())
    invalid = "nsufficient memory" in reason or "nvalid" in reason or "unsupported" in reason
    return (Failure.INVALID if invalid else Failure.BACKEND), reason


def _reason(error: Exception) -> str:
    said = str(getattr(error, "message", None) or error)
    foreign = type(error).__module__.startswith("qiskit")
    return said if foreign else f"Aer cannot take this circuit: {type(error).__name__}: {said}"
