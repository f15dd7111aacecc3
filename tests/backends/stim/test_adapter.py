"""Stim as a backend."""

import importlib.util

import pytest

from qbatch import JobGroup, UsageError
from qbatch.backends.stim import StimBackend
from qbatch.domain.requests import Request
from qbatch.errors import NotInstalled
from qbatch.testing import BackendContract

pytest.importorskip("stim")


class TestStim(BackendContract):
    text = "M 0 1\n"
    zeros = "00"
    invalid = {"request": Request(options={"sample": "detectors"})}  # noqa: RUF012

    @pytest.fixture
    def backend(self):
        backend = StimBackend("stim", {"executor": "serial"})
        yield backend
        backend.close()


@pytest.fixture
def group(db):
    with JobGroup("codes", db=db) as group:
        yield group


def test_a_circuit_of_stims_goes_there_unasked(group):
    import stim

    group.add("X 0\nM 0 1\n", shots=10)
    group.add(stim.Circuit("M 0\nDETECTOR rec[-1]"), shots=20, asks={"sample": "detectors"})
    assert group.run(executor="serial").done == 2
    assert [dict(one.counts) for one in group.results()] == [{"10": 10}, {"0": 20}]


def test_where_the_group_has_a_backend_that_one_is_meant(group):
    group.edit(backend="aer")
    group.add("M 0\n", shots=10)
    group.run(executor="serial")
    (job,) = group.jobs
    assert "and no stim" in (job.error or "")


def test_in_worker_processes_too(group):
    group.add("H 0\nM 0\n", shots=50, seed=3)
    group.run(executor="serial")
    group.add("H 0\nM 0\n", shots=50, seed=3)
    group.run(executor="local:2")
    first, second = group.results()
    assert first.counts == second.counts


def test_its_own_check_samples_and_unknown_words_are_refused():
    backend = StimBackend("stim", {})
    assert "samples here" in backend.check()
    with pytest.raises(UsageError):
        StimBackend("stim", {"method": "x"}).check_settings()
    with pytest.raises(UsageError, match="no option 'sample'") as told:
        backend.check_options({"sample": "detectors"})
    assert "--ask" in (told.value.hint or "")


def test_without_stim_it_says_what_installs_it(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(NotInstalled) as told:
        StimBackend("stim", {})
    assert "qbatch-quantum[stim]" in (told.value.hint or "")
