"""Pasqal Cloud's dialect over a stand-in that needs no Pulser; the rest in tests/providers."""

import time

import pytest

from qbatch import JobGroup, UsageError
from qbatch.backends.pasqal import PasqalBackend
from qbatch.backends.pasqal.service import _data
from qbatch.domain.states import Failure, RemoteState
from qbatch.errors import AuthError, BackendError, LostAnswer, Transient
from tests.blocks import without

from .conftest import SWEPT, PasqalContract, batch, sent, sweep


@pytest.fixture
def backend(service):
    found = PasqalBackend("cloud", {"url": service.url})
    yield found
    found.close()


class TestContract(PasqalContract):
    pass


@pytest.fixture
def config(service, tmp_path):
    path = tmp_path / "config.toml"
    path.write_text(
        f'[defaults]\nbackend = "cloud"\n[backends.cloud]\ntype = "pasqal"\nurl = "{service.url}"\n'
    )
    return path


@pytest.fixture
def group(db, config):
    with JobGroup("g", db=db, config=config) as group:
        yield group


def test_a_sweep_is_one_batch_of_one_sequence(group, service):
    """The default backend runs sequences: that is their home."""
    group.add(SWEPT, parameters=sweep(), shots=100)
    group.add(SWEPT, parameters=sweep(amp=4.0), shots=50)
    report = group.run()
    assert (report.done, report.submissions) == (4, 1)
    (batch,) = service.batches.values()
    assert [job["runs"] for job in batch["jobs"]] == [100, 100, 100, 50]
    assert batch["jobs"][1]["variables"] == {"amp": 2.0, "dur": 400, "d": [0.0, 0.0]}
    assert type(batch["jobs"][1]["variables"]["dur"]) is int
    assert batch["body"]["tags"][0].startswith("qbatch-")
    # One to send, one to ask, one for the jobs, and for each a link and what it leads to.
    assert len([r for r in service.requests if "devices" not in r]) == 3 + 2 * 4


def test_a_job_that_fails_costs_itself(group, service):
    service.faults.append("some")
    group.add(SWEPT, parameters=sweep(), shots=10)
    report = group.run()
    assert (report.done, report.failed) == (2, 1)
    assert group.jobs[1].error == "an atom was lost"


def test_a_batch_all_of_whose_jobs_fail_says_why(group, service):
    service.faults.append("fail")
    group.add(SWEPT, parameters=sweep(), shots=10)
    assert group.run().failed == 3
    assert "failed" in (group.jobs[0].error or "")


def test_an_answer_that_is_no_counts_costs_itself(group, service):
    group.add(SWEPT, parameters=sweep(amp=[0.5, 1.0]), shots=10)
    report = group.run()
    assert (report.done, report.failed) == (1, 1)


@pytest.mark.parametrize("fault", ["lose", "gateway"])
def test_a_lost_answer_is_found_by_its_tag(group, service, fault):
    service.faults.append(fault)
    group.add(SWEPT, parameters=sweep(), shots=10)
    report = group.run()
    assert (report.done, len(service.batches)) == (3, 1)


def test_a_refused_batch_fails(group, service):
    service.faults.append("refuse")
    group.add(SWEPT, parameters=sweep(amp=1.0), shots=10)
    assert group.run().failed == 1
    assert service.batches == {}


def test_a_variable_that_wants_a_whole_number_fails_before_it_is_sent(group, service):
    group.add(SWEPT, parameters=sweep(dur=[400, 400.5], amp=1.0), shots=10)
    report = group.run()
    assert (report.done, report.failed) == (1, 1)
    assert "whole number" in (group.jobs[1].error or "")


def test_looking_and_fetching_import_no_package(group, service, db, config):
    service.seconds = 0.5
    group.add(SWEPT, parameters=sweep(), shots=100)
    group.run(wait=False)
    time.sleep(0.6)
    for command in ("sync", "status"):
        without(["pulser", "pasqal_cloud", "qiskit"], db, config, command, "g")
    assert [job.status for job in group.jobs] == ["done"] * 3


