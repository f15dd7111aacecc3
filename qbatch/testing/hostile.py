"""A second service, that answers badly: ``python -m qbatch.testing.hostile``.

Its dialect has steps, as many services' have: a job is made, filled, and started by what
fills it; its results come in pages. It knows nothing of the adapter that speaks to it, and
what it answers tells jobs apart, so that a result that was stored for another job shows.

============================  ===============================================
POST /jobs                    ``{tag}`` → ``{job}``
POST /jobs/ID/circuits        ``{circuits: [{label, name, work, bits, shots, values}]}``: all;
                              starts it
GET /jobs/ID                  ``{state}``
GET /jobs/ID/results?from=N   ``{total, next, results: [{label, counts | values | error}]}``
POST /jobs/ID/stop            ``{}``; 409 where it has ended
POST /reset                   forget all jobs, what was done, and the faults
POST /faults                  ``{operation, faults, share, times}``; ``operation`` may be ``any``
GET /audit                    ``{started, executed: {work: n}, requests, faulty, faults: {…}}``
============================  ===============================================

Faults of any request: a status code, ``+`` behind it with Retry-After, ``!`` before it where
the work is done nevertheless (``!503+``); ``reset`` and ``!reset`` (the connection breaks);
``!truncated``, ``!html``, ``!garbage``, ``!list`` (done, and the answer is no answer);
``!drip`` (done, and answered a byte now and then); ``elsewhere`` (a redirect to another
host). Of what is asked for: ``moved`` (a redirect to the same place). Of status:
``strange``, ``mute`` (a state that nobody knows, or none), ``forget`` (404). Of results,
see `DISTORTIONS`.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import threading
import time
import zlib
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

Entry = dict[str, Any]

CODES = [
    f"{before}{code}{after}"
    for code in (408, 425, 429, 500, 502, 503, 504)
    for before in ("", "!")
    for after in ("", "+")
]
BREAKS = ["reset", "!reset", "!truncated", "!html", "!garbage", "!list", "!drip"]
STATES = ["strange", "mute", "forget"]


def counts_of(work: str, bits: int, shots: int) -> dict[str, int]:
    """What the service measures for a piece of work: its own, and the same every time."""
    ones = zlib.crc32(work.encode()) % (shots + 1)
    found = {"0" * bits: shots - ones, "1" * bits: ones}
    return {outcome: count for outcome, count in found.items() if count}


def _counts(change: Callable[[dict[str, Any]], Any]) -> Callable[[list[Entry]], list[Entry]]:
    """The first circuit's counts are something else."""

    def distort(page: list[Entry]) -> list[Entry]:
        if not page:
            return page
        return [{**page[0], "counts": change(dict(page[0]["counts"]))}, *page[1:]]

    return distort


def _one(value: Any) -> Callable[[dict[str, Any]], Any]:
    return lambda counts: {**counts, next(iter(counts)): value}


DISTORTIONS: dict[str, Callable[[list[Entry]], list[Entry]]] = {
    "nan": _counts(_one(float("nan"))),
    "infinite": _counts(_one(float("inf"))),
    "text": _counts(_one("7")),
    "null": _counts(_one(None)),
    "object": _counts(_one({})),
    "fraction": _counts(lambda counts: {o: n + 0.9 for o, n in counts.items()}),
    "negative": _counts(lambda counts: {**counts, "01": -1, "10": 1}),
    "short sum": _counts(lambda counts: {next(iter(counts)): 1}),
    "another width": _counts(lambda counts: {o + "0": n for o, n in counts.items()}),
    "hex": _counts(lambda counts: {hex(int(o, 2)): n for o, n in counts.items()}),
    "escape": _counts(lambda counts: {"\x1b[2J": sum(counts.values())}),
    "no counts": _counts(lambda _: None),
    "missing": lambda page: page[1:],
    "twice": lambda page: [*page, *page],
    "contradicting": lambda page: [*page, {**page[0], "counts": {"11": 1}}] if page else page,
    "reversed": lambda page: page[::-1],
    "foreign": lambda page: [{**entry, "label": f"other.{i}"} for i, entry in enumerate(page)],
    "strangers": lambda page: [*page, {"label": "77", "counts": {"00": 1}}, {}, 3],  # type: ignore[list-item]
}
"""Ways in which a page of results is wrong."""


@dataclass(slots=True)
class Job:
    """A job of the service."""

    id: str
    tag: str
    state: str = "new"
    circuits: list[Entry] = field(default_factory=list)
    ready: float = 0.0


