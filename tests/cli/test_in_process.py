"""Commands in this process, one after another on one database: what each prints, and its code."""

import json

import pytest

from ..conftest import ANSATZ, BELL


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    folder = tmp_path_factory.mktemp("commands")
    (folder / "bell.qasm").write_text(BELL)
    (folder / "ansatz.qasm3").write_text(ANSATZ)
    return folder


@pytest.fixture
def call(place, in_process):
    return in_process(place)


DAY = [
    ("status", 0, "no groups yet"),
    ("run demo --add bell.qasm --shots 1k --executor serial", 0, "1 done, 0 failed; 1 batch"),
    ("add scan ansatz.qasm3 -p theta=0:3:4 -p phi=0.5 --tag day=mon --shots 4k", 0, "1-4"),
    ("add scan ansatz.qasm3 -p theta=0:3:4 -p phi=0.5 --shots 4000 --if-new", 0, "4 already"),
    ("add scan ansatz.qasm3 -p theta=1 -p phi=2 -q", 0, "5"),
    ("plan scan", 0, "at most 2 qubits, depth 3"),
    ("plan scan --json", 0, '"jobs": 5'),
    ("run scan/1-2 --dry-run", 0, "aer: 1 batch, 2 jobs"),
    ("run scan/1-2 --executor serial", 0, "2 done, 0 failed, 3 left"),
    ("run scan/1-2 --executor serial", 0, "no job of those that are meant is unsent"),
    ("run scan --where theta>2 --executor serial --no-coalesce --order key", 0, "1 done"),
    ("run-parallel scan/4 --executor serial", 0, "nothing to do"),
    ("run-sequential scan/3 --executor serial --delay 0", 0, "1 done"),
    ("run demo --executor serial", 0, "nothing to do in demo: no unsent jobs"),
    ("cancel scan/5", 0, "cancelled 1 unsent job of scan"),
    ("cancel scan/5 --json", 0, '"cancelled": 0'),
    ("rerun scan --status error", 0, "nothing to rerun in scan"),
    ("rerun scan --dry-run", 0, "1 job"),
    ("rerun scan --keep --executor serial", 0, "1 done"),
    ("rerun scan", 0, "but 1 that rerun --keep has made a new job for"),
    ("status s* --sizes", 0, "on disk"),
    ("status --sort -jobs -q", 0, "scan\ndemo"),
    ("status --since 1h", 0, "scan"),
    ("status --since 2100-01-01", 0, "no groups made since then"),
    ("jobs * --grep BELL", 0, "demo"),
    ("jobs scan/last -q", 0, "6"),
    ("jobs * -q", 0, "scan/1"),
    ("show scan/1", 0, "exact law"),
    ("why scan/5", 0, "qbatch rerun scan/5"),
    ("why scan/6 --json", 0, "nothing: it is done"),
    ("results scan/1,2 --top 1", 0, "ansatz"),
    ("results scan -f csv --wide", 0, "counts:00"),
    ("results scan -o out.json", 0, ""),
    ("edit scan/1 --set-tag seen=yes --note look", 0, "scan: 1 job"),
    ("edit demo --note whole --backend aer --json", 0, '"jobs": 1'),
    ("copy scan/1-2 again", 0, "again: 2 jobs of scan, unsent"),
    ("check scan/1-4 --save base.json", 0, "base.json: 4 jobs of scan"),
    ("check scan/1-4 --baseline base.json --detect 0.9 --all", 0, "passed: 4 same"),
    ("check again --baseline base.json -q", 1, "1\n2\n3\n4"),
    ("check scan/1-4 --baseline base.json --junit j.xml --detect 0.9 --json", 0, '"passed": true'),
    ("check scan", 2, "say --baseline FILE to compare, or --save FILE"),
    ("diff scan again", 0, "only in scan: 4 jobs"),
    ("diff scan scan --json", 0, '"tvd": 0.0'),
    ("plot scan/1 --kind histogram", 0, "00"),
    ("plot scan --kind pie", 2, "one of histogram, sweep, heatmap"),
    ("report scan -o scan.html", 0, "scan.html"),
    ("report scan -o scan.pdf", 2, "a report is HTML"),
    ("group close again", 0, "again: closed"),
    ("add again bell.qasm", 2, "is closed: nothing can be added"),
    ("group open again --json", 0, '"state": "open"'),
    ("group rename again once", 0, "again is now once"),
    ("group archive once -o once.qbatch", 0, "once.qbatch: 2 jobs of once"),
    ("group archive once -o once.json", 2, "an archive is no table of results"),
    ("group unarchive once.qbatch --as twice", 0, "twice: 2 jobs"),
    ("delete once twice", 2, "nobody to ask here"),
    ("delete once twice --yes", 0, "deleted once, twice"),
    ("delete --before 2020-01-01 --yes", 0, "no group was deleted"),
    ("delete", 2, "say what to delete"),
    ("group prune --keep 5 --yes", 0, "nothing was pruned"),
    ("group prune --before 2100-01-01 --results-only --yes", 0, "pruned demo, scan"),
    ("db path", 0, "q.db"),
    ("db verify", 0, "the database is sound"),
    ("db backup copy.db", 0, "copy.db"),
    ("db export tables.db", 0, "tables.db: "),
    ("db sql --views", 0, "attempts"),
    ("db sql", 2, "nothing is asked"),
    ("backends list", 0, "aer"),
    ("backends check aer", 0, "aer: "),
    ("config set defaults.shots 4k", 0, "defaults.shots is set"),
    ("config show", 0, "shots = 4000"),
    ("config show --json", 0, '"shots": 4000'),
    ("config set defaults.shots --unset", 0, "defaults.shots is gone"),
    ("config set defaults.nothing --unset", 2, "defaults.nothing is not set"),
    ("config set backends.lab.token_env X", 2, "backends.lab.type aer comes first"),
    ("config set backends.lab.type aer", 0, "backends.lab.type is set"),
    ("config set backends.lab --unset", 0, "backends.lab is gone"),
    ("config set defaults.shots", 2, "say KEY VALUE, or KEY --unset"),
    ("config path", 0, "config.toml"),
    ("config schema results", 0, "draft/2020-12"),
    ("config schema nonsense", 2, "there is no schema 'nonsense'"),
    ("completion bash", 0, "_QBATCH_COMPLETE=bash"),
    ("completion man", 0, ".TH QBATCH 1"),
    ("completion tcsh", 2, "one of bash, zsh, fish, man"),
    ("sync", 0, "nothing is under way"),
    ("wait --timeout 1s", 0, "nothing is under way"),
    ("watch demo --interval 1", 0, "demo: done 1"),
    ("resolve 1", 2, "say what became of it"),
    ("resolve 1 --give-up", 2, "batch 1"),
    ("run bell.qasm", 2, "is a file: a group's name comes first"),
    ("run demo --backend moon", 2, "there is no backend 'moon'"),
    ("run demo --shots 5", 2, "go with --add"),
    ("run demo --retries many", 2, "not a whole number"),
    ("jobs scan --status failed", 2, "unknown status 'failed'"),
    ("jobs s* nothing*", 2, "no group fits 'nothing*'"),
    ("results * -f csv", 2, "means several groups"),
    ("results scan/", 2, "no jobs are named after the slash"),
    ("show scan", 2, "names no job"),
    ("--version", 0, "qbatch "),
    ("nonsense", 2, "there is no command 'nonsense'"),
    ("group nonsense", 2, "there is no command 'group nonsense'"),
    ("status --nonsense", 2, "no such option"),
    ("run --help", 0, "Usage: qbatch run GROUP[/JOBS]"),
]


def test_a_day_of_commands(call):
    for line, code, said in DAY:
        assert said in call(line, code), line


def test_sql_in_every_format(call):
    query = ["SELECT number, shots FROM jobs WHERE group_name = 'scan' ORDER BY number"]
    assert "number" in call("db sql", more=query)
    assert call("db sql -f csv -n 1", more=query) == "number,shots\n1,4000\n"
    assert call("db sql -f tsv -n 1", more=query) == "number\tshots\n1\t4000\n"
    bars = ["SELECT 'a|b' || char(10) || '<c>' AS text"]
    assert call("db sql -f markdown", more=bars).splitlines()[2] == "| a\\|b <c> |"
    assert "<td>a|b &lt;c&gt;</td>" in call("db sql -f html", more=bars)
    assert " a|b" in call("db sql -f latex", more=bars)
    assert json.loads(call("db sql -f jsonl -n 1", more=query)) == {"number": 1, "shots": 4000}
    assert json.loads(call("db sql --json -n 1", more=query))["columns"] == ["number", "shots"]
    assert "fewer than none" in call("db sql -n -1", 2, more=query)


def test_errors_are_one_value_for_machines(call):
    out = call("status nobody --json", 2)
    assert '"exit_code": 2' in out
