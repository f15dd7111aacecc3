"""Bad input: one clear message, exit code 2, nothing stored."""

import os

import pytest

from ..conftest import ANSATZ, BELL

FILES = {
    "bell.qasm": BELL.encode(),
    "ansatz.qasm3": ANSATZ.encode(),
    "empty.qasm": b"",
    "picture.qasm": b"\x89PNG\r\n\x1a\n" + bytes(range(256)),
    "cut.qpy": b"QISKIT\x0d\x01\x01\x00\x00\x00",
    "syntax.qasm": b"OPENQASM 2.0;\nqreg q[1];\nfoo q[0];\n",
    "unmeasured.qasm": b'OPENQASM 2.0;include "qelib1.inc";qreg q[1];h q[0];',
    "text.db": b"no database at all, but long enough to have a header" * 4,
    "none/readme.txt": b"nothing here",
}


@pytest.fixture
def files(tmp_path):
    for name, data in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(data)
    return tmp_path


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("add g empty.qasm", "empty.qasm: the file is empty"),
        ("add g picture.qasm", "picture.qasm: not a circuit file (binary content)"),
        ("add g cut.qpy", "cut.qpy: a truncated or damaged QPY file"),
        ("add g syntax.qasm", "syntax.qasm:3:0: 'foo' is not defined in this scope"),
        ("add g none", "none: no circuit files in this directory"),
        ("add g missing.qasm", "missing.qasm: no such file or directory"),
        ("add g unmeasured.qasm", "--measure-all"),
        ("add g bell.qasm syntax.qasm", "syntax.qasm:3:0"),
        ("add g bell.qasm --shots 0", "0 shots"),
        ("add g bell.qasm --shots -5", "-5 shots"),
        ("add g bell.qasm --shots many", "--shots"),
        ("add g bell.qasm --seed -1", "seed -1"),
        ("add g ansatz.qasm3", "no value for parameter 'phi'; the circuit has phi, theta"),
        ("add g ansatz.qasm3 -p phi=1 -p x=2", "unknown parameter 'x'; the circuit has phi"),
        ("add g ansatz.qasm3 -p phi=1:2 -p theta=1", "a range has three parts"),
        ("add g ansatz.qasm3 -p phi=abc -p theta=1", "'abc' is no number"),
        ("add g ansatz.qasm3 -p phi=1 -p phi=1", "'phi' is given twice"),
        ("add g ansatz.qasm3 --params missing.csv", "missing.csv: cannot be read"),
        ("add g bell.qasm --observable ZZZ", "for 3 qubits, the circuit has 2"),
        ("add g bell.qasm --observable ZZ+", "cannot be read from '+'"),
        ("add g bell.qasm --backend moon", "there is no backend 'moon'"),
        ("add g bell.qasm --option metod=x", "did you mean"),
        ("add g bell.qasm --tag x", "not of the form KEY=VALUE"),
        ("run nowhere", "there is no group 'nowhere'"),
        ("run oky", "did you mean 'ok'?"),
        ("run ok --max-batch-size 0", "holds none"),
        ("run ok --backend moon", "there is no backend 'moon'"),
        ("run ok --executor moon", "executor 'moon' is not known"),
        ("run ok --shots 5", "go with --add"),
        ("run ok --delay 5", "--delay goes with --sequential"),
        ("cancel ok/", "no jobs are named after the slash"),
        ("run ok --sequential --delay nan", "not a duration"),
        ("run ok --executor local:999", "with N from 1 to"),
        ("add g ansatz.qasm3 -p phi=0 -p theta=0:pi:100000000", "a range of 100000000 points"),
        ("add g bell.qasm --shots 50000000000", "a job may have at most"),
        ("jobs ok/1-", "selector '1-': cannot be understood at '1-'"),
        ("jobs ok/99", "has no job 99"),
        ("results ok/nobody", "has no job named 'nobody'"),
        ("jobs ok --status fine", "unknown status 'fine'"),
        ("show ok", "names no job"),
        ("show ok 7", "scan/7"),
        ("cancel ok 40-50", "scan/40-50"),
        ("run ok/60-70", "has no jobs from 60 to 70"),
        ("config set shots 4000", "defaults.shots"),
        ("run ok --no-wait", "--backend NAME sends to a service"),
        ("show ok/9", "has no job 9"),
        ("results ok --format xml", "one of table, json"),
        ("add ok", "qbatch add ok FILE…"),
        ("results ok -o x.unknown", "its ending tells no format"),
        ("results ok -o missing/x.json", "cannot be written"),
        ("delete --before yesterday", "'yesterday' is no date"),
        ("delete", "say what to delete"),
        ("delete ok --all", "say what to delete"),
        ("delete ok", "nobody to ask here"),
        ("rerun nowhere", "there is no group 'nowhere'"),
        ("frobnicate", "there is no command 'frobnicate'"),
        ("status --db x.db", "--db stands before the command"),
        ("--db text.db status", "text.db: not a qbatch database"),
        ("--db . status", "a directory, not a database file"),
    ],
)
def test_bad_input_is_refused_with_one_clear_message(qbatch, files, arguments, said):
    qbatch("add", "ok", "bell.qasm", "--quiet")
    before = qbatch("status", "--json").stdout
    refused = qbatch(*arguments.split(), code=2)
    assert refused.stderr.startswith("qbatch: ")
    assert said in refused.stderr
    assert refused.stdout == ""
    assert len(refused.stderr.splitlines()) <= 3
    assert qbatch("status", "--json").stdout == before


def test_a_group_name_must_be_printable(qbatch, files):
    for name in ("", " ", "a\nb", "x" * 201):
        assert "name" in qbatch("add", name, "bell.qasm", code=2).stderr


def test_everything_wrong_is_named_at_once(qbatch, files):
    refused = qbatch("add", "g", "empty.qasm", "bell.qasm", "syntax.qasm", code=2)
    assert "empty.qasm: the file is empty" in refused.stderr
    assert "syntax.qasm:3:0" in refused.stderr
    assert "--skip-invalid" in refused.stderr
    added = qbatch("add", "g", "empty.qasm", "bell.qasm", "syntax.qasm", "--skip-invalid")
    assert "added 1 job to g: 1 (2 left out)" in added.stdout
    assert added.stderr.count("left out: ") == 2


def test_nothing_stored_yet_is_said_and_nothing_is_made(qbatch, db):
    assert "no groups yet" in qbatch("status").stderr
    assert "nothing is stored yet" in qbatch("run", "g", code=2).stderr
    assert "nothing is stored yet" in qbatch("show", "g/1", code=2).stderr
    assert not db.exists()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_directory_that_cannot_be_written(qbatch, files, tmp_path):
    locked = tmp_path / "locked"
    locked.mkdir(mode=0o500)
    refused = qbatch("--db", locked / "x.db", "add", "g", "bell.qasm", code=1)
    assert "Permission denied" in refused.stderr


def test_debug_shows_where(qbatch):
    import subprocess
    import sys

    done = subprocess.run(
        [sys.executable, "-m", "qbatch", "--debug", "run", "nowhere"],
        env=qbatch.env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "Traceback" in done.stderr
