"""What commands print with --json, held against the schemas that are shipped."""

import contextlib
import io
import json

import jsonschema
import pytest
import typer.main

from qbatch.cli.app import application
from qbatch.cli.boundary import main
from qbatch.cli.schemas import SCHEMAS

from ..conftest import ANSATZ, BELL

PROGRAM = """
CIRCUIT = 'OPENQASM 3.0; include "stdgates.inc"; input float a; qubit[1] q; rx(a) q[0];'
def solve(ctx, x):
    return [ctx.expectation(CIRCUIT, [x * k], "Z") for k in range(3)]
"""
RESET = BELL.replace("cx q[0], q[1];", "reset q[0];")


def commands():
    """Every command of the application that has --json, by its words."""

    def walk(command, words):
        for name, sub in command.commands.items():
            if hasattr(sub, "commands"):
                yield from walk(sub, [*words, name])
            if any("--json" in param.opts for param in sub.params):
                yield " ".join([*words, name])

    return list(walk(typer.main.get_command(application()), []))


def test_every_command_with_json_has_a_schema():
    extra = {
        "results-line", "error", "db sql --views", "check --save", "diff --by", "programs",
        "add of programs", "delete of jobs",
    }  # fmt: skip
    assert set(commands()) == set(SCHEMAS) - extra


@pytest.mark.parametrize("name", SCHEMAS)
def test_every_schema_is_one(name):
    jsonschema.Draft202012Validator.check_schema(SCHEMAS[name])


def test_a_schema_is_printed(qbatch):
    assert qbatch("config", "schema").stdout.split("\n")[:-1] == list(SCHEMAS)
    assert qbatch.json("config", "schema", "results") == SCHEMAS["results"]
    assert "did you mean 'results'" in qbatch("config", "schema", "resluts", code=2).stderr


class Validated:
    """The command, each of whose answers must be as its schema says."""

    def __init__(self):
        self.seen = set()

    def __call__(self, name, *args, code=0, schema=None):
        """In this process: what is printed is the point here, not how a process ends."""
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed), pytest.raises(SystemExit) as ended:
            main([*name.split(), *args, "--json"])
        assert (ended.value.code or 0) == code, printed.getvalue()
        answer = json.loads(printed.getvalue())
        validator = jsonschema.Draft202012Validator(SCHEMAS[schema or name])
        validator.validate(answer)
        self.seen.add(schema or name)
        return answer


