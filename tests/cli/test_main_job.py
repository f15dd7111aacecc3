"""The main job through the real command: add, run, rerun, status, results, on Aer."""

import json
import math
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from qiskit import QuantumCircuit, qasm2
from qiskit_aer import AerSimulator

EXAMPLES = Path(__file__).parents[2] / "examples"
QASMBENCH = Path(__file__).parents[3] / "shared" / "data" / "qasmbench"


def agree(counts, other):
    """Whether two samples of the same size come from one distribution, by total variation."""
    shots = sum(counts.values())
    outcomes = counts.keys() | other.keys()
    distance = sum(abs(counts.get(k, 0) - other.get(k, 0)) for k in outcomes) / (2 * shots)
    # The mean of the distance is below sqrt(outcomes / (pi shots)); five deviations on top.
    return distance < math.sqrt(len(outcomes) / (math.pi * shots)) + 5 / math.sqrt(2 * shots)


def test_one_command_from_a_file_to_counts(qbatch, bell):
    done = qbatch("run", "demo", "--add", bell)
    assert "added 1 job to demo: 1" in done.stderr
    assert re.search(r"1 done, 0 failed; 1 batch, ", done.stdout)
    outcome = r"(00|11) \d+ \(\d\d\.\d%\)"
    assert re.search(f"1 +bell +1024 +done +{outcome}, {outcome}\n", done.stdout)


def test_every_example_runs(qbatch):
    qbatch("add", "all", EXAMPLES, "--param", "theta=1", "--param", "phi=2", code=2)
    qbatch("add", "all", *sorted(EXAMPLES.glob("*.q*[my]")))
    qbatch("add", "scan", EXAMPLES / "ansatz.qasm3", "--param", "theta=0:pi:5", "-p", "phi=0,1")
    options = ["--observables", EXAMPLES / "hamiltonian.txt", "-p", "theta=1", "-p", "phi=0"]
    qbatch("add", "energy", EXAMPLES / "ansatz.qasm3", *options)
    qbatch("run", "all", "scan", "energy")
    rows = qbatch.json("results", "all", "--json")["results"]
    assert [row["name"] for row in rows] == ["bell", "quarter", "half", "full", "teleport"]
    assert rows[3]["counts"] == {"1": 1024}
    received = sum(n for key, n in rows[4]["counts"].items() if key[0] == "1") / 1024
    assert abs(received - math.sin(0.5) ** 2) < 5 * math.sqrt(0.25 / 1024)
    assert len(qbatch.json("results", "scan", "--json")["results"]) == 10
    (energy,) = qbatch.json("results", "energy", "--json")["results"]
    values = [value["value"] for value in energy["expectation_values"]]
    assert values == pytest.approx([1.0, math.cos(1.0)], abs=1e-9)


@pytest.mark.skipif(not QASMBENCH.is_dir(), reason="the QASMBench circuits are not here")
def test_all_of_qasmbench(qbatch):
    refused = qbatch("add", "bench", QASMBENCH, code=2)
    assert refused.stderr.count("'q' is not defined in this scope") == 6
    assert qbatch("status").stdout == ""
    added = qbatch("add", "bench", QASMBENCH, "--skip-invalid")
    assert "added 77 jobs to bench: 1-77 (6 left out)" in added.stdout
    assert len(re.findall(r"left out: .*vqe_uccsd_n\d\S*\.qasm:\d+:\d+: ", added.stderr)) == 6
    report = qbatch.json("run", "bench", "--json")["run"]
    assert (report["done"], report["failed"]) == (77, 0)
    simulator = AerSimulator()
    for row in qbatch.json("results", "bench", "--json")["results"]:
        path = QASMBENCH / f"{row['name']}.qasm"
        circuit = qasm2.load(path, custom_instructions=qasm2.LEGACY_CUSTOM_INSTRUCTIONS)
        known = set(simulator.target.operation_names) | {"barrier"}
        while own := set(circuit.count_ops()) - known:
            circuit = circuit.decompose(sorted(own))
        by_hand = simulator.run(circuit, shots=1024).result().get_counts()
        assert agree(row["counts"], by_hand), row["name"]


