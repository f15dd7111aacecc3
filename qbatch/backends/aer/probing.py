"""Whether Aer runs circuits here, with a backend's options."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from qbatch.backends.aer.worker import run
from qbatch.domain.payloads import Source
from qbatch.domain.requests import Expected, Request
from qbatch.seam import Item, ItemResult, Submission


def probe(options: Mapping[str, Any]) -> ItemResult:
    """Run the smallest circuit there is, on Aer itself."""
    text = b"OPENQASM 2.0; qreg q[1]; creg c[1]; measure q -> c;"
    request = Request()
    item = Item(
        label="0",
        payload="probe",
        info={"num_qubits": 1},
        parameters=(),
        request=request,
        expected=Expected(kind=request.kind, num_bits=1),
        shots=1,
        seed=None,
    )
    payloads = {item.payload: Source(format="qasm2", body=text)}
    batch = Submission(submission_id=item.label, items=[item], payloads=payloads, options={})
    return run(batch, {**options, "sampling": "shots"})[0]
