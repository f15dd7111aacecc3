"""A stand-in for AQT's cloud on 127.0.0.1, as qiskit-aqt-provider 2.0 speaks to it."""

from __future__ import annotations

import json
import math
import time
import uuid
from typing import Any

import numpy
from qiskit import QuantumCircuit
from qiskit.quantum_info import Statevector

from tests.providers.stand_in import JsonHandler, StandIn

TOKEN = "secret"
_RESOURCE = {"id": "ibex", "name": "Ibex", "type": "device"}


def state_of(work: dict[str, Any]) -> Statevector:
    """The state that a circuit's operations prepare; angles come in units of pi."""
    circuit = QuantumCircuit(work["number_of_qubits"])
    for entry in work["quantum_circuit"]:
        name = entry["operation"]
        if name == "RZ":
            circuit.rz(entry["phi"] * math.pi, entry["qubit"])
        elif name == "R":
            circuit.r(entry["theta"] * math.pi, entry["phi"] * math.pi, entry["qubit"])
        elif name == "RXX":
            circuit.rxx(entry["theta"] * math.pi, *entry["qubits"])
    return Statevector(circuit)


class AqtService(StandIn):
    """What the service knows: jobs by id; ``faults`` befall the next submissions."""

    def __init__(self, seconds: float = 0.0) -> None:
        self.jobs: dict[str, dict[str, Any]] = {}
        self.faults: list[str] = []
        self.seconds = seconds
        super().__init__(_Handler)
        self.url = self.root

    def taken(self, body: dict[str, Any]) -> str:
        number = str(uuid.uuid4())
        self.jobs[number] = {"body": body, "at": time.monotonic(), "status": "queued"}
        return number

    def told(self, number: str) -> dict[str, Any]:
        job = self.jobs[number]
        if job["status"] == "queued" and time.monotonic() >= job["at"] + self.seconds:
            job["status"] = "finished"
        found: dict[str, Any] = {"status": job["status"]}
        if job["status"] == "error":
            found["message"] = "the ions melted"
        if job["status"] == "finished":
            works = job["body"]["payload"]["circuits"]
            found["result"] = {str(place): samples(work) for place, work in enumerate(works)}
        return {"job": about(number), "response": found}


def samples(work: dict[str, Any]) -> list[list[int]]:
    chances = state_of(work).probabilities()
    rng = numpy.random.default_rng(abs(hash(json.dumps(work))) % 2**32)
    drawn = rng.choice(len(chances), size=work["repetitions"], p=chances / chances.sum())
    width = work["number_of_qubits"]
    return [[int(state) >> qubit & 1 for qubit in range(width)] for state in drawn]


def about(number: str) -> dict[str, Any]:
    return {"job_id": number, "job_type": "quantum_circuit", "label": "qiskit",
            "resource_id": "ibex", "workspace_id": "lab"}  # fmt: skip


class _Handler(JsonHandler):
    service: AqtService

    def _handle(self, method: str) -> None:
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        service, parts = self.service, self.path.strip("/").split("/")
        service.requests.append(f"{method} {self.path}")
        if self.headers.get("Authorization") != f"Bearer {TOKEN}":
            self._send(401, {"detail": "no"})
        elif parts == ["v1", "workspaces"]:
            self._send(200, [{"id": "lab", "accepting_job_submissions": True,
                              "jobs_being_processed": True, "resources": [_RESOURCE]}])  # fmt: skip
        elif parts[1] == "resources":
            self._send(200, {**_RESOURCE, "status": "online", "available_qubits": 5,
                             "status_updated_at": "2026-01-01T00:00:00Z"})  # fmt: skip
        elif method == "POST":
            self._submit(json.loads(raw))
        elif parts[2] in service.jobs:
            self._send(200, service.told(parts[2]))
        else:
            self._send(404, {"detail": "there is no such job"})

    def _submit(self, body: dict[str, Any]) -> None:
        fault = self.service.faults.pop(0) if self.service.faults else None
        if fault in ("refuse", "busy"):
            self._send({"refuse": 400, "busy": 429}[fault], {"detail": fault})
            return
        number = self.service.taken(body)
        if fault == "lose":
            self.close_connection = True
            self.connection.close()
            return
        self._send(200, {"job": about(number), "response": {"status": "queued"}})
