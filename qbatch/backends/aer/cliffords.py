"""Clifford circuits sampled by Stim, where ``--sampling stim`` asks for it.

Stim (C. Gidney, Quantum 5, 497 (2021)) samples Pauli frames and takes thousands of qubits. A
circuit goes this way if its text is read by the own readers, all its gates stand in `GATES`,
and its answer is not drawn from its exact distribution. Measurements and resets may stand
anywhere; what is classically controlled goes on as without Stim.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from qbatch.backends.aer.experiments import Experiment
from qbatch.payloads.circuit.form import Form, Kind, Operation
from qbatch.simulation.readout import register_sizes, spaced

if TYPE_CHECKING:
    import numpy as np

GATES: Mapping[str, str] = {
    "id": "I",
    "x": "X",
    "y": "Y",
    "z": "Z",
    "h": "H",
    "s": "S",
    "sdg": "S_DAG",
    "sx": "SQRT_X",
    "sxdg": "SQRT_X_DAG",
    "cx": "CX",
    "cy": "CY",
    "cz": "CZ",
    "swap": "SWAP",
    "iswap": "ISWAP",
}
"""Gates of Qiskit's that are Stim's, by name; each is compared with Qiskit's matrix in a test."""

INFO: Mapping[str, Any] = {"method": "stim", "sampling": "stim"}
_PASSED_OVER = (Kind.BARRIER, Kind.NOTHING)
_MOST_BITS = 1 << 25  # measured at once: 32 MiB


def takes(form: Form) -> bool:
    """Whether Stim knows every operation, and how the outcomes are written."""
    if form.parameters or form.variables or register_sizes(form) is None:
        return False
    if not any(operation.kind is Kind.MEASURE for operation in form.operations):
        return False
    return all(map(_is_known, form.operations))


def _is_known(operation: Operation) -> bool:
    kind = operation.kind
    if kind is Kind.STANDARD:
        return operation.name in GATES
    return kind in (Kind.MEASURE, Kind.RESET, *_PASSED_OVER)


def program(form: Form) -> tuple[str, list[int | None]]:
    """A circuit that `takes` takes in Stim's language, and what each classical bit holds.

    Returns:
        for each classical bit the number of the measurement that wrote it last; None if it
        stays 0.
    """
    lines: list[str] = []
    written: list[int | None] = [None] * form.num_clbits
    measured = 0
    for operation in form.operations:
        qubits = " ".join(map(str, operation.qubits))
        if operation.kind is Kind.STANDARD:
            lines.append(f"{GATES[operation.name]} {qubits}")
        elif operation.kind is Kind.MEASURE:
            lines.append(f"M {qubits}")
            written[operation.clbits[0]] = measured
            measured += 1
        elif operation.kind is Kind.RESET:
            lines.append(f"R {qubits}")
    return "\n".join(lines), written


def sampled(experiment: Experiment) -> dict[str, int]:
    """Its counts, from a stream of its own."""
    item = experiment.item
    seed = None if item.seed is None else item.seed + experiment.part
    return sample(experiment.prepared.form, item.shots or 0, seed)


def sample(form: Form, shots: int, seed: int | None = None) -> dict[str, int]:
    """Counts of a circuit that `takes` takes, bit 0 rightmost and a space between registers.

    A seed's counts are the same on machines of one kind with one version of Stim only.
    """
    import stim

    text, written = program(form)
    # Of more than 63 bits Stim takes none.
    sampler = stim.Circuit(text).compile_sampler(seed=None if seed is None else seed % 2**63)
    sizes = register_sizes(form)
    assert sizes is not None
    most = max(1, _MOST_BITS // max(text.count("M "), form.num_clbits))
    counts: dict[str, int] = {}
    while shots > 0:
        part = min(shots, most)
        for outcome, number in _counted(sampler.sample(part), written, sizes):
            counts[outcome] = counts.get(outcome, 0) + number
        shots -= part
    return counts


def _counted(
    measured: np.ndarray[Any, np.dtype[np.bool_]],
    written: list[int | None],
    sizes: tuple[int, ...],
) -> Iterator[tuple[str, int]]:
    """The outcomes in samples, and how often each came."""
    import numpy

    zero = numpy.zeros((len(measured), 1), dtype=bool)
    columns = [zero if place is None else measured[:, place : place + 1] for place in written]
    bits = numpy.concatenate(columns, axis=1)
    packed = numpy.packbits(bits, axis=1)
    _, places, numbers = numpy.unique(packed, axis=0, return_index=True, return_counts=True)
    for row, number in zip(bits[places], numbers.tolist(), strict=True):
        text = (row[::-1].astype(numpy.uint8) + ord("0")).tobytes().decode()
        yield spaced(text, sizes), number
