"""A third party's package: its own payload format with losses, backend and executor.

``examples/plugin`` and this project are built and installed in an environment of their own,
which sees the libraries of this one; nothing of qbatch is changed for it.
"""

import json
import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

TOP = Path(__file__).parents[1]
LEFT_OUT = shutil.ignore_patterns(".git", "build", "*.egg-info", "__pycache__", ".*_cache")


def built(tree, into):
    """A wheel of a source tree, which is left as it is."""
    copy = into / f"{tree.name}-tree"
    shutil.copytree(tree, copy, ignore=LEFT_OUT)
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-index",
               "--no-build-isolation", "-w", into / "wheels", copy]  # fmt: skip
    subprocess.run(command, check=True, capture_output=True)


@pytest.fixture(scope="module")
def environment(tmp_path_factory):
    """Where both are installed: its directory of programs."""
    place = tmp_path_factory.mktemp("plugin")
    for tree in (TOP, TOP / "examples" / "plugin"):
        built(tree, place)
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", place / "env"], check=True)
    programs = place / "env" / "bin"
    found = subprocess.run(
        [programs / "python", "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    own = Path(found.stdout.strip())
    wheels = list((place / "wheels").glob("*.whl"))
    assert len(wheels) == 2
    install = [sys.executable, "-m", "pip", "--python", programs / "python", "install"]
    subprocess.run(
        [*install, "--quiet", "--no-deps", "--no-index", *wheels], check=True, capture_output=True
    )
    # The libraries, behind what is installed here.
    (own / "libraries.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return programs


@pytest.fixture
def qbatch(environment, tmp_path):
    def call(*arguments, code=0):
        done = subprocess.run(
            [environment / "qbatch", *map(str, arguments)],
            cwd=tmp_path,
            env={
                **{k: v for k, v in os.environ.items() if not k.startswith(("QBATCH", "PYTHON"))},
                "QBATCH_DB": str(tmp_path / "q.db"),
                "XDG_CONFIG_HOME": str(tmp_path / "config"),
            },
            capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
        assert done.returncode == code, (done.stdout, done.stderr)
        return done

    return call


def as_json(call, *arguments):
    return json.loads(call(*arguments).stdout)


NETWORK = (TOP / "examples" / "plugin" / "interferometer.beam").read_text()


def test_a_package_of_ones_own_is_used_as_circuits_are(qbatch, tmp_path):
    (tmp_path / "light.beam").write_text(NETWORK)
    (tmp_path / "bad.beam").write_text("modes 2\nmirror 1\n")
    assert "bad.beam: line 2" in qbatch("add", "g", "bad.beam", code=2).stderr
    qbatch("add", "light", ".", "-p", "phase=0:2*pi:9", code=2)  # bad.beam is found, too
    (tmp_path / "bad.beam").unlink()
    qbatch("add", "light", ".", "-p", "phase=0:2*pi:9", "--shots", "500", "--seed", "1")
    planned = qbatch("plan", "light", "--backend", "beam").stdout
    assert "9 jobs, 9 items, 4500 shots" in planned
    assert "at most 2 modes" in planned
    ran = qbatch("run", "light", "--backend", "beam", "--executor", "threads:2")
    assert ran.stdout.startswith("9 done, 0 failed")
    entries = as_json(qbatch, "results", "light", "--json")["results"]
    assert {entry["kind"] for entry in entries} == {"beam"}
    assert as_json(qbatch, "jobs", "light", "--json")["jobs"][0]["info"]["modes"] == 2
    # All light into mode 1 without a phase, into mode 0 with one of pi; 8 % are lost.
    assert set(entries[0]["counts"]) == {"|0,1>"}
    assert set(entries[4]["counts"]) == {"|1,0>"}
    assert all(400 < sum(entry["counts"].values()) < 500 for entry in entries)
    qbatch("plot", "light", "--outcome", "|1,0>")
    qbatch("plot", "light", "-o", "light.svg", "--outcome", "|1,0>")
    assert "<svg" in (tmp_path / "light.svg").read_text()
    assert "2 modes" in qbatch("show", "light/1").stdout
    assert qbatch("results", "light", "-f", "csv").stdout.count("|0,1>") == 8
    qbatch("db", "verify")


def test_its_seeds_merge_archive_and_compare_as_circuits_do(qbatch, tmp_path):
    (tmp_path / "light.beam").write_text(NETWORK)
    common = ("light.beam", "-p", "phase=0.3,0.9", "--shots", "2000")
    qbatch("add", "a", *common, "--seed", "4")
    qbatch("add", "b", *common, "--seed", "4")
    qbatch("run", "a", "--backend", "beam", "--executor", "serial")
    qbatch("run", "b", "--backend", "beam", "--executor", "local:1", "--max-batch-size", "1")
    one, other = (as_json(qbatch, "results", g, "--json")["results"] for g in ("a", "b"))
    assert [e["counts"] for e in one] == [e["counts"] for e in other]
    assert "mean 0, largest 0" in qbatch("diff", "a", "b").stdout
    # Equal jobs without a seed share a run, and its lost photons are dealt out, too.
    qbatch("add", "c", "light.beam", "-p", "phase=0.3", "--shots", "1000")
    qbatch("add", "c", "light.beam", "-p", "phase=0.3", "--shots", "3000")
    qbatch("run", "c", "--backend", "beam")
    sums = [sum(e["counts"].values()) for e in as_json(qbatch, "results", "c", "--json")["results"]]
    assert 850 < sums[0] < 990
    assert 2650 < sums[1] < 2870
    qbatch("check", "a", "--save", "base.json")
    qbatch("check", "b", "--baseline", "base.json", "--detect", "0.5")
    qbatch("group", "archive", "a", "-o", "a.qbatch")
    qbatch("group", "unarchive", "a.qbatch", "--as", "again")
    assert as_json(qbatch, "results", "again", "--json")["results"][0]["counts"] == one[0]["counts"]
    qbatch("db", "verify")


def test_it_cannot_be_run_where_circuits_are(qbatch, tmp_path):
    (tmp_path / "light.beam").write_text(NETWORK)
    qbatch("add", "g", "light.beam", "-p", "phase=0.3")
    ran = qbatch("run", "g", code=1)
    assert "aer cannot answer this: it takes qasm2, qasm3, qpy" in ran.stderr + ran.stdout
    refused = qbatch("run", "g", "--executor", "threads:x", code=2)
    assert "threads:N" in refused.stderr
    assert "local, serial, threads" in qbatch("run", "g", "--executor", "nowhere", code=2).stderr


def test_its_own_tests_hold_the_promises(environment):
    done = subprocess.run(
        [environment / "python", "-m", "pytest", "-q", "-p", "no:cacheprovider",
         TOP / "examples" / "plugin" / "tests"],
        capture_output=True, text=True, cwd=TOP / "examples" / "plugin", check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
