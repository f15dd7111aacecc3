"""A guarded workflow, run in this process: no error leaves it, and what is kept is small."""

import asyncio

import pytest

pytest.importorskip("bqskit")

from bqskit.compiler import BasePass
from bqskit.compiler.passdata import PassData
from bqskit.ir.circuit import Circuit
from bqskit.ir.gates import CNOTGate, HGate

from qbatch.stages.bqskit_passes import ERROR, LOG, Guarded


class Adds(BasePass):
    async def run(self, circuit, data):
        circuit.append_gate(HGate(), [0])
        data["large"] = list(range(1000))


class Fails(BasePass):
    async def run(self, circuit, data):
        raise KeyError("no such gate")


def guarded(*passes):
    circuit = Circuit(2)
    circuit.append_gate(CNOTGate(), [0, 1])
    data = PassData(circuit)
    asyncio.run(Guarded(list(passes)).run(circuit, data))
    return circuit, data


def test_each_pass_leaves_a_line_and_nothing_large():
    circuit, data = guarded(Adds(), Adds())
    assert circuit.num_operations == 3
    assert data[ERROR] is None
    lines = data[LOG].splitlines()
    assert [line.split(":")[0] for line in lines[:2]] == ["Adds", "Adds"]
    assert lines[1].endswith("3 operations, 1 on two qubits")
    assert lines[2].startswith("upper bound of the error")
    assert "large" not in data
    assert data.target is not None  # what BQSKit keeps by itself is there


def test_an_error_is_told_and_not_raised():
    circuit, data = guarded(Adds(), Fails(), Adds())
    assert data[ERROR] == "KeyError: 'no such gate'"
    assert circuit.num_operations == 2  # what came after was not run
    assert len(data[LOG].splitlines()) == 1
    assert "large" not in data
