"""Circuits keep the promises of a payload format."""

import pytest

from qbatch.domain.requests import Request
from qbatch.domain.results import ResultKind
from qbatch.errors import UsageError
from qbatch.payloads.circuit.format import CircuitFormat
from qbatch.payloads.registry import format_of, payload_format
from qbatch.testing import PayloadContract

from ...conftest import ANSATZ, BELL


class TestCircuits(PayloadContract):
    good = (BELL.encode(), ANSATZ.encode())
    bad = (b"OPENQASM 2.0; nonsense;", b"OPENQASM 7.0;", b"OPENQASM 2.0; qreg q[0];")

    @pytest.fixture
    def format(self):
        return payload_format("circuit")


def test_what_nobody_recognises_is_told_by_the_circuits_reader():
    assert isinstance(format_of(b"something else"), CircuitFormat)
    with pytest.raises(UsageError, match="x"):
        format_of(b"\0binary").read(b"\0binary", "x")


def test_what_a_circuit_cannot_answer_is_refused():
    own = payload_format("circuit")
    (bell,) = own.read(BELL.encode(), "bell")
    own.check(bell, Request(), 100)
    own.check(bell, Request(kind=ResultKind.PROBABILITIES), None)
    resets = BELL.replace("cx q[0], q[1];", "reset q[0];")
    (dynamic,) = own.read(resets.encode(), "dynamic")
    with pytest.raises(UsageError, match="probabilities are not exact"):
        own.check(dynamic, Request(kind=ResultKind.PROBABILITIES), None)
    with pytest.raises(UsageError, match="know no request 'photons'"):
        own.check(bell, Request(options={"photons": 2}), 100)
