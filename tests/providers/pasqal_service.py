"""A stand-in for Pasqal Cloud on 127.0.0.1, as pasqal-cloud 0.24.0 speaks to it.

Routes and fields were found out by driving the package. Sequences are run by Pulser's simulator
where nobody gives another executor.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.providers.stand_in import JsonHandler, StandIn

TOKEN = "secret"
Executor = Callable[[str, Mapping[str, Any]], dict[str, int]]


def by_pulser(text: str, job: Mapping[str, Any]) -> dict[str, int]:
    """A job's counts, by Pulser's simulator."""
    from pulser import Sequence
    from pulser.backend import BitStrings
    from pulser_simulation import QutipBackendV2, QutipConfig

    sequence = Sequence.from_abstract_repr(text)
    if sequence.is_parametrized():
        sequence = sequence.build(**job["variables"])
    config = QutipConfig(observables=[BitStrings(num_shots=job["runs"])])
    return dict(QutipBackendV2(sequence, config=config).run().final_bitstrings)


class PasqalService(StandIn):
    """What the service knows: batches by id, their jobs, and what was asked.

    Attributes:
        faults: what happens to the next submissions: ``refuse``, ``busy``, ``lose``, ``gateway``,
            ``fail`` (all of its jobs), ``some`` (the second job alone), ``drop`` (of jobs that are
            added: nothing is).
        page: entries of a page.
    """

    def __init__(self, seconds: float = 0.0, execute: Executor = by_pulser) -> None:
        self.batches: dict[str, dict[str, Any]] = {}
        self.jobs: dict[str, dict[str, Any]] = {}
        self.faults: list[str] = []
        self.seconds = seconds
        self.page = 100
        self.execute = execute
        self.lock = threading.Lock()
        super().__init__(_Handler)
        self.url = f"{self.root}/core-fast"

    def taken(self, body: dict[str, Any], fault: str | None) -> str:
        number = f"batch-{len(self.batches) + 1}"
        made = f"2026-01-01T00:00:{len(self.batches):02}Z"
        self.batches[number] = {
            "body": body, "jobs": [], "created_at": made, "cancelled": False, "open": body["open"],
            "tags": list(body.get("tags") or ()),
        }  # fmt: skip
        self.added(number, body["jobs"], fault)
        return number

    def added(self, number: str, jobs: list[dict[str, Any]], fault: str | None) -> None:
        batch = self.batches[number]
        made, own = batch["created_at"], batch["jobs"]
        for place, job in enumerate(jobs, len(own)):
            fails = fault == "fail" or (fault == "some" and place == 1)
            entry = {"id": f"{number}-job-{place}", "batch_id": number, "project_id": "p", **job,
                     "status": "ERROR" if fails else "PENDING", "at": time.monotonic(),
                     "created_at": made, "updated_at": made,
                     "errors": ["an atom was lost"] * fails}  # fmt: skip
            self.jobs[entry["id"]] = entry
            own.append(entry)

    def told(self, number: str) -> dict[str, Any]:
        batch = self.batches[number]
        for job in batch["jobs"]:
            ended = time.monotonic() >= job["at"] + self.seconds
            if job["status"] == "PENDING" and (ended or batch["cancelled"]):
                job["status"] = "CANCELED" if batch["cancelled"] else "DONE"
        words = [job["status"] for job in batch["jobs"]]
        status = "PENDING" if "PENDING" in words else "CANCELED" if batch["cancelled"] else "DONE"
        if batch["open"] and not batch["cancelled"]:
            status = "RUNNING"
        elif set(words) == {"ERROR"}:
            status = "ERROR"
        counts = {word: words.count(word) for word in set(words)}
        body = batch["body"]
        return {"id": number, "status": status, "open": batch["open"],
                "complete": not batch["open"], "project_id": "p",
                "created_at": batch["created_at"], "updated_at": batch["created_at"],
                "device_type": body["device_type"], "tags": batch["tags"], "user_id": "u",
                "jobs_count": len(words), "jobs_count_per_status": counts}  # fmt: skip

    def counter(self, job: dict[str, Any]) -> dict[str, Any]:
        text = self.batches[job["batch_id"]]["body"]["sequence_builder"]
        with self.lock:
            return {"counter": self.execute(text, job), "raw": None}


class _Handler(JsonHandler):
    service: PasqalService

    def _handle(self, method: str) -> None:
        body = self._body()
        service, where = self.service, urlsplit(self.path)
        path = where.path.strip("/").removeprefix("core-fast/api/")
        query = {key: value[0] for key, value in parse_qs(where.query).items()}
        service.requests.append(f"{method} /{path}")
        if path.startswith("storage/"):
            if "Authorization" in self.headers:  # a link that is signed takes nothing else
                self._send(400, {"message": "only one way to be authorised"})
                return
            self._send(200, service.counter(service.jobs[path.removeprefix("storage/")]))
        elif self.headers.get("Authorization") != f"Bearer {TOKEN}":
            self._send(401, {"message": "no"})
        else:
            self._serve(path.split("/")[1:], query, body)

    def _serve(self, parts: list[str], query: dict[str, str], body: Any) -> None:
        service = self.service
        if parts == ["devices", "specs"]:
            self._send(200, {"data": {"FRESNEL": "{}"}})
        elif parts == ["batches"] and body is not None:
            self._submit(body)
        elif parts == ["batches"]:
            own = [service.told(n) for n in service.batches]
            self._page([b for b in own if query.get("tag", "") in b["tags"]], query)
        elif parts[0] == "batches" and parts[1] in service.batches:
            self._about(parts, body)
        elif parts == ["jobs"] and query["batch_id"] in service.batches:
            service.told(query["batch_id"])
            self._page(service.batches[query["batch_id"]]["jobs"], query)
        elif parts[2:] == ["cancel"] and parts[1] in service.jobs:
            service.jobs[parts[1]]["status"] = "CANCELED"
            self._send(200, {"data": service.jobs[parts[1]]})
        elif parts[-1] == "results_link" and parts[1] in service.jobs:
            link = f"{service.root}/storage/{parts[1]}?signature=1"
            self._send(200, {"data": {"results_link": link}})
        else:
            self._send(404, {"message": "there is no such thing"})

    def _about(self, parts: list[str], body: Any) -> None:
        service, batch = self.service, self.service.batches[parts[1]]
        if parts[2:] == ["cancel"]:
            if service.told(parts[1])["status"] in ("DONE", "CANCELED", "ERROR"):
                self._send(400, {"message": "it has ended"})
                return
            batch["cancelled"] = True
        elif parts[2:] == ["complete"]:
            batch["open"] = False
        elif parts[2:] == ["tags"]:
            batch["tags"] = body
        elif parts[2:] == ["jobs"]:
            self._add(parts[1], body)
            return
        self._send(200, {"data": service.told(parts[1])})

    def _add(self, number: str, jobs: list[dict[str, Any]]) -> None:
        service = self.service
        if not service.batches[number]["open"]:
            self._send(400, {"message": "the batch is closed"})
            return
        fault = service.faults.pop(0) if service.faults else None
        if fault == "drop":  # nothing was added, and nobody is told
            self.close_connection = True
            self.connection.close()
            return
        service.added(number, jobs, fault)
        self._answer(number, fault)

    def _page(self, entries: list[Any], query: dict[str, str]) -> None:
        start = int(query.get("offset", 0))
        end = start + self.service.page
        found = entries[start:end]
        self._send(200, {"data": found, "pagination": {
            "total": len(entries), "start": start, "end": start + len(found)}})  # fmt: skip

    def _submit(self, body: dict[str, Any]) -> None:
        service = self.service
        fault = service.faults.pop(0) if service.faults else None
        if fault in ("refuse", "busy"):
            self._send(400 if fault == "refuse" else 429, {"message": "no such device"})
            return
        self._answer(service.taken(body, fault), fault)

    def _answer(self, number: str, fault: str | None) -> None:
        if fault == "lose":
            self.close_connection = True
            self.connection.close()
        elif fault == "gateway":
            self._send(502, {"message": "bad gateway"})
        else:
            self._send(200, {"data": self.service.told(number)})
