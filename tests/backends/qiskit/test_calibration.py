"""How a device is calibrated, as its target and properties say."""

import datetime
from types import SimpleNamespace

import pytest
from qiskit.circuit.library import CXGate, Measure, SXGate
from qiskit.providers.fake_provider import GenericBackendV2
from qiskit.transpiler import InstructionProperties, QubitProperties, Target

from qbatch.backends.qiskit.calibration import calibration_of


def device(*, error=0.01, t1=1e-4):
    target = Target(
        num_qubits=2, qubit_properties=[QubitProperties(t1=t1, t2=2e-4), QubitProperties()]
    )
    target.add_instruction(SXGate(), {(0,): InstructionProperties(error=1e-4), (1,): None})
    target.add_instruction(CXGate(), {(0, 1): InstructionProperties(error=error)})
    target.add_instruction(Measure(), {(0,): InstructionProperties(error=0.02), (1,): None})
    return target


def at(moment):
    return SimpleNamespace(last_update_date=moment)


def test_what_is_said_of_qubits_and_gates():
    found = calibration_of(device())
    assert (found.qubits[0].t1, found.qubits[0].t2) == (1e-4, 2e-4)
    assert found.qubits[0].readout_error == 0.02
    assert (found.qubits[1].t1, found.qubits[1].readout_error) == (None, None)
    assert found.gates == {"sx 0": 1e-4, "cx 0 1": 0.01}
    assert found.at is None


@pytest.mark.parametrize(
    "other",
    [
        calibration_of(device(error=0.02)),
        calibration_of(device(t1=2e-4)),
        calibration_of(device(), at(datetime.datetime(2026, 11, 28, tzinfo=datetime.UTC))),
    ],
)
def test_whatever_changes_is_another_calibration(other):
    assert calibration_of(device()).digest == calibration_of(device()).digest != other.digest


def test_times_are_told_in_utc():
    zone = datetime.timezone(datetime.timedelta(hours=3))
    moment = datetime.datetime(2026, 11, 28, 3, tzinfo=zone)
    assert calibration_of(device(), at(moment)).at == "2026-11-28T00:00:00+00:00"
    assert calibration_of(device(), at("yesterday")).at == "yesterday"
    naive = datetime.datetime(2026, 11, 28)
    assert calibration_of(device(), at(naive)).at == "2026-11-28T00:00:00"


def test_where_nothing_is_said_there_is_none():
    assert calibration_of(None) is None
    bare = Target(num_qubits=1)
    bare.add_instruction(SXGate(), {(0,): None})
    assert calibration_of(bare) is None
    assert calibration_of(GenericBackendV2(2, noise_info=False).target) is None


def test_a_gate_that_is_everywhere():
    target = Target()
    target.add_instruction(SXGate())
    assert calibration_of(target) is None


def test_infinity_is_nothing_that_is_known():
    found = calibration_of(device(error=float("nan"), t1=float("inf")))
    assert found.qubits[0].t1 is None
    assert found.gates == {"sx 0": 1e-4}
