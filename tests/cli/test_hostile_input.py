"""Input and output made to harm: refused whole, or shown without harm."""

import contextlib
import functools
import json
import signal
import sqlite3
import stat
import subprocess
import sys
import time

import pytest

from qbatch.testing import HostileServer

from ..conftest import BELL

HEAD = 'OPENQASM 2.0;\ninclude "qelib1.inc";\n'
ONE = "qreg q[1];\ncreg c[1];\n{}\nmeasure q -> c;\n"


@pytest.fixture
def bomb(tmp_path):
    gates = ["gate g0 a { x a; }"]
    gates += [f"gate g{i} a {{ g{i - 1} a; g{i - 1} a; }}" for i in range(1, 31)]
    path = tmp_path / "bomb.qasm"
    path.write_text(HEAD + "\n".join(gates) + ONE.format("g30 q[0];"))
    return path


def test_gates_are_counted_before_anything_is_stored(qbatch, bomb, bell):
    refused = qbatch("add", "g", bell, bomb, code=2)
    assert "unrolls to 1,073,741,825 gates" in refused.stderr
    assert "--max-gates" in refused.stderr
    assert qbatch.json("status", "--json")["groups"] == []


def test_a_counted_loop_counts_as_often_as_it_runs(qbatch, tmp_path):
    path = tmp_path / "loop.qasm3"
    path.write_text(
        'OPENQASM 3.0;\ninclude "stdgates.inc";\nqubit[1] q;\nbit[1] c;\n'
        "for int i in [0:99999999] { x q[0]; }\nc = measure q;\n"
    )
    assert "100,000,0" in qbatch("add", "g", path, code=2).stderr


@pytest.mark.parametrize("signals", [[signal.SIGINT, signal.SIGINT], [signal.SIGTERM]])
def test_a_circuit_that_never_ends_can_be_ended(qbatch, tmp_path, signals):
    path = tmp_path / "never.qasm3"
    path.write_text(
        'OPENQASM 3.0;\ninclude "stdgates.inc";\nqubit[1] q;\nbit[1] c;\nx q[0];\n'
        "c[0] = measure q[0];\nwhile (c[0]) { c[0] = measure q[0]; }\n"
    )
    qbatch("add", "g", path, "--shots", "3")
    process = qbatch.start("run", "g", "--executor", "serial")
    time.sleep(3)
    for number in signals:
        process.send_signal(number)
        time.sleep(0.2)
    process.communicate(timeout=20)
    assert process.returncode == (130 if len(signals) > 1 else 143)
    assert qbatch.json("status", "--json")["groups"][0]["jobs"] == 1


@pytest.mark.parametrize("text", ["rx(1e308*10) q[0];", "rx(9^9^9^9^9) q[0];", "rx(1/0) q[0];"])
def test_angles_that_are_no_numbers_are_refused(qbatch, tmp_path, text):
    path = tmp_path / "angle.qasm"
    path.write_text(HEAD + ONE.format(text))
    assert qbatch("add", "g", path, code=2).stderr
    assert qbatch.json("status", "--json")["groups"] == []


@pytest.mark.parametrize("name", ["/etc/passwd", "../secret.inc", "sub/../../secret.inc"])
def test_nothing_is_included_from_elsewhere(qbatch, tmp_path, name):
    (tmp_path.parent / "secret.inc").write_text("root of all evil\n")
    path = tmp_path / "c.qasm"
    path.write_text(f'OPENQASM 2.0;\ninclude "{name}";\n' + ONE.format("U(0,0,0) q[0];"))
    said = qbatch("add", "g", path, code=2).stderr
    assert "is refused" in said
    assert "root of all" not in said


def test_a_link_out_of_the_directory_is_not_followed(qbatch, tmp_path):
    (tmp_path / "in.inc").symlink_to("/etc/passwd")
    path = tmp_path / "c.qasm"
    path.write_text('OPENQASM 2.0;\ninclude "in.inc";\n' + ONE.format("U(0,0,0) q[0];"))
    assert "leads out of its directory" in qbatch("add", "g", path, code=2).stderr


