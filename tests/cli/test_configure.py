"""The configuration and the backends that it names, from the command line."""

import stat
import tomllib

import pytest


@pytest.fixture
def config(qbatch, tmp_path):
    path = tmp_path / "etc" / "config.toml"
    qbatch.env["QBATCH_CONFIG"] = str(path)
    return path


def test_values_are_set_and_comments_stay(qbatch, config):
    assert qbatch("config", "path").stdout == f"{config}\n"
    qbatch("config", "set", "backends.ideal.type", "aer")
    assert stat.S_IMODE(config.stat().st_mode) == 0o600
    config.write_text("# mine\n" + config.read_text())
    qbatch("config", "set", "backends.ideal.basis_gates", '["rz", "cx"]')
    qbatch("config", "set", "defaults.shots", "77")
    assert qbatch("config", "show").stdout.startswith("# mine\n")
    assert qbatch.json("config", "show", "--json")["config"] == tomllib.loads(config.read_text())
    assert tomllib.loads(config.read_text())["defaults"] == {"shots": 77}


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("backends.lab.token", "abc", "must not stand in the file"),
        ("backends.lab.method", "x", "needs a type"),
        ("defaults.shotz", "3", "has no 'shotz'"),
        ("shots", "3", "a key has a table"),
        ("defaults.shots.many", "3", "cannot set"),
    ],
)
def test_what_would_be_no_configuration_is_refused(qbatch, config, key, value, said):
    config.parent.mkdir()
    config.write_text("[defaults]\nshots = 5\n")
    assert said in qbatch("config", "set", key, value, code=2).stderr
    assert config.read_text() == "[defaults]\nshots = 5\n"


def test_defaults_give_way_to_the_command_line(qbatch, config, bell):
    config.parent.mkdir()
    config.write_text('[defaults]\nshots = 77\nbackend = "none"\n')
    qbatch("add", "g", bell)
    qbatch("add", "g", bell, "--backend", "aer", "--shots", "9")
    jobs = qbatch.json("jobs", "g", "--json")["jobs"]
    assert [(job["shots"], job["backend"]) for job in jobs] == [(77, None), (9, "aer")]
    # The job's own backend, else the group's, else the default; a run's goes before all.
    assert "no backend 'none'" in qbatch("run", "g", code=3).stderr
    assert [j["status"] for j in qbatch.json("jobs", "g", "--json")["jobs"]] == ["unsent", "done"]
    assert "no backend 'nowhere'" in qbatch("edit", "g", "--backend", "nowhere", code=2).stderr
    qbatch("edit", "g", "--backend", "aer")
    assert qbatch.json("status", "g", "--json")["groups"][0]["backend"] == "aer"
    qbatch("run", "g")
    qbatch("add", "h", bell)
    qbatch("run", "h", "--add", bell, "--backend", "aer")
    assert [job["shots"] for job in qbatch.json("jobs", "h", "--json")["jobs"]] == [77, 77]


def test_backends_are_listed_and_checked(qbatch, config):
    config.parent.mkdir()
    config.write_text(
        '[backends.good]\ntype = "aer"\nmethod = "stabilizer"\n'
        '[backends.typo]\ntype = "aer"\nmetod = "stabilizer"\n'
        '[backends.gone]\ntype = "nowhere.to:Find"\n'
    )
    listed = qbatch.json("backends", "list", "--json")
    entries = {e["name"]: e for e in listed["backends"]}
    adapters = {e["settings"]: e for e in listed["adapters"]}
    assert adapters["type = aer"]["installed"]
    assert all(one["licence"] and one["takes"] and one["tried"] for one in adapters.values())
    assert set(entries) == {
        "aer",
        "braket",
        "pasqal",
        "perceval",
        "pulser",
        "qiskit",
        "quandela",
        "qoro",
        "stim",
        "good",
        "typo",
        "gone",
    }
    assert entries["good"]["settings"] == {"method": "stabilizer"}
    assert entries["good"]["limits"]["shots"] == 1_000_000
    assert "cannot be loaded" in entries["gone"]["problem"]
    assert [entries[n]["installed"] for n in ("good", "qoro", "gone")] == [True, True, False]
    assert "cannot be loaded" in qbatch("backends", "list").stdout
    assert "runs circuits" in qbatch("backends", "check", "good").stdout
    assert "did you mean method" in qbatch("backends", "check", "typo", code=2).stderr
    assert "cannot be loaded" in qbatch("backends", "check", "gone", code=4).stderr
    assert "did you mean 'good'" in qbatch("backends", "check", "goood", code=2).stderr
