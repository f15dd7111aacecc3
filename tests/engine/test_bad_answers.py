"""Runs over a service that answers badly in every way it knows, one way at a time."""

import contextlib
import sqlite3

import pytest

from qbatch import JobGroup
from qbatch.api.database import resolve, verify
from qbatch.engine import sender, watcher
from qbatch.errors import UsageError
from qbatch.testing import HostileServer
from qbatch.testing.hostile import BREAKS, CODES, DISTORTIONS, counts_of
from qbatch.testing.steps import StepsBackend

from ..conftest import ANSATZ

HARMLESS = {"twice", "reversed", "strangers", "missing"}  # asked again, or told apart


@pytest.fixture(scope="module")
def server():
    with HostileServer(page=7) as started:
        yield started


@pytest.fixture
def group(server, db, tmp_path, monkeypatch):
    server.no_faults()
    for module in (watcher, sender):
        monkeypatch.setattr(module, "backoff", lambda *_: 0.01)
    config = tmp_path / "config.toml"
    config.write_text(server.configuration(seconds=0.5))
    group = JobGroup("g", db=db, config=config)
    group.add(ANSATZ, parameters={"theta": [i / 10 for i in range(20)], "phi": 0.5}, shots=40)
    yield group
    group.close()
    assert verify(db) == []


def run(group, **settings):
    return group.run_parallel(backend="steps", coalesce=False, **settings)


def executed(server, group):
    """How often each job of the group was executed since the last time."""
    now = server.audit()["executed"]
    before, group.before = getattr(group, "before", {}), now
    return [n - before.get(work, 0) for work, n in now.items() if n != before.get(work, 0)]


def wrong(group):
    """Jobs whose stored counts are not the service's own for them."""
    return [
        result.job.number
        for result in group.results()
        if result.counts is not None and result.counts != counts_of(f"1/{result.job.number}", 2, 40)
    ]


@pytest.mark.parametrize("fault", [*CODES, *BREAKS])
@pytest.mark.parametrize("operation", ["make", "fill", "status", "results"])
def test_whatever_breaks_nothing_is_lost_or_done_twice(server, group, operation, fault):
    group.before = server.audit()["executed"]
    server.fault(operation, fault, times=1)
    report = run(group)
    assert (report.done, report.unknown, report.exit_code) == (20, 0, 0)
    assert executed(server, group) == [1] * 20
    assert wrong(group) == []


@pytest.mark.parametrize("fault", sorted(set(DISTORTIONS) - HARMLESS - {"foreign"}))
def test_an_answer_that_makes_no_sense_fails_its_own_job_alone(server, group, fault):
    server.fault("results", fault)
    report = run(group)
    # The first circuit of each of three pages.
    assert (report.done, report.failed, report.unknown) == (17, 3, 0)
    assert wrong(group) == []
    (reason,) = {job.error.split(":")[0] for job in group.jobs if job.status == "error"}
    assert reason in (
        "the backend returned something else than was asked for",
        "the backend returned 2 different results for this item",
    )


@pytest.mark.parametrize("fault", sorted(HARMLESS))
def test_what_can_be_made_sense_of_is_used(server, group, fault):
    server.fault("results", fault, times=1)
    assert run(group).done == 20
    assert wrong(group) == []


def test_results_of_another_job_are_not_taken(server, group):
    server.fault("results", "foreign")
    report = run(group)
    assert (report.done, report.under_way, report.exit_code) == (0, 20, 3)
    server.no_faults()
    assert run(group).done == 20


@pytest.mark.parametrize("fault", ["forget", "mute", "strange"])
def test_states_that_say_nothing_are_asked_for_again(server, group, fault):
    server.fault("status", fault, times=2)
    assert run(group).done == 20


def test_a_lasting_404_is_told_and_left_open(server, group, caplog):
    server.fault("status", "forget")
    report = run(group)
    assert (report.unknown, report.under_way, report.exit_code) == (0, 20, 3)
    assert "qbatch resolve 1 --give-up or --resubmit ends it" in caplog.text
    server.no_faults()
    assert run(group).done == 20


def test_an_open_batch_can_be_given_up(server, group, db):
    server.fault("status", "forget")
    run(group)
    assert resolve(1, "give-up", db=db) == 20
    assert group.status().counts == {"error": 20}


def test_an_answer_that_drips_is_not_waited_for(server, group):
    server.fault("status", "!drip", times=1)
    report = run(group)
    assert report.done == 20
    assert report.seconds < 10


def test_a_redirect_on_the_same_host_is_followed(server, group):
    server.fault("any", "moved", share=0.5)
    assert run(group).done == 20
    assert wrong(group) == []


def test_a_redirect_to_another_host_is_not_followed(server, group):
    server.fault("any", "elsewhere")
    with pytest.raises(Exception, match="redirects to another host"):
        run(group)
    assert group.status().counts == {"unsent": 20}


def test_an_id_is_written_down_before_the_circuits_are_sent(server, group, db, monkeypatch):
    """A run that is killed in the middle knows what it left, and sends it once."""
    group.before = server.audit()["executed"]
    real = StepsBackend.submit

    def half(self, batch):
        made = self._http.post("jobs", {"tag": batch.submission_id}, creates=False)["job"]
        batch.known(made)
        raise KeyboardInterrupt

    monkeypatch.setattr(StepsBackend, "submit", half)
    with pytest.raises(KeyboardInterrupt):
        run(group)
    monkeypatch.setattr(StepsBackend, "submit", real)
    report = run(group)
    assert (report.done, report.unknown) == (20, 0)
    assert executed(server, group) == [1] * 20


def test_another_batchs_id_is_not_adopted(server, group, db, tmp_path):
    run(group)
    with contextlib.closing(sqlite3.connect(db)) as connection:
        ((done,),) = connection.execute("SELECT remote_id FROM batches").fetchall()
    group.add(ANSATZ, parameters={"theta": 0.1, "phi": 0.5}, shots=40)

    # The service forgets it: its id is wrong, the user finds another.
    server.fault("status", "forget")
    assert run(group).under_way == 1
    server.no_faults()
    for remote_id, said in ((done, "is batch 1"), ("../../x?", "is no id"), ("j9999", "knows no")):
        with pytest.raises(UsageError, match=said):
            resolve(2, "adopt", remote_id=remote_id, db=db, config=tmp_path / "config.toml")
    assert run(group).done == 1
