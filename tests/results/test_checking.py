"""The gate: what it lets pass, what it catches, and what it says."""

import json

import numpy
import pytest
from junitparser import Failure, JUnitXml, Skipped
from qiskit import QuantumCircuit

from qbatch import JobGroup
from qbatch.domain.results import Counts, ExpectationValue, ExpectationValues
from qbatch.domain.states import Status
from qbatch.errors import UsageError
from qbatch.results import checking, matching, samples
from qbatch.results.checking import check
from qbatch.results.matching import pairs
from qbatch.results.samples import JobSample
from qbatch.results.verdicts import Thresholds

from ..conftest import ANSATZ, BELL


def sample(number, counts, key=None, **more):
    fields = {"name": None, "parameters": {}, "status": Status.DONE, "seed": None}
    shots = sum(counts.values())
    return JobSample(
        number=number,
        key=key or str(number),
        result=Counts(counts),
        shots=shots,
        **{**fields, **more},
    )


def drawn(rng, laws, shots):
    return [
        sample(i, {"0": int(n), "1": shots - int(n)})
        for i, n in enumerate(rng.binomial(shots, laws))
    ]


def test_reruns_of_an_unchanged_group_pass_at_the_promised_rate():
    """1,000 reruns of twenty jobs at a rate of 2 %: 20 false alarms expected."""
    rng = numpy.random.default_rng(11)
    laws = rng.uniform(0.01, 0.99, 20)
    alarms = 0
    for _ in range(1000):
        first, second = drawn(rng, laws, 1000), drawn(rng, laws, 1000)
        alarms += not check(pairs(first, second), Thresholds(p_value=0.02)).passed
    # Five standard deviations above; far fewer than that would be a test that sees nothing.
    assert 4 <= alarms <= 43


def test_one_of_many_is_named_and_all_together_are_seen():
    rng = numpy.random.default_rng(3)
    laws = numpy.full(50, 0.5)
    before = drawn(rng, laws, 10_000)
    one_off = laws.copy()
    one_off[17] = 0.54
    report = check(pairs(before, drawn(rng, one_off, 10_000)), Thresholds())
    assert [f.pair.sample.number for f in report.findings if f.verdict == "drifted"] == [17]
    slightly = check(pairs(before, drawn(rng, laws + 0.01, 10_000)), Thresholds())
    assert slightly.number("drifted") <= 2
    assert slightly.drifted_together
    assert not slightly.passed


@pytest.mark.parametrize("at_once", [1, 3, 4096])
def test_how_many_are_worked_on_at_once_changes_nothing(monkeypatch, at_once):
    rng = numpy.random.default_rng(4)
    laws = rng.uniform(0.01, 0.99, 20)
    before, now = drawn(rng, laws, 1000), drawn(rng, laws + 0.002, 1000)
    whole = check(pairs(before, now), Thresholds(detect=0.05))
    for module in (matching, checking):
        monkeypatch.setattr(module, "_AT_ONCE", at_once)
    for module in (matching, samples):
        monkeypatch.setattr(module, "HELD", at_once)
    report = check(pairs(before, now), Thresholds(detect=0.05))
    assert [f.verdict for f in report.findings] == [f.verdict for f in whole.findings]
    assert report.p_value == whole.p_value
    assert report.detectable == pytest.approx(whole.detectable, rel=1e-9)
    assert report.deciding_shots == whole.deciding_shots


def test_a_small_error_of_every_job_is_seen_in_all_together():
    before = [sample(i, {"0": 1000}) for i in range(100)]
    now = [sample(i, {"0": 990, "1": 10}) for i in range(100)]
    report = check(pairs(before, now), Thresholds())
    assert report.drifted_together
    assert not report.passed


def test_a_rerun_beside_the_failed_job_takes_its_place():
    before = [sample(1, {"0": 999}, "a")]
    failed = JobSample(number=1, key="a", name=None, parameters={}, status=Status.ERROR, shots=None,
                    seed=None)  # fmt: skip
    report = check(pairs(before, [failed, sample(2, {"0": 999}, "a")]), Thresholds())
    assert [(f.pair.sample.number, f.verdict) for f in report.findings] == [(1, "new"), (2, "same")]


def test_nothing_compared_is_nothing_passed():
    assert not check(pairs([], [sample(1, {"0": 1})]), Thresholds()).passed
    changed = sample(1, {"0": 10}, "a", name="bell"), sample(1, {"0": 10}, "b", name="bell")
    report = check(pairs([changed[0]], [changed[1]]), Thresholds())
    assert "'bell' there has another circuit" in report.findings[0].reason
    unnamed = check(pairs([sample(1, {"0": 1}, "a")], [sample(1, {"0": 1}, "b")]), Thresholds())
    assert unnamed.findings[0].reason == "not in the baseline"


def test_the_same_seed_is_no_further_evidence():
    before = [sample(i, {"0": 480, "1": 520}, "a", seed=1) for i in range(30)]
    now = [sample(i, {"0": 520, "1": 480}, "a", seed=2) for i in range(30)]
    report = check(pairs(before, now), Thresholds())
    assert report.p_value == pytest.approx(0.0736, abs=1e-3)
    assert report.passed