@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
def test_what_cannot_be_encoded_changes_no_exit_code(qbatch, bell, encoding):
    qbatch.env["PYTHONIOENCODING"] = encoding
    name = "größe €☃"
    commands = (
        ["run", name, "--add", bell, "-q", "--seed", "3"],
        ["status"],
        ["jobs", name],
        ["results", name],
        ["show", f"{name}/1"],
        ["why", f"{name}/1"],
        ["check", name, "--save", "b.json"],
        ["check", name, "--baseline", "b.json", "--all"],
    )
    for command in commands:
        done = subprocess.run(
            [sys.executable, "-m", "qbatch", *map(str, command)],
            cwd=qbatch.directory, env=qbatch.env, capture_output=True, check=False,
        )  # fmt: skip
        assert (done.returncode, b"Traceback" in done.stderr) == (0, False), done.stderr
    found = qbatch.json("status", "--json")["groups"][0]
    assert found["name"] == name


def test_escape_sequences_do_not_reach_the_terminal(qbatch, bell, tmp_path):
    with HostileServer() as server:
        server.fault("make", "422")
        server.fault("any", "400")
        qbatch.env["QBATCH_CONFIG"] = str(tmp_path / "config.toml")
        (tmp_path / "config.toml").write_text(server.configuration())
        done = qbatch("run", "g", "--add", bell, "--backend", "steps", code=1)
    assert "wish" in done.stderr
    assert "\x1b" not in done.stderr + done.stdout


def test_an_answer_that_drips_does_not_hold_the_process(qbatch, bell, tmp_path):
    with HostileServer() as server:
        server.fault("status", "!drip")
        qbatch.env["QBATCH_CONFIG"] = str(tmp_path / "config.toml")
        (tmp_path / "config.toml").write_text(server.configuration(seconds=20))
        process = qbatch.start("run", "g", "--add", str(bell), "--backend", "steps")
        time.sleep(3)
        started = time.monotonic()
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=20)
        # It asks once more how the batch stands, then tells the service to stop it.
        assert time.monotonic() - started < 15
        assert process.returncode == 130


def test_names_that_mean_something_else_are_refused(qbatch, bell):
    for name in ("a/b", "a*", "what?", "a,b", "a:b", "me@home"):
        assert "means something else" in qbatch("add", name, bell, code=2).stderr


def test_an_old_name_that_may_mean_two_groups_is_asked_about(qbatch, bell, db):
    qbatch("add", "a", bell, "--name", "b")
    qbatch("add", "other", bell)
    with sqlite3.connect(db) as connection:
        connection.execute("UPDATE groups SET name = 'a/b' WHERE name = 'other'")
    connection.close()
    assert "may mean group 'a' or group 'a/b'" in qbatch("cancel", "a/b", code=2).stderr
    qbatch("group", "rename", "a/b", "c")
    qbatch("cancel", "a/b")
    counts = {g["name"]: g["counts"] for g in qbatch.json("status", "--json")["groups"]}
    assert counts["a"]["cancelled"] == 1
    assert counts["c"]["unsent"] == 1


def test_delete_takes_all_or_nothing(qbatch, bell, ansatz):
    for name in ("a", "b", "c"):
        qbatch("add", name, bell)
    with HostileServer(seconds=30) as server:
        (ansatz.parent / "config.toml").write_text(server.configuration())
        qbatch.env["QBATCH_CONFIG"] = str(ansatz.parent / "config.toml")
        qbatch("run", "b", "--backend", "steps", "--no-wait", code=3)
        refused = qbatch("delete", "a", "b", "c", "--yes", code=2)
    assert "none of 3 groups was deleted" in refused.stderr
    assert len(qbatch.json("status", "--json")["groups"]) == 3
    assert "--wait-lock" not in refused.stderr


