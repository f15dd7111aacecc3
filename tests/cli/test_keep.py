"""Book-keeping: tags, notes, names, copies, what is let go, SQL, the log, and why."""

import json
import re

import pytest

from qbatch import JobGroup
from qbatch.api.database import backup
from qbatch.store import Store, run_lock

from ..conftest import ANSATZ, BELL

RESET = BELL.replace("cx q[0], q[1];", "reset q[0];")


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A database with a group of five done jobs and a failed one."""
    path = tmp_path_factory.mktemp("finished") / "q.db"
    group = JobGroup("scan", db=path)
    theta = {"theta": [0.0, 0.75, 1.5, 2.25, 3.0], "phi": [0.5]}
    group.add(ANSATZ, parameters=theta, tags={"a": "1"}, name="ansatz")
    group.add(RESET, options={"method": "unitary"}, name="reset")
    group.run_parallel()
    group.close()
    return path


@pytest.fixture
def scan(qbatch, write, finished, db):
    """The command, with a copy of that database."""
    write("ansatz.qasm3", ANSATZ)
    db.parent.mkdir(mode=0o700)
    backup(db, finished)
    return qbatch


def jobs(qbatch, group, selector=None, *args):
    target = group if selector is None else f"{group}/{selector}"
    return qbatch.json("jobs", target, *args, "--json")["jobs"]


def test_tags_are_given_and_taken(scan):
    given = ["--set-tag", "day=monday", "--set-tag", "b=x y"]
    assert scan("edit", "scan/1-3", *given).stdout == "scan: 3 jobs\n"
    assert jobs(scan, "scan", "2")[0]["tags"] == {"a": "1", "day": "monday", "b": "x y"}
    scan("edit", "scan", "--remove-tag", "a", "--remove-tag", "b", "--set-tag", "c=2")
    assert [job["tags"] for job in jobs(scan, "scan", "3,4,6")] == [
        {"day": "monday", "c": "2"},
        {"c": "2"},
        {"c": "2"},
    ]
    scan("edit", "scan/6", "--remove-tag", "c")
    assert jobs(scan, "scan", "6")[0]["tags"] == {}
    assert len(jobs(scan, "scan", None, "--tag", "day=monday")) == 3
    assert "nothing is to be changed" in scan("edit", "scan", code=2).stderr
    assert "not of the form" in scan("edit", "scan", "--set-tag", "x", code=2).stderr


def test_notes_are_written_shown_and_taken(scan):
    scan("edit", "scan", "--note", "the fridge was warm")
    scan("edit", "scan/2", "--note", "odd")
    assert [job["note"] for job in jobs(scan, "scan", "1-3")] == [None, "odd", None]
    assert "the fridge was warm" in scan("status").stdout
    assert "odd" in scan("show", "scan/2").stdout
    scan("edit", "scan", "--note", "")
    assert scan.json("status", "--json")["groups"][0]["note"] is None


def test_a_group_is_renamed(scan):
    scan("group", "rename", "scan", "scan é 1")
    assert scan.json("status", "--json")["groups"][0]["name"] == "scan é 1"
    assert len(jobs(scan, "scan é 1")) == 6
    scan("add", "other", "-", code=0, stdin=BELL)
    assert "already" in scan("group", "rename", "other", "scan é 1", code=2).stderr
    assert "empty" in scan("group", "rename", "other", " ", code=2).stderr


def test_a_copy_is_unsent_and_asks_the_same(scan):
    assert scan("copy", "scan/2-6", "again").stdout == "again: 5 jobs of scan, unsent\n"
    before, after = jobs(scan, "scan", "2-6"), jobs(scan, "again")
    same = ("number", "key", "parameters", "tags", "shots", "payload", "options")
    assert [[j[f] for f in same] for j in after] == [[j[f] for f in same] for j in before]
    assert {j["status"] for j in after} == {"unsent"}
    scan("add", "again", "-", stdin=BELL)
    assert jobs(scan, "again")[-1]["number"] == 7
    assert "already" in scan("copy", "scan", "again", code=2).stderr
    scan("run", "again", code=1)
    assert scan("db", "verify").stdout == "the database is sound\n"


def test_results_alone_are_let_go(scan):
    size = scan.json("status", "--sizes", "--json")["groups"][0]["bytes"]["results"]
    assert "nobody to ask" in scan("group", "prune", "--keep", "0", "--results-only", code=2).stderr
    scan("group", "prune", "--keep", "0", "--results-only", "--yes")
    [group] = scan.json("status", "--sizes", "--json")["groups"]
    assert group["counts"]["done"] == 5
    assert group["bytes"]["results"] < size
    assert scan.json("results", "scan/1", "--json")["results"][0]["counts"] is None
    scan("run", "scan", code=0)  # nothing is run again for it
    assert jobs(scan, "scan", "1")[0]["status"] == "done"
    assert scan("db", "verify").stdout == "the database is sound\n"
    assert "has no results to show" in scan("plot", "scan", code=2).stderr


def test_what_has_landed_of_an_unfinished_job_is_never_let_go(scan, db):
    group = JobGroup("scan", db=db)
    group._stored.store.database.execute("UPDATE jobs SET status = 'error' WHERE number = 1")
    scan("group", "prune", "--keep", "0", "--results-only", "--yes")
    assert next(iter(group.results("1", partial=True))).counts is not None
    assert next(iter(group.results("2", partial=True))).counts is None
    group.close()


def test_a_group_that_is_run_is_neither_pruned_nor_renamed(scan, db):
    scan("add", "other", "-", stdin=BELL)
    with Store(db) as store, run_lock.hold(store, [store.groups.get("scan")]):
        done = scan("group", "prune", "--keep", "0", "--yes")
        assert "scan is kept: group 'scan' is being run" in done.stderr
        assert done.stdout.startswith("pruned other; ")
        assert "is being run" in scan("group", "rename", "scan", "x", code=5).stderr
    assert (
        "--keep -1: not a number" in scan("group", "prune", "--keep", "-1", "--yes", code=2).stderr
    )
    assert [g["name"] for g in scan.json("status", "--json")["groups"]] == ["scan"]


def test_old_groups_are_let_go(scan, db):
    for name in ("b", "c"):
        scan("add", name, "-", stdin=BELL)
    JobGroup("c", db=db)._stored.store.database.execute(
        "UPDATE jobs SET status = 'queued'"
        " WHERE group_id = (SELECT id FROM groups WHERE name = 'c')"
    )
    done = scan("group", "prune", "--before", "2100-01-01", "--yes")
    assert done.stdout.startswith("pruned scan, b; ")
    assert "c is kept: 1 queued" in done.stderr
    assert [g["name"] for g in scan.json("status", "--json")["groups"]] == ["c"]
    assert scan("group", "prune", "--keep", "5", "--yes").stdout == "nothing was pruned\n"
    assert "say what is old" in scan("group", "prune", code=2).stderr
    assert "is no date" in scan("group", "prune", "--before", "soon", code=2).stderr


def test_the_file_shrinks(qbatch, write, db):
    write("ansatz.qasm3", ANSATZ)
    qbatch("add", "g", "ansatz.qasm3", "-p", "theta=0:3:3000", "-p", "phi=0")
    before = db.stat().st_size
    freed = qbatch.json("group", "prune", "--keep", "0", "--yes", "--json")["pruned"]["freed"]
    qbatch("status")
    assert freed > 100_000
    assert db.stat().st_size < before


def test_sql_reads_and_does_nothing_else(scan, db):
    rows = scan.json("db", "sql", "SELECT status, count(*) AS n FROM jobs GROUP BY 1", "--json")[
        "rows"
    ]
    assert rows == [{"status": "done", "n": 5}, {"status": "error", "n": 1}]
    counts = scan.json("results", "scan/3", "--json")["results"][0]["counts"]
    query = "SELECT outcome, count FROM results WHERE number = 3"
    lines = [
        json.loads(line) for line in scan("db", "sql", query, "-f", "jsonl").stdout.splitlines()
    ]
    assert {line["outcome"]: line["count"] for line in lines} == counts
    theta = "SELECT parameters ->> 'theta' AS t FROM jobs WHERE number = 5"
    assert scan("db", "sql", theta, "-f", "csv").stdout == "t\n3.0\n"
    attempts = "SELECT failure FROM attempts WHERE status = 'error'"
    assert scan("db", "sql", attempts).stdout.splitlines()[1] == "invalid"
    assert scan("db", "sql", "SELECT jobs FROM groups").stdout.splitlines()[1] == "6"
    tags = "SELECT e.key, e.value FROM jobs, json_each(jobs.tags) e WHERE number = 1"
    assert scan.json("db", "sql", tags, "--json")["rows"] == [{"key": "a", "value": "1"}]
    twice = scan.json("db", "sql", "SELECT 1 AS id, 2 AS id, 9e999 AS big", "--json")["rows"]
    assert twice == [{"id": 1, "id_2": 2, "big": None}]
    before = db.read_bytes()
    for query in (
        "SELECT * FROM main.jobs",
        "SELECT * FROM sqlite_master",
        "DELETE FROM jobs",
        "UPDATE main.jobs SET shots = 1",
        "DROP TABLE main.jobs",
        "ATTACH 'x.db' AS x",
        "PRAGMA user_version = 9",
        "SELECT load_extension('x')",
        "SELECT 1; DELETE FROM main.jobs",
        "SELEC",
        "",
    ):
        assert (
            "sql: " in scan("db", "sql", query, code=2).stderr
            or "nothing is asked" in query
            or not query
        )
    assert db.read_bytes() == before
    assert not (scan.directory / "x.db").exists()
    for view in scan.json("db", "sql", "--views", "--json")["views"]:
        found = scan.json("db", "sql", f"SELECT * FROM {view['view']} LIMIT 1", "--json")["columns"]
        # What is documented is there, and nothing else.
        text = re.sub(r"\([^)]*\)|:.*", "", view["columns"]).replace(" and", ",")
        assert found == [word.strip() for word in text.split(",")]


def test_why_tells_every_attempt_and_what_helps(scan):
    told = scan("why", "scan/6").stdout
    assert "scan/6 (reset) is error" in told
    assert "attempt 1: batch" in told
    assert "invalid: " in told
    assert "a rerun would fail alike" in told
    scan("rerun", "scan", code=1)
    [entry] = scan.json("why", "scan/6", "--json")["why"]
    assert [attempt["failure"] for attempt in entry["attempts"]] == ["invalid", "invalid"]
    assert "nothing: it is done" in scan("why", "scan/1").stdout
    scan("add", "scan", "-", stdin=BELL)
    assert "it has not been sent yet; qbatch run scan/7 sends it" in scan("why", "scan/7").stdout
    scan("cancel", "scan/7")
    assert "qbatch rerun scan/7" in scan("why", "scan/7").stdout
    assert "names no job" in scan("why", "scan", code=2).stderr
    assert "has no job 99" in scan("why", "scan/99", code=2).stderr


def test_a_log_has_lines_with_time_and_group(scan, tmp_path):
    scan("add", "other", "ansatz.qasm3", "-p", "theta=0:3:4", "-p", "phi=0.5")
    scan("run", "other", "--log-file", "run.log", "--log-level", "debug")
    scan("rerun", "scan", "--log-file", "run.log", "--log-level", "error", code=1)
    lines = (tmp_path / "run.log").read_text().splitlines()
    pattern = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d{4} (DEBUG|INFO|WARNING|ERROR) (other|scan): "
    assert all(re.match(pattern, line) for line in lines), lines
    assert any("batch" in line and "4 jobs" in line for line in lines)
    assert any("run ends: 4 done, 0 failed, 0 left, exit code 0" in line for line in lines)
    assert [line for line in lines if " scan: " in line] == [
        line for line in lines if "ERROR" in line
    ]
    assert "scan/6: invalid" in lines[-1]
    assert "No such file" in scan("run", "other", "--log-file", "no/x.log", code=2).stderr
    # Without a log file nothing of it goes anywhere.
    assert "ERROR" not in scan("rerun", "scan", code=1).stderr
