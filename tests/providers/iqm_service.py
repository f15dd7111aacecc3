"""A stand-in for an IQM server on 127.0.0.1, as iqm-client 36 speaks to it.

Its architecture is that of the package's fake Adonis; it simulates what it is sent.
"""

from __future__ import annotations

import json
import math
import time
import uuid
from typing import Any

import numpy
from iqm.qiskit_iqm import IQMFakeAdonis
from qiskit import QuantumCircuit
from qiskit.quantum_info import Statevector

from tests.providers.stand_in import JsonHandler, StandIn

TOKEN = "secret"
_COMPUTER = {"id": str(uuid.uuid4()), "alias": "adonis", "display_name": "Adonis"}
_SET = str(uuid.uuid4())


def architecture() -> dict[str, Any]:
    """The calibrated gates of the fake, as a server tells them."""
    found: dict[str, Any] = json.loads(IQMFakeAdonis().architecture.model_dump_json())
    return found


def measurements(circuit: dict[str, Any], shots: int, qubits: list[str]) -> dict[str, Any]:
    """By the key of each measurement, a row of bits a shot."""
    made = QuantumCircuit(len(qubits))
    measured: list[tuple[str, list[int]]] = []
    for one in circuit["instructions"]:
        places = [qubits.index(locus) for locus in one["locus"]]
        args = one["args"]
        if one["name"] == "prx":
            angle = args.get("angle", 2 * math.pi * args.get("angle_t", 0))
            phase = args.get("phase", 2 * math.pi * args.get("phase_t", 0))
            made.r(angle, phase, places[0])
        elif one["name"] == "cz":
            made.cz(*places)
        elif one["name"] == "measure":
            measured.append((args["key"], places))
    chances = Statevector(made).probabilities()
    rng = numpy.random.default_rng(len(json.dumps(circuit)))
    drawn = rng.choice(len(chances), size=shots, p=chances / chances.sum())
    return {
        key: [[int(state) >> place & 1 for place in places] for state in drawn]
        for key, places in measured
    }


class IqmService(StandIn):
    """What the server knows: jobs by id; ``faults`` befall the next submissions."""

    def __init__(self, seconds: float = 0.0) -> None:
        self.jobs: dict[str, dict[str, Any]] = {}
        self.faults: list[str] = []
        self.seconds = seconds
        self.architecture = architecture()
        super().__init__(_Handler)
        self.url = self.root

    def taken(self, body: dict[str, Any]) -> str:
        number = str(uuid.uuid4())
        self.jobs[number] = {"body": body, "at": time.monotonic(), "status": "waiting"}
        return number

    def told(self, number: str) -> dict[str, Any]:
        job = self.jobs[number]
        if job["status"] == "waiting" and time.monotonic() >= job["at"] + self.seconds:
            job["status"] = "completed"
        errors = []
        if job["status"] == "failed":
            errors = [{"error_code": "x", "message": "the fridge is warm", "source": "station"}]
        return {"id": number, "type": "circuit", "status": job["status"], "errors": errors,
                "compilation": {"calibration_set_id": _SET}}  # fmt: skip

    def results(self, number: str) -> list[dict[str, Any]]:
        body, qubits = self.jobs[number]["body"], self.architecture["qubits"]
        return [measurements(own, body["shots"], qubits) for own in body["circuits"]]


class _Handler(JsonHandler):
    service: IqmService

    def _handle(self, method: str) -> None:
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        service, path = self.service, self.path.partition("?")[0].removeprefix("/api/v1/")
        parts = path.split("/")
        service.requests.append(f"{method} /{path}")
        if self.headers.get("Authorization") != f"Bearer {TOKEN}":
            self._send(401, {"message": "no"})
        elif parts[0] == "quantum-computers":
            self._send(200, {"quantum_computers": [_COMPUTER]})
        elif parts[0] == "calibration-sets":
            self._send(200, service.architecture)
        elif method == "POST" and parts[-1] == "circuit":
            self._submit(json.loads(raw))
        elif parts[1] not in service.jobs:
            self._send(404, {"message": "there is no such job"})
        else:
            self._about(parts[1], parts[2:])

    def _about(self, number: str, rest: list[str]) -> None:
        service = self.service
        if rest == ["payload"]:
            self._send(200, service.jobs[number]["body"])
        elif rest == ["artifacts", "measurements"]:
            self._send(200, service.results(number))
        elif rest == ["cancel"]:
            if service.told(number)["status"] == "waiting":
                service.jobs[number]["status"] = "cancelled"
            self._send(200, {})
        else:
            self._send(200, service.told(number))

    def _submit(self, body: dict[str, Any]) -> None:
        fault = self.service.faults.pop(0) if self.service.faults else None
        if fault in ("refuse", "busy"):
            self._send({"refuse": 400, "busy": 429}[fault], {"message": fault})
            return
        number = self.service.taken(body)
        if fault == "lose":
            self.close_connection = True
            self.connection.close()
            return
        self._send(200, self.service.told(number))
