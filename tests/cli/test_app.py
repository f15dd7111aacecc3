"""The command line as a whole: start-up, help, completion."""

import subprocess
import sys
from pathlib import Path

import pytest

from qbatch.cli import spec
from qbatch.cli.app import COMMANDS as TABLE
from qbatch.cli.app import MEANT

HEAVY = ("qiskit", "numpy", "sqlite_utils", "requests", "pandas", "rich", "tqdm", "loky")
SPEC = spec.load()
COMMANDS = [" ".join(path) for path in spec.paths(SPEC)]


def imported(qbatch, *arguments, heavy=HEAVY, **environment):
    """Which of the heavy packages a command imports."""
    script = (
        "import sys\n"
        "from qbatch.__main__ import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        f"print([m for m in {heavy!r} if m in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments],
        env={**qbatch.env, **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stderr.splitlines()[-1]


def test_looking_imports_nothing_heavy(qbatch, bell):
    qbatch("add", "g", bell)
    assert imported(qbatch, "--help", heavy=(*HEAVY, "typer")) == "[]"
    assert imported(qbatch, "run", "--help", heavy=(*HEAVY, "typer")) == "[]"
    assert imported(qbatch, "status") == "[]"
    assert imported(qbatch, "jobs", "g") == "[]"
    assert imported(qbatch, "results", "g", "--json") == "[]"
    heavier = (*HEAVY, "typer", "pydantic", "qbatch.engine")
    assert imported(qbatch, "status", "", heavy=heavier, _QBATCH_COMPLETE="bash") == "[]"


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_an_example(qbatch, command):
    help_text = qbatch(*command.split(), "--help").stdout
    assert f"Example: qbatch {command}" in " ".join(help_text.split())
    assert "list[str]" not in help_text
    assert "Usage: qbatch " + command in help_text


def test_every_command_is_in_the_documentation():
    page = (Path(__file__).parents[2] / "docs" / "commands.md").read_text()
    assert [c for c in COMMANDS if f"## qbatch {c}\n" not in page] == []


@pytest.mark.parametrize("word", MEANT)
def test_words_of_other_tools_are_answered_with_the_command_that_is_meant(qbatch, word):
    meant = MEANT[word]
    assert word not in TABLE
    said = qbatch(word, code=2).stderr
    assert f"there is no command {word!r}" in said
    assert f"qbatch {meant} is meant" in said


def test_what_is_nearly_a_command_is_asked_about(qbatch):
    assert "did you mean qbatch status?" in qbatch("sttus", code=2).stderr
    assert "did you mean qbatch group rename?" in qbatch("group", "renam", "a", code=2).stderr
    assert "qbatch --help lists them" in qbatch("frobnicate", code=2).stderr


def test_alone_it_says_what_to_do(qbatch):
    done = subprocess.run(
        [sys.executable, "-m", "qbatch"], env=qbatch.env, capture_output=True, text=True
    )
    assert "Start with: qbatch run demo --add circuit.qasm" in done.stdout + done.stderr


def test_version(qbatch):
    from qbatch import __version__

    assert qbatch("--version").stdout == f"qbatch {__version__}\n"


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_has_its_own_script(qbatch, shell):
    script = qbatch("completion", shell).stdout
    assert f"_QBATCH_COMPLETE={shell}" in script
