"""Shots until they are enough, budgets, merging and order, as they are typed."""

import pytest

from qbatch.testing import FakeServer

from ..conftest import ANSATZ, BELL


@pytest.fixture
def files(write):
    write("bell.qasm", BELL)
    write("ansatz.qasm3", ANSATZ)


def test_shots_until_an_error_bar(files, qbatch):
    sweep = ["-p", "theta=0:3:5", "-p", "phi=0", "--observable", "ZI", "--seed", "4"]
    qbatch("add", "g", "ansatz.qasm3", *sweep, "--until", "stderr<0.02")
    run = qbatch("run", "g")
    assert "3 jobs get" in run.stderr
    assert "more shots" in run.stderr
    for job in qbatch.json("results", "g", "--json")["results"]:
        assert job["expectation_values"][0]["standard_error"] < 0.02
    assert "nothing to do" in qbatch("run", "g").stdout
    shown = qbatch("show", "g/3").stdout
    assert "until       stderr<0.02, at most " in shown
    assert "shots: reached" in shown
    assert "95 % interval of ZI: " in shown
    (entry,) = qbatch.json("show", "g/3", "--json")["jobs"]
    assert (entry["until"], entry["until_end"]) == (["stderr<0.02"], "reached")
    low, high = entry["intervals"]["ZI"]
    assert low < entry["expectation_values"][0]["value"] < high


def test_a_rule_that_is_not_reached_is_told(files, qbatch):
    qbatch("add", "g", "bell.qasm", "--until", "count(01)>=5", "--max-shots", "100")
    run = qbatch("run", "g")
    assert "1 job ended at --max-shots before its rules held" in run.stderr
    assert qbatch.json("jobs", "g", "--json")["jobs"][0]["until_end"] == "max_shots"
    assert "done, most shots" in qbatch("jobs", "g").stdout
    assert "done, most shots" in qbatch("results", "g").stdout
    listed = qbatch("jobs", "g", "--where", "until_end = 'max_shots'", "-q")
    assert listed.stdout.split() == ["1"]
    why = qbatch("why", "g/1").stdout
    assert "done at --max-shots 100, before count(01)>=5 held" in why
    assert "qbatch edit g/1 --max-shots N gives it more" in why
    refused = qbatch("add", "g", "bell.qasm", "--until", "count(01)>=5", code=2)
    assert "--max-shots N says when to leave it" in refused.stderr
    refused = qbatch("add", "g", "bell.qasm", "--until", "stderr<0.1", code=2)
    assert "for observables" in refused.stderr
    refused = qbatch("add", "g", "bell.qasm", "--max-shots", "100", code=2)
    assert "--max-shots goes with --until" in refused.stderr


def test_more_shots_other_options_and_single_jobs_deleted(files, qbatch):
    qbatch("add", "g", "bell.qasm", "bell.qasm", "--shots", "1000", "--seed", "1")
    qbatch("run", "g/1")
    edited = qbatch("edit", "g", "--shots", "+9k")
    assert edited.stdout == "g: 2 jobs\n"
    qbatch("run", "g")
    assert [r["shots_done"] for r in qbatch.json("results", "g", "--json")["results"]] == [
        10_000
    ] * 2
    first, second = (r["counts"] for r in qbatch.json("results", "g", "--json")["results"])
    assert first == second  # one seed, and the same top-ups
    left = qbatch("edit", "g", "--priority", "3", code=2)
    assert "nothing of g can be changed so" in left.stderr
    assert "nobody to ask here" in qbatch("delete", "g/1", code=2).stderr
    assert qbatch("delete", "g/1", "--yes").stdout == "g: 1 job deleted\n"
    assert qbatch("jobs", "g", "-q").stdout == "2\n"
    assert "delete one kind at a time" in qbatch("delete", "g", "g/2", "--yes", code=2).stderr


def test_groups_wait_for_each_other_and_are_held(files, qbatch):
    qbatch("add", "a", "bell.qasm", "--shots", "10")
    qbatch("add", "b", "bell.qasm", "--shots", "10")
    assert "b comes after a, which is not done (1 unsent)" in qbatch(
        "run", "b", "--after", "a", code=3
    ).stderr  # fmt: skip
    qbatch("group", "hold", "a", "--why", "calibration")
    held = qbatch("run", "a", code=3)
    assert "a: nothing is sent: calibration (qbatch group release a)" in held.stderr
    assert "calibration" in qbatch("status").stdout
    qbatch("group", "release", "a")
    qbatch("run", "a")
    assert "1 done" in qbatch("run", "b", "--after", "a").stdout


def test_groups_are_merged(files, qbatch):
    for name, seed in (("a", "1"), ("b", "2"), ("copy", "1")):
        qbatch("add", name, "bell.qasm", "--shots", "100", "--seed", seed)
        qbatch("run", name)
    qbatch("group", "archive", "b", "-o", "b.qbatch")
    merged = qbatch("group", "merge", "a", "b.qbatch", "copy", "-o", "c")
    assert merged.stdout == "c: 1 new job, 200 shots added (1 of a, 1 of b.qbatch, 0 of copy)\n"
    assert "copy: 1 part left out: there already, or drawn with the same" in merged.stderr
    assert "merged from b.qbatch" in qbatch("why", "c/1").stdout
    assert "0 new jobs, 0 shots added" in qbatch("group", "merge", "a", "-o", "c").stdout
    assert "no archive 'nowhere'" in qbatch("group", "merge", "nowhere", "-o", "c", code=2).stderr


def test_a_run_stays_within_its_budget(files, qbatch, tmp_path):
    with FakeServer(price=0.01, billed_after=0.3, seed=2) as service:
        config = tmp_path / "config.toml"
        config.write_text(
            service.configuration("lab")
            + 'price = { shot = 0.01 }\nbudget = { month = 5, currency = "EUR" }\n'
        )
        qbatch.env["QBATCH_CONFIG"] = str(config)
        qbatch("add", "g", "ansatz.qasm3", "-p", "theta=0:1:8", "-p", "phi=0", "--shots", "100",
               "--tag", "day=1")  # fmt: skip
        planned = qbatch("plan", "g", "--backend", "lab").stdout
        assert "budget of this month: 5 EUR, 0 spent or reserved" in planned
        run = qbatch("run", "g", "--backend", "lab", "--yes", code=3)
        assert "budget of 5 EUR a month" in run.stderr
        assert "qbatch backends costs says what was spent" in run.stderr
        capped = qbatch.json(
            "run", "g", "--backend", "lab", "--yes", "--max-cost", "0.5", "--json", code=3
        )
        assert capped["run"]["over_budget"][0].startswith("lab: ")
        (cost,) = qbatch.json("backends", "costs", "--by", "tag", "--json")["costs"]
        assert cost["of"] == "day=1"
        assert 0 < cost["charged"] + cost["reserved"] <= 5
        assert "lab" in qbatch("backends", "costs").stdout
