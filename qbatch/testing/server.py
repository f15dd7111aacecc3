"""A service with faults on demand: ``python -m qbatch.testing.server``.

It listens on 127.0.0.1, prints its port, and keeps its batches in memory. It runs
nothing: a circuit's counts are zeros only. It remembers what it accepted and executed,
so that a test can ask whether anything was lost or done twice (``GET /audit``).

=================================  ============================================
POST /batches                      ``{token, items}`` → ``{id}``
GET /batches?token=T               ``{id}``; 404; 405 where it cannot look tokens up
GET /batches/ID                    ``{status, message, bill}``; the bill where there is one
GET /batches/ID/results            ``{results: [{label, counts | values | error}]}``
POST /batches/ID/cancel            ``{}``
POST /faults                       ``{operation, fault, times, share}``; a list is drawn in turn
GET /audit                         ``{accepted: {token: n}, executed: {job: n}, requests: n, bills:
                                   {token: n}}``
=================================  ============================================

Faults: ``refuse`` (422), ``busy`` (429 with Retry-After), ``unavailable`` (503),
``broken`` (500), ``reset`` (connection closed, nothing done), ``lose_answer`` (done, and
the connection closed), ``html`` (done, and an HTML page returned); for results ``drop``,
``duplicate``, ``contradict``; for status ``strange`` (an unknown word), ``forget`` (404).
An item whose circuit name begins with ``invalid`` is answered with an error, ``fail``
fails its batch while it runs, ``poison`` has its batch refused, ``hang`` never ends.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit


@dataclass(slots=True)
class Batch:
    """A batch that the service has accepted."""

    id: str
    token: str
    items: list[dict[str, Any]]
    accepted_at: float
    cancelled: bool = False
    executed: bool = False
    ended_at: float = 0.0

    def has(self, word: str) -> bool:
        """Whether the name of an item begins with a word that asks for a fault."""
        return any(item["name"].startswith(word) for item in self.items)


@dataclass(slots=True)
class Service:
    """What the service knows, under one lock."""

    seconds: float
    latency: float
    finds_tokens: bool
    secret: str
    price: float = 0.0
    billed_after: float = 0.0
    bills: dict[str, float] = field(default_factory=dict)
    batches: dict[str, Batch] = field(default_factory=dict)
    accepted: dict[str, int] = field(default_factory=dict)
    executed: dict[str, int] = field(default_factory=dict)
    faults: list[dict[str, Any]] = field(default_factory=list)
    requests: int = 0
    faulty: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)
    random: random.Random = field(default_factory=random.Random)

    def fault(self, operation: str) -> str | None:
        """The fault, if any, that this request is to suffer."""
        for entry in self.faults:
            if entry["operation"] not in (operation, "any") or entry.get("times") == 0:
                continue
            if self.random.random() >= entry.get("share", 1.0):
                continue
            if "times" in entry:
                entry["times"] -= 1
            self.faulty += 1
            found = entry["fault"]
            return str(self.random.choice(found) if isinstance(found, list) else found)
        return None

    def accept(self, body: dict[str, Any]) -> Batch:
        """Take a batch; twice the same token is counted, and makes two batches."""
        number = f"b{len(self.batches) + 1}"
        batch = Batch(number, body["token"], body["items"], time.monotonic())
        self.batches[batch.id] = batch
        self.accepted[batch.token] = self.accepted.get(batch.token, 0) + 1
        return batch

    def status(self, batch: Batch) -> dict[str, Any]:
        """How a batch stands; its items are executed when its time has come."""
        if batch.cancelled:
            return {"status": "cancelled", **({"bill": 0.0} if self.price else {})}
        if batch.has("hang") or time.monotonic() < batch.accepted_at + self.seconds:
            return {"status": "running"}
        if batch.has("fail"):
            return {"status": "error", "message": "the device failed"}
        if not batch.executed:
            self._execute(batch)
        bill = self.bills.get(batch.token)
        if bill is None or time.monotonic() < batch.ended_at + self.billed_after:
            return {"status": "done"}
        return {"status": "done", "bill": bill}

    def _execute(self, batch: Batch) -> None:
        """Do the work, and write the bill: at most the price of all its shots, mostly less."""
        batch.executed, batch.ended_at = True, time.monotonic()
        for job in (job for item in batch.items for job in item["jobs"]):
            self.executed[job] = self.executed.get(job, 0) + 1
        if self.price:
            most = self.price * sum(item["shots"] or 0 for item in batch.items)
            share = self.random.choice([1.0, self.random.random()])
            self.bills[batch.token] = self.bills.get(batch.token, 0.0) + most * share


def answer(item: dict[str, Any]) -> dict[str, Any]:
    """An item's result: zeros only."""
    if item["name"].startswith("invalid"):
        return {"label": item["label"], "error": "this circuit cannot run here"}
    if item["observables"]:
        error = None if item["shots"] is None else 0.0
        return {"label": item["label"], "values": [[1.0, error]] * len(item["observables"])}
    return {"label": item["label"], "counts": {"0" * item["num_bits"]: item["shots"]}}


