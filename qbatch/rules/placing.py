"""Requests about a circuit as requests about what it was compiled to."""

from __future__ import annotations

import functools
from dataclasses import replace

from qbatch.domain.compilations import Layout
from qbatch.domain.requests import Request
from qbatch.rules.pauli import parse_observable


@functools.lru_cache(maxsize=4096)
def placed_observable(text: str, layout: Layout) -> str:
    """An observable on the wires on which the circuit's qubits end; identity on the others.

    The terms keep their order and their factors.
    """
    written = []
    for pauli, factor in parse_observable(text):
        letters = ["I"] * len(layout.wires)
        for qubit, letter in enumerate(reversed(pauli)):
            letters[layout.final[qubit]] = letter
        sign = "-" if str(factor).startswith("-") else "+"
        written.append(f"{sign} {abs(factor)!r}*{''.join(reversed(letters))}")
    return " ".join(written)


@functools.lru_cache(maxsize=4096)
def placed_request(request: Request, layout: Layout) -> Request:
    """What is asked of the compiled circuit.

    Its observables lie on the wires where the qubits end; where all qubits were to be
    measured, the compiled circuit does that by itself.
    """
    options = {key: value for key, value in request.options.items() if key != "measure_all"}
    observables = tuple(placed_observable(text, layout) for text in request.observables)
    return replace(request, observables=observables, options=options)
