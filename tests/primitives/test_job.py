"""Calls of durable primitives: stored, replayed, refused."""

import subprocess
import sys
import textwrap
import threading

import pytest
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter
from qiskit.providers import JobStatus

from qbatch import JobFailed, JobGroup, Locked, NonDeterminism, UsageError
from qbatch.primitives import EstimatorV2, SamplerV2
from qbatch.store import Store, run_lock


def circuit():
    found = QuantumCircuit(1)
    found.rx(Parameter("a"), 0)
    return found


@pytest.fixture
def make(db):
    """Primitives as a script makes them when it starts; closed as at its end."""
    made: list[EstimatorV2] = []

    def estimator(**more):
        while made:
            made.pop().close()
        made.append(EstimatorV2(group="s", db=db, run={"executor": "serial"}, **more))
        return made[-1]

    yield estimator
    while made:
        made.pop().close()


def values(estimator, *angles):
    return [float(estimator.run([(circuit(), "Z", [a])]).result()[0].data.evs) for a in angles]


def jobs(db):
    with JobGroup("s", db=db) as group:
        return group.jobs


def test_a_second_start_is_answered_from_the_store(make, db):
    first = values(make(), 0.1, 0.2)
    ids = [job.id for job in jobs(db)]
    assert values(make(), 0.1, 0.2, 0.3)[:2] == first
    assert [job.id for job in jobs(db)][:2] == ids
    assert [job.step for job in jobs(db)] == [0, 1, 2]
    make().close()
    with JobGroup("s", db=db) as group:
        (program,) = group.programs()
        assert program.reference == "script:primitives"
        assert group.run(executor="serial").programs == {}  # nobody else can run a script


def test_another_question_than_before_is_refused(make, db):
    values(make(), 0.1, 0.2)
    with pytest.raises(NonDeterminism, match=r"call 1: step 1: .*0\.25 instead of 0\.2"):
        values(make(), 0.1, 0.25)
    assert len(jobs(db)) == 2
    assert values(make(), 0.1, 0.2, 0.3)


def test_a_script_may_branch(make, db):
    values(make(), 0.1, 0.2, 0.3)
    values(make(on_change="branch"), 0.1, 0.25)
    assert [job.parameters["a"] for job in jobs(db)] == [0.1, 0.25]


def test_it_may_begin_anew(make, db):
    values(make(), 0.1, 0.2)
    values(make(fresh=True), 0.3)
    assert [job.parameters["a"] for job in jobs(db)] == [0.3]


def test_equal_questions_have_equal_answers_where_order_does_not_count(make, db):
    first = values(make(cache=True), 0.1, 0.2, 0.1)
    assert first[0] == first[2]
    assert len(jobs(db)) == 2
    again = values(make(cache=True), 0.2, 0.3, 0.1)
    assert [again[0], again[2]] == [first[1], first[0]]
    assert len(jobs(db)) == 3


def test_both_primitives_of_a_script_share_its_order(make, db):
    estimator = make(seed=3)
    sampler = SamplerV2(group="s", db=db)
    measured = circuit()
    measured.measure_all()
    drawn = sampler.run([(measured, [0.5])]).result()[0].data.meas.get_counts()
    values(estimator, 0.1)
    assert [(job.step, job.shots) for job in jobs(db)] == [(0, 1024), (1, None)]
    estimator = make()
    again = SamplerV2(group="s", db=db).run([(measured, [0.5])]).result()[0].data.meas.get_counts()
    assert again == drawn


def test_the_primitives_of_a_group_are_made_alike(make, db):
    estimator = make()
    with pytest.raises(UsageError, match="made with other settings"):
        SamplerV2(group="s", db=db, backend="noisy")
    sampler = SamplerV2(group="s", db=db)
    first = values(estimator, 0.1)
    sampler.close()
    assert values(estimator, 0.1) == first  # another session, answered from the store
    assert len(jobs(db)) == 1


def test_calls_are_answered_in_the_order_in_which_they_are_made(make, db):
    estimator = make()
    calls = [estimator.run([(circuit(), "Z", [0.1 * k])]) for k in range(5)]
    assert [call.result()[0].data.evs < 1.1 for call in calls] == [True] * 5
    assert [job.parameters["a"] for job in jobs(db)] == pytest.approx([0.0, 0.1, 0.2, 0.3, 0.4])
    assert {call.status() for call in calls} == {JobStatus.DONE}
    assert all(call.done() and call.in_final_state() for call in calls)
    assert not any(call.running() or call.cancelled() for call in calls)


def test_a_job_that_fails_raises(make):
    estimator = make(options={"method": "unitary"})
    moved = QuantumCircuit(11)  # more than the kernel takes: Aer sees the method
    moved.h(range(11))
    moved.reset(0)
    call = estimator.run([(moved, "Z" * 11)], precision=0.5)
    with pytest.raises(JobFailed, match="s/1"):
        call.result()
    assert call.status() is JobStatus.ERROR


def test_a_group_that_another_process_runs_is_refused(make, db):
    estimator = make()
    holding, done = threading.Event(), threading.Event()

    def hold():
        with Store(db) as store, run_lock.hold(store, [store.groups.get("s")]):
            holding.set()
            done.wait(20)

    thread = threading.Thread(target=hold)
    thread.start()
    holding.wait(20)
    try:
        with pytest.raises(Locked, match="being run"):
            values(estimator, 0.1)
    finally:
        done.set()
        thread.join()


SCRIPT = """
    import os, sys
    from qiskit import QuantumCircuit
    from qiskit.circuit import Parameter
    from qbatch.primitives import EstimatorV2
    circuit = QuantumCircuit(1)
    circuit.rx(Parameter("a"), 0)
    estimator = EstimatorV2(group="script", run={"executor": "serial"})
    x = 0.3
    for k in range(6):
        x += float(estimator.run([(circuit, "Z", [x])]).result()[0].data.evs)
        if str(k) == sys.argv[1]:
            os.kill(os.getpid(), 9)
    print(repr(x))
"""


def test_a_script_that_was_killed_makes_only_the_missing_calls(qbatch, tmp_path, db):
    (tmp_path / "script.py").write_text(textwrap.dedent(SCRIPT))

    def run(when):
        command = [sys.executable, "script.py", when]
        return subprocess.run(
            command, cwd=tmp_path, env=qbatch.env, capture_output=True, text=True, check=False
        )

    assert run("3").returncode == -9
    done = run("never")
    assert done.returncode == 0, done.stderr
    with JobGroup("script", db=db) as group:
        assert [job.step for job in group.jobs] == list(range(6))
        assert group.programs()[0].status == "done"
    assert run("never").stdout == done.stdout
    fresh = run("never")
    assert fresh.stdout == done.stdout
    with Store(db) as store:
        rows = store.database.rows("SELECT count(*) AS n FROM attempts GROUP BY job_id")
        assert [row["n"] for row in rows] == [1] * 6
