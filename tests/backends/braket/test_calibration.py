"""What Braket says that a device runs on."""

from types import SimpleNamespace

from qbatch.backends.braket.calibration import provenance_of


def device(standardized, at="2026-11-28"):
    properties = SimpleNamespace(service=SimpleNamespace(updatedAt=at))
    if standardized is not None:
        properties.standardized = SimpleNamespace(json=lambda: standardized)
    return SimpleNamespace(name="Aria 1", properties=properties)


def test_another_standard_property_is_another_calibration():
    one, same, other = (provenance_of(device(text)) for text in ("a", "a", "b"))
    assert one == same
    assert one.device == "Aria 1"
    assert one.calibration.at == "2026-11-28"
    assert one.calibration.digest != other.calibration.digest


def test_a_simulator_has_none():
    assert provenance_of(device(None)).calibration is None
