"""Every adapter is told of, and what it lacks can be installed."""

import pytest

from qbatch.backends import about, registry
from qbatch.backends.qiskit import SERVICES
from qbatch.backends.qiskit.devices import KNOWN


def test_every_adapter_and_provider_of_ours_is_told_of():
    assert about.foreign() == [k for k in registry.available() if not about.of_type(k)]
    for kind in ("aer", "braket", "qiskit", "qoro"):
        assert about.of_type(kind)
    told = {one.settings for one in about.ADAPTERS}
    for provider in {*SERVICES, *KNOWN} - {"generic"}:
        assert f"type = qiskit, provider = {provider}" in told


def test_what_is_missing_is_named_with_its_extra(monkeypatch):
    monkeypatch.setattr(about.About, "is_installed", False)
    assert about.installs("qiskit", "ibm") == "pip install 'qbatch-quantum[ibm]'"
    assert about.installs("braket", None) == "pip install 'qbatch-quantum[braket]'"
    assert about.installs("aer", None) is None
    monkeypatch.setattr(about.About, "is_installed", True)
    assert about.installs("qiskit", "ibm") is None


def test_a_package_in_a_package_that_is_not_there_is_not_installed():
    one = about.ADAPTERS[0]._replace(module="nowhere.at.all")
    assert not one.is_installed
    assert about.ADAPTERS[0].is_installed


@pytest.mark.parametrize("one", about.ADAPTERS, ids=lambda one: one.settings)
def test_nothing_is_left_out(one):
    assert one.licence
    assert one.takes
    assert one.tried