def test_a_sweep_stopped_half_way_goes_on_and_runs_nothing_twice(qbatch, ansatz):
    sweep = ["--param", "theta=0:3.14159:2000", "--param", "phi=0.5", "--shots", "2000"]
    assert "1-2000" in qbatch("add", "scan", ansatz, *sweep).stdout
    # Small batches on one worker, so that there is a half way.
    options = ["--executor", "local:1", "--max-batch-size", "50", "--max-in-flight", "2"]
    options += ["--sampling", "shots"]
    process = qbatch.start("run", "scan", *options)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if qbatch.json("status", "scan", "--json")["groups"][0]["counts"]["done"] >= 200:
            break
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=60)
    assert process.returncode == 130, stderr
    assert "qbatch run scan goes on with the rest" in stderr
    counts = qbatch.json("status", "scan", "--json")["groups"][0]["counts"]
    assert 200 <= counts["done"] < 2000
    assert counts["done"] + counts["unsent"] == 2000
    report = qbatch.json("run", "scan", "--json")["run"]
    assert report["done"] == counts["unsent"]
    assert qbatch.json("run", "scan", "--json")["run"]["jobs"] == 0
    rows = qbatch.json("results", "scan", "--json")["results"]
    assert [row["number"] for row in rows] == list(range(1, 2001))
    assert all(sum(row["counts"].values()) == 2000 for row in rows)
    assert rows[-1]["parameters"] == {"phi": 0.5, "theta": 3.14159}
    with_attempts = qbatch.json("show", "scan/1,1000,2000", "--json")["jobs"]
    assert all(
        sum(attempt["status"] == "done" for attempt in job["attempts"]) == 1
        for job in with_attempts
    )


def test_a_killed_run_goes_on_and_leaves_no_worker_behind(qbatch, ansatz):
    qbatch("add", "g", ansatz, "-p", "theta=0:3:600", "-p", "phi=0", "--shots", "3000")
    options = ["--executor", "local:1", "--max-batch-size", "20", "--sampling", "shots"]
    process = qbatch.start("run", "g", *options)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if qbatch.json("status", "g", "--json")["groups"][0]["counts"]["done"] >= 20:
            break
    children = subprocess.run(
        ["pgrep", "-P", str(process.pid), "-f", "loky"], capture_output=True, text=True
    ).stdout.split()
    process.kill()
    process.communicate()
    assert children
    done = qbatch("run", "g")
    assert "jobs of an interrupted run are taken up again" in done.stderr
    assert qbatch.json("status", "g", "--json")["groups"][0]["counts"]["done"] == 600
    assert all(not Path(f"/proc/{child}/exe").exists() for child in children)


def test_one_job_that_cannot_run_fails_alone_and_is_rerun_alone(qbatch, tmp_path):
    directory = tmp_path / "hundred"
    directory.mkdir()
    for k in range(99):
        circuit = QuantumCircuit(3, 3)
        circuit.ry([0.1 * k, 0.2, 0.3][k % 3], 0)
        circuit.cx(0, [1, 2])
        circuit.measure(range(3), range(3))
        qasm2.dump(circuit, directory / f"c{k:02}.qasm")
    big = QuantumCircuit(60, 60)
    for qubit in range(60):
        big.ry(0.1 + qubit, qubit)
    big.cx(range(59), range(1, 60))
    big.measure(range(60), range(60))
    qasm2.dump(big, directory / "big.qasm")
    qbatch("add", "h", directory)
    failed = qbatch("run", "h", code=1)
    assert "99 done, 1 failed" in failed.stdout
    assert "h/1 failed: Insufficient memory" in failed.stderr
    assert "Insufficient memory" in qbatch("jobs", "h", "--status", "error").stdout
    assert "Insufficient memory" in qbatch("show", "h/1").stdout
    again = qbatch.json("rerun", "h", "--json", code=1)["run"]
    assert (again["jobs"], again["done"], again["failed"]) == (1, 0, 1)
    attempts = qbatch.json("show", "h/all", "--json")["jobs"]
    assert [len(job["attempts"]) for job in attempts] == [2, *[1] * 99]
    qbatch("rerun", "h", "--keep", code=1)
    kept = qbatch.json("jobs", "h", "--status", "error", "--json")["jobs"]
    assert [(job["number"], job["parent"]) for job in kept] == [(1, None), (101, 1)]
    nothing = qbatch("rerun", "h/2-50")
    assert "nothing to rerun" in nothing.stdout
    # The copy stands for the first: that one is not run, nor paid, beside it.
    again = qbatch.json("rerun", "h", "--json", code=1)["run"]
    assert again["jobs"] == 1
    attempts = qbatch.json("show", "h/1,101", "--json")["jobs"]
    assert [len(job["attempts"]) for job in attempts] == [2, 2]
    assert "but 1 that rerun --keep" in qbatch("rerun", "h/1").stdout


