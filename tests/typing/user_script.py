"""A user's script with every verb of the README: type-checked by mypy and pyright, and run."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path

import numpy
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter
from qiskit.quantum_info import SparsePauliOp

import qbatch
from qbatch import JobGroup, RunSettings, Status


def circuits() -> tuple[QuantumCircuit, QuantumCircuit, Parameter]:
    """A measured circuit and a bare one over the same parameter."""
    theta = Parameter("theta")
    bare = QuantumCircuit(2)
    bare.ry(theta, 0)
    bare.cx(0, 1)
    measured = bare.copy()
    measured.measure_all()
    return measured, bare, theta


def main(folder: Path) -> None:
    """Everything once."""
    db, (measured, bare, theta) = folder / "q.db", circuits()
    with JobGroup("scan", db=db) as group:
        report = group.add(measured, parameters={theta: [0.1, 0.2, 0.3]}, shots=100, seed=1)
        assert list(report.numbers) == [1, 2, 3]
        group.add((measured, [0.4], 100), (bare, SparsePauliOp("ZZ"), [0.5], 0.1))
        group.add(measured, rows=numpy.array([[0.6]]), tags={"day": "monday"}, name="row")
        assert group.has(measured, parameters={theta: 0.1})
        known = group.get(measured, parameters={"theta": 0.2})
        assert known is not None
        assert known.number == 2
        plan = group.plan(max_batch_size=2)
        print(plan.jobs, [backend.backend for backend in plan.backends])
        done = group.run("1-2", executor="serial", retries=1)
        print(done.done, done.left, done.exit_code)
        group.run_parallel(executor="serial", max_in_flight=-1)
        for result in group.results():
            if result.counts is not None:
                print(result.job.parameters, max(result.counts.values()))
            elif result.expectation_values is not None:
                print([value.value for value in result.expectation_values])
        results = group.results("1-3")
        results.export(folder / "scan.csv", options=qbatch.ExportOptions(top=2))
        results.export(sys.stdout, form="json")
        results.save_baseline(folder / "baseline.json")
        results.plot(folder / "scan.png", qbatch.PlotOptions(outcome="00"))
        print(results.qiskit_counts()[0], results.primitive_result()[0].data)
        verdict = group.check(folder / "baseline.json", qbatch.Thresholds(detect=0.9), "1-3")
        print(verdict.passed, verdict.detectable)
        group.report(folder / "scan.html")
        group.edit("1", tags={"seen": "yes"}, note="look here")
        group.edit(note="the group", backend="aer")
        number = group.copy("again", "1-2")
        group.archive(folder / "scan.qbatch")
        job = group[0]
        print(number, job.id, job.name, job.status is Status.DONE, job.is_complete, job.advice)
        print(len(group), [handle.number for handle in group], group.progress()["Total"])
        print(group.created_date < group.modified_date <= datetime.now().astimezone())
        print([one.number for one in group.list_successful_jobs()], group.remote_jobs[-1].id)
    again = JobGroup("again", db=db, if_missing="raise")
    for pair in again.diff(JobGroup("scan", db=db)):
        print(pair.first, pair.second)
    again.cancel()
    again.cancel_all()
    rerun = again.rerun(executor="serial")
    assert rerun is not None
    assert rerun.done == 2
    assert again.rerun_failed_parallel() is None
    again.run_sequential(0.0, executor="serial")
    again.sync()
    again.wait(seconds=1.0)
    print(again.status().counts, again.is_running(), [batch.backend for batch in again.batches()])
    selection = qbatch.parse_selection(
        "1-2", statuses=["done"], where="theta < 0.15", sort="-theta"
    )
    print([found.number for found in again.select(selection)])
    again.set_open(False)
    again.rename("other")
    again.close()
    print(RunSettings(sequential=True, delay=1.0).policy())
    print(JobGroup.list_existing(db), [one.total for one in qbatch.list_groups(db)])
    print(qbatch.unarchive(folder / "scan.qbatch", "third", db), qbatch.verify(db))
    qbatch.backup(folder / "copy.db", db)
    with qbatch.query("SELECT count(*) FROM jobs", db) as (columns, rows):
        print(columns, list(rows))
    qbatch.delete_groups(["third"], db)
    try:
        JobGroup("nobody", db=db, if_missing="raise")
    except qbatch.NotFound as error:
        print(error, error.hint)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
