"""Randomized benchmarking: the error of a Clifford gate, whatever preparing and reading cost.

E. Magesan, J. M. Gambetta, J. Emerson, Physical Review Letters 106, 180504 (2011): the share of
shots that come back after m Cliffords decays as A p^m + B, and the error of one is
r = (1 - p) (d - 1) / d with d = 2^n.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from qbatch.errors import UsageError
from qbatch.programs.context import Context, Evaluation

_SEEDS = 2**31


def solve(
    ctx: Context,
    qubits: int = 1,
    lengths: Sequence[int] = (1, 10, 20, 50, 100, 150, 200),
    samples: int = 10,
    shots: int | None = None,
) -> dict[str, Any]:
    """Measure the error of a Clifford gate.

    Args:
        ctx: of the program.
        qubits: that the Cliffords act on, from 0.
        lengths: numbers of Cliffords before the one that undoes them.
        samples: random sequences of each length.
        shots: of each sequence; default: the program's, or 1000.

    Returns:
        ``error`` of a Clifford with ``standard_error``, ``p``, ``a`` and ``b`` of the decay, and
        by length the mean ``survival`` with ``spread`` (of the mean).
    """
    import numpy as np
    from scipy.optimize import curve_fit

    shots = shots or ctx.shots or 1000
    if samples < 2:
        raise UsageError(f"samples {samples}: their spread needs two at least")
    asked = [
        Evaluation(circuit=sequence(ctx.rng, qubits, length), shots=shots)
        for length in lengths
        for _ in range(samples)
    ]
    counts = [one.counts or {} for one in ctx.evaluate(asked)]
    back = np.array([found.get("0" * qubits, 0) / shots for found in counts])
    survival = back.reshape(len(lengths), samples)
    mean = survival.mean(axis=1)
    spread = np.maximum(survival.std(axis=1, ddof=1) / samples**0.5, 0.5 / (shots * samples))
    dimension = 2**qubits
    (a, p, b), covariance = curve_fit(
        decay,
        np.array(lengths, float),
        mean,
        p0=[1 - 1 / dimension, 0.99, 1 / dimension],
        sigma=spread,
        absolute_sigma=True,
        bounds=([0, 0, 0], [1, 1, 1]),
    )
    share = (dimension - 1) / dimension
    ctx.report((1 - p) * share)
    return {
        "error": float((1 - p) * share),
        "standard_error": float(np.sqrt(covariance[1, 1]) * share),
        "p": float(p),
        "a": float(a),
        "b": float(b),
        "survival": dict(zip(map(str, lengths), mean.tolist(), strict=True)),
        "spread": dict(zip(map(str, lengths), spread.tolist(), strict=True)),
    }


def decay(length: Any, a: float, p: float, b: float) -> Any:
    """A p^m + B."""
    return a * p**length + b


def sequence(rng: Any, qubits: int, length: int) -> Any:
    """Random Cliffords and the one that undoes them, measured; barriers keep them apart."""
    from qiskit import QuantumCircuit
    from qiskit.quantum_info import Clifford, random_clifford

    circuit, total = QuantumCircuit(qubits), Clifford(QuantumCircuit(qubits))
    for _ in range(length):
        gate = random_clifford(qubits, seed=int(rng.integers(_SEEDS)))
        circuit.compose(gate.to_circuit(), inplace=True)
        circuit.barrier()
        total = total.compose(gate)
    circuit.compose(total.adjoint().to_circuit(), inplace=True)
    circuit.measure_all()
    return circuit
