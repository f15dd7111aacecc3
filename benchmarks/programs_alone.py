"""Rounds of programs without simulation and without user code: python … PROGRAMS ROUNDS.

The programs are generators that ask for a circuit of their own parameter value; the backend answers
at once. Prints the milliseconds that a round of all of them takes, from the question to the answer.
"""

import sys
import tempfile
import time
from pathlib import Path

from qbatch import JobGroup
from qbatch.backends.catalog import Catalog
from qbatch.config import Config
from qbatch.engine import Run, RunSettings
from qbatch.seam import Backend
from qbatch.store import Store
from qbatch.testing import InstantBackend

PROGRAM = """
from qbatch import Evaluation

TEXT = (
    'OPENQASM 3.0; include "stdgates.inc"; input float a; qubit[2] q; bit[2] c;'
    " rx(a) q[0]; c = measure q;"
)

def solve(ctx, k, rounds):
    for step in range(rounds):
        yield [Evaluation(circuit=TEXT, parameters=[k + step / rounds], shots=100)]
    return k
"""


def main(programs: int, rounds: int) -> float:
    """Milliseconds a round; the start of the host is left out."""
    from qbatch.api.programs import driver

    with tempfile.TemporaryDirectory() as directory:
        (Path(directory) / "rounds.py").write_text(PROGRAM)
        group = JobGroup("g", db=Path(directory) / "q.db", config="")
        group.add_program(
            f"{directory}/rounds.py:solve",
            parameters={"k": list(range(programs))},
            arguments={"rounds": rounds},
            seed=1,
        )
        store = Store(group.path)
        settings = RunSettings(default_backend="instant", program_hosts=1)
        selected = group.programs()
        source = driver(selected, store, settings, Catalog(Config.load("")), print)
        assert source is not None
        first: list[float] = []

        def open_backend(name: str) -> Backend:
            first.append(time.perf_counter())  # when the first round is sent
            return InstantBackend(name)

        run = Run(store, [group.status()], open_backend, settings, source=source)
        report = run.execute()
        seconds = time.perf_counter() - first[0]
        assert report.done == programs * rounds
        assert report.programs == {"done": programs}
        return seconds / rounds * 1e3


if __name__ == "__main__":
    print(main(int(sys.argv[1]), int(sys.argv[2])))
