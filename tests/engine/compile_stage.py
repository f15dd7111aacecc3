"""A compile stage that does as it is told, and what drives a lane over it."""

import json
import time

from qbatch.domain.compilations import Layout, Metrics
from qbatch.domain.states import CompilationState
from qbatch.engine.compiling import CompileLane
from qbatch.payloads.circuit.formats import read_circuits
from qbatch.seam import Compiled, Landed, Target


class TellTale:
    """A stage that gives circuits back as they came, but for those of a set of marks."""

    compiler = "telltale 1"
    target = Target(name="anything", body="{}")

    def __init__(self, refused=(), size=0):
        self.refused, self.size = set(refused), size
        self.asked, self.queue, self.closed, self.kept = [], [], False, None

    def options(self, readout):
        return json.dumps({"readout": readout.value})

    def submit(self, tasks):
        self.asked += [task.mark for task in tasks]
        self.queue += tasks

    def landed(self, seconds):
        found, self.queue = [self._landed(task) for task in self.queue[:2]], self.queue[2:]
        return found

    def _landed(self, task):
        if task.mark[0] in self.refused:
            state = CompilationState.INVALID
            return Landed(mark=task.mark, state=state, seconds=0.1, error="no")
        text = task.source.body + b"\n//" + b"x" * self.size
        (payload,) = read_circuits(text, "x")
        layout = Layout(wires=(0, 1), initial=(0, 1), final=(0, 1))
        compiled = Compiled(
            payload=payload, layout=layout, metrics=Metrics(depth=4, size=5, two_qubit=1)
        )
        return Landed(mark=task.mark, state=CompilationState.DONE, seconds=0.1, compiled=compiled)

    def keep_only(self, marks):
        self.kept = set(marks)

    def close(self):
        self.closed = True


def parts(store):
    store.work_queue.begin()
    store.work_queue.pick([1])
    return [job for _, job in store.work_queue.planned(0, 100)]


def lane(store, stage, said=None):
    return CompileLane(store, stage, "device", (said if said is not None else []).append)


def driven(one):
    found = []
    end = time.monotonic() + 10
    while one.is_busy and time.monotonic() < end:
        one.step(0.01)
        found += one.leave(None)
    return found
