"""A loopback service of the Qoro dialect, written from its documented protocol.

``python -m tests.backends.qoro_service [--latency S] [--packed] [--idle]`` listens on 127.0.0.1,
prints its port, and runs circuits on Aer. POST /faults queues faults by operation:
``lose`` (done, connection closed), ``drop`` (nothing done, connection closed), a status
code, ``html``, ``garbage``; for results also ``endless``, ``missing``, ``twice``.
GET /audit tells what was asked, uploaded and run.
"""

import argparse
import base64
import gzip
import itertools
import json
import re
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from qiskit import qasm2
from qiskit.quantum_info import SparsePauliOp, Statevector
from qiskit_aer import AerSimulator


def unpacked(text):
    return gzip.decompress(base64.b64decode(text)).decode()


class Job:
    def __init__(self, number, body):
        self.id, self.body = f"job-{number}", body
        self.circuits = []  # (label, text, shots, group)
        self.finalized = self.deleted = False
        self.status = "PENDING"
        self.results = None
        self.uploads = []

    def add(self, body):
        self.uploads.append(len(json.dumps(body)))
        start = len(self.circuits)
        if "circuit_template" in body:
            template, names = unpacked(body["circuit_template"]), body["parameter_names"]
            rows = []
            for row in body["parameter_sets"]:
                text = template
                for name, value in zip(names, row["values"], strict=True):
                    text = re.sub(rf"\b{name}\b", f"({value!r})", text)
                rows.append((row["label"], text))
        else:
            rows = [(label, unpacked(text)) for label, text in body["circuits"].items()]
        shots = [body.get("shots")] * len(rows)
        for first, end, count in body.get("shot_groups", []):
            shots[first:end] = [count] * (end - first)
        groups = [None] * len(rows)
        if "observables" in body:
            spans = body.get("circuit_ham_map")
            parts = body["observables"].split("|")
            for index in range(len(rows)):
                place = start + index
                which = (
                    0
                    if spans is None
                    else next(i for i, (a, b) in enumerate(spans) if a <= place < b)
                )
                groups[index] = parts[which]
        self.circuits += [
            (label, text, n, group)
            for (label, text), n, group in zip(rows, shots, groups, strict=True)
        ]
        self.finalized = body["finalized"] == "true"

    def pretend(self):
        """As a service whose simulations take no time."""
        self.results = [
            {"label": label, "results": {"00": shots}} for label, _, shots, _ in self.circuits
        ]
        self.status = "COMPLETED"

    def run(self, packed):
        own = qasm2.LEGACY_CUSTOM_INSTRUCTIONS
        circuits = [qasm2.loads(text, custom_instructions=own) for _, text, _, _ in self.circuits]
        found: list[object] = [None] * len(circuits)
        for shots in {shots for _, _, shots, _ in self.circuits} - {None}:
            places = [i for i, entry in enumerate(self.circuits) if entry[2] == shots]
            result = AerSimulator().run([circuits[i] for i in places], shots=shots).result()
            for index, place in enumerate(places):
                counts = {k.replace(" ", ""): n for k, n in result.get_counts(index).items()}
                found[place] = histogram(counts) if packed else counts
        self.results = [
            {"label": label, "results": values(circuit, group) if group is not None else counts}
            for (label, _, _, group), circuit, counts in zip(
                self.circuits, circuits, found, strict=True
            )
        ]
        self.status = "COMPLETED"


def values(circuit, group):
    """Expectation values by dense Pauli string, qubit 0 leftmost."""
    qubits, packed = re.fullmatch(r"@gzs(\d+):(.*)", group).groups()
    state, found = Statevector(circuit), {}
    for sparse in unpacked(packed).split(";"):
        letters = ["I"] * int(qubits)
        for letter, place in re.findall(r"([XYZ])(\d+)", sparse):
            letters[int(place)] = letter
        dense = "".join(letters)
        found[dense] = float(state.expectation_value(SparsePauliOp(dense[::-1])).real)
    return found


def leb(number):
    out = bytearray()
    while True:
        byte, number = number & 0x7F, number >> 7
        out.append(byte | (0x80 if number else 0))
        if not number:
            return bytes(out)


def histogram(counts, magic=b"QH1"):
    bits = len(next(iter(counts)))
    pairs = sorted((int(k, 2), n) for k, n in counts.items())
    gaps = [b - a for a, b in zip([0, *(o for o, _ in pairs)], (o for o, _ in pairs), strict=False)]
    ones = [n == 1 for _, n in pairs]
    runs = [1]
    for before, now in itertools.pairwise(ones):
        runs = [*runs[:-1], runs[-1] + 1] if before == now else [*runs, 1]
    block = leb(len(runs)) + bytes([ones[0]]) + b"".join(map(leb, runs))
    extras = [n - 2 for _, n in pairs if n != 1]
    width = bytes([bits]) if magic == b"QH1" else leb(bits)
    blob = magic + width + leb(len(pairs)) + leb(sum(counts.values())) + leb(len(gaps))
    blob += b"".join(map(leb, gaps)) + leb(len(block)) + block
    blob += leb(len(extras)) + b"".join(map(leb, extras))
    payload = base64.b64encode(blob).decode()
    return {"encoding": magic.decode().lower(), "n_bits": bits, "payload": payload}


