"""The Python API, as a Qiskit user calls it."""

import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter

from qbatch import JobGroup
from qbatch.errors import InvalidCircuit, InvalidParameters, Locked, NotFound, UsageError

from ..conftest import BELL


@pytest.fixture
def group(db):
    group = JobGroup("g", db=db)
    yield group
    group.close()


def bell():
    circuit = QuantumCircuit(2, 2)
    circuit.h(0)
    circuit.cx(0, 1)
    circuit.measure([0, 1], [0, 1])
    return circuit


def test_the_verbs_of_perceval(group, db, tmp_path):
    path = tmp_path / "bell.qasm"
    path.write_text(BELL)
    theta = Parameter("theta")
    ansatz = QuantumCircuit(1, name="ansatz")
    ansatz.ry(theta, 0)
    assert list(group.add(bell(), path, str(path), BELL, shots=100).numbers) == [1, 2, 3, 4]
    assert group.add(ansatz, parameters={"theta": [0.0, 1.0]}, observables="Z").numbers == range(
        5, 7
    )
    assert len(group.list_unsent_jobs()) == 6
    assert group.progress() == {
        "Total": 6,
        "Finished": [0, {"successful": 0, "unsuccessful": 0}],
        "Unfinished": [6, {"sent": 0, "not sent": 6}],
    }
    report = group.run_parallel()
    assert (report.done, report.failed) == (6, 0)
    results = group.get_results()
    assert [sum(result.counts.values()) for result in results[:4]] == [100] * 4
    assert results[4].expectation_values[0].value == pytest.approx(1.0)
    assert [job.name for job in group.jobs] == ["circuit", "bell", "bell", "text", *["ansatz"] * 2]
    assert len(group.list_successful_jobs()) == 6
    assert group.list_active_jobs() == group.list_unsuccessful_jobs() == []
    assert group.rerun_failed_parallel() is None
    assert group.rerun_failed_sequential(delay=1) is None
    assert group.track_progress(seconds=0.01)["Finished"][0] == 6
    assert JobGroup.list_existing(db) == ["g"]
    assert group.name == "g"


def test_a_sequential_run_and_a_cancelled_job(group):
    group.add(bell(), bell(), bell())
    assert group.cancel("2") == (1, 0)
    assert group.run_sequential(delay=0.01).done == 2
    assert [result is None for result in group.get_results()] == [False, True, False]
    assert group.rerun_failed_parallel(replace_failed_jobs=False).done == 1
    assert [job.parent for job in group.jobs] == [None, None, None, 2]
    assert group.rerun_failed_parallel(replace_failed_jobs=False) is None
    # The new job stands for the cancelled one: nothing is left to run again.
    assert group.rerun_failed_sequential() is None


def test_one_object_runs_again_and_again(group):
    for times in range(1, 4):
        group.add(bell())
        assert group.run_parallel().done == 1
        assert group.status().counts == {"done": times}


def test_groups_are_deleted_by_name_by_date_and_all(db):
    for name in ("a", "b", "c"):
        JobGroup(name, db=db).add(bell())
    JobGroup.delete_job_group("b", db=db)
    assert JobGroup.delete_job_groups_date(datetime.now() - timedelta(days=1), db=db) == []
    assert JobGroup.delete_job_groups_date(datetime.now() + timedelta(days=1), db=db) == ["a", "c"]
    JobGroup("d", db=db).add(bell())
    assert JobGroup.delete_all_job_groups(db=db) == ["d"]
    with pytest.raises(NotFound):
        JobGroup.delete_job_group("d", db=db)


def test_rows_and_steps(group):
    a, b = Parameter("a"), Parameter("b")
    circuit = QuantumCircuit(1, 1)
    circuit.rx(a, 0)
    circuit.rz(b, 0)
    circuit.measure(0, 0)
    group.add(circuit, rows=[{"a": 1, "b": 2}, {"a": 3, "b": 4}])
    group.add(circuit, parameters={"a": [5, 6], "b": [7, 8]}, in_step=True)
    values = [tuple(job.parameters.values()) for job in group.jobs]
    assert values == [(1, 2), (3, 4), (5, 7), (6, 8)]
    with pytest.raises(InvalidParameters, match="the circuit has a, b"):
        group.add(circuit, parameters={"a": 1})
    with pytest.raises(InvalidCircuit):
        group.add(QuantumCircuit(1))
    with pytest.raises(UsageError):
        group.add(circuit, parameters={"a": 1, "b": 1}, shots=0)
    assert len(group.jobs) == 4


