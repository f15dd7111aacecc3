"""Eight programs, one of which takes half a second a round: python … computes|sleeps.

Prints how many times as long the seven others take beside it as beside a program like themselves.
"""

import sys
import tempfile
from pathlib import Path

from qbatch import JobGroup

PROGRAM = """
import time
from qiskit import QuantumCircuit
from qiskit.circuit import ParameterVector

def solve(ctx, k, slow):
    theta = ParameterVector("t", 8)
    circuit = QuantumCircuit(8)
    for place in range(8):
        circuit.ry(theta[place], place)
    for place in range(7):
        circuit.cx(place, place + 1)
    x = ctx.rng.uniform(0, 3, 8)
    for step in range(300 if k else 15):
        ctx.expectation(circuit, x, "ZZZZZZZZ")
        x = x + ctx.rng.normal(0, 0.1, 8)
        until = time.perf_counter() + (0.5 if slow and not k else 0.001)
        while time.perf_counter() < until:
            if slow == 2 and not k:
                time.sleep(0.01)
"""


def seconds(slow: int) -> float:
    """From the first round's answers to the end of the slowest of the seven others."""
    with tempfile.TemporaryDirectory() as directory:
        (Path(directory) / "eight.py").write_text(PROGRAM)
        with JobGroup("g", db=Path(directory) / "q.db", config="") as group:
            group.add_program(
                f"{directory}/eight.py:solve",
                parameters={"k": list(range(8))},
                arguments={"slow": slow},
                seed=1,
            )
            group.run(executor="serial")
            ended = [program.finished_at for program in group.programs()[1:]]
            first = min(job.created_at for job in group.jobs if job.step == 1)
            assert all(moment is not None for moment in ended)
            return max(moment or 0.0 for moment in ended) - first


def main(way: str) -> float:
    """The ratio."""
    return seconds(1 if way == "computes" else 2) / seconds(0)


if __name__ == "__main__":
    print(main(sys.argv[1]))