@dataclass(slots=True)
class Service:
    """What the service knows, under one lock."""

    seconds: float
    page: int
    zeros: bool = False
    jobs: dict[str, Job] = field(default_factory=dict)
    started: Counter[str] = field(default_factory=Counter)
    executed: Counter[str] = field(default_factory=Counter)
    switches: list[dict[str, Any]] = field(default_factory=list)
    seen: Counter[str] = field(default_factory=Counter)
    requests: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)
    random: random.Random = field(default_factory=random.Random)

    def fault(self, operation: str) -> str:
        """What goes wrong with a request; nothing is an empty text."""
        for switch in self.switches:
            if switch["operation"] not in (operation, "any") or switch.get("times") == 0:
                continue
            faults = [fault for fault in switch["faults"] if _applies(fault, operation)]
            if not faults or self.random.random() >= switch.get("share", 1.0):
                continue
            if "times" in switch:
                switch["times"] -= 1
            found = str(self.random.choice(faults))
            self.seen[found] += 1
            return found
        return ""

    def do(
        self, operation: str, job: Job | None, query: dict[str, list[str]], body: Any
    ) -> tuple[int, Any]:
        """Do what is asked; status code and answer."""
        if operation == "make":
            made = Job(f"j{len(self.jobs) + 1}", body["tag"])
            self.jobs[made.id] = made
            return 201, {"job": made.id}
        if job is None:
            return 404, {"error": "no such job"}
        self._advance(job)
        return getattr(self, f"_{operation}")(job, query, body)  # type: ignore[no-any-return]

    def _fill(self, job: Job, _: Any, body: Any) -> tuple[int, Any]:
        if job.state != "new":
            return 409, {"error": f"the job is {job.state}"}
        job.circuits, job.state = body["circuits"], "queued"
        job.ready = time.monotonic() + self.seconds
        self.started.update(circuit["work"] for circuit in job.circuits)
        return 200, {}

    def _status(self, job: Job, *_: Any) -> tuple[int, Any]:
        return 200, {"state": "queued" if job.state == "new" else job.state}

    def _stop(self, job: Job, *_: Any) -> tuple[int, Any]:
        if job.state in ("done", "stopped"):
            return 409, {"error": f"the job is {job.state}"}
        job.state = "stopped"
        return 200, {}

    def _results(self, job: Job, query: dict[str, list[str]], _: Any) -> tuple[int, Any]:
        if job.state != "done":
            return 409, {"error": "there are no results"}
        first = int(query.get("from", ["0"])[0])
        page = [self._measured(circuit) for circuit in job.circuits[first : first + self.page]]
        after = first + len(page)
        following = after if after < len(job.circuits) else None
        return 200, {"total": len(job.circuits), "next": following, "results": page}

    def _measured(self, circuit: Entry) -> Entry:
        """What a circuit yields; one whose name begins with ``invalid``, an error."""
        label, bits, shots = circuit["label"], circuit["bits"], circuit["shots"]
        if circuit["name"].startswith("invalid"):
            return {"label": label, "error": "this circuit cannot run here"}
        if circuit["values"]:
            return {"label": label, "values": [[1.0, 0.0 if shots else None]] * circuit["values"]}
        if self.zeros:
            return {"label": label, "counts": {"0" * bits: shots}}
        return {"label": label, "counts": counts_of(circuit["work"], bits, shots)}

    def _advance(self, job: Job) -> None:
        if job.state == "queued" and time.monotonic() >= job.ready:
            job.state = "done"
            self.executed.update(circuit["work"] for circuit in job.circuits)


def _changed(operation: str, kind: str, code: int, document: Any) -> tuple[int, Any]:
    """An answer that can be read, and is not what was asked for."""
    if code == 200 and operation == "status" and kind in STATES:
        states = {"strange": {"state": "pondering"}, "mute": {}}
        return 404 if kind == "forget" else 200, states.get(kind, {"error": "no such job"})
    if code == 200 and operation == "results" and kind in DISTORTIONS:
        return 200, {**document, "results": DISTORTIONS[kind](document["results"])}
    return code, document


