"""Stores, archives and baselines of older versions, written by the code of their time.

`fixtures/stores/schemaN.db` holds three groups: ``done`` (counts, exact values, estimates, a
circuit from Qiskit, all with results), ``remote`` (a job in three parts, one that failed, one of
unknown fate, one under way, one written down and never sent, one cancelled, one unsent) and
``closed``. `schemaN.json` is what that version said of each job.
"""

import json
import shutil
import sqlite3
from pathlib import Path

import pytest

from qbatch import JobGroup, unarchive
from qbatch.api.database import resolve, verify
from qbatch.domain.states import AttemptStatus, BatchState, RemoteState, Status
from qbatch.engine import Run, RunSettings
from qbatch.store import Store
from qbatch.testing import InstantBackend

STORES = Path(__file__).parents[1] / "fixtures" / "stores"
VERSIONS = [1, 2, 3]


@pytest.fixture(params=VERSIONS)
def version(request):
    return request.param


@pytest.fixture
def old(version, db):
    db.parent.mkdir()
    shutil.copy(STORES / f"schema{version}.db", db)
    return db


def told(version):
    return json.loads((STORES / f"schema{version}.json").read_text())


def entry(group, result):
    """What the fixture tells of a job, as this version says it."""
    job = result.job
    values = result.expectation_values
    return {
        "number": job.number,
        "key": job.key,
        "name": job.name,
        "status": job.status,
        "seed": job.seed,
        "shots": job.shots,
        "parameters": dict(job.parameters),
        "observables": list(job.observables),
        "tags": dict(job.tags),
        "note": job.note,
        "error": job.error,
        "failure": job.failure,
        "counts": None if result.counts is None else dict(result.counts),
        "values": None
        if values is None
        else [[v.observable, v.value, v.standard_error] for v in values],
        "shots_done": result.shots,
        "attempts": [[a.status, a.shots, a.seed] for a in group.handle(job.number).attempts],
    }


def test_everything_is_there_and_sound(old, version):
    before = told(version)
    assert set(JobGroup.list_existing(old)) == set(before)
    for name, wanted in before.items():
        with_group = JobGroup(name, db=old)
        status = with_group.status()
        assert (dict(status.counts), status.state) == (wanted["counts"], wanted["state"])
        found = [entry(with_group, result) for result in with_group.results()]
        assert found == wanted["jobs"]
        with_group.close()
    assert verify(old) == []
    assert (old.parent / f"{old.name}.v{version}.backup").exists()


def test_the_same_jobs_have_the_same_keys_and_seeds_today(old, version):
    """What is added again asks the same; run again, it draws the same counts."""
    group = JobGroup("done", db=old)
    sweep = [job for job in group.jobs if job.name == "sweep"]
    text = group.handle(sweep[0].number).source.body.decode()
    again = JobGroup("again", db=old)
    again.add(text, parameters={"theta": [0.1, 0.2, 0.3], "phi": [0.5]}, shots=200, seed=7)
    assert [job.key for job in again.jobs] == [job.key for job in sweep]
    again.run_parallel()
    wanted = [dict(r.counts) for r in group.results() if r.job.name == "sweep"]
    assert [dict(r.counts) for r in again.results()] == wanted
    assert all(pair.comparison.p_value == 1 for pair in again.diff(group) if pair.comparison)
    for one in (group, again):
        one.close()


def test_what_was_under_way_is_followed_and_what_is_unknown_waits(old):
    group = JobGroup("remote", db=old)
    with Store(old) as store:
        found = store.groups.get("remote")
        batches = {b.state: b for b in store.history.batches(found.id)}
        assert {BatchState.SUBMITTED, BatchState.PREPARED, BatchState.UNKNOWN} <= set(batches)
        remote = batches[BatchState.SUBMITTED].remote_id

        class Lab(InstantBackend):
            def results(self, remote_id, labels):
                assert remote_id == remote
                return [self._answer_of(label) for label in labels]

            def _answer_of(self, label):
                from qbatch.seam import ItemResult

                return ItemResult(label=label, counts={"00": 30})

            def status(self, remote_id):
                from qbatch.seam import BatchStatus

                return BatchStatus(state=RemoteState.DONE)

            def find(self, submission_id):
                return None

        report = Run(store, [found], lambda _: Lab("lab"), RunSettings(submit=False)).execute()
    assert report.done == 1
    by_name = {job.name: job for job in group.jobs}
    assert by_name["under way"].status is Status.DONE
    assert by_name["prepared"].status is Status.UNSENT  # certainly absent there
    assert by_name["unknown"].status is Status.UNKNOWN
    (batch,) = report.unknown_batches
    assert resolve(batch, "resubmit", db=old) == 1
    group.close()
    again = JobGroup("remote", db=old)
    assert {job.name: job.status for job in again.jobs}["unknown"] is Status.UNSENT
    attempts = again.handle(next(job.number for job in again.jobs if job.name == "parts")).attempts
    assert [a.status for a in attempts] == [AttemptStatus.DONE] * 3
    again.close()
    assert verify(old) == []


