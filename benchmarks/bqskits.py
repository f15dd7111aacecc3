"""BQSKit beside Qiskit: ``python -m benchmarks.bqskits [--qasmbench DIRECTORY]``.

Circuits are compiled for a line of qubits by Qiskit's levels 2 and 3 and by BQSKit; what came of
each is held against the given circuit by the reference of `benchmarks.truth`, which asks nothing
of qbatch. The table tells two-qubit gates, depth and seconds of a worker.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qiskit.qasm2 import QASM2ParseError

from benchmarks.truth import reference
from qbatch.domain.compilations import Readout
from qbatch.domain.states import CompilationState
from qbatch.payloads.circuit import target as targets
from qbatch.payloads.circuit.formats import from_qiskit
from qbatch.seam import CompileTask, Landed, Mark, Target
from qbatch.stages.settings import make_stage
from qbatch.testing.compilers import circuit

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

_SAME = 2e-5
_MOST_WIDE = 8  # qubits of a circuit whose law the reference follows
_GATES = ["rz", "sx", "x", "cx"]
WAYS: Mapping[str, Mapping[str, Any]] = {
    "Qiskit, level 2": {"with": "qiskit", "level": 2},
    "Qiskit, level 3": {"with": "qiskit", "level": 3},
    "BQSKit, level 1": {"with": "bqskit", "level": 1},
    "BQSKit, level 2": {"with": "bqskit", "level": 2},
}


def line(width: int) -> Target:
    """Qubits in a line."""
    edges = [[a, b] for a in range(width) for b in (a - 1, a + 1) if 0 <= b < width]
    return Target(name=f"line{width}", body=targets.from_gates(_GATES, edges))


def generated(count: int) -> list[QuantumCircuit]:
    """Random circuits of three to five qubits, measured."""
    found = []
    for seed in range(count):
        given = circuit(seed, width=3 + seed % 3)
        given.measure(range(given.num_qubits), range(given.num_qubits))
        found.append(given)
    return found


def qasmbench(place: Path, most: int) -> list[QuantumCircuit]:
    """Circuits of a directory that are unitary up to their measurements at the end."""
    found = []
    for file in sorted(place.glob("*.qasm")):
        if file.stem.endswith("_transpiled"):
            continue
        try:
            given = reference.parse(file.read_text(), "qasm2")
        except QASM2ParseError:
            continue  # what Qiskit cannot read, the reference cannot follow
        given.name = file.stem
        plain = not given.count_ops().keys() & {"reset", "if_else"}
        if 2 <= given.num_qubits <= most and given.num_clbits and plain:
            found.append(given)
    return found


def compiled(
    given: Sequence[QuantumCircuit], way: Mapping[str, Any], timeout: float
) -> list[Landed]:
    """What came of each."""
    by_width: dict[int, list[int]] = {}
    for place, one in enumerate(given):
        by_width.setdefault(max(3, one.num_qubits), []).append(place)
    found: dict[int, Landed] = {}
    for width, places in by_width.items():
        stage = make_stage("line", {**way, "timeout": timeout}, line(width), local=True)
        try:
            stage.submit([_task(place, given[place]) for place in places])
            left = set(places)
            while left:
                for landed in stage.landed(1.0):
                    found[landed.mark.payload] = landed
                    left.discard(landed.mark.payload)
        finally:
            stage.close()
    return [found[place] for place in range(len(given))]


def _task(place: int, given: QuantumCircuit) -> CompileTask:
    return CompileTask(mark=Mark(place, Readout.GIVEN, ""), source=from_qiskit(given).source)


def is_equal(given: QuantumCircuit, landed: Landed) -> bool:
    """Whether the compiled circuit has the given one's law, by the reference."""
    assert landed.compiled is not None
    source = landed.compiled.payload.source
    body: Any = source.body if source.format == "qpy" else source.body.decode()
    one, other = reference.law(given), reference.law(reference.parse(body, source.format))
    names = {*one, *other}
    # Amplitudes may differ by 1e-5.
    return max(abs(one.get(name, 0.0) - other.get(name, 0.0)) for name in names) < _SAME


def table(name: str, given: Sequence[QuantumCircuit], ways: Sequence[str], timeout: float) -> int:
    """Print a table; the number of circuits that came out wrong."""
    found = {way: compiled(given, WAYS[way], timeout) for way in ways}
    wrong = 0
    good = [
        place
        for place in range(len(given))
        if all(found[way][place].state is CompilationState.DONE for way in ways)
    ]
    print(f"\n{name}: {len(given)} circuits, {len(good)} of them by all")
    print("| | compiled | equal | two-qubit gates | depth | median s | all s |")
    print("|---|---|---|---|---|---|---|")
    for way in ways:
        own = found[way]
        done = [n for n, one in enumerate(own) if one.state is CompilationState.DONE]
        looked = [n for n in done if given[n].num_qubits <= _MOST_WIDE]
        equal = sum(is_equal(given[n], own[n]) for n in looked)
        wrong += len(looked) - equal
        metrics = [own[n].compiled.metrics for n in good]  # type: ignore[union-attr]
        seconds = [one.seconds for one in own]
        cells = [
            way, len(done), f"{equal} of {len(looked)}", sum(m.two_qubit for m in metrics),
            sum(m.depth for m in metrics), f"{statistics.median(seconds):.3f}",
            f"{sum(seconds):.0f}",
        ]  # fmt: skip
        print("| " + " | ".join(map(str, cells)) + " |", flush=True)
        for n, one in enumerate(own):
            if one.state is not CompilationState.DONE:
                print(f"<!-- {way}: {given[n].name}: {one.state}: {one.error} -->")
    _wins(found, good, ways)
    return wrong


def _wins(found: Mapping[str, list[Landed]], good: Sequence[int], ways: Sequence[str]) -> None:
    """In how many circuits each way of BQSKit has fewer two-qubit gates than the better Qiskit."""
    sizes = {
        way: [found[way][n].compiled.metrics.two_qubit for n in good]  # type: ignore[union-attr]
        for way in ways
    }
    qiskit = [
        min(pair) for pair in zip(*(sizes[way] for way in ways if "Qiskit" in way), strict=True)
    ]
    for way in ways:
        if "BQSKit" in way:
            fewer = sum(a < b for a, b in zip(sizes[way], qiskit, strict=True))
            more = sum(a > b for a, b in zip(sizes[way], qiskit, strict=True))
            print(f"{way}: fewer two-qubit gates in {fewer}, more in {more}, as many in"
                  f" {len(good) - fewer - more}")  # fmt: skip


def main() -> int:
    """Compare; exit code 1 where a circuit does something else."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--circuits", type=int, default=200)
    parser.add_argument("--qasmbench", type=Path)
    parser.add_argument("--widest", type=int, default=8)
    parser.add_argument("--timeout", type=float, default=120.0)
    parser.add_argument("--ways", default=json.dumps(list(WAYS)))
    options = parser.parse_args()
    begin = time.monotonic()
    ways = json.loads(options.ways)
    wrong = 0
    if options.circuits:
        wrong += table("generated", generated(options.circuits), ways, options.timeout)
    if options.qasmbench is not None:
        given = qasmbench(options.qasmbench, options.widest)
        wrong += table("QASMBench", given, ways, options.timeout)
    print(f"\n{wrong} wrong, {time.monotonic() - begin:.0f} s")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
