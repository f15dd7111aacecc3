"""BQSKit behind its process: what raises, hangs, dies or is killed costs one circuit."""

import os
import signal
import time
from collections import Counter
from pathlib import Path

import pytest
from qiskit import QuantumCircuit

from benchmarks.bqskit_servers import Cluster
from qbatch.domain.compilations import Readout
from qbatch.domain.states import CompilationState
from qbatch.errors import BackendError
from qbatch.payloads.circuit.formats import from_qiskit
from qbatch.seam import CompileTask, Mark
from qbatch.stages.settings import make_stage
from qbatch.testing.compilers import LINE
from tests.stages.test_stage import all_of

pytest.importorskip("bqskit")

ODD = "tests.stages.bqskit_flows:odd"
RAISES, IN_A_BLOCK, HANGS, KILLS = 1.11, 1.21, 2.22, 2.02


def given(number, angle=None):
    found = QuantumCircuit(2, 2)
    found.ry(0.3 + 0.01 * number if angle is None else angle, 0)
    found.ry(0.4, 1)
    found.cx(0, 1)
    found.measure([0, 1], [0, 1])
    return found


def tasks(count, odd=None):
    odd = odd or {}
    return [
        CompileTask(
            mark=Mark(n, Readout.GIVEN, "hash"), source=from_qiskit(given(n, odd.get(n))).source
        )
        for n in range(count)
    ]


@pytest.fixture
def stage():
    made = []

    def make(**settings):
        made.append(
            make_stage("deep", {"with": "bqskit", "workers": 2, **settings}, LINE, local=True)
        )
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture
def cluster():
    with Cluster(managers=2) as found:
        yield found


def descendants(pid):
    """Processes that a process has started, and these theirs."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except OSError:
                continue
            children.setdefault(parent, []).append(int(entry.name))
    found, left = [], [pid]
    while left:
        new = children.get(left.pop(), [])
        found += new
        left += new
    return found


def test_each_is_judged_by_itself(stage):
    one = stage(workflow=ODD, timeout=8)
    one.submit(tasks(12, {2: RAISES, 5: KILLS, 8: HANGS, 10: IN_A_BLOCK}))
    found = all_of(one, 12, 180)
    states = Counter(landed.state for landed in found.values())
    assert states == {
        CompilationState.DONE: 8,
        CompilationState.INVALID: 2,
        CompilationState.LOST: 1,
        CompilationState.TIMEOUT: 1,
    }
    assert "poisoned" in found[2].error
    assert "in a block" in found[10].error
    assert found[5].state is CompilationState.LOST
    assert found[8].state is CompilationState.TIMEOUT


@pytest.mark.parametrize("which", ["server", "worker"])
def test_a_killed_server_or_worker_loses_nothing(stage, which):
    one = stage()
    one.submit(tasks(16))
    found = {landed.mark[0]: landed for landed in one.landed(0.1)}
    while len(found) < 4:
        found.update({landed.mark[0]: landed for landed in one.landed(0.1)})
    (server,) = [pid for pid in descendants(os.getpid()) if "start_attached" in command(pid)][:1]
    os.kill(server if which == "server" else descendants(server)[-1], signal.SIGKILL)
    found.update(all_of(one, 16 - len(found), 120))
    assert {landed.state for landed in found.values()} == {CompilationState.DONE}


def command(pid):
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().decode()
    except OSError:
        return ""


def test_nothing_is_left_behind(stage):
    one = stage(workflow=ODD)
    one.submit(tasks(3, {0: HANGS}))
    while not [pid for pid in descendants(os.getpid()) if "start_attached" in command(pid)]:
        one.landed(0.1)
    (child,) = [pid for pid in descendants(os.getpid()) if "qbatch.execution.child" in command(pid)]
    all_there = [child, *descendants(child)]
    assert len(all_there) >= 2
    one.close()
    end = time.monotonic() + 5
    while any(command(pid) for pid in all_there) and time.monotonic() < end:
        time.sleep(0.05)
    assert not [pid for pid in all_there if command(pid)]


def test_a_server_with_two_managers(stage, cluster):
    one = stage(server=cluster.address)
    one.submit(tasks(10, {4: RAISES}))
    found = all_of(one, 10, 120)
    assert {landed.state for landed in found.values()} == {CompilationState.DONE}
    one.close()
    again = stage(server=cluster.address, workflow=ODD)
    again.submit(tasks(4, {1: RAISES}))
    states = Counter(landed.state for landed in all_of(again, 4, 60).values())
    assert states == {CompilationState.DONE: 3, CompilationState.INVALID: 1}


def test_no_server_there(stage):
    one = stage(server="127.0.0.1:9")
    one.submit(tasks(1))
    with pytest.raises(BackendError, match="does not answer"):
        all_of(one, 1)
