"""Compiling for a target, as users meet it."""

import json
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from ..conftest import ANSATZ, BELL

LINE = (
    '[backends.line]\ntype = "aer"\n'
    'compile = { level = 1, basis_gates = ["rz", "sx", "x", "cx"],'
    " coupling_map = [[0, 1], [1, 0], [1, 2], [2, 1]] }\n"
)
ODD = (
    '[backends.odd]\ntype = "aer"\ncompile = { with = "tests.stages.odd_compiler:OddCompiler",'
    ' basis_gates = ["cx"], timeout = 1, %s }\n'
)


@pytest.fixture
def config(qbatch, tmp_path):
    path = tmp_path / "config.toml"
    path.write_text(LINE)
    root = str(Path(__file__).parents[2])  # where the odd compiler is
    qbatch.env |= {"QBATCH_CONFIG": str(path), "PYTHONPATH": root}
    return path


def odd_circuits(tmp_path, count, **odd):
    for n in range(count):
        said = odd.get(f"n{n}", "")
        text = f"// {n} {said}\nOPENQASM 2.0; qreg q[1]; creg c[1]; measure q -> c;\n"
        (tmp_path / f"c{n:03}.qasm").write_text(text)
    return [str(tmp_path / f"c{n:03}.qasm") for n in range(count)]


def test_compiled_once_and_told_everywhere(qbatch, config, bell, tmp_path):
    ansatz = tmp_path / "ansatz.qasm3"
    ansatz.write_text(ANSATZ)
    qbatch("add", "g", str(bell), "--shots", "50")
    qbatch("add", "g", str(ansatz), "-p", "theta=0:1:20", "-p", "phi=0.5", "--shots", "50")
    plan = told(qbatch, "plan", "g", "--backend", "line")["plan"]["backends"][0]
    assert plan["compiling"]["circuits"] == 2
    assert plan["compiling"]["stored"] == 0
    assert "2 circuits for basis_gates" in qbatch("plan", "g", "--backend", "line").stdout
    said = qbatch("compile", "g", "--for", "line").stdout
    assert said.startswith("2 compiled, 0 in the store for basis_gates (qiskit ")
    found = told(qbatch, "compile", "g", "--for", "line")
    assert (found["compile"]["compiled"], found["compile"]["stored"]) == (0, 2)
    assert "2 in the store, 0 to do" in qbatch("plan", "g", "--backend", "line").stdout
    report = told(qbatch, "run", "g", "--backend", "line")["run"]
    assert report["done"] == 21
    shown = qbatch("show", "g/1").stdout
    assert "compiled " in shown
    assert "for basis_gates" in shown
    assert "two-qubit gates 1" in qbatch("why", "g/1").stdout
    (entry,) = told(qbatch, "why", "g/1")["why"]
    assert entry["attempts"][0]["compilation"]["two_qubit"] == 1
    compiled = qbatch("show", "g/1", "--compiled").stdout
    assert compiled.startswith("// compiled ")
    assert "OPENQASM 2.0" in compiled
    assert "h q" not in compiled
    (job,) = told(qbatch, "show", "g/1")["jobs"]
    assert job["compiled"][0]["source"] in compiled
    assert qbatch("db", "verify").stdout == "the database is sound\n"
    asked = "SELECT DISTINCT compiled_for, two_qubit FROM attempts"
    assert qbatch("db", "sql", asked, "--format", "csv").stdout.split() == [
        "compiled_for,two_qubit",
        "basis_gates,1",
    ]


def test_results_are_those_of_the_circuit(qbatch, config, bell):
    qbatch("add", "g", str(bell), "--shots", "1000", "--seed", "3")
    qbatch("run", "g", "--backend", "line", "-q")
    counts = told(qbatch, "results", "g")["results"][0]["counts"]
    assert counts.keys() == {"00", "11"}