def test_the_same_seed_gives_the_same_counts(qbatch, ansatz, bell, tmp_path):
    qbatch("add", "s", ansatz, "-p", "theta=0:3:8", "-p", "phi=1", "--seed", "5")
    qbatch("add", "s", bell, bell, bell, "--shots", "100")
    shutil.copytree(tmp_path / "data", tmp_path / "added")

    def counts(*options):
        shutil.rmtree(tmp_path / "data")
        shutil.copytree(tmp_path / "added", tmp_path / "data")
        qbatch("run", "s", "--seed", "11", "-q", *options)
        rows = qbatch.json("results", "s", "--json")["results"]
        return {row["number"]: row["counts"] for row in rows}

    for sampling in ("auto", "shots"):
        reference = counts("--sampling", sampling)
        assert len({json.dumps(c) for n, c in reference.items() if n <= 8}) > 4
        for options in (
            ["--max-batch-size", "3", "--executor", "local:2"],
            ["--sequential", "--order", "key", "--no-coalesce"],
        ):
            assert counts("--sampling", sampling, *options) == reference, options


def test_mixed_jobs_stand_in_one_group(qbatch, bell, write):
    half = write("half.qasm", 'OPENQASM 2.0;include "qelib1.inc";qreg q[1];h q[0];')
    qbatch("add", "m", bell, "--shots", "100", "--option", "method=stabilizer")
    qbatch("add", "m", bell, "--shots", "2000")
    qbatch("add", "m", half, "--measure-all", "--shots", "50")
    qbatch("add", "m", half, "--observable", "X", "--observable", "Z + 0.5*X")
    qbatch("add", "m", half, "--observable", "Z", "--shots", "400")
    qbatch("run", "m")
    rows = qbatch.json("results", "m", "--json")["results"]
    assert [row["shots"] for row in rows] == [100, 2000, 50, None, 400]
    assert [sum(row["counts"].values()) for row in rows[:3]] == [100, 2000, 50]
    exact = [value["value"] for value in rows[3]["expectation_values"]]
    assert exact == pytest.approx([1.0, 0.5], abs=1e-9)
    (estimate,) = rows[4]["expectation_values"]
    assert estimate["standard_error"] == pytest.approx(1 / math.sqrt(399), rel=0.1)
    shown = qbatch("show", "m/1").stdout
    assert "method stabilizer" in shown


def test_standard_input_and_qpy(qbatch, bell):
    assert "added 1 job" in qbatch("add", "g", "-", stdin=bell.read_text()).stdout
    assert qbatch("add", "g", EXAMPLES / "rotations.qpy", "--quiet").stdout == "2\n3\n4\n"
    qbatch("run", "g", "-q")
    rows = qbatch.json("results", "g", "--json")["results"]
    assert [row["name"] for row in rows] == ["stdin", "quarter", "half", "full"]


