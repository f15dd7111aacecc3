"""A stand-in for IonQ's REST service on 127.0.0.1, as qiskit-ionq 1.1.1 speaks to it.

It reads the gate lists that are sent and tells the probabilities of their states, computed with
Qiskit's operators. Routes and fields were found out by driving the package.
"""

from __future__ import annotations

import json
import time
from typing import Any
from urllib.parse import urlsplit

from qiskit import QuantumCircuit
from qiskit.circuit import library
from qiskit.quantum_info import Statevector

from tests.providers.stand_in import JsonHandler, StandIn

KEY = "key"
_GATES = {
    "h": library.HGate, "x": library.XGate, "y": library.YGate, "z": library.ZGate,
    "s": library.SGate, "si": library.SdgGate, "t": library.TGate, "ti": library.TdgGate,
    "v": library.SXGate, "vi": library.SXdgGate, "rx": library.RXGate, "ry": library.RYGate,
    "rz": library.RZGate, "xx": library.RXXGate, "yy": library.RYYGate, "zz": library.RZZGate,
    "swap": library.SwapGate,
}  # fmt: skip


def state_of(gates: list[dict[str, Any]], num_qubits: int) -> Statevector:
    circuit = QuantumCircuit(num_qubits)
    for entry in gates:
        angle = [entry["rotation"]] if "rotation" in entry else []
        name = "p" if entry["gate"] == "z" and angle else entry["gate"]
        gate = library.PhaseGate(*angle) if name == "p" else _GATES[name](*angle)
        controls = entry.get("controls", [])
        if controls:
            gate = gate.control(len(controls))
        circuit.append(gate, [*controls, *entry["targets"]])
    return Statevector(circuit)


class IonqService(StandIn):
    """What the service knows: jobs by id, and what was asked.

    Attributes:
        faults: what happens to the next submissions: ``refuse``, ``busy``, ``lose``, ``gateway``.
    """

    def __init__(self, seconds: float = 0.0) -> None:
        self.jobs: dict[str, dict[str, Any]] = {}
        self.faults: list[str] = []
        self.seconds = seconds
        super().__init__(_Handler)
        self.url = f"{self.root}/v0.4"

    def taken(self, body: dict[str, Any]) -> str:
        number = f"q{len(self.jobs) + 1}"
        self.jobs[number] = {"body": body, "at": time.monotonic(), "status": "ready"}
        return number

    def status(self, job: dict[str, Any]) -> str:
        if job["status"] == "ready" and time.monotonic() >= job["at"] + self.seconds:
            job["status"] = "completed"
        return str(job["status"])

    def told(self, number: str) -> dict[str, Any]:
        job = self.jobs[number]
        body = job["body"]
        circuits = body["input"].get("circuits")
        found = {"id": number, "status": self.status(job), "metadata": body["metadata"]}
        if job["status"] == "failed":
            found["failure"] = {"code": "DeviceError", "error": "the trap was empty"}
        if job["status"] == "completed":
            found["execution_duration_ms"] = 1500
            found["stats"] = {"qubits": body["input"]["qubits"]}
            url = f"/v0.4/jobs/{number}/results/probabilities"
            found["results"] = {"probabilities": {"url": url}}
            if circuits:
                found["child_job_ids"] = [f"{number}-{k}" for k in range(len(circuits))]
        return found

    def laws(self, number: str) -> dict[str, Any]:
        body = self.jobs[number]["body"]
        given, width = body["input"], body["input"]["qubits"]
        if "circuits" not in given:
            return self.law(given["circuit"], width)
        # Not in the order of the circuits: the ids say which is whose.
        named = {f"{number}-{k}": own["circuit"] for k, own in enumerate(given["circuits"])}
        return {key: self.law(named[key], width) for key in sorted(named, reverse=True)}

    @staticmethod
    def law(gates: list[dict[str, Any]], width: int) -> dict[str, float]:
        chances = state_of(gates, width).probabilities()
        return {str(n): float(p) for n, p in enumerate(chances) if p > 1e-12}


class _Handler(JsonHandler):
    service: IonqService

    def _handle(self, method: str) -> None:
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        service, path = self.service, urlsplit(self.path).path.removeprefix("/v0.4/")
        parts = path.split("/")
        service.requests.append(f"{method} /{path}")
        if parts[0] == "backends":
            self._send(200, {"backend": parts[1], "qubits": 11})
        elif self.headers.get("Authorization") != f"apiKey {KEY}":
            self._send(401, {"error": "no"})
        elif method == "POST":
            self._submit(json.loads(raw))
        elif len(parts) < 2 or parts[1] not in service.jobs:
            self._send(404, {"error": "there is no such job"})
        elif method == "PUT":
            job = service.jobs[parts[1]]
            if service.status(job) != "completed":
                job["status"] = "canceled"
            self._send(200, {"id": parts[1], "status": job["status"]})
        elif parts[2:3] == ["results"]:
            self._send(200, service.laws(parts[1]))
        else:
            self._send(200, service.told(parts[1]))

    def _submit(self, body: dict[str, Any]) -> None:
        fault = self.service.faults.pop(0) if self.service.faults else None
        if fault in ("refuse", "busy"):
            self._send({"refuse": 400, "busy": 429}[fault], {"error": fault})
            return
        number = self.service.taken(body)
        if fault == "lose":
            self.close_connection = True
            self.connection.close()
        elif fault == "gateway":
            self._send(502, {"error": "bad gateway"})
        else:
            self._send(200, {"id": number, "status": "ready"})

    def _send(self, code: int, body: Any) -> None:
        if code >= 400:
            body = {"statusCode": code, "error": "Error", "message": body["error"]}
        super()._send(code, body)
