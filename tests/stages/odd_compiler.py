"""A compiler that does to circuits what their names say: it refuses, hangs, dies."""

import os
import signal
import time
from pathlib import Path

from qbatch.domain.compilations import Layout, Metrics
from qbatch.errors import InvalidCircuit
from qbatch.payloads.circuit.formats import read_circuits
from qbatch.seam import Compiled


class OddCompiler:
    """Gives every circuit back as it was, but for those that say something else.

    Options: ``log``, a file that gets a line for each circuit it begins with.
    """

    def version(self):
        return "odd 1"

    def settle(self, options):
        return dict(options)

    def compile(self, source, readout, target, options):
        text = source.body.decode()
        if log := options.get("log"):
            with Path(log).open("a") as stream:
                stream.write(text.splitlines()[0] + "\n")
        time.sleep(options.get("seconds", 0))
        if "poisoned" in text:
            raise InvalidCircuit("it is poisoned")
        if "broken" in text:
            raise ZeroDivisionError("by zero")
        if "greedy" in text:
            raise MemoryError
        if "hangs" in text:
            time.sleep(600)
        if "kills" in text:
            os.kill(os.getpid(), signal.SIGKILL)
        if "flaky" in text and not Path(options["mark"]).exists():
            Path(options["mark"]).touch()
            os.kill(os.getpid(), signal.SIGKILL)
        (payload,) = read_circuits(source.body, "x")
        layout = Layout(wires=(0,), initial=(0,), final=(0,))
        return Compiled(
            payload=payload, layout=layout, metrics=Metrics(depth=1, size=1, two_qubit=0)
        )