def test_a_rerun_keeps_the_note(qbatch, bell):
    qbatch("add", "g", bell)
    qbatch("edit", "g/1", "--note", "look here")
    qbatch("cancel", "g")
    qbatch("rerun", "g", "--keep", "-q")
    assert [j["note"] for j in qbatch.json("jobs", "g", "--json")["jobs"]] == ["look here"] * 2


@pytest.mark.parametrize(
    "text",
    ["[defaults]\nexecutor = [1]\n", "[defaults]\nrate = 'x'\n", "[defaults]\ntimeout = -1\n"],
)
def test_defaults_of_another_type_are_refused(qbatch, bell, tmp_path, text):
    (tmp_path / "c.toml").write_text(text)
    said = qbatch("--config", tmp_path / "c.toml", "run", "g", "--add", bell, code=2).stderr
    assert "[defaults]" in said


@pytest.mark.parametrize("key", ["apikey", "access_token", "headers.Authorization", "private-key"])
def test_secrets_are_refused_in_the_configuration(qbatch, tmp_path, key):
    config = tmp_path / "c.toml"
    config.write_text('[backends.lab]\ntype = "aer"\n')
    said = qbatch("--config", config, "config", "set", f"backends.lab.{key}", "s3cret", code=2)
    assert "must not stand in the file" in said.stderr
    assert "s3cret" not in config.read_text() + said.stderr


def test_an_address_with_a_secret_is_refused(qbatch, tmp_path):
    config = tmp_path / "c.toml"
    config.write_text('[backends.lab]\ntype = "qoro"\nurl = "https://me:s3cret@host/api"\n')
    for command in (["config", "show"], ["backends", "list", "--json"]):
        done = qbatch("--config", config, *command, code=2)
        assert "s3cret" not in done.stdout + done.stderr


def test_a_secret_put_where_its_source_belongs_is_not_repeated(qbatch, tmp_path, bell):
    config = tmp_path / "c.toml"
    config.write_text('[backends.lab]\ntype = "qoro"\nsimulator_cluster = "x"\n'
                      'token_env = "sk-9f8e7d"\n')  # fmt: skip
    done = qbatch("--config", config, "run", "g", "--add", bell, "--backend", "lab", code=4)
    assert "holds no token" in done.stderr
    assert "sk-9f8e7d" not in done.stderr


def test_what_is_written_is_private_and_no_formula(qbatch, bell, tmp_path):
    qbatch("run", "g", "--add", bell, "-q")
    qbatch("edit", "g", "--note", "x")
    qbatch("add", "g", bell, "--name", "=1+1", "--tag", "k=@SUM(A1)")
    for command in (["results", "g", "-o", "r.csv"], ["group", "archive", "g", "-o", "g.qbatch"]):
        qbatch(*command)
        assert stat.S_IMODE((tmp_path / command[-1]).stat().st_mode) == 0o600
    text = (tmp_path / "r.csv").read_text()
    assert "'=1+1" in text
    assert "'@SUM(A1)" in text
    qbatch("run", "g", "--log-file", "run.log", "-q")
    assert stat.S_IMODE((tmp_path / "run.log").stat().st_mode) == 0o600


def test_an_endless_query_ends_with_ctrl_c(qbatch, bell):
    qbatch("add", "g", bell)
    endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i FROM n) SELECT {} FROM n"
    # What a shell starts in the background ignores SIGINT, and so would this.
    heard = functools.partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
    process = qbatch.start("db", "sql", endless.format("count(*)"), preexec_fn=heard)
    try:
        time.sleep(1.5)
        # On a busy machine the first may fall into the interpreter's own start.
        for _ in range(2):
            process.send_signal(signal.SIGINT)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.communicate(timeout=2)
                break
        assert process.poll() == 130
    finally:
        process.kill()
        process.communicate()
    some = qbatch("db", "sql", endless.format("i"), "--limit", "5", "-f", "jsonl").stdout
    assert len(some.splitlines()) == 5


def test_a_directory_that_is_not_there_is_said(qbatch, tmp_path):
    assert "there is no directory" in qbatch("--db", "/nosuchdir/x.db", "status", code=2).stderr