class Handler(BaseHTTPRequestHandler):
    """One request."""

    protocol_version = "HTTP/1.1"
    wbufsize = 1 << 16
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
        path, service = parts.path.strip("/").split("/"), self.service
        if path == ["faults"]:
            with service.lock:
                service.switches = [body] if body else []
            return self._send(200, {})
        if path == ["reset"]:
            with service.lock:
                service.jobs.clear()
                service.started.clear()
                service.executed.clear()
                service.switches = []
            return self._send(200, {})
        if path == ["audit"]:
            with service.lock:
                audit = {"started": service.started, "executed": service.executed,
                         "requests": service.requests, "faulty": service.seen.total(),
                         "faults": service.seen}  # fmt: skip
                return self._send(200, audit)
        operation = _operation(path, body)
        with service.lock:
            service.requests += 1
            fault = service.fault(operation)
            done: tuple[int, Any] = (200, {})
            if fault == "" or fault.startswith("!") or fault in STATES or fault in DISTORTIONS:
                job = service.jobs.get(path[1]) if len(path) > 1 else None
                done = service.do(operation, job, parse_qs(parts.query), body)
        return self._answer(operation, fault, *done)

    def _answer(self, operation: str, fault: str, code: int, document: Any) -> None:
        kind = fault.removeprefix("!")
        if kind.rstrip("+").isdigit():
            after = {"Retry-After": "0"} if kind.endswith("+") else {}
            self._send(int(kind.rstrip("+")), {"error": "as you \x1b[31mwish"}, after)
        elif kind == "reset":
            self._hang_up()
        elif kind == "elsewhere":
            self._send(302, {}, {"Location": "http://127.0.0.1:9/"})
        elif kind == "moved":
            self._send(307, {}, {"Location": self.path})
        elif kind in ("truncated", "html", "garbage", "list", "drip"):
            self._break(kind, document)
        else:
            self._send(*_changed(operation, kind, code, document))

    def _break(self, kind: str, document: Any) -> None:
        data = json.dumps(document).encode()
        if kind == "html":
            self._raw(b"<html><body>sorry</body></html>", len(b"<html><body>sorry</body></html>"))
        elif kind == "garbage":
            self._raw(b'{"status": \xff', 12)
        elif kind == "list":
            self._raw(b"[1, 2]", 6)
        elif kind == "truncated":
            self._raw(data[: len(data) // 2], len(data) + 10)
            self._hang_up()
        else:
            self._drip(data)

    def _drip(self, data: bytes) -> None:
        self._raw(b"", len(data) + 1000)
        try:
            for byte in data + b" " * 1000:
                self.wfile.write(bytes([byte]))
                self.wfile.flush()
                time.sleep(0.05)
        except OSError:
            self.close_connection = True

    def _send(self, code: int, document: Any, headers: dict[str, str] | None = None) -> None:
        data = json.dumps(document).encode()
        self._raw(data, len(data), code, headers)

    def _raw(
        self, data: bytes, length: int, code: int = 200, headers: dict[str, str] | None = None
    ) -> None:
        try:
            self.send_response(code)
            for name, value in {**(headers or {}), "Content-Length": str(length)}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(data)
            self.wfile.flush()
        except OSError:
            self.close_connection = True  # the client was killed, or waited no longer

    def _hang_up(self) -> None:
        self.close_connection = True
        self.connection.close()


def _applies(fault: str, operation: str) -> bool:
    """Whether a request of that operation can suffer it."""
    if fault in DISTORTIONS:
        return operation == "results"
    if fault == "moved":
        return operation in ("status", "results")
    return fault not in STATES or operation == "status"


def _operation(path: list[str], body: Any) -> str:
    if path == ["jobs"]:
        return "make"
    last = path[2] if len(path) > 2 else "status"
    return "fill" if last == "circuits" and body is not None else last


class Server(ThreadingHTTPServer):
    """Many requests at once, on the loopback interface only."""

    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, *_: Any) -> None:
        """A client that was killed in the middle is nothing to report."""


def main() -> None:
    """Serve until standard input ends."""
    parser = argparse.ArgumentParser(description="A service on 127.0.0.1 that answers badly.")
    parser.add_argument("--seconds", type=float, default=0.0, help="how long a job runs")
    parser.add_argument("--page", type=int, default=50, help="results on a page")
    parser.add_argument("--seed", type=int, default=None, help="of the faults")
    parser.add_argument("--zeros", action="store_true", help="measure zeros only")
    options = parser.parse_args()
    Handler.service = Service(options.seconds, options.page, options.zeros)
    Handler.service.random.seed(options.seed)
    server = Server(("127.0.0.1", 0), Handler)
    print(server.server_address[1], flush=True)  # noqa: T201 - the caller reads it
    threading.Thread(target=server.serve_forever, daemon=True).start()
    sys.stdin.read()
    server.shutdown()


if __name__ == "__main__":
    main()
