"""A real Dask scheduler and two real workers on 127.0.0.1, one of which is killed."""

import contextlib
import os
import re
import signal
import subprocess
import sys

import pytest

from qbatch.errors import UsageError
from qbatch.execution.base import Setup
from qbatch.execution.dask import ClusterExecutor

trustme = pytest.importorskip("trustme")
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


@contextlib.contextmanager
def cluster_of(number, scheme, folder, files=(), **client):
    """(address, scheduler, workers), each worker with one thread and no nanny."""
    common = ["--host", "127.0.0.1", "--no-dashboard", *files]
    protocol = ["--protocol", scheme, "--port", "0"]
    scheduler = dask("dask_scheduler", *common, *protocol, cwd=folder)
    for line in scheduler.stdout:
        if found := re.search(rf"Scheduler at:\s+({scheme}://127\.0\.0\.1:\d+)", line):
            address = found[1]
            break
    one = ["--nthreads", "1", "--no-nanny"]
    workers = [dask("dask_worker", address, *one, *common, cwd=folder) for _ in range(number)]
    try:
        with distributed.Client(address, set_as_default=False, **client) as watcher:
            watcher.wait_for_workers(number, timeout=60)
        yield address, scheduler, workers
    finally:
        for process in (*workers, scheduler):
            process.kill()
            process.wait()
            process.stdout.close()


@pytest.fixture
def cluster(tmp_path):
    with cluster_of(2, "tcp", tmp_path) as found:
        yield found


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
    here = qbatch.json("results", "h/1-20", "--json")["results"]
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
        ClusterExecutor("tls://127.0.0.1:9", Setup())


def test_work_over_tls_with_real_certificates(qbatch, ansatz, tmp_path):
    authority, other = trustme.CA(), trustme.CA()
    certificate = authority.issue_cert("127.0.0.1")
    paths = {name: str(tmp_path / f"{name}.pem") for name in ("ca", "cert", "key", "other")}
    authority.cert_pem.write_to_path(paths["ca"])
    other.cert_pem.write_to_path(paths["other"])
    certificate.private_key_pem.write_to_path(paths["key"])
    certificate.cert_chain_pems[0].write_to_path(paths["cert"])
    files = ["--tls-ca-file", paths["ca"], "--tls-cert", paths["cert"], "--tls-key", paths["key"]]
    security = distributed.Security(
        tls_ca_file=paths["ca"],
        tls_client_cert=paths["cert"],
        tls_client_key=paths["key"],
        require_encryption=True,
    )
    sweep(qbatch, "g", 20)
    with cluster_of(1, "tls", tmp_path, files, security=security) as (address, _, _):
        # Whoever cannot prove who they are is not let in, and told so.
        qbatch("config", "set", "executors.dask.ca_file", paths["other"])
        qbatch("config", "set", "executors.dask.cert_file", paths["cert"])
        qbatch("config", "set", "executors.dask.key_file", paths["key"])
        refused = qbatch("run", "g", "--executor", f"dask:{address}", code=4)
        assert "does not answer" in refused.stderr
        assert "Traceback" not in refused.stderr
        qbatch("config", "set", "executors.dask.ca_file", paths["ca"])
        qbatch("run", "g", "--executor", f"dask:{address}")
    counts = qbatch.json("status", "g", "--json")["groups"][0]["counts"]
    assert counts["done"] == 20