def many(number, seed, outcomes=65_536, shots=1000):
    rng = numpy.random.default_rng(seed)
    drawn = rng.integers(0, outcomes, shots)
    seen = zip(*numpy.unique(drawn, return_counts=True), strict=True)
    return sample(number, {f"{k:016b}": int(n) for k, n in seen})


def test_more_outcomes_than_the_shots_can_show_are_undecided():
    report = check(pairs([many(1, 1)], [many(1, 2)]), Thresholds())
    assert [f.verdict for f in report.findings] == ["undecided"]
    assert "would" in report.findings[0].reason
    assert report.verdict == "undecided"
    assert not report.passed
    assert report.detectable > 0.9
    assert report.deciding_shots > 10_000
    decided = check(pairs([many(1, 1)], [many(1, 2)]), Thresholds(detect=1))
    assert decided.verdict == "passed"


def test_one_thin_job_among_many_is_named_and_the_whole_decided():
    rng = numpy.random.default_rng(5)
    laws = numpy.full(40, 0.3)
    before, now = drawn(rng, laws, 10_000), drawn(rng, laws, 10_000)
    report = check(pairs([*before, many(99, 1)], [*now, many(99, 2)]), Thresholds())
    assert report.verdict == "passed"
    assert report.number("undecided") == 1
    assert 0.02 < report.detectable < 0.2
    before, now = ([many(i, start + i) for i in range(9)] for start in (0, 20))
    thin = check(pairs(before, now), Thresholds())
    assert thin.verdict == "undecided"


def test_many_jobs_together_show_more_than_each_alone():
    rng = numpy.random.default_rng(8)
    laws = numpy.full(200, 0.5)
    report = check(pairs(drawn(rng, laws, 200), drawn(rng, laws, 200)), Thresholds())
    assert report.number("undecided") == 200
    assert report.verdict == "passed"
    assert report.detectable < 0.1


def test_values_are_undecided_where_their_shots_are_few():
    def one(value, error, shots):
        values = (ExpectationValue(observable="ZZ", value=value, standard_error=error),)
        return JobSample(number=1, key="a", name=None, parameters={}, status=Status.DONE,
                      shots=shots,
                      seed=None, result=ExpectationValues(values))  # fmt: skip

    few = check(pairs([one(0.5, 0.3, 9)], [one(0.4, 0.3, 9)]), Thresholds())
    assert few.verdict == "undecided"
    assert few.deciding_shots > 100
    enough = check(pairs([one(0.5, 0.01, 9999)], [one(0.51, 0.01, 9999)]), Thresholds())
    assert enough.verdict == "passed"
    exact = check(pairs([one(0.5, None, None)], [one(0.5, None, None)]), Thresholds())
    assert exact.verdict == "passed"
    assert exact.detectable is None


def test_thresholds_of_distance():
    found = pairs([sample(1, {"0": 500, "1": 500})], [sample(1, {"0": 560, "1": 440})])
    assert check(found, Thresholds(tvd=0.07)).passed
    report = check(found, Thresholds(tvd=0.05))
    assert report.findings[0].reason == "total variation 0.06 > 0.05"
    assert not check(found, Thresholds(hellinger=0.01)).passed
    with pytest.raises(UsageError, match="--tvd 2"):
        Thresholds(tvd=2)


@pytest.fixture
def nightly(db, tmp_path):
    """A group with results, and its baseline."""
    group = JobGroup("nightly", db=db)
    theta = [0.3 + 0.2 * i for i in range(10)]
    group.add(ANSATZ, parameters={"theta": theta, "phi": [0.0]}, shots=10_000)
    group.add(BELL, observables=["ZZ"], name="exact")
    group.run_parallel(seed=1)
    assert group.results().save_baseline(tmp_path / "baseline.json") == 11
    yield group
    group.close()


def test_a_change_of_three_percent_of_one_angle_is_caught(nightly, qbatch, tmp_path):
    again = JobGroup("again", db=nightly.path)
    theta = [0.3 + 0.2 * i for i in range(10)]
    again.add(ANSATZ, parameters={"theta": theta, "phi": [0.0]}, shots=10_000)
    again.add(BELL, observables=["ZZ"], name="exact")
    again.run_parallel(seed=2)
    passed = qbatch("check", "again", "--baseline", "baseline.json")
    assert passed.stdout.startswith("passed: 11 same, 0 drifted")

    # The device turns by 3 % more than it is told: other circuits under the same keys.
    off = JobGroup("off", db=nightly.path)
    off.add(ANSATZ, parameters={"theta": [1.03 * t for t in theta], "phi": [0.0]}, shots=10_000)
    off.add(BELL, observables=["ZZ"], name="exact")
    off.run_parallel(seed=3)
    off.results().save_baseline(tmp_path / "off.json")
    told, measured = (json.loads((tmp_path / f"{n}.json").read_text()) for n in ("baseline", "off"))
    for told_job, job in zip(told["jobs"], measured["jobs"], strict=True):
        job["key"] = told_job["key"]
    (tmp_path / "off.json").write_text(json.dumps(measured))
    done = qbatch("check", "again", "--baseline", "off.json", "--junit", "junit.xml", code=1)
    assert "FAILED" in done.stdout
    [suite] = JUnitXml.fromfile(str(tmp_path / "junit.xml"))
    cases = {case.name: case.result for case in suite}
    assert suite.tests == len(cases) == 12
    assert any(isinstance(r, Failure) for result in cases.values() for r in result)
    assert qbatch("check", "again", "--baseline", "baseline.json", "--tvd", "0.05").stdout
    report = qbatch.json("check", "again", "--baseline", "off.json", "--json", code=1)["check"]
    assert not report["passed"]
    assert report["drifted_together"] or report["counts"]["drifted"]