def test_what_cannot_be_compiled_fails_alone(qbatch, config, tmp_path):
    wide = tmp_path / "wide.qasm"
    wide.write_text('OPENQASM 2.0; include "qelib1.inc"; qreg q[4]; creg c[4]; measure q -> c;')
    narrow = tmp_path / "narrow.qasm"
    narrow.write_text(BELL)
    qbatch("add", "g", str(wide), str(narrow), "--shots", "10")
    done = qbatch("compile", "g", "--for", "line", code=1)
    assert "g/1 cannot be compiled: needs 4 qubits, basis_gates has 3" in done.stderr
    assert "1 compiled, 0 in the store, 1 failed" in done.stdout
    again = qbatch("compile", "g", "--for", "line", code=1)
    assert "could not be compiled before" in again.stderr
    qbatch("compile", "g", "--for", "line", "--retry", code=1)
    report = told(qbatch, "run", "g", "--backend", "line", code=1)["run"]
    assert (report["done"], report["failed"]) == (1, 1)
    jobs = told(qbatch, "jobs", "g")["jobs"]
    assert jobs[0]["failure"] == "invalid"
    assert "qbatch compile GROUP --for line --retry" in jobs[0]["error"]
    assert "1 circuit could not be compiled" in qbatch("plan", "g", "--backend", "line").stdout or (
        "nothing to run" in qbatch("plan", "g", "--backend", "line").stdout
    )


def test_a_hanging_and_a_killing_circuit_cost_one_result_each(qbatch, config, tmp_path):
    config.write_text(LINE + ODD % "workers = 2")
    files = odd_circuits(tmp_path, 30, n3="poisoned", n9="hangs", n20="kills")
    qbatch("add", "g", *files, "--shots", "5")
    report = told(qbatch, "run", "g", "--backend", "odd", code=1)["run"]
    assert (report["done"], report["failed"]) == (27, 3)
    failures = {job["number"]: job["failure"] for job in told(qbatch, "jobs", "g")["jobs"]}
    assert {n: f for n, f in failures.items() if f} == {4: "invalid", 10: "timeout", 21: "lost"}
    again = told(qbatch, "rerun", "g", "--backend", "odd", code=1)["run"]
    assert again["failed"] == 3


def begun(log):
    return log.read_text().splitlines() if log.exists() else []


def told(qbatch, *args, code=0):
    return qbatch.json(*args, "--json", code=code)


def wait_until(what, seconds=30):
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_killed_in_the_midst_it_goes_on_and_does_nothing_twice(qbatch, config, tmp_path):
    log = tmp_path / "log"
    config.write_text(LINE + ODD % f'workers = 2, seconds = 0.05, log = "{log}"')
    qbatch("add", "g", *odd_circuits(tmp_path, 40), "--shots", "5")
    process = qbatch.start("compile", "g", "--for", "odd", "-q")
    wait_until(lambda: len(begun(log)) >= 15)
    process.kill()
    process.communicate()
    time.sleep(0.3)
    before = len(begun(log))
    kept = told(qbatch, "plan", "g", "--backend", "odd")["plan"]["backends"][0]["compiling"][
        "stored"
    ]
    assert kept > 0
    qbatch("run", "g", "--backend", "odd", "-q")
    # What was under way, and not yet written down, is taken again; nothing else is.
    assert len(begun(log)) - before == 40 - kept


def test_interrupted_it_says_how_to_go_on(qbatch, config, tmp_path):
    log = tmp_path / "log"
    config.write_text(LINE + ODD % f'workers = 1, seconds = 0.1, log = "{log}"')
    qbatch("add", "g", *odd_circuits(tmp_path, 60), "--shots", "5")
    process = qbatch.start("compile", "g", "--for", "odd")
    wait_until(lambda: len(begun(log)) >= 6)
    seen = qbatch("status").stderr
    process.send_signal(signal.SIGINT)
    said, errors = process.communicate(timeout=20)
    assert process.returncode == 130
    assert "qbatch compile g --for odd goes on with the rest" in errors
    assert "left for basis_gates" in said
    assert f"of 60 circuits (process {process.pid})" in seen


