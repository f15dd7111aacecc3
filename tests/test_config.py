"""The configuration: read once, the same for every command and for Python."""

import os
from pathlib import Path

import pytest

from qbatch import JobGroup, RunSettings, UsageError
from qbatch.api.runs import settings_of
from qbatch.config import Config

from .conftest import BELL


@pytest.fixture
def write(tmp_path):
    def put(text):
        path = tmp_path / "config.toml"
        path.write_text(text)
        return path

    return put


def test_nothing_is_configured_without_a_file(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert not Config.load().backends
    with pytest.raises(UsageError, match="no such configuration file"):
        Config.load(tmp_path / "none.toml")


def test_a_file_is_read_once_per_process_and_again_when_it_has_changed(write, monkeypatch):
    path = write("[defaults]\nshots = 5\n")
    read: list[Path] = []
    real = type(path).read_bytes

    def noted(self):
        read.append(self)
        return real(self)

    monkeypatch.setattr(type(path), "read_bytes", noted)
    for _ in range(3):
        assert Config.load(path).defaults["shots"] == 5
    assert read == [path]
    os.utime(write("[defaults]\nshots = 6\n"), ns=(1, 1))
    assert Config.load(path).defaults["shots"] == 6
    assert Config.load(Config.load(path)) is Config.load(path)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[defaults]\nshotz = 5", "has no 'shotz'"),
        ("[defaults]\nshots = 5.5", "not a whole number"),
        ("[defaults]\nshots = true", "not a whole number"),
        ("[defaults]\nshots = '5'", "not a whole number"),
        ("[defaults]\nrate = -1", "not a number from 0 on"),
        ("[defaults]\nrate = 'x'", "not a number from 0 on"),
        ("[defaults]\nexecutor = 5", "not a text"),
        ("defaults = 5", "is not a table"),
        ("[nonsense]\n", "there is no table"),
        ("[backends.x]\n", "needs a type"),
        ("[backends.x]\ntype='aer'\nbudget = 5", "budget is not understood"),
        ("[backends.x]\ntype='aer'\nbudget = {}\nprice = 5", "price is not understood"),
        ("[backends.x]\ntype='aer'\nbudget = { month = -1 }", "budget is not understood"),
        ("[backends.x]\ntype='aer'\nbudget = { month = true }", "budget is not understood"),
        ("[backends.x]\ntype='aer'\nbudget = { month = inf }", "budget is not understood"),
        ("[backends.x]\ntype='aer'\nbudget = { month = 1, week = 2 }", "not understood"),
        ("[backends.x]\ntype='aer'\nbudget = { month = 1, currency = 2 }", "are texts"),
        ("[backends.x]\ntype='aer'\nbudget = { month = 1, timezone = 'Moon/Base' }", "time zone"),
        ("[executors.x]\nn = 5", "not a table of texts"),
        ("[notify]\nsecret = 'x'", "must not stand in the file"),
        ("x = ", "cannot be read"),
    ],
)
def test_what_is_wrong_is_said(write, text, reason):
    with pytest.raises(UsageError, match=reason):
        Config.load(write(text))


def test_a_budget_is_read(write):
    text = "[backends.x]\ntype = 'aer'\n[backends.x.budget]\nmonth = 20\ncurrency = 'EUR'\n"
    budget = Config.load(write(f"{text}timezone = 'Europe/Berlin'")).backends["x"].budget
    assert budget == {"month": 20.0, "currency": "EUR", "timezone": "Europe/Berlin"}


def test_defaults_hold_for_python_and_give_way_to_what_is_said(write):
    config = Config.load(
        write('[defaults]\nretries = 7\nmax_batch_size = 9\nexecutor = "serial"\n')
    )
    assert settings_of(config, {}).retries == 7
    assert settings_of(config, {"retries": 1}).retries == 1
    assert settings_of(config, {"sequential": True}).max_batch_size is None
    with pytest.raises(UsageError, match="has no option 'retriez'"):
        settings_of(config, {"retriez": 1})  # type: ignore[typeddict-unknown-key]


@pytest.mark.parametrize("verb", ["run", "run_parallel", "run_sequential", "rerun", "plan"])
def test_every_verb_takes_the_defaults(write, db, verb):
    with JobGroup("g", db=db, config=write('[defaults]\nexecutor = "bogus"\n')) as group:
        group.add(BELL)
        with pytest.raises(UsageError, match="executor 'bogus' is not known"):
            getattr(group, verb)()


@pytest.mark.parametrize(
    "command", ["run g", "run-parallel g", "run-sequential g", "rerun g", "plan g"]
)
def test_every_command_takes_the_defaults(write, qbatch, bell, command):
    qbatch("add", "g", bell)
    path = write('[defaults]\nexecutor = "bogus"\n')
    done = qbatch("--config", path, *command.split(), code=2)
    assert "executor 'bogus' is not known" in done.stderr


def test_all_that_the_backend_takes():
    assert RunSettings(max_in_flight=-1).max_in_flight is None
    with pytest.raises(UsageError, match="nothing could be sent"):
        RunSettings(max_in_flight=-2)


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"delay": -1.0, "sequential": True}, "--delay"),
        ({"delay": 1.0}, "goes with --sequential"),
        ({"limit": 0}, "nothing could be run"),
        ({"retries": -1}, "fewer than none"),
        ({"seed": -1}, "not negative"),
        ({"max_failures": 0.0}, "--max-failures"),
        ({"timeout": 0.0}, "--timeout"),
        ({"rate": float("nan")}, "--rate"),
        ({"idle": -1.0, "follow": True}, "--idle"),
        ({"wait_lock": -1.0}, "--wait-lock"),
        ({"idle": 1.0}, "goes with --follow"),
        ({"follow": True, "limit": 1}, "have no place"),
        ({"follow": True, "wait": False}, "have no place"),
        ({"sequential": True, "max_batch_size": 2}, "one job at a time"),
        ({"notify": "ftp://x"}, "not an http"),
    ],
)
def test_settings_that_make_no_sense_are_refused(wrong, reason):
    with pytest.raises(UsageError, match=reason):
        RunSettings(**wrong)
