"""Completion in real shells, with names that a shell has to quote."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from qbatch import JobGroup
from qbatch.cli.completion import candidates, unquoted

SCRIPTS = Path(__file__).parents[2] / "completions"
NAMES = ["plain", "two words", "l'été $x", 'say "hi"', "Мой прогон"]
BELL = "OPENQASM 2.0;qreg q[1];creg c[1];measure q->c;"


@pytest.fixture
def store(db, monkeypatch):
    for name in NAMES:
        JobGroup(name, db=db).add(BELL, name="qft", tags={"run": "3"})
    monkeypatch.setenv("QBATCH_DB", str(db))
    return db


@pytest.fixture
def shell(store, tmp_path):
    """Environment of a shell in which ``qbatch`` is this one."""
    command = tmp_path / "bin" / "qbatch"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -m qbatch "$@"\n')
    command.chmod(0o755)
    path = f"{command.parent}:{os.environ['PATH']}"
    return {"PATH": path, "QBATCH_DB": str(store), "HOME": str(tmp_path), "LC_ALL": "C.UTF-8"}


def offered(*words):
    return [value for value, _ in candidates(words[:-1], words[-1])]


def run(shell, *command):
    done = subprocess.run(command, env=shell, capture_output=True, text=True, check=False)
    assert done.stderr == ""
    return done.stdout


def bash(shell, *words):
    """What bash offers for the words as they are typed."""
    typed = " ".join(f"'{word}'" if "'" not in word else f'"{word}"' for word in words)
    script = (
        f"source {SCRIPTS}/qbatch.bash; COMP_WORDS=({typed}); COMP_CWORD={len(words) - 1};"
        ' _qbatch qbatch; printf "%s\\n" "${COMPREPLY[@]}"'
    )
    return run(shell, "bash", "--norc", "-c", script).splitlines()


def test_commands_options_and_values(store):
    assert "status" in offered("st")
    assert offered("run", "plain", "--samp") == ["--sampling"]
    assert offered("run", "--sampling", "") == ["auto", "exact", "shots", "stim"]
    assert offered("jobs", "plain", "--status", "un") == ["unsent", "unknown"]
    assert offered("jobs", "plain", "--tag", "") == ["run=3"]
    assert "--quiet" not in offered("status", "--quiet", "--")
    assert offered("db", "v") == ["verify"]
    assert offered("completion", "z") == ["zsh"]
    assert {"aer", "qoro"} <= set(offered("run", "--backend", ""))
    assert offered("group", "cl") == ["close"]
    assert offered("edit", "plain", "--remove-tag", "") == ["run"]


def test_backends_of_the_configuration_that_is_named(store, tmp_path):
    config = tmp_path / "own.toml"
    config.write_text('[backends.lab]\ntype = "aer"\n')
    assert "lab" in offered("--config", str(config), "run", "plain", "--backend", "")
    assert "lab" not in offered("run", "plain", "--backend", "")


def test_groups_and_jobs(store):
    assert sorted(offered("status", "")) == sorted(NAMES)
    assert offered("run", "plain", "two") == ["two words"]
    assert offered("jobs", "plain/q") == ["plain/qft"]
    assert offered("show", "plain/") == ["plain/all", "plain/last", "plain/qft"]
    assert offered("show", "plain/1") == ["plain/1"]
    assert offered("--db", "/nowhere.db", "status", "") == []
    assert offered("--db", str(store), "status", "pl") == ["plain"]


def test_a_tab_without_a_database_or_on_a_foreign_file_offers_nothing(shell, tmp_path):
    (tmp_path / "other.db").write_text("no database " * 20)
    for path in (tmp_path / "none.db", tmp_path / "other.db"):
        assert bash({**shell, "QBATCH_DB": str(path)}, "qbatch", "status", "") == [""]


def test_words_are_read_as_the_shell_will_read_them():
    assert [unquoted(w) for w in ("two\\ wo", "'two wo", '"two wo', "plain")] == [
        "two wo",
        "two wo",
        "two wo",
        "plain",
    ]


def test_in_bash(shell):
    assert bash(shell, "qbatch", "stat") == ["status"]
    assert sorted(bash(shell, "qbatch", "status", "")) == sorted(NAMES)
    assert bash(shell, "qbatch", "status", "two\\ w") == ["two words"]


@pytest.mark.skipif(shutil.which("fish") is None, reason="fish is not installed")
def test_in_fish(shell):
    def complete(line):
        script = f"source {SCRIPTS}/qbatch.fish; complete -C {line!r}"
        return [x.split("\t")[0] for x in run(shell, "fish", "-N", "-c", script).splitlines()]

    assert complete("qbatch stat") == ["status"]
    assert sorted(complete("qbatch status ")) == sorted(NAMES)
    assert complete("qbatch jobs plain --status un") == ["unknown", "unsent"]


@pytest.mark.skipif(shutil.which("zsh") is None, reason="zsh is not installed")
def test_in_zsh(shell):
    """In a real interactive zsh on a terminal of its own."""
    script = f"""
zmodload zsh/zpty
zpty z 'PS1= zsh -f -i'
zpty -w z 'autoload -U compinit; compinit -u -D; source {SCRIPTS}/_qbatch'
zpty -w z 'bindkey "^I" complete-word'
zpty -w z 'echo READY$((1+1))'
until zpty -r z line '*READY2*'; do; done
zpty -n -w z $'echo GOT: "'
zpty -n -w z $'"; qbatch status two\\t'
zpty -n -w z $'\\n'
until zpty -r z line '*group*'; do; done
print -r -- "$line"
"""
    done = subprocess.run(
        ["zsh", "-f", "-c", script], env=shell, capture_output=True, text=True, timeout=60
    )
    assert "two\\ words" in done.stdout, done.stdout + done.stderr