def test_jobs_come_in_pages(backend, service):
    service.page = 2
    work = batch(*range(1, 8))
    found = backend.answers(sent(backend, work), work)
    assert [sum(one.counts.values()) for one in found] == list(range(1, 8))


def test_answers_of_another_job_are_noticed(backend, service):
    """Position alone ties an answer to its item: what the service tells of a job is compared."""
    work = batch(10, 20)
    number = sent(backend, work)
    service.batches[number]["jobs"].reverse()
    found = backend.answers(number, work)
    assert all("is another" in str(one.error) for one in found)
    del service.batches[number]["jobs"][0]
    with pytest.raises(BackendError, match="which is whose"):
        backend.answers(number, work)


def test_a_link_gets_no_token_and_is_http(backend, service):
    work = batch(100)
    number = sent(backend, work)
    assert backend.answers(number, work)[0].counts == {"00": 100}
    service.root = "file:///etc"
    (found,) = backend.answers(number, work)
    assert "no link" in str(found.error)


def test_words_that_nobody_knows_end_nothing(backend, service):
    work = batch(100)
    number = sent(backend, work)
    service.told(number)
    service.told = lambda _: {"status": "DREAMING"}
    assert backend.status(number).state is RemoteState.UNKNOWN
    service.told = lambda _: {"status": "TIMED_OUT", "jobs_count_per_status": {}}
    assert backend.status(number).failure is Failure.TIMEOUT
    service.told = lambda _: {"status": "ERROR", "jobs_count_per_status": {"DONE": 1}}
    assert backend.status(number).state is RemoteState.DONE


def test_its_check_asks_for_the_devices(service, monkeypatch):
    assert "EMU_FREE" in PasqalBackend("x", {"url": service.url}).check()
    assert "FRESNEL;" in PasqalBackend("x", {"url": service.url, "device": "FRESNEL"}).check()
    with pytest.raises(UsageError, match="no device 'IROISE'"):
        PasqalBackend("x", {"url": service.url, "device": "IROISE"}).check()
    monkeypatch.setenv("PASQAL_TOKEN", "wrong")
    with pytest.raises(AuthError):
        PasqalBackend("x", {"url": service.url}).check()
    monkeypatch.delenv("PASQAL_PROJECT_ID")
    with pytest.raises(UsageError, match="no project"):
        PasqalBackend("x", {"url": service.url}).check()


def test_unknown_words_are_refused(backend):
    with pytest.raises(UsageError):
        PasqalBackend("x", {"speed": 1}).check_settings()
    with pytest.raises(UsageError):
        backend.check_options({"x": 1})
    with pytest.raises(UsageError):
        PasqalBackend("x", {"max_shots": 0})


def test_a_lost_answer_may_have_been_accepted(backend, service):
    service.faults.append("lose")
    with pytest.raises(LostAnswer):
        sent(backend, batch(1))


def test_an_answer_without_data_says_nothing():
    with pytest.raises(Transient):
        _data([])


def test_what_ended_before_a_batch_was_cancelled_is_kept(group, service):
    """It is paid for."""
    told = service.told

    def half(number):
        jobs = service.batches[number]["jobs"]
        jobs[0]["status"], jobs[1]["status"] = "DONE", "CANCELED"
        return {**told(number), "status": "CANCELED", "jobs_count_per_status": {"DONE": 1}}

    service.told = half
    group.add(SWEPT, parameters=sweep(amp=[1.0, 2.0]), shots=10)
    assert group.run().done == 1
    assert next(job.status for job in group.jobs) == "done"


def test_a_seed_that_the_service_does_not_take_is_refused(group, service):
    group.add(SWEPT, parameters=sweep(amp=1.0), shots=10, seed=3)
    assert group.run().failed == 1
    assert "leave the seed out" in (group.jobs[0].error or "")
    assert service.batches == {}
