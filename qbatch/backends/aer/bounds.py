"""Which batches are so little that this process may run them itself.

Aer holds Python's lock while it simulates: what runs in this process cannot be ended by a
signal, nor by a time limit. So only what is known to end soon runs here; the rest goes to a
worker process, which can be killed.
"""

from __future__ import annotations

import math
from operator import attrgetter

from qbatch.domain.payloads import Source
from qbatch.errors import InvalidCircuit, InvalidJob
from qbatch.payloads.circuit.form import Form, Kind, nature
from qbatch.payloads.circuit.formats import kept_plain, kept_qpy, read_form
from qbatch.seam import Item, Submission

_KIND = attrgetter("kind")
_KNOWN = frozenset(
    {Kind.STANDARD, Kind.GATE, Kind.MEASURE, Kind.RESET, Kind.PREPARE, Kind.BARRIER, Kind.NOTHING}
)
_MOST_QUBITS = 16
_MOST_GATES = 20_000
_MOST_BYTES = 1 << 26
_MOST_FOREIGN_BYTES = 1 << 20  # for Qiskit's parsers, which no signal ends; our readers it does
_MOST_WORK = 3e9  # amplitudes that gates are applied to; about a second


def is_bounded(batch: Submission, *, noisy: bool) -> bool:
    """Whether running a batch is known to end within seconds."""
    if any(item.info["num_qubits"] > _MOST_QUBITS for item in batch.items):
        return False
    if sum(len(source.body) for source in batch.payloads.values()) > _MOST_BYTES:
        return False
    sources = batch.payloads.values()
    foreign = sum(len(source.body) for source in sources if kept_plain(source) is None)
    if foreign > _MOST_FOREIGN_BYTES:
        return False
    work = {name: _once(source, noisy=noisy) for name, source in batch.payloads.items()}
    return sum(_work(item, *work[item.payload]) for item in batch.items) <= _MOST_WORK


def _once(source: Source, *, noisy: bool) -> tuple[float, bool]:
    """Work of simulating a circuit once, infinite where that is not known; whether it is exact."""
    read = kept_plain(source) or kept_qpy(source)
    if read is None:
        try:
            form = read_form(source)
        except (InvalidCircuit, InvalidJob):
            return 0.0, True  # it fails at once
        read = form, nature(form)
    form, found = read
    gates = _gates(form)
    if gates is None:
        return math.inf, False
    return gates * 2.0**form.num_qubits, found.is_exact and not noisy


def _gates(form: Form) -> int | None:
    """Number of gates that are applied; None where that is not known to be few."""
    if form.variables or not _KNOWN.issuperset(map(_KIND, form.operations)):
        return None
    gates = max(len(form.operations), form.unrolled)
    return gates if gates <= _MOST_GATES else None


def _work(item: Item, once: float, is_exact: bool) -> float:
    # Under a noise model, and without an exact law, every shot is a simulation of its own.
    return once if is_exact and not item.observables else once * (item.shots or 1)
