"""One group on several backends: a copy for each, side by side."""

import pytest

from qbatch import JobGroup, Selection
from qbatch.api import copies
from qbatch.results.plot_data import LinePlot, PlotOptions

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


def test_a_group_that_was_made_anew_has_no_copies(scan):
    scan("run", "scan", "--backend", "aer,exact")
    scan("delete", "scan", "--yes")
    scan("add", "scan", "bell.qasm", "--shots", "10")
    said = scan("run", "scan", "--backend", "aer,exact", code=2).stderr
    assert "is no copy of 'scan'" in said
    assert "has no copies" in scan("diff", "scan", "--by", "backend", code=2).stderr


def test_a_copy_that_asks_something_else_is_not_used(scan):
    scan("run", "scan", "--backend", "aer,exact")
    scan("add", "scan-aer", "bell.qasm", "--shots", "5")
    scan("add", "scan", "ansatz.qasm3", "-p", "theta=1", "-p", "phi=1", "--shots", "7")
    said = scan("run", "scan", "--backend", "aer,exact", code=2).stderr
    assert "scan-aer/5 asks something else than scan/5" in said
    scan("delete", "scan-aer/5", "--yes")
    scan("run", "scan", "--backend", "aer,exact")
    assert groups(scan)["scan-aer"]["counts"]["done"] == 5
    scan("edit", "scan", "--shots", "9000")
    said = scan("run", "scan", "--backend", "aer,exact", code=2).stderr
    assert "scan-aer/1 asks" in said
    assert "scan-exact/1 asks" in said
    scan("group", "rename", "scan-aer", "old")
    scan("delete", "scan-exact", "--yes")
    scan("run", "scan", "--backend", "aer,exact")
    assert groups(scan)["scan-aer"]["counts"]["done"] == 5
    assert groups(scan)["old"]["counts"]["done"] == 5


def test_a_closed_copy_is_left_alone(scan):
    scan("run", "scan", "--backend", "aer,exact")
    scan("group", "close", "scan-aer")
    assert "is closed" in scan("run", "scan", "--backend", "aer,exact", code=2).stderr


def test_a_renamed_group_keeps_its_copies_and_a_copy_of_a_copy_is_none(scan):
    scan("run", "scan", "--backend", "aer,exact")
    scan("copy", "scan-aer", "saved")
    scan("group", "rename", "scan", "sweep")
    scan("run", "sweep", "--backend", "aer,exact,odd")
    assert {"scan-aer", "scan-exact", "sweep-odd"} < set(groups(scan))
    assert "sweep-aer" not in groups(scan)
    told = scan("diff", "sweep", "--by", "backend").stdout
    assert "scan-aer beside scan-exact" in told
    assert "scan-aer beside sweep-odd" in told
    assert "saved" not in told


def test_an_archive_brings_no_copy(scan, tmp_path):
    scan("run", "scan", "--backend", "aer,exact")
    scan("group", "archive", "scan-aer", "-o", "a.qbatch")
    scan("delete", "scan-aer", "--yes")
    scan("group", "unarchive", "a.qbatch")
    assert "is no copy of" in scan("run", "scan", "--backend", "aer,exact", code=2).stderr


def test_a_picture_of_some_jobs(scan, tmp_path):
    scan("run", "scan", "--backend", "aer,exact")
    size = {}
    for which in ("scan", "scan/1-2"):
        scan("plot", which, "--by", "backend", "--outcome", "00", "-o", "some.svg")
        size[which] = len((tmp_path / "some.svg").read_text())
    assert size["scan/1-2"] < size["scan"]


def test_another_devices_size_is_no_drift(scan, tmp_path):
    gates = 'basis_gates = ["rz", "sx", "cx"], level = 0'
    with (tmp_path / "config.toml").open("a") as stream:
        stream.write(f'[backends.full]\ntype = "aer"\ncompile = {{ {gates} }}\n')
        stream.write(f'[backends.line]\ntype = "aer"\ncompile = {{ {gates}, coupling_map = ')
        stream.write("[[1, 0], [1, 2], [2, 1]] }\n")
    (tmp_path / "far.qasm").write_text(
        'OPENQASM 2.0; include "qelib1.inc"; qreg q[3]; creg c[3];'
        " h q[0]; cx q[0],q[1]; cx q[0],q[2]; cx q[1],q[2]; measure q -> c;"
    )
    scan("add", "far", "far.qasm", "--shots", "4000")
    scan("run", "far", "--backend", "full,line")
    found = scan.json("diff", "far", "--by", "backend", "--json")["copies"][0]
    assert found["counts"]["drifted"] == 0


def test_an_axis_has_the_users_words(scan, tmp_path):
    scan("run", "scan")
    words = ["--xlabel", "theta (rad)", "--ylabel", "share"]
    scan("plot", "scan", "--outcome", "00", *words, "-o", "own.svg")
    text = (tmp_path / "own.svg").read_text()
    assert "theta (rad)" in text
    assert "share" in text
    scan("add", "bell", "bell.qasm", "--shots", "100")
    scan("run", "bell")
    assert "lines and heat maps" in scan("plot", "bell", "--xlabel", "x", code=2).stderr


def test_a_picture_of_kept_outcomes(scan, db):
    """Where the outcome drawn is the only one kept, every share is 1."""
    scan("run", "scan", "--backend", "aer,odd")
    scan("run", "scan")
    group, odd = (JobGroup(name, db=db) for name in ("scan", "scan-odd"))
    by_backend = PlotOptions(outcome="11", by=("backend",))
    drawn = [
        copies.picture(group, Selection(), by_backend, ["c=11"]),
        copies.together(
            [(o, Selection()) for o in (group, odd)], PlotOptions(outcome="11"), ["c=11"]
        ),
    ]
    for picture in drawn:
        assert isinstance(picture, LinePlot)
        assert {y for line in picture.lines for y in line.y} == {1.0}
    for targets in (["scan"], ["scan", "scan-odd"], ["scan", "--by", "backend"]):
        told = scan("plot", *targets, "--outcome", "11", "--postselect", "c=11").stdout
        assert ", where c=11" in told


def test_a_plan_is_for_one_backend(scan):
    assert "one backend at a time" in scan("plan", "scan", "--backend", "aer,exact", code=2).stderr