@pytest.mark.parametrize(
    "wrong",
    [
        {"parameters": {"a": float("nan"), "b": 1}},
        {"parameters": {"a": float("inf"), "b": 1}},
        {"parameters": {"a": "0:1:3", "b": 1}},
        {"parameters": {"a": 1j, "b": 1}},
        {"parameters": {"a": [], "b": 1}},
        {"rows": [{"a": float("nan"), "b": 1}]},
        {"parameters": {"a": 1, "b": 1}, "shots": "10"},
        {"parameters": {"a": 1, "b": 1}, "shots": 10.0},
        {"parameters": {"a": 1, "b": 1}, "shots": 10**12},
        {"parameters": {"a": 1, "b": 1}, "name": 5},
        {"parameters": {"a": 1, "b": 1}, "tags": {"x": 1}},
        {"parameters": {"a": [0.0] * 4000, "b": [0.0] * 4000}},
    ],
)
def test_what_the_command_refuses_python_is_refused_too(group, wrong):
    a, b = Parameter("a"), Parameter("b")
    circuit = QuantumCircuit(1, 1)
    circuit.rx(a, 0)
    circuit.rz(b, 0)
    circuit.measure(0, 0)
    with pytest.raises(UsageError):
        group.add(circuit, **wrong)
    assert group.jobs == []


def test_numpy_values_lists_of_circuits_and_things_that_are_none(group):
    import numpy

    a = Parameter("a")
    circuit = QuantumCircuit(1, 1)
    circuit.rx(a, 0)
    circuit.measure(0, 0)
    group.add(circuit, parameters={"a": numpy.linspace(0, 1, 3)})
    group.add([circuit, circuit], parameters={"a": numpy.float32(1)})
    assert len(group.jobs) == 5
    for thing in (5, None, {"a": 1}):
        with pytest.raises(UsageError):
            group.add(thing)
    with pytest.raises(UsageError):
        JobGroup(5)  # type: ignore[arg-type]


def test_part_of_a_jobs_shots_is_no_result(group):
    group.add(BELL, shots=100)
    group.run_parallel()
    store = group._stored.store.database
    store.execute("UPDATE jobs SET status = 'cancelled', shots = 500")
    assert group.get_results() == [None]


def test_objects_on_one_group_see_each_other(db, group):
    other = JobGroup("g", db=db)
    group.add(bell())
    assert len(other.jobs) == 1
    other.add(bell())
    assert len(group.jobs) == 2
    other.close()


def test_a_group_that_is_run_cannot_be_deleted(group, db):
    from qbatch.store import run_lock

    group.add(bell())
    with run_lock.hold(group._stored.store, [group.status()]), pytest.raises(Locked):
        JobGroup.delete_job_group("g", db=db)


def test_a_script_without_a_main_guard_may_use_workers(tmp_path, db):
    script = tmp_path / "script.py"
    script.write_text(
        "from qbatch import JobGroup\n"
        f"group = JobGroup('g', db={str(db)!r})\n"
        f"group.add({BELL!r}, shots=100)\n"
        "print(group.run_parallel(executor='local:2').done)\n"
    )
    done = subprocess.run(
        [sys.executable, str(script)], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout == "1\n"
    assert done.stderr == ""


def test_group_names_need_not_be_file_names(db):
    with pytest.raises(UsageError, match="means something else"):
        JobGroup("../../escape", db=db).add(bell())
    group = JobGroup("..", db=db)
    group.add(bell())
    assert {p.name for p in db.parent.iterdir()} <= {
        "qbatch.db",
        "qbatch.db-wal",
        "qbatch.db-shm",
        "qbatch.db.locks",
    }
    assert not (Path(db).parent.parent.parent / "escape").exists()
    group.close()
    for name in ("a/b", "a*", "a?", "a,b", "a:b", "a@b", "-a"):
        with pytest.raises(UsageError, match="group name"):
            JobGroup(name, db=db).add(bell())


def test_looking_after_a_group_says_nothing_of_room_at_a_backend(db):
    """It sends nothing: that jobs are unsent, or that none are, is not a backend's doing."""
    with JobGroup("g", db=db) as group:
        group.add(BELL, shots=10)
        assert not group.sync().full
        group.run(executor="serial")
        assert not group.sync().full
