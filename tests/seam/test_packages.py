"""Versions of installed packages."""

from importlib.metadata import version

from qbatch.seam import versions_of


def test_what_is_installed_is_told_and_nothing_else():
    found = versions_of("qiskit", "no-such-package-at-all", "")
    assert found == {"qiskit": version("qiskit")}
    assert versions_of() == {}
