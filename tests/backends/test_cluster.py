"""A real Dask scheduler and two real workers on 127.0.0.1, one of which is killed."""

import os
import re
import signal
import subprocess
import sys

import pytest

from qbatch.backends.cluster import ClusterExecutor
from qbatch.errors import UsageError

distributed = pytest.importorskip("distributed")


def dask(*args, cwd):
    return subprocess.Popen(
        [sys.executable, "-m", "distributed.cli." + args[0], *args[1:]],
        cwd=cwd,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1", "DASK_DISTRIBUTED__WORKER__DAEMON": "False"},
    )


@pytest.fixture
def cluster(tmp_path):
    """(address, scheduler, workers), each worker with one thread and no nanny."""
    no_page = ["--no-dashboard"]
    scheduler = dask("dask_scheduler", "--host", "127.0.0.1", "--port", "0", *no_page, cwd=tmp_path)
    for line in scheduler.stdout:
        if found := re.search(r"Scheduler at:\s+(tcp://127\.0\.0\.1:\d+)", line):
            address = found[1]
            break
    options = ["--nthreads", "1", "--no-nanny", "--host", "127.0.0.1", *no_page]
    workers = [dask("dask_worker", address, *options, cwd=tmp_path) for _ in range(2)]
    client = distributed.Client(address, set_as_default=False)
    client.wait_for_workers(2, timeout=60)
    client.close()
    yield address, scheduler, workers
    for process in (*workers, scheduler):
        process.kill()
        process.wait()
        process.stdout.close()


def sweep(qbatch, name, points):
    qbatch("add", name, "ansatz.qasm3", "-p", f"theta=0:3:{points}", "-p", "phi=0", "--seed", "5")


def run_until(qbatch, name, address, done):
    """A run over the cluster, once so many jobs are done."""
    started = ["--executor", f"dask:{address}", "--sampling", "shots", "--max-batch-size", "50"]
    process = qbatch.start("run", name, *started)
    while qbatch.json("status", name, "--json")["groups"][0]["counts"]["done"] < done:
        assert process.poll() is None, process.communicate()
    return process


def test_a_killed_worker_and_a_killed_scheduler_cost_nothing_but_time(qbatch, ansatz, cluster):
    address, scheduler, workers = cluster
    sweep(qbatch, "g", 1000)
    process = run_until(qbatch, "g", address, 100)
    workers[0].send_signal(signal.SIGKILL)
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, (out, err)
    entries = qbatch.json("results", "g", "--json")["results"]
    assert [sum(entry["counts"].values()) for entry in entries] == [1024] * 1000
    # Where a job runs changes nothing.
    sweep(qbatch, "h", 1000)
    qbatch("run", "h", "--sampling", "shots", "--limit", "20", "--executor", "serial")
    here = qbatch.json("results", "h", "1-20", "--json")["results"]
    assert [entry["counts"] for entry in here] == [entry["counts"] for entry in entries[:20]]

    process = run_until(qbatch, "h", address, 100)
    scheduler.kill()
    out, err = process.communicate(timeout=120)
    assert process.returncode == 4, (out, err)
    assert "Dask scheduler" in err
    assert "Traceback" not in err
    counts = qbatch.json("status", "h", "--json")["groups"][0]["counts"]
    assert counts["done"] + counts["unsent"] == 1000
    assert counts["done"] >= 100


def test_nobody_at_the_address_is_said_at_once(qbatch, bell):
    qbatch("add", "g", bell)
    done = qbatch("run", "g", "--executor", "dask:tcp://127.0.0.1:9", code=4)
    assert "does not answer" in done.stderr
    assert qbatch.json("status", "--json")["groups"][0]["counts"]["unsent"] == 1


def test_tls_needs_certificates():
    with pytest.raises(UsageError, match="ca_file, cert_file, key_file"):
        ClusterExecutor("tls://127.0.0.1:9", {})
