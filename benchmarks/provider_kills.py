"""Runs over providers' real packages, killed: ``python -m benchmarks.provider_kills ibm``.

The package speaks to a stand-in for its service on this machine (`tests.providers`). A run is
killed a random moment after one of its requests, again and again, and then finished. Every job
must have its result, or be of a batch whose fate nobody can know; and the stand-in must never
have taken more executions than there are jobs: none is paid for twice.
"""

from __future__ import annotations

import argparse
import importlib
import json
import logging
import math
import os
import random
import socketserver
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

_AT_ONCE = 10
TEXT = """OPENQASM 3.0; include "stdgates.inc"; input float a; qubit[2] q; bit[2] c;
rx(a) q[0]; cx q[0], q[1]; c = measure q;
"""


def _ibm(service: Any) -> tuple[dict[str, str], dict[str, str]]:
    own = importlib.import_module("tests.providers.ibm_service")
    settings = {"type": "qiskit", "provider": "ibm", "device": own.DEVICE, "instance": own.CRN,
                "url": f"{service.url}/api/v1"}  # fmt: skip
    env = {"IAM_URL": service.url, "QISKIT_FUNCTIONS_EXPERIMENTAL": "1",
           "QISKIT_IBM_TOKEN": "t" * 44}  # fmt: skip
    return settings, env


def _ionq(service: Any) -> tuple[dict[str, str], dict[str, str]]:
    settings = {"type": "qiskit", "provider": "ionq", "url": service.url}
    return settings, {"IONQ_API_KEY": "key", "IONQ_API_URL": service.url}


def _aqt(service: Any) -> tuple[dict[str, str], dict[str, str]]:
    settings = {"type": "qiskit", "provider": "aqt", "url": service.url, "workspace": "lab",
                "device": "ibex"}  # fmt: skip
    return settings, {"AQT_TOKEN": "secret"}


def _iqm(service: Any) -> tuple[dict[str, str], dict[str, str]]:
    settings = {"type": "qiskit", "provider": "iqm", "url": service.url, "device": "adonis"}
    return settings, {"IQM_TOKEN": "secret"}


def _braket(service: Any) -> tuple[dict[str, str], dict[str, str]]:
    own = importlib.import_module("tests.providers.braket_service")
    settings = {"type": "braket", "device": own.DEVICE, "bucket": own.BUCKET}
    env = {"BRAKET_ENDPOINT": service.url, "AWS_ENDPOINT_URL_S3": service.aws,
           "AWS_ENDPOINT_URL_STS": service.aws, "AWS_ACCESS_KEY_ID": "test",
           "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1"}  # fmt: skip
    return settings, env


def _quandela(service: Any) -> tuple[dict[str, str], dict[str, str]]:
    settings = {"type": "quandela", "url": service.url, "platform": "sim:x", "max_shots": 1000}
    return settings, {"PCVL_CLOUD_TOKEN": "secret"}


def _pasqal(service: Any) -> tuple[dict[str, str], dict[str, str]]:
    settings = {"type": "pasqal", "url": service.url, "project_id": "p"}
    return settings, {"PASQAL_TOKEN": "secret"}


def _pasqal_open(service: Any) -> tuple[dict[str, str], dict[str, str]]:
    settings, env = _pasqal(service)
    return {**settings, "open": True}, env  # type: ignore[dict-item] # a table of the configuration


def _experiment(place: Path) -> Path:
    """A photon at a beam splitter of any phase."""
    import perceval as pcvl
    from perceval.serialization import serialize

    circuit = pcvl.Circuit(2) // (0, pcvl.BS()) // (0, pcvl.PS(pcvl.P("a"))) // (0, pcvl.BS())
    found = pcvl.Experiment(circuit)
    found.with_input(pcvl.BasicState([1, 0]))
    found.min_detected_photons_filter(0)
    (place / "c.pcvl").write_text(serialize(found))
    return place / "c.pcvl"


def _sequence(place: Path) -> Path:
    """A pulse of any strength on an atom."""
    from pulser import MockDevice, Pulse, Register, Sequence

    found = Sequence(Register({"q0": (0, 0)}), MockDevice)
    found.declare_channel("ryd", "rydberg_global")
    found.add(Pulse.ConstantPulse(1000, found.declare_variable("a", dtype=float), 0, 0), "ryd")
    found.measure("ground-rydberg")
    (place / "c.pulser").write_text(found.to_abstract_repr())
    return place / "c.pulser"


def _circuit(place: Path) -> Path:
    (place / "c.qasm3").write_text(TEXT)
    return place / "c.qasm3"


PAYLOADS = {"quandela": _experiment, "pasqal": _sequence, "pasqal-open": _sequence}


