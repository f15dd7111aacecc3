"""One store in turn from two environments with different versions of Qiskit.

``python -m benchmarks.qiskits OTHER_PYTHON [--processes N]``: circuits with parameters and
expressions are built in many processes of both environments, and must have one hash each; then
the environments take turns at one store, adding, running, reading and comparing. Exit code 1
where a hash differs, a job is added twice, or a circuit cannot be read by the other.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path
from typing import Any

TOP = Path(__file__).parents[1]


def circuits() -> dict[str, Any]:
    """Circuits with all that QPY holds random ids or orders of."""
    from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister
    from qiskit.circuit import Parameter, ParameterVector
    from qiskit.circuit.library import PauliEvolutionGate, UnitaryGate
    from qiskit.quantum_info import SparsePauliOp

    a, b, t = Parameter("a"), Parameter("b"), ParameterVector("t", 12)
    sums = QuantumCircuit(2, 2)
    sums.ry(a + b, 0)
    sums.rz(2 * a - 0.3 * b + 1, 1)
    sums.rx((a + b) ** 2 / 3, 0)
    sums.crx((a * b).sin() + a.exp(), 0, 1)
    sums.global_phase = a / 2
    sums.measure([0, 1], [0, 1])

    vector = QuantumCircuit(4, 4)
    for place in range(12):
        vector.ry(2 * t[place] + t[0] - t[(place + 5) % 12], place % 4)
        vector.cx(place % 4, (place + 1) % 4)
    vector.measure(range(4), range(4))

    inner = QuantumCircuit(1, name="own")
    inner.rx(a, 0)
    inner.append(UnitaryGate([[0, 1], [1, 0]]), [0])
    branch = QuantumCircuit(QuantumRegister(2, "q"), ClassicalRegister(2, "c"))
    branch.append(inner.to_gate(), [0])
    branch.measure(0, 0)
    with branch.if_test((branch.clbits[0], 1)):
        branch.rz(a + b, 1)
    branch.measure(1, 1)

    evolved = QuantumCircuit(2, 2)
    evolved.append(PauliEvolutionGate(SparsePauliOp(["ZZ", "XI"]), time=a + b), [0, 1])
    evolved.measure([0, 1], [0, 1])
    return {"sums": sums, "vector": vector, "branch": branch, "evolved": evolved}


def hashes() -> dict[str, str]:
    """Each circuit's content hash, as it is built in this process."""
    from qbatch.payloads.circuit.formats import from_qiskit

    return {name: from_qiskit(circuit).hash for name, circuit in circuits().items()}


def forked_hashes(processes: int) -> None:
    """Print the hashes, a line for each of so many processes: forked, as importing takes long."""
    import qiskit.circuit.library
    import qiskit.qpy  # noqa: F401

    for _ in range(processes):
        child = os.fork()
        if not child:
            print(json.dumps(hashes(), sort_keys=True), flush=True)
            os._exit(0)
        os.waitpid(child, 0)


def visit(db: str) -> dict[str, Any]:
    """Add what is not there, run it, and read everything; what was found."""
    from importlib.metadata import version

    from qbatch import JobGroup
    from qbatch.api.database import verify

    group, added = JobGroup("g", db=db), 0
    for name, circuit in circuits().items():
        values = {p.name: 0.1 + 0.01 * n for n, p in enumerate(circuit.parameters)}
        report = group.add(circuit, parameters=values, shots=500, seed=7, name=name, if_new=True)
        added += len(report.numbers)
    run = group.run_parallel(executor="serial")
    own = JobGroup(f"own-{version('qiskit')}", db=db)  # the other's circuits, drawn here
    if own.name not in JobGroup.list_existing(db):
        group.copy(own.name)
        own.run_parallel(executor="serial")
    found = {
        "qiskit": version("qiskit"),
        "added": added,
        "failed": run.failed + own.status().counts.get("error", 0),
        "shown": [bool(group.handle(job.number).source_text) for job in group.jobs],
        "counts": [dict(result.counts or {}) for result in own.results()],
        "problems": verify(db),
    }
    for one in (group, own):
        one.close()
    return found


def asked(python: str, *arguments: str) -> Any:
    """What another process of an environment answers."""
    environment = {**os.environ, "PYTHONPATH": str(TOP)}
    done = subprocess.run(
        [python, "-W", "ignore", "-m", "benchmarks.qiskits", *arguments],
        capture_output=True, text=True, check=True, env=environment, cwd=TOP,
    )  # fmt: skip
    return json.loads(done.stdout)


def campaign(pythons: list[str], processes: int) -> list[str]:
    """What is wrong, a sentence each."""
    wrong: list[str] = []
    found: dict[str, set[str]] = defaultdict(set)
    for number in range(processes):
        for name, value in asked(pythons[number % len(pythons)], "--hashes", "1").items():
            found[name].add(value)
    for name, values in found.items():
        print(f"{name:<10}{len(values)} hash in {processes} processes: {min(values)[:26]}…")
        if len(values) > 1:
            wrong.append(f"{name} has {len(values)} hashes")
    with tempfile.TemporaryDirectory() as directory:
        db = str(Path(directory) / "q.db")
        visits = [asked(python, "--visit", db) for python in (*pythons, *pythons)]
    for number, seen in enumerate(visits):
        print(f"visit {number + 1} with Qiskit {seen['qiskit']}: {seen['added']} added")
        if seen["added"] and number:
            wrong.append(f"visit {number + 1} added {seen['added']} jobs again")
        if seen["failed"] or seen["problems"] or not all(seen["shown"]):
            wrong.append(f"visit {number + 1}: {seen['failed']} failed, {seen['problems']}")
        if seen["counts"] != visits[0]["counts"]:
            wrong.append(f"visit {number + 1} drew other counts")
    return wrong


def main() -> int:
    """Run the campaign; exit code 1 where something is wrong."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("other", nargs="?", help="the Python of another environment")
    parser.add_argument("--processes", type=int, default=20)
    parser.add_argument(
        "--hashes", type=int, metavar="N", help="print the hashes of so many processes and end"
    )
    parser.add_argument("--visit", metavar="DB", help="visit a store once and end")
    options = parser.parse_args()
    if options.hashes:
        forked_hashes(options.hashes)
        return 0
    if options.visit:
        print(json.dumps(visit(options.visit)))
        return 0
    pythons = [sys.executable, *([options.other] if options.other else [])]
    wrong = campaign(pythons, options.processes)
    for sentence in wrong:
        print(f"wrong: {sentence}", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
