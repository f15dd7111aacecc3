"""A database of its own for every test, and the command as users call it."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from qbatch.cli.boundary import main

# How long an example takes says nothing on a busy machine.
settings.register_profile("qbatch", deadline=None)
settings.load_profile("qbatch")

BELL = """OPENQASM 2.0;
include "qelib1.inc";
qreg q[2];
creg c[2];
h q[0];
cx q[0], q[1];
measure q -> c;
"""

ANSATZ = """OPENQASM 3.0;
include "stdgates.inc";
input float theta;
input float phi;
qubit[2] q;
bit[2] c;
ry(theta) q[0];
rz(phi) q[1];
cx q[0], q[1];
c = measure q;
"""


@pytest.fixture(autouse=True)
def no_configuration_of_the_users_own(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What tests configure lies in a place of its own; the user's configuration is not read."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path_factory.getbasetemp() / "config"))
    monkeypatch.delenv("QBATCH_CONFIG", raising=False)


@pytest.fixture
def db(tmp_path: Path) -> Path:
    return tmp_path / "data" / "qbatch.db"


@pytest.fixture
def bell(tmp_path: Path) -> Path:
    path = tmp_path / "bell.qasm"
    path.write_text(BELL)
    return path


@pytest.fixture
def ansatz(tmp_path: Path) -> Path:
    path = tmp_path / "ansatz.qasm3"
    path.write_text(ANSATZ)
    return path


class Command:
    """``python -m qbatch`` in a directory and with a database of its own."""

    def __init__(self, directory: Path, db: Path) -> None:
        self.directory = directory
        self.env = {
            **{k: v for k, v in os.environ.items() if not k.startswith(("QBATCH", "COV"))},
            "QBATCH_DB": str(db),
            "XDG_CONFIG_HOME": str(directory / "config"),
            "COLUMNS": "80",
        }

    def start(self, *args: str, **settings: Any) -> subprocess.Popen[str]:
        """The running process."""
        return subprocess.Popen(
            [sys.executable, "-m", "qbatch", *args],
            cwd=self.directory,
            env=self.env,
            text=True,
            stdin=settings.pop("stdin", subprocess.DEVNULL),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            **settings,
        )

    def __call__(
        self, *args: str | Path, code: int = 0, stdin: str | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run to the end; the exit code must be ``code``, and there must be no traceback."""
        done = subprocess.run(
            [sys.executable, "-m", "qbatch", *map(str, args)],
            cwd=self.directory,
            env=self.env,
            text=True,
            input=stdin if stdin is not None else "",
            capture_output=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == code, (done.returncode, done.stdout, done.stderr)
        assert "Traceback" not in done.stdout + done.stderr, done.stderr
        return done

    def json(self, *args: str | Path, code: int = 0) -> Any:
        """The JSON value that a command prints; stdout holds nothing else."""
        return json.loads(self(*args, code=code).stdout)


@pytest.fixture
def qbatch(tmp_path: Path, db: Path) -> Command:
    return Command(tmp_path, db)


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, str], Path]:
    def put(name: str, text: str) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    return put


@pytest.fixture
def in_process(monkeypatch, capsys):
    """Makes what calls a command in this process, in a directory and with a database there.

    It takes the words, as one line or more, and the exit code that must come; it gives back
    what was printed.
    """

    def made(directory):
        monkeypatch.chdir(directory)
        monkeypatch.setenv("QBATCH_DB", str(directory / "q.db"))
        monkeypatch.setenv("QBATCH_CONFIG", "")
        monkeypatch.setenv("XDG_CONFIG_HOME", str(directory))

        def call(line, code=0, more=()):
            with pytest.raises(SystemExit) as ended:
                main([*shlex.split(line), *more])
            said = capsys.readouterr()
            assert (ended.value.code or 0) == code, (line, said.out + said.err)
            return said.out + said.err

        return call

    return made