def test_cancelling_stops_it(qbatch, config, tmp_path):
    log = tmp_path / "log"
    config.write_text(LINE + ODD % f'workers = 1, seconds = 0.1, log = "{log}"')
    qbatch("add", "g", *odd_circuits(tmp_path, 200), "--shots", "5")
    process = qbatch.start("compile", "g", "--for", "odd", "--json")
    wait_until(lambda: len(begun(log)) >= 4)
    qbatch("cancel", "g")
    said, _ = process.communicate(timeout=20)
    assert json.loads(said)["compile"]["compiled"] < 100


def test_two_at_once_share_the_work(qbatch, config, tmp_path):
    log = tmp_path / "log"
    config.write_text(LINE + ODD % f'workers = 1, seconds = 0.05, log = "{log}"')
    files = odd_circuits(tmp_path, 30)
    qbatch("add", "one", *files, "--shots", "5")
    qbatch("add", "two", *files, "--shots", "5")
    first = qbatch.start("run", "one", "--backend", "odd", "-q")
    wait_until(lambda: len(begun(log)) >= 3)
    second = qbatch.start("run", "two", "--backend", "odd", "-q")
    _, _ = first.communicate(timeout=60)
    _, errors = second.communicate(timeout=60)
    assert (first.returncode, second.returncode) == (0, 0)
    assert "another process compiles for odd" in errors
    assert len(begun(log)) == len(set(begun(log))) == 30


def test_a_backend_without_a_target_says_what_is_needed(qbatch, config, bell):
    qbatch("add", "g", str(bell))
    said = qbatch("compile", "g", "--for", "aer", code=2).stderr
    assert "nothing is compiled for backend 'aer'" in said
    assert "compile = {" in said


def test_backends_check_knows_the_target(qbatch, config):
    assert (
        "compiled for basis_gates (3 qubits) by qiskit"
        in qbatch("backends", "check", "line").stdout
    )
    config.write_text(
        '[backends.line]\ntype = "aer"\ncompile = { level = 9, basis_gates = ["cx"] }'
    )
    assert "level is 9" in qbatch("backends", "check", "line", code=2).stderr
    config.write_text('[backends.line]\ntype = "aer"\ncompile = 3')
    assert "compile is not understood" in qbatch("backends", "check", "line", code=2).stderr


def test_pruning_compilations(qbatch, config, bell):
    qbatch("add", "g", str(bell))
    qbatch("compile", "g", "--for", "line", "-q")
    assert "pruned 1 compilation" in qbatch("group", "prune", "--compilations").stdout
    assert "nothing was pruned" in qbatch("group", "prune", "--compilations").stdout
    said = qbatch("group", "prune", "--compilations", "--keep", "1", code=2).stderr
    assert "goes alone" in said


def test_a_sweep_is_one_compilation(qbatch, config, tmp_path):
    file = tmp_path / "a.qasm3"
    file.write_text(ANSATZ)
    qbatch("add", "g", str(file), "-p", "theta=0:1:500", "-p", "phi=0", "--shots", "5", "-q")
    qbatch("run", "g", "--backend", "line", "-q")
    assert told(qbatch, "compile", "g", "--for", "line")["compile"]["circuits"] == 1


def test_workers_die_with_their_parent(qbatch, config, tmp_path):
    config.write_text(LINE + ODD % "workers = 2")
    qbatch("add", "g", *odd_circuits(tmp_path, 8, n0="hangs", n1="hangs"), "--shots", "5")
    process = qbatch.start("compile", "g", "--for", "odd", "-q")
    time.sleep(2.0)
    children = _children(process.pid)
    process.kill()
    process.communicate()
    end = time.monotonic() + 5
    while any(map(_lives, children)) and time.monotonic() < end:
        time.sleep(0.05)
    assert not any(map(_lives, children))


def _children(pid):
    found = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True,
                           check=False)  # fmt: skip
    return [int(word) for word in found.stdout.split()]


