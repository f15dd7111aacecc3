"""Workflows as a user would write them; imported by BQSKit's workers."""

import os
import signal
import time

from bqskit.compiler import BasePass
from bqskit.ir.gates import XGate
from bqskit.passes import ForEachBlockPass, QuickPartitioner, ScanningGateRemovalPass, UnfoldPass


def removes(model):
    return [QuickPartitioner(3), ForEachBlockPass([ScanningGateRemovalPass()]), UnfoldPass()]


def raises(model):
    raise KeyError("no such pass")


class Wrong(BasePass):
    """Does something else than the circuit."""

    async def run(self, circuit, data):
        circuit.append_gate(XGate(), [0])


def wrong(model):
    return [Wrong()]


def _last_angle(circuit):
    angles = [float(p) for operation in circuit for p in operation.params]
    return round(angles[0], 2) if angles else 0.0


class Inside(BasePass):
    """Raises in a block, which another task works on."""

    async def run(self, circuit, data):
        raise ZeroDivisionError("in a block")


class Odd(BasePass):
    """What the first angle of a circuit says: 1.11 raises, 2.22 hangs, 2.02 kills its worker."""

    async def run(self, circuit, data):
        what = _last_angle(circuit)
        if what == 1.11:
            raise ZeroDivisionError("poisoned")
        if what == 2.22:
            time.sleep(600)
        if what == 2.02:
            os.kill(os.getpid(), signal.SIGKILL)
        if what == 1.21:
            blocks = [QuickPartitioner(2), ForEachBlockPass([Inside()]), UnfoldPass()]
            for one in blocks:
                await one.run(circuit, data)


def odd(model):
    return [Odd()]
