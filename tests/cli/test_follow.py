"""Open and closed groups, a run that waits for jobs, and watching it."""

import time


def counts(qbatch, group="g"):
    return qbatch.json("status", group, "--json")["groups"][0]


def test_a_closed_group_takes_no_jobs_until_it_is_opened(qbatch, bell):
    qbatch("add", "g", bell)
    assert qbatch("group", "close", "g").stdout == "g: closed\n"
    refused = qbatch("add", "g", bell, code=2)
    assert "closed: nothing can be added" in refused.stderr
    assert "qbatch group open g" in refused.stderr
    qbatch("run", "g", "--add", bell, code=2)
    assert counts(qbatch)["state"] == "closed"
    qbatch("run", "g")
    assert qbatch.json("group", "open", "g", "--json")["groups"] == [{"name": "g", "state": "open"}]
    qbatch("add", "g", bell)
    assert counts(qbatch)["jobs"] == 2
    assert "no group" in qbatch("group", "close", "h", code=2).stderr


def test_a_run_follows_an_open_group_until_it_is_closed(qbatch, bell):
    qbatch("add", "g", bell)
    process = qbatch.start("run", "g", "--follow", "--executor", "serial")
    watching = qbatch.start("watch", "g", "--interval", "0.1", "--json")
    while counts(qbatch)["counts"]["done"] != 1:
        assert process.poll() is None
    qbatch("add", "g", bell, bell)
    while counts(qbatch)["counts"]["done"] != 3:
        assert process.poll() is None
    qbatch("group", "close", "g")
    out, err = process.communicate(timeout=30)
    assert process.returncode == 0, err
    assert "3 done" in out
    assert "waiting for jobs" in err
    out, err = watching.communicate(timeout=30)
    assert watching.returncode in (0, 3), err  # it may have looked before the run began
    assert '"group"' in out


def test_an_idle_run_ends(qbatch, bell):
    qbatch("add", "g", bell)
    started = time.monotonic()
    qbatch("run", "g", "--follow", "--idle", "0.5")
    assert time.monotonic() - started > 0.5
    assert "goes with --follow" in qbatch("run", "g", "--idle", "3", code=2).stderr
    assert "--limit" in qbatch("run", "g", "--follow", "--limit", "3", code=2).stderr


def test_watching_what_nobody_runs_says_how_it_stands(qbatch, bell):
    qbatch("add", "g", bell)
    assert qbatch("watch", "g", code=3).stdout == "g: unsent 1\n"
    qbatch("run", "g", "-q")
    assert qbatch("watch", "g").stdout == "g: done 1\n"
