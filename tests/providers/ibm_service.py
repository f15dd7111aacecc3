"""A stand-in for IBM's REST service on 127.0.0.1, as qiskit-ibm-runtime 0.51 speaks to it.

It decodes what is sent with the package's own decoder, runs it exactly with Qiskit's reference
primitives (the device is a fake of the package), and answers in the package's encoding. Its
routes and fields were found out by driving the package, never at the service.
"""

from __future__ import annotations

import base64
import json
import threading
import time
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from qiskit.primitives import StatevectorEstimator, StatevectorSampler
from qiskit.primitives.containers.estimator_pub import EstimatorPub
from qiskit_ibm_runtime.fake_provider import FakeManilaV2
from qiskit_ibm_runtime.json import RuntimeDecoder, RuntimeEncoder

from tests.providers.stand_in import JsonHandler, StandIn

CRN = "crn:v1:bluemix:public:quantum-computing:us-east:a/test:test::"
DEVICE = "fake_manila"


class IbmService(StandIn):
    """What the service knows.

    Attributes:
        jobs: by id, as it would list them, the oldest first.
        requests: ``METHOD /path`` of every request.
        faults: what happens to the next requests of a kind: ``{"submit": ["lose"]}``.
        changed: what is told otherwise of the device: ``{"properties": {…}}``.
    """

    def __init__(self, seconds: float = 0.0) -> None:
        self.jobs: dict[str, dict[str, Any]] = {}
        self.faults: dict[str, list[str]] = {}
        self.changed: dict[str, dict[str, Any]] = {}
        self.seconds = seconds
        self.lock = threading.Lock()
        super().__init__(_Handler)
        self.url = self.root

    def fault(self, kind: str) -> str | None:
        with self.lock:
            left = self.faults.get(kind)
            return left.pop(0) if left else None

    def submitted(self, body: dict[str, Any]) -> dict[str, Any]:
        with self.lock:
            number = f"j{len(self.jobs) + 1}"
            self.jobs[number] = {
                "id": number,
                "backend": body["backend"],
                "program": {"id": body["program_id"]},
                "tags": body.get("tags", []),
                "created": "2026-01-01T00:00:00Z",
                "cost": body.get("cost"),
                "body": body,
                "at": time.monotonic(),
                "cancelled": False,
            }
            return {"id": number, "backend": body["backend"]}

    def state(self, job: dict[str, Any]) -> str:
        if job["cancelled"]:
            return "Cancelled"
        return "Running" if time.monotonic() < job["at"] + self.seconds else "Completed"

    def listed(self, job: dict[str, Any]) -> dict[str, Any]:
        shown = {k: v for k, v in job.items() if k not in ("body", "at", "cancelled")}
        state = self.state(job)
        return {**shown, "status": state, "state": {"status": state}}

    def results(self, job: dict[str, Any]) -> str:
        body = job["body"]
        params = json.loads(json.dumps(body["params"]), cls=RuntimeDecoder)
        if body["program_id"] == "estimator":
            pubs = [_estimator_pub(pub, params) for pub in params["pubs"]]
            result = StatevectorEstimator(seed=7).run(pubs).result()
        else:
            sampler = StatevectorSampler(seed=7)
            result = sampler.run([tuple(pub) for pub in params["pubs"]]).result()
        return json.dumps(result, cls=RuntimeEncoder)


def _estimator_pub(pub: Any, params: dict[str, Any]) -> EstimatorPub:
    return EstimatorPub.coerce(tuple(pub), params.get("options", {}).get("default_precision"))


