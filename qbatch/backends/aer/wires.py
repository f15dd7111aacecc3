"""Compiled circuits on fewer wires than their device has, under noise of single qubits.

Such noise names qubits of the device. A compiled circuit's wires are some of these, in their
order; the model that it runs under is the device's, with the wires' numbers.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from qbatch.payloads.circuit.measuring import Turn
from qbatch.payloads.circuit.target import turn
from qbatch.seam import Item, Submission

Wires = tuple[int, ...]


def by_wires(
    batch: Submission, options: Mapping[str, Any]
) -> Iterator[tuple[Submission, Mapping[str, Any]]]:
    """The batch, in parts each of which runs under one noise model."""
    noise = options.get("noise_model")
    compiled = any(item.wires is not None for item in batch.items)
    if noise is None or not compiled or not _names_qubits(noise):
        yield batch, options
        return
    parts: dict[Wires | None, list[Item]] = {}
    for item in batch.items:
        parts.setdefault(item.wires, []).append(item)
    for wires, items in parts.items():
        own = noise if wires is None else on_wires(noise, wires)
        yield replace(batch, items=items), {**options, "noise_model": own}


def _names_qubits(noise: str) -> bool:
    return any("gate_qubits" in error for error in _errors(noise))


def on_wires(noise: str, wires: Wires) -> str:
    """A noise model on a circuit's wires; errors of other qubits are left out."""
    place = {qubit: wire for wire, qubit in enumerate(wires)}
    found = []
    for error in _errors(noise):
        if "gate_qubits" not in error:
            found.append(error)
            continue
        kept = [
            [place[qubit] for qubit in qubits]
            for qubits in error["gate_qubits"]
            if all(qubit in place for qubit in qubits)
        ]
        if kept:
            found.append({**error, "gate_qubits": kept})
    return json.dumps({**json.loads(noise), "errors": found})


@functools.lru_cache(maxsize=4)
def _errors(noise: str) -> list[dict[str, Any]]:
    errors: list[dict[str, Any]] = json.loads(noise)["errors"]
    return errors


def turns_of(item: Item, target: str | None, *, noisy: bool) -> Turn | None:
    """How the basis of an item's circuit is turned; None: by the gates h and sdg.

    Under noise a compiled circuit gets gates that its target has, which have their errors.
    """
    wires = item.wires
    if wires is None or target is None or not noisy:
        return None
    return lambda wire, letter: turn(target, wires[wire], letter)