def test_very_many_jobs_are_not_added_unasked(qbatch, ansatz):
    refused = qbatch("add", "g", ansatz, "-p", "theta=0:1:2000", "-p", "phi=0:1:2000", code=2)
    assert "4,000,000 jobs" in refused.stderr
    assert "--yes" in refused.stderr
    assert qbatch.json("status", "--json")["groups"] == []


def test_deep_nesting_in_a_file_is_refused(qbatch, ansatz, tmp_path):
    (tmp_path / "o.txt").write_text("[" * 20_000)
    qbatch("add", "g", ansatz, "-p", "theta=1", "-p", "phi=1", "--observables", "o.txt", code=2)


def test_an_archive_with_wrong_types_is_refused(qbatch, bell, tmp_path):
    from qbatch.api import archive_file

    qbatch("run", "g", "--add", bell, "-q")
    qbatch("group", "archive", "g", "-o", "g.qbatch")
    sound = list(archive_file.read(tmp_path / "g.qbatch"))
    for kind, field, value in (
        ("group", "created_at", "x"),
        ("payload", "info", "{}"),
        ("payload", "kind", "unheard"),
        ("attempt", "sampler", 3),
        ("batch", "options", "[1]"),
        ("job", "key", "0" * 32),
        ("job", "tags", '{"k": 1}'),
        ("job", "failure", "weird"),
        ("job", "shots", 10.5),
    ):
        records = json.loads(json.dumps(sound))
        job = next(r for r in records if r["record"] == "job")
        tried = kind == "attempt"
        found = job["attempts"][0] if tried else next(r for r in records if r["record"] == kind)
        found[field] = value
        with (tmp_path / "bad.qbatch").open("wb") as stream:
            archive_file.write(records, stream)
        said = qbatch("group", "unarchive", "bad.qbatch", "--as", "again", code=2).stderr
        assert "is damaged" in said or "cannot be taken here" in said
    assert len(qbatch.json("status", "--json")["groups"]) == 1


def test_an_archive_that_unpacks_without_end_is_refused(qbatch, tmp_path):
    import gzip

    with gzip.open(tmp_path / "b.qbatch", "wb") as stream:
        stream.write(b'{"kind": "qbatch archive", "version": 1}\n')
        for _ in range(150):
            stream.write(b'{"kind": "x", "a": "' + b"0" * 1_000_000 + b'"}\n')
    assert "unpacks to more" in qbatch("group", "unarchive", "b.qbatch", code=2).stderr


def test_the_command_may_be_called_often_in_one_process(tmp_path, monkeypatch, capsys):
    from qbatch.cli.boundary import main

    monkeypatch.setenv("QBATCH_DB", str(tmp_path / "q.db"))
    (tmp_path / "bell.qasm").write_text(BELL)
    for _ in range(1100):
        with pytest.raises(SystemExit) as ended:
            main(["status"])
        assert not ended.value.code
    assert "Traceback" not in capsys.readouterr().err


def test_a_line_of_an_archive_that_is_no_text_is_the_archives_damage(qbatch, tmp_path):
    import gzip
    import hashlib

    lines = [b'{"kind": "qbatch archive", "version": 2}\n', b'{"record": "group\xff"}\n']
    digest = hashlib.sha256(b"".join(lines)).hexdigest()
    lines.append(b'{"kind": "end", "records": 1, "sha256": "%s"}\n' % digest.encode())
    with gzip.open(tmp_path / "b.qbatch", "wb") as stream:
        stream.writelines(lines)
    assert "b.qbatch: is damaged" in qbatch("group", "unarchive", "b.qbatch", code=2).stderr


def test_without_standard_error_the_exit_code_is_the_same(qbatch):
    command = f"{sys.executable} -m qbatch show nosuch/1 2>&-"
    done = subprocess.run(["sh", "-c", command], env=qbatch.env, capture_output=True, check=False)
    assert done.returncode == 2
