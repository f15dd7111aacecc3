"""Planned jobs and items as tests of rules and backends need them."""

from __future__ import annotations

from typing import Any

from qbatch.domain.batches import PlannedJob
from qbatch.domain.payloads import Payload, StoredPayload
from qbatch.domain.requests import Expected, Request
from qbatch.domain.results import ResultKind
from qbatch.payloads.circuit.formats import from_qiskit, read_circuits
from qbatch.payloads.registry import payload_format
from qbatch.seam import Item, Submission

VALUES = Request(kind=ResultKind.EXPECTATION_VALUES, observables=("Z",))


def planned_job(number: int, **changes: Any) -> PlannedJob:
    """A planned job; ``payload_id``, ``num_bytes`` and ``info`` are those of its payload."""
    info = {"num_qubits": 5, "num_clbits": 5, "size": 10, "measured": True, "dynamic": False}
    payload = StoredPayload(
        id=changes.pop("payload_id", number),
        hash=f"h{number}",
        kind="circuit",
        format=changes.pop("format", "qasm2"),
        num_bytes=changes.pop("num_bytes", 1000),
        parameters=(),
        info={**info, **changes.pop("info", {})},
    )
    request = changes.pop("request", Request())
    values: dict[str, Any] = {
        "id": number,
        "number": number,
        "key": b"key%d" % number,
        "payload": payload,
        "values": "[]",
        "request_id": 1,
        "request": request,
        "expected": Expected(kind=request.kind, names=request.observables, num_bits=5),
        "shots": 100,
        "offset": 0,
        "whole": True,
        "seed": None,
        "backend": "",
        "options": "{}",
    }
    return PlannedJob(**{**values, **changes})


def payload_of(circuit: Any) -> Payload:
    """The payload of a Qiskit circuit or an OpenQASM text."""
    if isinstance(circuit, str):
        (found,) = read_circuits(circuit.encode(), "text")
        return found
    return from_qiskit(circuit)


def item_of(payload: Payload, label: str = "0", **fields: Any) -> Item:
    """An item; ``observables``, ``measure_all`` and ``kind`` make its request."""
    observables = tuple(fields.pop("observables", ()))
    options = {"measure_all": True} if fields.pop("measure_all", False) else {}
    usual = ResultKind.EXPECTATION_VALUES if observables else ResultKind.COUNTS
    request = Request(kind=fields.pop("kind", usual), observables=observables, options=options)
    own = payload_format(payload.source.kind)
    values: dict[str, Any] = {
        "label": label,
        "payload": payload.hash,
        "info": payload.info,
        "parameters": (),
        "request": request,
        "expected": own.expected(payload.info, request),
        "shots": 1000,
        "seed": None,
    }
    return Item(**{**values, **fields})


def submission_of(
    *items: tuple[Payload, Item], submission_id: str = "t", options: Any = None
) -> Submission:
    """A batch of items with their payloads."""
    return Submission(
        submission_id=submission_id,
        items=[item for _, item in items],
        payloads={payload.hash: payload.source for payload, _ in items},
        options=options or {},
    )
