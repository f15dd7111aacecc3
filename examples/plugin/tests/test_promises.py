"""The backend keeps the promises of the seam, the format and the compiler theirs."""

import pytest
from qbatch_beam.backend import BeamBackend
from qbatch_beam.compiler import CommutingCompiler
from qiskit import QuantumCircuit

from qbatch.domain.compilations import Readout
from qbatch.payloads.circuit.formats import from_qiskit
from qbatch.payloads.registry import payload_format
from qbatch.testing import BackendContract, PayloadContract
from qbatch.testing.compilers import LINE, CompilerContract

STRAIGHT = "modes 2\ninput 0\n"
LOSSY = STRAIGHT + "efficiency 0.9\n"


class TestBackend(BackendContract):
    text = STRAIGHT
    zeros = "|1,0>"
    invalid = {"parameters": (0.1,)}  # more values than it has parameters

    @pytest.fixture
    def backend(self):
        backend = BeamBackend("beam", {"executor": "threads:2"})
        yield backend
        backend.close()


class TestLossyBackend(TestBackend):
    text = LOSSY
    losses = 1.0  # of a single shot

    def test_some_are_lost(self, backend):
        (result,) = self.run(backend, self.batch({"shots": 10_000}))
        assert 8_500 < sum(result.counts.values()) < 9_500


class TestFormat(PayloadContract):
    good = (STRAIGHT.encode(), LOSSY.encode(), b"modes 3\ninput 2\nphase 1 theta\n")
    bad = (b"modes 2\nmirror 0\n", b"modes 1\n", b"modes 2\ninput 7\n", b"modes 2\nefficiency 3\n")

    @pytest.fixture
    def format(self):
        return payload_format("beam")


class TestCompiler(CompilerContract):
    options = ({}, {"commuting": False, "level": 0})

    @pytest.fixture
    def compiler(self):
        return CommutingCompiler()

    def test_what_commutes_cancels(self, compiler):
        given = QuantumCircuit(2)
        given.cx(0, 1)
        given.rz(0.3, 0)  # commutes with the control
        given.cx(0, 1)
        source = from_qiskit(given).source
        found = compiler.compile(source, Readout.GIVEN, LINE, compiler.settle({"level": 0}))
        assert found.metrics.two_qubit == 0