def _lives(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z"


def test_sizes_beside_results_and_in_a_gate(qbatch, config, bell, tmp_path):
    qbatch("add", "g", str(bell), "--shots", "400", "--seed", "1")
    qbatch("run", "g", "--backend", "line", "-q")
    (entry,) = told(qbatch, "results", "g", "--columns", "two_qubit,depth,layout")["results"]
    assert entry["two_qubit"] == 1
    assert entry["depth"] > 2
    assert len(entry["layout"].split(",")) == 2
    table = qbatch("results", "g", "--columns", "depth").stdout
    assert "depth" in table
    csv = qbatch("results", "g", "--columns", "layout,size", "-f", "csv").stdout.splitlines()
    assert csv[0].endswith("layout,size,failure,error")
    assert f'"{entry["layout"]}"' in csv[1]
    qbatch("results", "g", "--columns", "size", "-o", "out.parquet")
    import pyarrow.parquet

    assert pyarrow.parquet.read_table(tmp_path / "out.parquet")["size"].type == "int64"
    said = qbatch("results", "g", "--columns", "colour", code=2).stderr
    assert "there is no 'colour'" in said
    assert "npz" in qbatch("results", "g", "--columns", "size", "-o", "a.npz", code=2).stderr
    qbatch("check", "g", "--save", "base.json")
    assert '"two_qubit": 1' in (tmp_path / "base.json").read_text()
    qbatch("check", "g", "--baseline", "base.json", "--max-two-qubit", "1", "--max-depth", "50")
    failed = qbatch("check", "g", "--baseline", "base.json", "--max-two-qubit", "0", code=1)
    assert "two-qubit gates 1 > 0" in " ".join(failed.stdout.split())
    less = (tmp_path / "base.json").read_text().replace('"two_qubit": 1', '"two_qubit": 0')
    (tmp_path / "base.json").write_text(less)
    failed = told(qbatch, "check", "g", "--baseline", "base.json", code=1)
    said = "two-qubit gates 1, 0 in the baseline; nothing that is known of the runs differs"
    assert failed["check"]["jobs"][0]["reason"] == said


def test_without_compiling_there_are_no_sizes(qbatch, config, bell):
    qbatch("add", "g", str(bell), "--shots", "40")
    qbatch("run", "g", "-q")
    (entry,) = told(qbatch, "results", "g", "--columns", "two_qubit,layout")["results"]
    assert (entry["two_qubit"], entry["layout"]) == (None, None)
    qbatch("check", "g", "--save", "base.json")
    qbatch("check", "g", "--baseline", "base.json", "--max-two-qubit", "0", "--max-depth", "0")


def test_a_circuit_that_is_deleted_while_it_is_compiled_poisons_nothing(qbatch, config, tmp_path):
    """Its number in the store is given to the next circuit."""
    config.write_text(LINE + ODD % 'workers = 1, seconds = 1.0, mark = "x"')
    head = 'OPENQASM 2.0; include "qelib1.inc"; qreg q[2]; creg c[2]; '
    (tmp_path / "old.qasm").write_text(f"{head}x q[0]; measure q -> c;")
    (tmp_path / "new.qasm").write_text(f"{head}x q[1]; measure q -> c;")
    qbatch("add", "old", "old.qasm", "--shots", "50")
    process = qbatch.start("compile", "old", "--for", "odd", "-q")
    time.sleep(1.0)
    qbatch("delete", "old", "--yes")
    qbatch("add", "new", "new.qasm", "--shots", "50")
    process.communicate(timeout=30)
    qbatch("run", "new", "--backend", "odd", "-q")
    assert told(qbatch, "results", "new")["results"][0]["counts"] == {"10": 50}
    assert qbatch("db", "verify").stdout == "the database is sound\n"


def test_nothing_is_pruned_under_a_run(qbatch, config, tmp_path):
    config.write_text(LINE + ODD % "workers = 1, seconds = 0.3")
    qbatch("add", "g", *odd_circuits(tmp_path, 20), "--shots", "5")
    for words in (("run", "g", "--backend", "odd"), ("compile", "g", "--for", "odd")):
        process = qbatch.start(*words, "-q")
        wait_until(lambda: "compiling for odd" in qbatch("status").stderr)
        said = qbatch("group", "prune", "--compilations", code=5).stderr
        assert "run" in said or "compiles for odd" in said
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)
    qbatch("group", "prune", "--compilations")