def test_add_again_with_if_new_adds_only_the_new(qbatch, write, tmp_path):
    write("c/a.qasm", "OPENQASM 2.0;qreg q[1];creg c[1];measure q->c;")
    qbatch("add", "n", "c", "--if-new")
    write("c/b.qasm", "OPENQASM 2.0;qreg q[2];creg c[2];measure q->c;")
    assert (
        "added 1 job to n: 2 (1 already in the group)" in qbatch("add", "n", "c", "--if-new").stdout
    )
    assert qbatch.json("add", "n", "c", "--if-new", "--json")["added"]["numbers"] == []


def test_two_runs_at_once_exclude_each_other(qbatch, ansatz):
    qbatch("add", "g", ansatz, "-p", "theta=0:3:400", "-p", "phi=0", "--shots", "30000")
    slowly = ["--executor", "local:1", "--max-batch-size", "20", "--sampling", "shots"]
    first = qbatch.start("run", "g", *slowly)
    while not qbatch.json("status", "g", "--json")["groups"][0]["counts"]["done"]:
        assert first.poll() is None
    waiting = qbatch.start("run", "g", "--wait-lock", "100")
    refused = qbatch("run", "g", code=5)
    qbatch("delete", "g", "--yes", code=5)
    assert f"is being run by process {first.pid}" in refused.stderr
    assert "--wait-lock" in refused.stderr
    qbatch("add", "g", ansatz, "-p", "theta=9", "-p", "phi=0")
    assert len(qbatch.json("results", "g", "--json")["results"]) == 401
    assert "0 left" not in first.communicate(timeout=120)[0]
    assert first.returncode == 0
    said = waiting.communicate(timeout=120)[1]
    assert waiting.returncode == 0
    assert f"process {first.pid}" in said
    assert "waiting up to 100 s for it" in said
    assert qbatch.json("status", "g", "--json")["groups"][0]["counts"]["done"] == 401


SLOW = """OPENQASM 2.0;
include "qelib1.inc";
qreg q[10];
creg c[10];
h q[0];
measure q[0] -> c[0];
h q[0];
measure q -> c;
"""


def test_a_local_batch_that_takes_too_long_is_given_up_alone(qbatch, write, bell):
    qbatch("add", "g", write("slow.qasm", SLOW), "--shots", "1000000")
    qbatch("add", "g", bell)
    options = ["--executor", "local:1", "--max-batch-size", "1", "--timeout", "4"]
    report = qbatch.json("run", "g", *options, "--json", code=1)["run"]
    jobs = qbatch.json("jobs", "g", "--json")["jobs"]
    assert [job["status"] for job in jobs] == ["error", "done"], report
    assert jobs[0]["failure"] == "timeout"
    assert qbatch("db", "verify").stdout == "the database is sound\n"


def test_cancelling_a_local_run_from_another_terminal(qbatch, write):
    for _ in range(4):
        qbatch("add", "g", write("slow.qasm", SLOW), "--shots", "900000")
    options = ["--executor", "local:1", "--max-batch-size", "1", "--max-in-flight", "1"]
    process = qbatch.start("run", "g", *options)
    while not qbatch.json("status", "--json")["groups"][0]["counts"]["running"]:
        assert process.poll() is None
    qbatch("cancel", "g/3")
    qbatch("cancel", "g")
    _, stderr = process.communicate(timeout=60)
    assert process.returncode in (0, 1), stderr
    counts = qbatch.json("status", "--json")["groups"][0]["counts"]
    assert counts["cancelled"] >= 3
    assert counts["cancelled"] + counts["done"] == 4
    assert qbatch("db", "verify").stdout == "the database is sound\n"