def test_undecided_is_said_everywhere(qbatch, tmp_path, db):
    wide = QuantumCircuit(14)
    wide.h(range(14))
    for name in ("a", "b"):
        group = JobGroup(name, db=db)
        group.add(wide, measure_all=True, shots=200)
        group.run_parallel()
        group.results().save_baseline(tmp_path / f"{name}.json")
        group.close()
    command = ("check", "a", "--baseline", "b.json", "--junit", "j.xml")
    done = qbatch(*command)
    assert done.stdout.splitlines()[-1].startswith("UNDECIDED: 0 same")
    assert "would show" in done.stdout
    assert "shots a job would show 0.2" in done.stderr
    [suite] = JUnitXml.fromfile(str(tmp_path / "j.xml"))
    assert [case.result[0].type for case in suite if case.result] == ["undecided"] * 2
    assert "FAILED" not in done.stdout
    report = qbatch.json(*command, "--json", "--strict", code=1)["check"]
    assert (report["verdict"], report["passed"]) == ("undecided", False)
    assert report["jobs"][0]["verdict"] == "undecided"
    assert report["detectable"] > report["detect"] == 0.2
    [suite] = JUnitXml.fromfile(str(tmp_path / "j.xml"))
    assert any(isinstance(r, Failure) for case in suite for r in case.result)
    assert qbatch(*command, "--strict", "-q", code=1).stdout == "1\n"
    assert "--detect 3" in qbatch(*command, "--detect", "3", code=2).stderr
    assert qbatch(*command, "--detect", "1").stdout.startswith("passed")


def test_new_and_missing_jobs_are_named(nightly, qbatch, tmp_path):
    other = JobGroup("other", db=nightly.path)
    other.add(BELL, shots=100, name="newcomer")
    other.add(BELL, observables=["ZZ"])
    other.run_parallel(limit=1)
    done = qbatch("check", "other", "--baseline", "baseline.json", "--junit", "j.xml", code=1)
    assert "newcomer" in done.stdout
    assert "not in the baseline" in done.stdout
    assert "no result: unsent" in done.stdout
    assert "0 same, 0 drifted, 11 missing, 1 new" in done.stdout
    [suite] = JUnitXml.fromfile(str(tmp_path / "j.xml"))
    assert [case.name for case in suite if any(isinstance(r, Skipped) for r in case.result)] == [
        "1 newcomer"
    ]
    other.close()


def test_a_baseline_is_the_same_every_time_and_a_damaged_one_is_refused(nightly, qbatch, tmp_path):
    before = (tmp_path / "baseline.json").read_bytes()
    qbatch("check", "nightly", "--save", "baseline.json")
    assert (tmp_path / "baseline.json").read_bytes() == before
    cases = {
        "is no JSON": before[:-10],
        "is no baseline": b"{}",
        "schema 9; this qbatch reads 1": before.replace(b'"schema": 1', b'"schema": 9'),
        "entry 1 is damaged": before.replace(b'"number": 1,', b'"number": null,'),
        "cannot be read": None,
    }
    for message, data in cases.items():
        path = tmp_path / "x.json"
        if data is not None:
            path.write_bytes(data)
        else:
            path.unlink()
        assert message in qbatch("check", "nightly", "--baseline", "x.json", code=2).stderr
    JobGroup("open", db=nightly.path).add(BELL)
    done = qbatch("check", "open", "--save", "y.json", code=2)
    assert "open/1 has no result: it is unsent" in done.stderr
    assert not (tmp_path / "y.json").exists()


def test_two_groups_are_compared_job_by_job(nightly, qbatch):
    JobGroup("b", db=nightly.path).add(BELL, observables=["ZZ"])
    qbatch("run", "b", "-q")
    done = qbatch("diff", "nightly", "b")
    assert "only in nightly: 10 jobs" in done.stderr
    entries = qbatch.json("diff", "nightly", "b", "--json")["diff"]
    assert entries[0]["first"] == 11
    assert entries[0]["second"] == 1
    assert entries[0]["delta"] == 0
    assert entries[0]["exact"] is True
    assert len(entries) == 11
