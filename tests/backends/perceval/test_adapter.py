"""Perceval's simulators as a backend, as far as that needs no Perceval; see tests/providers."""

import importlib.util
from types import SimpleNamespace
from typing import Any

import pytest

from qbatch import UsageError
from qbatch.backends.perceval import PercevalBackend
from qbatch.errors import NotInstalled

INFO = {"num_modes": 12, "num_photons": 6}


@pytest.fixture
def backend(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: object())
    return PercevalBackend("perceval", {})


def job(shots, options="{}"):
    found: Any = SimpleNamespace(payload=SimpleNamespace(info=INFO), shots=shots, options=options)
    return found


def test_without_perceval_it_says_what_installs_it(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(NotInstalled) as told:
        PercevalBackend("perceval", {})
    assert "qbatch-quantum[quandela]" in (told.value.hint or "")


def test_shots_cost_where_they_are_sampled(backend):
    assert backend.cost(job(10)) == backend.cost(job(100_000))
    clifford = '{"simulator": "CliffordClifford2017"}'
    assert backend.cost(job(100_000, clifford)) > backend.cost(job(10, clifford)) + 1


def test_memory_is_that_of_all_output_states(backend):
    assert backend.bytes_of(INFO) == 16 * 12376  # 17 over 6
    assert backend.bytes_of({"num_modes": 200, "num_photons": 100}) == 2**60


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"simulator": "abacus"}, "no simulator"),
        ({"max_shots": 0}, "from 1"),
        ({"max_shots": 1.5}, "from 1"),
        ({"speed": 1}, "speed"),
    ],
)
def test_unknown_options_are_refused(backend, options, said):
    with pytest.raises(UsageError, match=said):
        backend.check_options(options)
    with pytest.raises(UsageError, match=said):
        PercevalBackend("perceval", options).check_settings()
