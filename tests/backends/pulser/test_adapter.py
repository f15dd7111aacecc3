"""Pulser's simulator as a backend, as far as that needs no Pulser; see tests/providers."""

import importlib.util
from types import SimpleNamespace
from typing import Any

import pytest

from qbatch import UsageError
from qbatch.backends.pulser import PulserBackend
from qbatch.errors import NotInstalled


@pytest.fixture
def backend(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: object())
    return PulserBackend("pulser", {})


def test_without_pulser_it_says_what_installs_it(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(NotInstalled) as told:
        PulserBackend("pulser", {})
    assert "qbatch-quantum[pasqal]" in (told.value.hint or "")


def test_atoms_cost_what_states_do(backend):
    def job(atoms):
        found: Any = SimpleNamespace(payload=SimpleNamespace(info={"num_atoms": atoms}))
        return found

    assert backend.cost(job(14)) > 2 * backend.cost(job(10))
    assert backend.bytes_of({"num_atoms": 12}) > 10 * backend.bytes_of({"num_atoms": 8})


@pytest.mark.parametrize("options", [{"speed": 1}, {"sampling_rate": 0}, {"sampling_rate": "x"}])
def test_unknown_options_are_refused(backend, options):
    with pytest.raises(UsageError):
        backend.check_options(options)
    with pytest.raises(UsageError):
        PulserBackend("pulser", options).check_settings()
