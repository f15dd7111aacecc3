"""One group on several backends: a copy for each, side by side."""

import pytest

from ..conftest import ANSATZ, BELL

CONFIG = """
[backends.exact]
type = "aer"
sampling = "exact"
[backends.odd]
type = "aer"
noise_model = "noise.json"
"""


@pytest.fixture
def scan(qbatch, tmp_path):
    import json

    from qiskit_aer.noise import NoiseModel, ReadoutError

    model = NoiseModel()
    model.add_all_qubit_readout_error(ReadoutError([[0.6, 0.4], [0.4, 0.6]]))
    (tmp_path / "noise.json").write_text(json.dumps(model.to_dict(serializable=True)))
    (tmp_path / "config.toml").write_text(CONFIG)
    qbatch.env["QBATCH_CONFIG"] = str(tmp_path / "config.toml")
    (tmp_path / "ansatz.qasm3").write_text(ANSATZ)
    (tmp_path / "bell.qasm").write_text(BELL)
    points = ["-p", "theta=0:3:4", "-p", "phi=0"]
    qbatch("add", "scan", "ansatz.qasm3", *points, "--shots", "4000", "--seed", "3")
    return qbatch


def groups(qbatch):
    return {one["name"]: one for one in qbatch.json("status", "--json")["groups"]}


def test_each_backend_has_its_copy(scan):
    scan("run", "scan", "--backend", "aer,exact,odd")
    found = groups(scan)
    assert found["scan"]["counts"]["unsent"] == 4
    for name in ("aer", "exact", "odd"):
        one = found[f"scan-{name}"]
        assert (one["parent"], one["backend"], one["counts"]["done"]) == ("scan", name, 4)
    attempts = scan.json("why", "scan-odd/2", "--json")["why"][0]["attempts"]
    assert [one["backend"] for one in attempts] == ["odd"]


def test_again_is_no_second_time_and_new_jobs_come_along(scan):
    scan("run", "scan", "--backend", "aer,exact")
    again = scan("run", "scan", "--backend", "aer,exact")
    assert "0 batches" in again.stdout or "nothing" in again.stdout
    scan("add", "scan", "bell.qasm", "--shots", "10", "--backend", "odd")
    scan("run", "scan", "--backend", "aer,exact")
    found = groups(scan)
    for name in ("scan-aer", "scan-exact"):
        assert found[name]["counts"]["done"] == 5
    where = scan.json("why", "scan-aer/5", "--json")["why"][0]["attempts"]
    assert [one["backend"] for one in where] == ["aer"]


def test_the_gates_statistics_side_by_side(scan):
    scan("run", "scan", "--backend", "aer,exact,odd")
    told = scan("diff", "scan", "--by", "backend").stdout
    assert "scan-aer beside scan-exact" in told
    assert "scan-aer beside scan-odd" in told
    assert "FAILED" in told
    found = scan.json("diff", "scan", "--by", "backend", "--json")
    assert [(one["first"], one["second"]) for one in found["copies"]] == [
        ("scan-aer", "scan-exact"),
        ("scan-aer", "scan-odd"),
    ]
    assert found["copies"][0]["counts"]["drifted"] == 0
    assert found["copies"][1]["counts"]["drifted"] > 0
    said = {d["what"] for job in found["copies"][1]["jobs"] for d in job["differences"]}
    assert {"backend", "calibration"} <= said


def test_one_picture_of_all(scan, tmp_path):
    scan("run", "scan", "--backend", "aer,exact,odd")
    scan("plot", "scan", "--by", "backend", "--outcome", "00", "-o", "scan.svg")
    text = (tmp_path / "scan.svg").read_text()
    for name in ("aer", "exact", "odd"):
        assert f"backend = {name}" in text or name in text


def test_a_copy_keeps_its_parent_and_the_parents_new_name(scan):
    scan("copy", "scan", "mine")
    scan("group", "rename", "scan", "sweep")
    assert groups(scan)["mine"]["parent"] == "sweep"
    assert groups(scan)["sweep"]["parent"] is None


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["scan", "--backend", "aer,aer"], "each backend once"),
        (["scan", "--backend", "aer,"], "each backend once"),
        (["scan", "--backend", "aer,nowhere"], "nowhere"),
        (["scan/1", "--backend", "aer,exact"], "one whole group"),
        (["scan", "--backend", "aer,exact", "--dry-run"], "one backend at a time"),
    ],
)
def test_what_cannot_be_meant(scan, args, said):
    assert said in scan("run", *args, code=2).stderr
    assert set(groups(scan)) == {"scan"}


def test_a_group_of_that_name_is_left_alone(scan):
    scan("add", "scan-exact", "bell.qasm", "--shots", "10")
    assert "is no copy of" in scan("run", "scan", "--backend", "aer,exact", code=2).stderr
    assert set(groups(scan)) == {"scan", "scan-exact"}


def test_nothing_to_set_side_by_side(scan):
    assert "has no copies" in scan("diff", "scan", "--by", "backend", code=2).stderr
    assert "name two groups" in scan("diff", "scan", code=2).stderr
    assert "name two groups" in scan("diff", "scan", "scan", "--by", "backend", code=2).stderr


def test_several_groups_are_lines_of_one_picture(scan, tmp_path):
    scan("run", "scan")
    scan("copy", "scan", "other")
    scan("run", "other", "--backend", "odd")
    scan("plot", "scan", "other", "--outcome", "00", "-o", "both.svg")
    text = (tmp_path / "both.svg").read_text()
    for name in ("group=scan", "group=other", "scan, other"):
        assert name in text
