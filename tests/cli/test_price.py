"""A run that costs asks first; where nobody can be asked it sends nothing without --yes."""

import pytest

CONFIG = """
[backends.cloud]
type = "qbatch.testing:instant"
price = { shot = 0.001, batch = 0.3 }
[backends.free]
type = "qbatch.testing:instant"
[backends.hourly]
type = "qbatch.testing:instant"
price = { second = 1.6 }
"""


@pytest.fixture
def qbatch(qbatch, write, bell):
    write("config/qbatch/config.toml", CONFIG)
    qbatch("add", "g", bell, "--shots", "1000")
    return qbatch


def status(qbatch):
    (group,) = qbatch.json("status", "g", "--json")["groups"]
    return group["counts"]


def test_nobody_to_ask_sends_nothing(qbatch):
    said = qbatch("run", "g", "--backend", "cloud", code=2).stderr
    assert "cost of shots: 1" in said
    assert "cost in all: 1.3" in said
    assert "--yes" in said
    assert status(qbatch)["unsent"] == 1


def test_a_price_that_is_not_known_beforehand_is_asked_about_too(qbatch):
    said = qbatch("run", "g", "--backend", "hourly", code=2).stderr
    assert "not known beforehand" in said


def test_yes_agrees(qbatch):
    qbatch("run", "g", "--backend", "cloud", "--yes")
    assert status(qbatch)["done"] == 1


def test_what_costs_nothing_is_not_asked_about(qbatch):
    qbatch("run", "g", "--backend", "free")
    assert status(qbatch)["done"] == 1
    qbatch("run", "g", "--backend", "cloud")  # nothing is left to send


def test_the_backend_of_the_group_counts(qbatch, bell):
    qbatch("add", "h", bell, "--backend", "cloud")
    assert "cost in all" in qbatch("run", "h", code=2).stderr
    assert "cost in all" in qbatch("run", "g", "h", code=2).stderr


def test_a_rerun_is_asked_about(qbatch):
    qbatch("cancel", "g")
    assert "cost in all" in qbatch("rerun", "g", "--backend", "cloud", code=2).stderr
    qbatch("rerun", "g", "--backend", "cloud", "-y")
    assert status(qbatch)["done"] == 1


def test_a_dry_run_and_a_plan_ask_nothing(qbatch):
    assert "cost in all: 1.3" in qbatch("run", "g", "--backend", "cloud", "--dry-run").stdout
    assert "cost in all: 1.3" in qbatch("plan", "g", "--backend", "cloud").stdout


PROGRAM = """
def solve(ctx, x):
    return ctx.counts('OPENQASM 2.0; qreg q[1]; creg c[1]; measure q -> c;', shots=10)
"""


def test_programs_are_asked_about_though_nobody_knows_what_they_send(qbatch, write):
    write("vqe.py", PROGRAM)
    qbatch("add", "h", "vqe.py:solve", "-p", "x=1,2,3", "--backend", "cloud")
    said = qbatch("run", "h", code=2).stderr
    assert "cloud: 3 programs, in rounds of jobs that only the code knows" in said
    assert "not known beforehand" in said
    (planned,) = qbatch.json("plan", "h", "--json")["plan"]["programs"]
    assert planned == {"backend": "cloud", "programs": 3, "priced": True}
    assert "not known" not in qbatch("plan", "h", "--backend", "free").stdout
    qbatch("cancel", "h/p2")
    assert "cloud: 1 program, in" in qbatch("rerun", "h", "--dry-run").stdout
    assert "cloud: 1 program, in" in qbatch("rerun", "h", code=2).stderr
    assert "cloud: 2 programs, in" in qbatch("run", "h", code=2).stderr
    qbatch("run", "h", "--backend", "free")
    assert "nothing to run" in qbatch("plan", "h").stdout
    qbatch("rerun", "h/p1", "--from-step", "0", "--dry-run")