def test_numbers_given_once_are_never_given_again(old):
    with sqlite3.connect(old) as connection:
        connection.execute("UPDATE sqlite_sequence SET seq = 1000")
    connection.close()
    group = JobGroup("new", db=old)
    group.add("OPENQASM 2.0;\nqreg q[1];\ncreg c[1];\nmeasure q -> c;")
    group.run_parallel()
    assert group[0].attempts[0].batch > 1000
    assert group.status().id > 1000
    group.close()


def test_a_migration_that_is_cut_off_leaves_what_was_there(old, version, monkeypatch):
    from qbatch.store import fourth_schema

    def broken(connection, table, statement):
        raise KeyboardInterrupt

    monkeypatch.setattr(fourth_schema, "_in_chunks", broken)
    with pytest.raises(KeyboardInterrupt):
        Store(old)
    with sqlite3.connect(old) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (version,)
        assert connection.execute("SELECT count(*) FROM circuits").fetchone()[0] > 0
    connection.close()
    monkeypatch.undo()
    test_everything_is_there_and_sound(old, version)


def test_a_stop_that_was_a_sentence_is_a_word(db):
    """A batch that was being cancelled when its run was killed."""
    from qbatch.store.fourth_schema import _stop_reason

    sentences = {
        "the run was stopped": "run",
        "cancelled by the user": "user",
        "no result after 3 s": "timeout",
        "nobody knows whether all of it had arrived": "half_sent",
        "something else": None,
        None: None,
    }
    assert {text: _stop_reason(text) for text in sentences} == sentences
    db.parent.mkdir()
    shutil.copy(STORES / "schema3.db", db)
    with sqlite3.connect(db) as connection:
        connection.execute(
            "UPDATE batches SET error = 'no result after 3 s' WHERE state = 'submitted'"
        )
    connection.close()
    with Store(db) as store:
        group = store.groups.get("remote")
        reasons = {b.stop_reason for b in store.ledger.open_batches([group.id])}
        assert reasons == {"timeout", None}


def test_an_old_archive_is_the_group_that_it_was(db, tmp_path):
    name, number = unarchive(STORES / "schema3.archive", db=db)
    wanted = told(3)["done"]["jobs"]
    assert (name, number) == ("done", len(wanted))
    group = JobGroup("done", db=db)
    assert [entry(group, result) for result in group.results()] == wanted
    assert verify(db) == []
    group.archive(tmp_path / "again.qbatch")
    assert unarchive(tmp_path / "again.qbatch", "b", db)[1] == number
    group.close()


def test_an_old_baseline_gives_the_same_verdict(db):
    db.parent.mkdir()
    shutil.copy(STORES / "schema3.db", db)
    group = JobGroup("done", db=db)
    report = group.check(STORES / "schema3.baseline.json")
    assert {finding.verdict for finding in report.findings} <= {"same", "undecided"}
    assert report.number("missing") == report.number("new") == 0
    group.close()


def test_an_old_baseline_finds_what_was_named_by_the_bytes_of_qpy(db, tmp_path):
    """Without parameters, Qiskit wrote the same bytes each time."""
    from qiskit import QuantumCircuit

    from qbatch.payloads.circuit.formats import written_hash
    from qbatch.rules.keys import KeyMaker

    circuit = QuantumCircuit(1, 1)
    circuit.ry(0.3, 0)
    circuit.measure(0, 0)
    group = JobGroup("g", db=db)
    group.add(circuit, shots=1000, seed=2)
    group.run_parallel()
    (job,) = group.jobs
    group.results().save_baseline(tmp_path / "base.json")
    data = json.loads((tmp_path / "base.json").read_text())
    former = KeyMaker(written_hash(group.handle(job.number).source), job.request).key("[]").hex()
    assert former != job.key
    data["jobs"][0]["key"] = former
    (tmp_path / "base.json").write_text(json.dumps(data))
    (finding,) = group.check(tmp_path / "base.json").findings
    assert finding.verdict == "same"
    group.close()