@pytest.fixture
def said(qbatch, write, db, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("QBATCH_DB", str(db))
    write("ansatz.qasm3", ANSATZ)
    write("bell.qasm", BELL)
    write("reset.qasm", RESET)
    return Validated()


def test_every_command_prints_what_its_schema_says(said, qbatch, tmp_path, monkeypatch):
    sweep = ["-p", "theta=0:3:4", "-p", "phi=0"]
    said("add", "g", "ansatz.qasm3", *sweep, "--tag", "day=1", "--seed", "3")
    said("add", "g", "ansatz.qasm3", *sweep, "--observable", "ZZ", "--shots", "50")
    said("add", "g", "reset.qasm", "--option", "method=unitary")
    said("add", "g", "bell.qasm", "--if-new")
    said("plan", "g")
    said("run", "g", "--dry-run", schema="plan")
    said("run", "g", code=1)
    said("rerun", "g", code=1)
    said("rerun", "g", "--dry-run", schema="plan")
    said("add", "h", "bell.qasm")
    said("run-parallel", "h")
    said("rerun", "h")
    said("run-sequential", "h")
    said("sync")
    said("wait", "h")
    said("watch", "h")
    said("status")
    said("status", "--sizes")
    said("jobs", "g")
    said("show", "g/1")
    said("show", "g/5")
    said("why", "g/9")
    said("results", "g")
    said("results", "g", "--top", "1", "--probabilities", "--partial")
    for line in qbatch("results", "g", "-f", "jsonl").stdout.splitlines():
        jsonschema.validate(json.loads(line), SCHEMAS["results-line"])
    said("check", "g", "--status", "done", "--save", "base.json", schema="check --save")
    said("check", "g", "--baseline", "base.json")
    said("check", "h", "--baseline", "base.json", code=1)
    said("diff", "g", "h")
    said("add", "s", "bell.qasm", "--shots", "20")
    (tmp_path / "two.toml").write_text('[backends.b]\ntype = "aer"\n')
    monkeypatch.setenv("QBATCH_CONFIG", str(tmp_path / "two.toml"))
    said("run", "s", "--backend", "aer,b")
    said("diff", "s", "--by", "backend", schema="diff --by")
    monkeypatch.delenv("QBATCH_CONFIG")
    said("group close", "h")
    said("group open", "h")
    said("edit", "g/1-2", "--set-tag", "x=y")
    said("edit", "g", "--note", "a note")
    said("edit", "g/1", "--note", "another")
    said("group rename", "h", "i")
    said("copy", "g", "j")
    said("cancel", "j")
    said("group archive", "g", "-o", "g.qbatch")
    said("group verify", "g.qbatch")
    said("group unarchive", "g.qbatch", "--as", "k")
    said("db export", "out.db")
    said("db sql", "SELECT * FROM jobs")
    said("db sql", "--views", schema="db sql --views")
    said("db verify")
    said("backends list")
    said("backends costs")
    said("backends check", "aer")
    (tmp_path / "config.toml").write_text(
        '[backends.lab]\ntype = "aer"\ncompile = { level = 0, basis_gates = ["u", "cx"] }\n'
    )
    monkeypatch.setenv("QBATCH_CONFIG", str(tmp_path / "config.toml"))
    said("config show")
    said("add", "g", "bell.qasm", "--shots", "3")
    said("compile", "g", "--for", "lab")
    said("plan", "g", "--backend", "lab")
    said("run", "g", "--backend", "lab")
    said("show", "g/last")
    said("why", "g/last")
    said("backends check", "lab")
    said("backends list")
    (tmp_path / "vqe.py").write_text(PROGRAM)
    said("add", "p", "vqe.py:solve", "--param", "x=0.1,0.2", schema="add of programs")
    said("status")
    said("run", "p")
    said("status")
    said("jobs", "p")
    for verb in ("results", "show", "why"):
        said(verb, "p/p1", schema="programs")
    said("results", "p", "--steps")
    said("rerun", "p/p1", "--from-step", "1", "--yes")
    said("db sql", "SELECT * FROM programs")
    said("add", "u", "bell.qasm", "--until", "count(11)>=20", "--max-shots", "1000")
    said("run", "u")
    said("show", "u/1")
    said("group merge", "u", "-o", "v")
    said("group hold", "g", "--why", "calibration")
    said("status")
    said("group release", "g")
    said("edit", "g", "--shots", "+10", "--priority", "2")
    said("delete", "g/1", "--yes", schema="delete of jobs")
    said("group prune", "--keep", "4", "--yes")
    said("delete", "k", "--yes")
    said("status", "nobody", code=2, schema="error")
    said("plan", "nobody", code=2, schema="error")
    # An unknown batch needs a service: tests/engine/test_faults.py settles one.
    assert set(SCHEMAS) - said.seen == {"resolve", "results-line"}


FIELDS = {
    "status": {"group": "name", "jobs": "jobs", "created": "created_at", "note": "note"},
    "jobs": {"job": "number"},
    "results": {"job": "number", "result": "counts"},
    "diff": {"job": "number", "tvd": "tvd", "Hellinger": "hellinger", "Δ": "delta",
             "value": "delta", "p": "p_value"},
    "backends list": {"backend": "name"},
}  # fmt: skip


@pytest.mark.parametrize("command", FIELDS)
def test_json_has_every_field_that_the_table_has(qbatch, bell, command):
    qbatch("add", "g", bell, "--tag", "a=b")
    qbatch("run", "g")
    qbatch("edit", "g", "--note", "a note")
    groups = {"status": [], "backends list": [], "diff": ["g", "g"]}.get(command, ["g"])
    columns = qbatch(*command.split(), *groups).stdout.splitlines()[0].split()
    answer = qbatch.json(*command.split(), *groups, "--json")
    # What a command is about comes last, under its own name.
    [entry, *_] = [value for value in answer.values() if isinstance(value, list)][-1]
    fields = {**entry, **entry.get("counts", {})} if command == "status" else entry
    for column in columns:
        assert FIELDS[command].get(column, column) in fields, column
