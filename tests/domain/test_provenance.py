"""What batches ran on: one text for one meaning, and nothing else is read."""

import json

import pytest

from qbatch.domain.provenance import Calibration, Provenance, Qubit, hash_of

CALIBRATED = Calibration(
    digest="sha256:1",
    at="2026-11-28T01:00:00+00:00",
    qubits={0: Qubit(t1=1e-4, t2=2e-4, readout_error=0.01), 3: Qubit()},
    gates={"cx 0 3": 0.01, "cx 0 1": 0.02, "sx 3": 1e-4, "delay": 0.0},
)
FOUND = Provenance(
    versions={"qiskit": "2.6.2"}, device="fake", target="target-sha256:2", calibration=CALIBRATED
)


def test_what_is_written_is_read():
    for one in (FOUND, Provenance(), Provenance(calibration=Calibration(digest="x"))):
        assert Provenance.read(one.text()) == one
        assert one.hash == hash_of(one.text())


def test_the_order_of_versions_means_nothing():
    one, two = (Provenance(versions=dict(v)) for v in ([("a", "1"), ("b", "2")],) * 2)
    turned = Provenance(versions={"b": "2", "a": "1"})
    assert one.hash == two.hash == turned.hash != FOUND.hash


def test_only_the_qubits_that_were_used():
    found = CALIBRATED.of({0, 3})
    assert found.qubits == CALIBRATED.qubits
    assert set(found.gates) == {"cx 0 3", "sx 3", "delay"}
    assert CALIBRATED.of({1}).qubits == {}
    assert set(CALIBRATED.of({1}).gates) == {"delay"}
    assert found.digest == CALIBRATED.digest


@pytest.mark.parametrize(
    "change",
    [
        {"versions": {"qiskit": 2}},
        {"versions": None},
        {"device": 7},
        {"calibration": {"digest": "x"}},
        {"calibration": {"digest": 1, "at": None, "qubits": {}, "gates": {}}},
        {"calibration": {"digest": "x", "at": 3, "qubits": {}, "gates": {}}},
        {"calibration": {"digest": "x", "at": None, "qubits": {"a": {}}, "gates": {}}},
        {"calibration": {"digest": "x", "at": None, "qubits": {"0": {"t3": 1}}, "gates": {}}},
        {"calibration": {"digest": "x", "at": None, "qubits": {}, "gates": {"cx": "0.1"}}},
        {"calibration": {"digest": "x", "at": None, "qubits": {}, "gates": {"cx": True}}},
        {"more": 1},
        {"settings": {"method": 3}},
    ],
)
def test_anything_else_is_refused(change):
    text = json.dumps({**json.loads(FOUND.text()), **change})
    with pytest.raises((ValueError, TypeError, KeyError, AttributeError)):
        Provenance.read(text)


def test_no_number_that_json_does_not_have():
    odd = Provenance(calibration=Calibration(digest="x", gates={"cx 0 1": float("nan")}))
    with pytest.raises(ValueError, match="JSON"):
        odd.text()
    with pytest.raises(ValueError, match="where a number belongs"):
        Provenance.read(FOUND.text().replace("0.02", "NaN", 1).replace("0.01", "Infinity", 1))