class Handler(BaseHTTPRequestHandler):
    """One request."""

    protocol_version = "HTTP/1.1"
    service: Service

    def log_message(self, *_: Any) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        """Look-ups."""
        self._handle(None)

    def do_POST(self) -> None:
        """What changes something."""
        length = int(self.headers.get("Content-Length") or 0)
        self._handle(json.loads(self.rfile.read(length) or b"{}"))

    def _handle(self, body: Any) -> None:
        parts = urlsplit(self.path)
        path, query = parts.path.strip("/").split("/"), parse_qs(parts.query)
        service = self.service
        if path == ["faults"]:
            with service.lock:
                service.faults = body if isinstance(body, list) else [*service.faults, body]
            self._send(200, {})
        elif path == ["audit"]:
            with service.lock:
                names = ("accepted", "executed", "requests", "faulty", "bills")
                self._send(200, {name: getattr(service, name) for name in names})
        elif service.secret and self.headers.get("Authorization") != f"Bearer {service.secret}":
            self._send(401, {"error": "the token is not valid"})
        else:
            self._serve(path, query, body)

    def _serve(self, path: list[str], query: dict[str, list[str]], body: Any) -> None:
        service = self.service
        operation = _operation(path, body)
        # Half before, half after: a killed client dies at any point of the exchange.
        time.sleep(service.latency / 2)
        with service.lock:
            service.requests += 1
            fault = service.fault(operation)
        if self._fails_before(fault):
            return
        with service.lock:
            code, document = self._do(operation, path, query, body, fault)
        time.sleep(service.latency / 2)
        if fault == "lose_answer":
            self._hang_up()
        elif fault == "html":
            self._send_raw(200, b"<html><body>oops</body></html>", "text/html")
        else:
            self._send(code, document)

    def _fails_before(self, fault: str | None) -> bool:
        if fault == "reset":
            self._hang_up()
        elif fault == "busy":
            self._send(429, {"error": "too many requests"}, {"Retry-After": "0.05"})
        elif fault == "unavailable":
            self._send(503, {"error": "down for a moment"})
        elif fault == "broken":
            self._send(500, {"error": "internal error"})
        elif fault == "refuse":
            self._send(422, {"error": "refused"})
        else:
            return False
        return True

    def _do(
        self,
        operation: str,
        path: list[str],
        query: dict[str, list[str]],
        body: Any,
        fault: str | None,
    ) -> tuple[int, dict[str, Any]]:
        service = self.service
        if operation == "submit":
            if any(item["name"].startswith("poison") for item in body["items"]):
                return 422, {"error": "this batch holds something that cannot run"}
            return 200, {"id": service.accept(body).id}
        if operation == "find":
            return self._found(query.get("token", [""])[0])
        batch = service.batches.get(path[1])
        if batch is None or fault == "forget":
            return 404, {"error": "no such batch"}
        return self._about(operation, batch, fault)

    def _found(self, token: str) -> tuple[int, dict[str, Any]]:
        if not self.service.finds_tokens:
            return 405, {"error": "tokens cannot be looked up"}
        found = [b.id for b in self.service.batches.values() if b.token == token]
        return (200, {"id": found[0]}) if found else (404, {"error": "no such token"})

    def _about(self, operation: str, batch: Batch, fault: str | None) -> tuple[int, dict[str, Any]]:
        """What is answered about a batch that is known."""
        if operation == "status":
            strange = {"status": "pondering"}
            return 200, strange if fault == "strange" else self.service.status(batch)
        if operation == "cancel":
            batch.cancelled = batch.cancelled or not batch.executed
            return 200, {}
        if self.service.status(batch)["status"] != "done":
            return 409, {"error": "no results yet"}
        return 200, {"results": _distorted([answer(item) for item in batch.items], fault)}

    def _send(
        self, code: int, document: dict[str, Any], headers: dict[str, str] | None = None
    ) -> None:
        self._send_raw(code, json.dumps(document).encode(), "application/json", headers)

    def _send_raw(
        self, code: int, data: bytes, kind: str, headers: dict[str, str] | None = None
    ) -> None:
        try:
            self.send_response(code)
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)
        except OSError:
            self.close_connection = True  # the client was killed meanwhile

    def _hang_up(self) -> None:
        self.close_connection = True
        self.connection.close()


def _operation(path: list[str], body: Any) -> str:
    if path == ["batches"]:
        return "find" if body is None else "submit"
    if len(path) == 2:
        return "status"
    return path[2] if len(path) == 3 else "unknown"


def _distorted(results: list[dict[str, Any]], fault: str | None) -> list[dict[str, Any]]:
    if fault == "drop":
        return results[1:]
    if fault == "duplicate":
        return results + results
    if fault == "contradict" and results:
        return [*results, {"label": results[0]["label"], "counts": {"1": 1}}]
    return results


class Server(ThreadingHTTPServer):
    """Many requests at once, on the loopback interface only."""

    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, *_: Any) -> None:
        """A client that was killed in the middle is nothing to report."""


def main() -> None:
    """Serve until standard input ends or the parent is gone."""
    parser = argparse.ArgumentParser(description="A fake backend service on 127.0.0.1.")
    parser.add_argument("--seconds", type=float, default=0.0, help="how long a batch runs")
    parser.add_argument("--latency", type=float, default=0.0, help="seconds an answer takes")
    parser.add_argument("--price", type=float, default=0.0, help="of a shot, at most")
    parser.add_argument("--billed-after", type=float, default=0.0, help="seconds after the end")
    parser.add_argument("--no-find", action="store_true", help="tokens cannot be looked up")
    parser.add_argument("--seed", type=int, default=None, help="of the faults")
    options = parser.parse_args()
    secret = os.environ.get("QBATCH_FAKE_SECRET", "")
    service = Service(
        options.seconds, options.latency, not options.no_find, secret,
        options.price, options.billed_after,
    )  # fmt: skip
    service.random.seed(options.seed)
    Handler.service = service
    server = Server(("127.0.0.1", 0), Handler)
    print(server.server_address[1], flush=True)  # noqa: T201 - the caller reads it
    threading.Thread(target=server.serve_forever, daemon=True).start()
    sys.stdin.read()
    server.shutdown()


if __name__ == "__main__":
    main()
