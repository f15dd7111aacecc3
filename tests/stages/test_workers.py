"""Where compiling is done: a Dask cluster's workers among other places."""

from collections import Counter
from pathlib import Path

import pytest

from qbatch.domain.states import CompilationState
from qbatch.errors import UsageError
from qbatch.execution.processes import ProcessExecutor
from qbatch.stages.settings import make_stage
from qbatch.stages.workers import BringsWorkers, chosen, local
from qbatch.testing.compilers import LINE
from tests.execution.test_dask import cluster_of
from tests.stages.odd_compiler import OddCompiler
from tests.stages.test_stage import all_of, tasks

ODD = "tests.stages.odd_compiler:OddCompiler"


@pytest.fixture
def cluster(monkeypatch):
    # A worker that died over a circuit is not started again, nor is another one tried.
    monkeypatch.setenv("DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES", "0")
    with cluster_of(4, "tcp", Path(__file__).parents[2]) as (address, _, _):
        yield address


@pytest.fixture
def remote(cluster):
    found = make_stage(
        "far", {"with": ODD, "executor": f"dask:{cluster}", "timeout": 5, "log": ""}, LINE,
        local=True,
    )  # fmt: skip
    yield found
    found.close()


def test_a_cluster_compiles(remote):
    remote.submit(tasks(60, n3="poisoned", n17="broken"))
    states = Counter(landed.state for landed in all_of(remote, 60).values())
    assert states == {CompilationState.DONE: 58, CompilationState.INVALID: 2}


def test_what_kills_a_clusters_worker_costs_itself(remote):
    remote.submit(tasks(12, n4="kills"))
    found = all_of(remote, 12, 120)
    states = Counter(landed.state for landed in found.values())
    assert states == {CompilationState.DONE: 11, CompilationState.LOST: 1}
    assert found[4].state is CompilationState.LOST


def test_what_hangs_costs_itself(remote):
    remote.submit(tasks(6, n2="hangs"))
    found = all_of(remote, 6, 120)
    assert found[2].state is CompilationState.TIMEOUT
    states = Counter(landed.state for landed in found.values())
    assert states == {CompilationState.DONE: 5, CompilationState.TIMEOUT: 1}


def test_nothing_named_is_this_machine():
    assert chosen(None, {}) is local
    made = chosen("local:1", {})(2)
    assert isinstance(made, ProcessExecutor)
    assert made.slots == 1
    made.stop()


@pytest.mark.parametrize("text", ["auto", "serial"])
def test_what_cannot_be_stopped_is_refused(text):
    with pytest.raises(UsageError, match="cannot be stopped"):
        chosen(text, {})


class Spreads(OddCompiler):
    timeout = 77.0

    def place(self, settings, workers):
        return {**settings, "workers": workers}

    def executor(self, workers):
        return local(workers)


def test_a_compiler_with_workers_of_its_own():
    assert isinstance(Spreads(), BringsWorkers)
    assert not isinstance(OddCompiler(), BringsWorkers)
    kind = "tests.stages.test_workers:Spreads"
    with pytest.raises(UsageError, match="takes no executor"):
        make_stage("far", {"with": kind, "executor": "local"}, LINE, local=True)
    with pytest.raises(UsageError, match="takes no server"):
        make_stage("far", {"with": ODD, "server": "x"}, LINE, local=True)
    found = make_stage("far", {"with": kind, "server": "there", "workers": 3}, LINE, local=True)
    assert (found._timeout, found._place) == (77.0, {"server": "there", "workers": 3})