def test_cancelling_one_local_batch_does_not_fail_its_neighbours(qbatch, write):
    for _ in range(3):
        qbatch("add", "g", write("slow.qasm", SLOW), "--shots", "60000")
    options = ["--executor", "local:3", "--batching", "off", "--no-coalesce"]
    process = qbatch.start("run", "g", *options)
    for number in ("1", "2"):
        while qbatch.json("show", f"g/{number}", "--json")["jobs"][0]["status"] != "running":
            assert process.poll() is None
        qbatch("cancel", f"g/{number}")
    process.communicate(timeout=100)
    statuses = [job["status"] for job in qbatch.json("jobs", "g", "--json")["jobs"]]
    assert statuses[2] == "done"
    assert "error" not in statuses


def test_a_pipe_that_closes_early_is_no_error(qbatch):
    qbatch("add", "many", EXAMPLES / "ansatz.qasm3", "-p", "theta=0:1:3000", "-p", "phi=0")
    command = f"{sys.executable} -m qbatch jobs many | head -1"
    done = subprocess.run(
        command, shell=True, capture_output=True, text=True, env=qbatch.env, check=True
    )
    assert done.stdout.split()[:2] == ["job", "name"]
    assert done.stderr == ""


def test_no_terminal_no_colour_and_a_bar_that_leaves_stdout_alone(qbatch, bell):
    import fcntl
    import pty
    import struct
    import termios

    qbatch("add", "g", bell)
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    process = subprocess.Popen(
        [sys.executable, "-m", "qbatch", "run", "g", "--json"],
        env=qbatch.env,
        stdout=subprocess.PIPE,
        stderr=slave,
        text=True,
    )
    stdout, _ = process.communicate(timeout=60)
    os.close(slave)
    bar = os.read(master, 100_000).decode()
    os.close(master)
    assert json.loads(stdout)["run"]["done"] == 1
    assert "1/1" in bar
    assert "\x1b" not in qbatch("results", "g").stdout


def test_a_json_command_that_fails_prints_json_too(qbatch):
    failed = qbatch("status", "nowhere", "--json", code=2)
    document = json.loads(failed.stdout)
    assert (document["schema"], document["exit_code"]) == (1, 2)
    assert "there is no group 'nowhere'" in document["error"]


def test_control_characters_do_not_reach_the_terminal(qbatch, bell):
    qbatch("add", "g", bell, "--name", "x\ny\x1b[31m")
    for command in (["jobs", "g"], ["show", "g/1"], ["results", "g"]):
        assert "x\\x0ay\\x1b[31m" in qbatch(*command).stdout


def test_nobody_reads_what_is_printed(qbatch, bell):
    qbatch("add", "g", bell)
    for redirection, code in ((">&-", 0), ("> /dev/full", 1)):
        command = f"{sys.executable} -m qbatch status {redirection}"
        done = subprocess.run(
            ["bash", "-c", command], env=qbatch.env, capture_output=True, text=True
        )
        assert done.returncode == code, done.stderr
        assert "Traceback" not in done.stderr
        assert "fault of qbatch" not in done.stderr


def test_interrupted_while_workers_start(qbatch, ansatz):
    qbatch("add", "g", ansatz, "-p", "theta=0:3:5000", "-p", "phi=0", "--shots", "20000")
    for moment in (0.4, 0.6):
        slowly = ["--executor", "local:2", "--sampling", "shots"]
        process = qbatch.start("run", "g", *slowly, start_new_session=True)
        time.sleep(moment)
        os.killpg(process.pid, signal.SIGINT)
        _, stderr = process.communicate(timeout=60)
        assert process.returncode == 130, (moment, stderr)
        assert "Traceback" not in stderr
        assert "loky" not in stderr


def test_names_with_spaces_and_other_letters(qbatch, write):
    name = "Мой прогон 3"
    path = write("ein Kreis ü.qasm", "OPENQASM 2.0;qreg q[1];creg c[1];measure q->c;")
    qbatch("run", name, "--add", path, "-q")
    assert qbatch("status", "-q").stdout == f"{name}\n"
    assert qbatch.json("show", f"{name}/1", "--json")["jobs"][0]["name"] == "ein Kreis ü"
    qbatch("delete", name, "--yes")
    assert qbatch("status", "-q").stdout == ""
