"""A stand-in for Quandela Cloud on 127.0.0.1, as Perceval 1.3.1's own client speaks to it.

Routes and fields were found out by driving the package. What is sent is executed by the real
package, point by point, where nobody gives another executor.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import unquote, urlsplit

from tests.providers.stand_in import JsonHandler, StandIn

TOKEN = "secret"
Executor = Callable[[str, str, Mapping[str, Any]], dict[str, Any]]


def by_perceval(command: str, experiment: str, point: Mapping[str, Any]) -> dict[str, Any]:
    """A point of an iterator, run by Perceval's own sampler."""
    import perceval as pcvl
    from perceval.algorithm import Sampler
    from perceval.serialization import deserialize, serialize

    found = deserialize(experiment)
    read = {k: deserialize(v) if isinstance(v, str) else v for k, v in point.items()}
    name = "SLOS" if command == "probs" else "CliffordClifford2017"
    sampler = Sampler(pcvl.Processor(name, found), max_shots_per_call=point["max_shots"])
    sampler.add_iteration(**read)
    job = getattr(sampler, command)
    answer = job.execute_sync() if command == "probs" else job.execute_sync(point["max_samples"])
    if answer is None:
        raise ValueError(str(job.status.stop_message))
    (entry,) = answer["results_list"]
    perfs = {k: v for k, v in entry.items() if k.endswith("_perf")}
    return {"results": serialize(entry["results"]), **perfs}


class QuandelaService(StandIn):
    """What the service knows: jobs by id, and what was asked.

    Attributes:
        faults: what happens to the next submissions: ``refuse``, ``busy``, ``lose``, ``gateway``,
            ``fail``.
        slots: jobs that the account may have under way.
    """

    def __init__(self, seconds: float = 0.0, execute: Executor = by_perceval) -> None:
        self.jobs: dict[str, dict[str, Any]] = {}
        self.faults: list[str] = []
        self.seconds = seconds
        self.slots = 10
        self.commands = ["probs", "sample_count", "samples"]
        self.execute = execute
        self.lock = threading.Lock()  # Perceval's random numbers are one stream
        super().__init__(_Handler)
        self.url = self.root

    def taken(self, body: dict[str, Any], fault: str | None) -> str:
        number = f"job-{len(self.jobs) + 1}"
        state = "error" if fault == "fail" else "waiting"
        self.jobs[number] = {"body": body, "at": time.monotonic(), "status": state}
        return number

    def status(self, job: dict[str, Any]) -> str:
        if job["status"] == "waiting" and time.monotonic() >= job["at"] + self.seconds:
            job["status"] = "completed"
        return str(job["status"])

    def under_way(self) -> int:
        return sum(self.status(job) == "waiting" for job in self.jobs.values())

    def results(self, job: dict[str, Any]) -> dict[str, Any]:
        payload = job["body"]["payload"]
        with self.lock:
            found = [
                {
                    **self.execute(payload["command"], payload["experiment"], point),
                    "iteration": point,
                }
                for point in payload["iterator"]
            ]
        return {"results": json.dumps({"results_list": found, "job_context": None})}


class _Handler(JsonHandler):
    service: QuandelaService

    def _handle(self, method: str) -> None:
        body = self._body()
        service, path = self.service, unquote(urlsplit(self.path).path.strip("/"))
        parts = path.split("/")
        service.requests.append(f"{method} /{path}")
        if self.headers.get("Authorization") != f"Bearer {TOKEN}":
            self._send(401, {"error": "no"})
        elif path == "api/job":
            self._submit(body)
        elif path == "api/jobs/availability":
            busy = service.under_way()
            self._send(200, {"max_jobs_in_queue": service.slots, "num_jobs_in_queue": busy})
        elif parts[1] in ("platform", "platforms"):
            specs = {"available_commands": service.commands, "constraints": {}}
            self._send(200, {"id": "1", "name": parts[2], "perfs": {}, "specs": specs,
                             "status": "available", "type": "simulator"})  # fmt: skip
        elif len(parts) < 4 or parts[3] not in service.jobs:
            self._send(404, {"error": "there is no such job"})
        else:
            self._about(parts[2], service.jobs[parts[3]])

    def _about(self, what: str, job: dict[str, Any]) -> None:
        service, state = self.service, self.service.status(job)
        if what == "status":
            self._send(200, {"status": state, "progress": 1.0,
                             "status_message": "the laser was off" * (state == "error"),
                             "creation_datetime": 1.0, "duration": 2})  # fmt: skip
        elif what == "cancel":
            if state in ("completed", "error"):
                self._send(400, {"error": "it has ended"})
                return
            job["status"] = "canceled"
            self._send(200, {})
        elif state != "completed":
            self._send(400, {"error": "no results yet"})
        else:
            self._send(200, service.results(job))

    def _submit(self, body: dict[str, Any]) -> None:
        service = self.service
        fault = service.faults.pop(0) if service.faults else None
        if fault in ("refuse", "busy"):
            self._send(400 if fault == "refuse" else 429, {"error": "no such platform"})
            return
        number = service.taken(body, fault)
        if fault == "lose":
            self.close_connection = True
            self.connection.close()
        elif fault == "gateway":
            self._send(502, {"error": "bad gateway"})
        else:
            self._send(200, {"job_id": number})