class Service(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, options):
        super().__init__(("127.0.0.1", 0), Handler)
        self.options, self.jobs, self.faults, self.asked = options, {}, [], []
        self.lock, self.secret = threading.Lock(), options.secret

    def fault(self, operation):
        for entry in self.faults:
            if entry["operation"] == operation and entry["times"]:
                entry["times"] -= 1
                return entry["fault"]
        return None


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = 1 << 16  # headers and body together: apart, TCP delays the second by 40 ms

    def do_GET(self):
        self.answer("GET")

    def do_POST(self):
        self.answer("POST")

    def do_DELETE(self):
        self.answer("DELETE")

    def answer(self, method):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        path = urlsplit(self.path)
        parts = [part for part in path.path.split("/") if part]
        service: Any = self.server
        if parts == ["faults"]:
            service.faults.append(json.loads(body))
            return self.send(200, {})
        if parts == ["secret"]:
            service.secret = json.loads(body)
            service.faults.clear()
            return self.send(200, {})
        if parts == ["audit"]:
            return self.send(200, audit(service))
        time.sleep(service.options.latency)
        operation = name_of(method, parts, body)
        with service.lock:
            service.asked.append(operation)
            fault = service.fault(operation)
            if fault == "drop":
                return self.hang_up()
            if isinstance(fault, int):
                return self.send(fault, {"error": "as you wish"}, {"Retry-After": "0"})
            if self.headers.get("Authorization") != f"Bearer {service.secret}":
                return self.send(401, {"error": "no such key"})
            code, document = handle(service, operation, parts, body, parse_qs(path.query), fault)
        if fault == "lose":
            return self.hang_up()
        if fault == "html":
            return self.send(200, "<html>sorry</html>")
        if fault == "garbage":
            return self.send(200, '{"status": ')
        return self.send(code, document)

    def send(self, code, document, headers=None):
        text = document if isinstance(document, str) else json.dumps(document)
        self.send_response(code)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(text.encode())))
        self.end_headers()
        self.wfile.write(text.encode())

    def hang_up(self):
        self.close_connection = True
        self.connection.close()

    def log_message(self, *args):
        pass


def name_of(method, parts, body):
    if method == "DELETE":
        return "delete"
    if parts[-1:] == ["add_circuits"]:
        return "last_chunk" if json.loads(body)["finalized"] == "true" else "chunk"
    return parts[-1]


def handle(service, operation, parts, body, query, fault):
    if operation == "credits":
        return 200, {"credits": "12.50"}
    if operation == "simulatorcluster":
        return 200, [{"name": "qoro_maestro"}]
    if operation == "qpusystem":
        return 200, [{"name": "lab", "qpus": [{"nickname": "one", "q_bits": 5}]}]
    if operation == "init":
        job = Job(len(service.jobs) + 1, json.loads(body))
        service.jobs[job.id] = job
        return 201, {"job_id": job.id}
    job = service.jobs.get(parts[1])
    if job is None or job.deleted or fault == "forget":
        return 404, {"error": "no such job"}
    if operation in ("chunk", "last_chunk"):
        job.add(json.loads(body))
        return 200, {}
    if operation == "delete":
        job.deleted = True
        return 200, {}
    if operation == "status":
        if fault in ("SCHEDULED", "RUNNING", "PAUSED", "PENDING"):
            return 200, {"status": fault}
        if fault is not None and fault.isupper():
            job.status = fault
        elif job.finalized and job.status == "PENDING":
            job.pretend() if service.options.idle else job.run(service.options.packed)
        return 200, {"status": job.status, "run_time": "0.1"}
    if operation == "cancel":
        if job.status == "COMPLETED":
            return 409, {"error": "it has finished"}
        job.status = "CANCELLED"
        return 200, {"status": "cancelled", "job_id": job.id, "circuits_cancelled": 1}
    if job.results is None:
        return 400, {"error": "not ready"}
    first = int(query["offset"][0])
    # A service may page by less than it is asked for.
    limit = 2 if fault == "short" else int(query["limit"][0])
    page = job.results[first : first + limit]
    more = first + len(page) < len(job.results)
    if fault == "missing":
        page = page[1:]
    if fault == "twice":
        page = [*page, {**page[0], "results": {}}]
    return 200, {"count": len(job.results), "next": "more" if more or fault == "endless" else None,
                 "results": page}  # fmt: skip


def audit(service):
    return {
        "asked": service.asked,
        "run": sum(job.results is not None for job in service.jobs.values()),
        "deleted": sum(job.deleted for job in service.jobs.values()),
        "uploads": [size for job in service.jobs.values() for size in job.uploads],
        "jobs": [job.body for job in service.jobs.values()],
        "circuits": [len(job.circuits) for job in service.jobs.values()],
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--latency", type=float, default=0.0)
    parser.add_argument("--packed", action="store_true")
    parser.add_argument("--idle", action="store_true", help="answer zeros, simulate nothing")
    parser.add_argument("--secret", default="key")
    server = Service(parser.parse_args())
    print(server.server_port, flush=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    sys.stdin.read()