class _Handler(JsonHandler):
    service: IbmService

    def _handle(self, method: str) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        raw = self.rfile.read(length)
        parts = urlsplit(self.path)
        service = self.service
        service.requests.append(f"{method} {parts.path}")
        if parts.path.endswith("/identity/token"):
            self._json({"access_token": _jwt(), "expires_in": 3600, "expiration": 2**31})
            return
        path = parts.path.removeprefix("/api/v1").strip("/").split("/")
        if method == "POST" and path == ["jobs"]:
            self._submit(json.loads(raw))
        elif path == ["backends"]:
            self._json({"devices": [_DEVICE]})
        elif path[0] == "backends":
            self._json({**_about(path[2]), **service.changed.get(path[2], {})})
        elif path[0] == "instances":
            self._json({"usage_limit_reached": False, "usage_remaining_seconds": 600})
        elif path == ["jobs"]:
            self._listed(parse_qs(parts.query))
        elif path[0] == "jobs" and path[1] in service.jobs:
            self._about_job(service.jobs[path[1]], path[2:])
        else:
            self._json({"errors": [{"message": f"nothing at {parts.path}"}]}, 404)

    def _submit(self, body: dict[str, Any]) -> None:
        fault = self.service.fault("submit")
        if fault == "refuse":
            self._json({"errors": [{"message": "refused"}]}, 400)
            return
        if fault == "busy":
            self._json({"errors": [{"message": "too many"}]}, 429)
            return
        if fault == "unauthorized":
            self._json({"errors": [{"message": "no"}]}, 401)
            return
        answer = self.service.submitted(body)
        if fault == "lose":
            self.close_connection = True
            self.connection.close()
        elif fault == "gateway":
            self._json({"errors": [{"message": "bad gateway"}]}, 502)
        else:
            self._json(answer)

    def _listed(self, query: dict[str, list[str]]) -> None:
        tags = set(query.get("tags", []))
        found = [j for j in self.service.jobs.values() if tags <= set(j["tags"])]
        if query.get("sort") != ["ASC"]:
            found.reverse()
        limit = int(query.get("limit", ["200"])[0])
        jobs = [self.service.listed(job) for job in found[:limit]]
        self._json({"jobs": jobs, "count": len(found), "limit": limit, "offset": 0})

    def _about_job(self, job: dict[str, Any], rest: list[str]) -> None:
        service = self.service
        if rest == []:
            self._json(service.listed(job))
        elif rest == ["results"]:
            self._send_raw(service.results(job).encode(), 200)
        elif rest == ["metrics"]:
            seconds = {"status": "completed", "qpu_charge_time_seconds": 2.5, "seconds": 2.5}
            self._json({"usage": seconds, "timestamps": {}})
        elif rest == ["cancel"]:
            if service.state(job) in ("Completed", "Cancelled"):
                self._json({"errors": [{"message": "it has ended"}]}, 409)
                return
            job["cancelled"] = True
            self._json({}, 204)
        else:
            self._json({}, 404)

    def _json(self, body: Any, status: int = 200) -> None:
        self._send_raw(b"" if status == 204 else json.dumps(body, default=str).encode(), status)

    def _send_raw(self, raw: bytes, status: int) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)


def _jwt() -> str:
    """A token that the package can read; nobody checks its signature."""
    now = int(time.time())
    claims = {"iat": now, "exp": now + 3600, "iam_id": "x", "account": {"bss": "test"}}
    parts = [{"alg": "HS256"}, claims]
    head = [base64.urlsafe_b64encode(json.dumps(p).encode()).rstrip(b"=").decode() for p in parts]
    return ".".join([*head, "c2ln"])


_FAKE = FakeManilaV2()
_DEVICE = {
    "name": DEVICE,
    "backend_name": DEVICE,
    "status": {"name": "online", "reason": "available"},
    "is_simulator": False,
    "num_qubits": 5,
    "qubits": 5,
    "queue_length": 0,
    "clops": {"value": 1, "type": "hardware"},
    "processor_type": {"family": "Falcon", "revision": "5.11"},
}


def _told(file: str) -> dict[str, Any]:
    """What the service tells of the device, as the package keeps it of the true one."""
    found: dict[str, Any] = json.loads((Path(_FAKE.dirname) / file).read_text())
    return found


def _about(what: str) -> dict[str, Any]:
    if what == "configuration":
        return {**_told("conf_manila.json"), "backend_name": DEVICE, "simulator": False}
    if what == "properties":
        return _told("props_manila.json")
    return {"state": True, "status": "active", "message": "", "length_queue": 0,
            "backend_version": "1.0.0"}  # fmt: skip