def _taken(name: str, service: Any) -> int:
    """Executions that the stand-in has taken and not been told to stop."""
    if name == "braket":
        return sum(task["body"]["shots"] // 10 for task in service.tasks.values())
    if name.startswith("pasqal"):
        return len(service.jobs)
    jobs = service.jobs.values()
    if name == "quandela":
        return sum(len(job["body"]["payload"]["iterator"]) for job in jobs)
    if name == "ibm":
        return sum(_points(job["body"]) for job in jobs if not job["cancelled"])
    if name == "ionq":
        given = [job["body"]["input"] for job in jobs]
        return sum(len(own.get("circuits", (0,))) for own in given)
    bodies = [job["body"] for job in jobs]
    return sum(len(body.get("payload", body)["circuits"]) for body in bodies)


def _points(body: Mapping[str, Any]) -> int:
    from qiskit_ibm_runtime.json import RuntimeDecoder

    pubs = json.loads(json.dumps(body["params"]), cls=RuntimeDecoder)["pubs"]
    return sum(len(pub[1]) if len(pub) > 1 and pub[1] is not None else 1 for pub in pubs)


PROVIDERS = {
    "ibm": ("tests.providers.ibm_service:IbmService", _ibm),
    "ionq": ("tests.providers.ionq_service:IonqService", _ionq),
    "aqt": ("tests.providers.aqt_service:AqtService", _aqt),
    "iqm": ("tests.providers.iqm_service:IqmService", _iqm),
    "braket": ("tests.providers.braket_service:BraketService", _braket),
    "quandela": ("tests.providers.quandela_service:QuandelaService", _quandela),
    "pasqal": ("tests.providers.pasqal_service:PasqalService", _pasqal),
    "pasqal-open": ("tests.providers.pasqal_service:PasqalService", _pasqal_open),
}


def campaign(name: str, kills: int, seed: int, place: Path) -> int:
    """Kill so many times, then finish; the number of things that are wrong."""
    # A client that is killed leaves a connection that breaks, as it should.
    socketserver.BaseServer.handle_error = lambda *_: None  # type: ignore[method-assign]
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    module, _, cls = PROVIDERS[name][0].partition(":")
    service = getattr(importlib.import_module(module), cls)(seconds=0.2)
    settings, more = PROVIDERS[name][1](service)
    config = place / "config.toml"
    lines = [f"{key} = {json.dumps(value)}" for key, value in settings.items()]
    config.write_text("\n".join(["[backends.cloud]", *lines]))
    env, rng = {**os.environ, **more}, random.Random(seed)
    qbatch = [sys.executable, "-m", "qbatch", "--db", str(place / "q.db"), "--config", str(config)]
    run = [*qbatch, "run", "g", "--backend", "cloud", "--max-batch-size", str(_AT_ONCE), "-q", "-y"]
    number = 4 * _AT_ONCE * kills
    _add(PAYLOADS.get(name, _circuit)(place), place, qbatch, number)
    landed = 0
    for _ in range(kills):
        landed += _killed(run, env, service, rng)
    finished = subprocess.run(run, env=env, capture_output=True, text=True, check=False)
    counts = _counts(qbatch)
    sound = subprocess.run([*qbatch, "db", "verify"], capture_output=True, check=False)
    taken = _taken(name, service)
    print(f"{name}: {kills} kills, {landed} of them after a request; of {number} jobs"
          f" {counts['done']} done, {counts['unknown']} unknown; {taken} executions taken",
          flush=True)  # fmt: skip
    if counts["done"] + counts["unknown"] != number:
        print(finished.stdout, finished.stderr)
    service.close()
    wrong = counts["done"] + counts["unknown"] != number
    wrong += not counts["done"] <= taken <= number
    looks_up = name in ("ibm", "braket", "pasqal", "pasqal-open")
    return wrong + (looks_up and counts["unknown"] > 0) + (sound.returncode != 0)


def _add(circuit: Path, place: Path, qbatch: list[str], number: int) -> None:
    values = place / "values.csv"
    angles = "\n".join(str(math.pi * k / number) for k in range(number))
    values.write_text(f"a\n{angles}\n")
    subprocess.run([*qbatch, "add", "g", str(circuit), "--params", str(values),
                    "--shots", "10", "-q"], check=True, stdout=subprocess.DEVNULL)  # fmt: skip


def _killed(run: list[str], env: Mapping[str, str], service: Any, rng: random.Random) -> int:
    """Begin a run, and kill it a moment after one of its requests; 1 if it came to that."""
    before, wait = len(service.requests), rng.randint(3, 16)
    process = subprocess.Popen(run, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    end = time.monotonic() + 30
    while process.poll() is None and time.monotonic() < end:
        if len(service.requests) >= before + wait:
            break
        time.sleep(0.002)
    time.sleep(rng.uniform(0.0, 0.05))
    process.kill()
    process.wait()
    return len(service.requests) > before


def _counts(qbatch: list[str]) -> dict[str, int]:
    told = subprocess.run([*qbatch, "status", "g", "--json"], capture_output=True, check=True)
    found: dict[str, int] = json.loads(told.stdout)["groups"][0]["counts"]
    return found


def main() -> int:
    """Run the campaign; exit code 1 where something is wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("provider", choices=sorted(PROVIDERS))
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        return 1 if campaign(options.provider, options.kills, options.seed, Path(place)) else 0


if __name__ == "__main__":
    sys.exit(main())
