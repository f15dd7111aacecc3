"""What BQSKit's compiler is told, as far as nothing of its package is needed."""

import importlib.util

import pytest

from qbatch.errors import NotInstalled, UsageError
from qbatch.execution.one_process import OneProcess
from qbatch.stages.bqskit_compiler import BqskitCompiler
from qbatch.stages.settings import make_stage
from qbatch.testing.compilers import LINE


@pytest.mark.skipif(importlib.util.find_spec("bqskit") is not None, reason="it is here")
def test_without_its_package_it_says_what_installs_it():
    with pytest.raises(NotInstalled, match="not installed") as told:
        make_stage("deep", {"with": "bqskit"}, LINE, local=True)
    assert "pip install bqskit" in told.value.hint


def test_defaults():
    settled = BqskitCompiler().settle({})
    assert settled == {"level": 1, "max_synthesis_size": 3, "seed": 0, "synthesis_epsilon": 1e-8}
    assert BqskitCompiler().settle(settled) == settled
    assert BqskitCompiler.timeout == 600


def test_it_has_one_process():
    made = BqskitCompiler().executor(3)
    assert isinstance(made, OneProcess)
    assert made.slots == 3
    made.stop()


def test_another_text_of_a_workflow_compiles_anew(tmp_path, monkeypatch):
    (tmp_path / "own_flow.py").write_text("def flow(model):\n    return []\n")
    monkeypatch.syspath_prepend(tmp_path)
    before = BqskitCompiler().settle({"workflow": "own_flow:flow"})
    assert BqskitCompiler().settle(before) == before
    with (tmp_path / "own_flow.py").open("a") as stream:
        stream.write("# another text\n")
    assert BqskitCompiler().settle({"workflow": "own_flow:flow"}) != before


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"level": 5}, "level is 5"),
        ({"level": 0}, "level is 0"),
        ({"seed": True}, "seed is True"),
        ({"synthesis_epsilon": 2}, "synthesis_epsilon is 2"),
        ({"max_synthesis_size": 1}, "max_synthesis_size is 1"),
        ({"workflow": "nothing"}, "workflow is 'nothing'"),
        ({"workflow": "no_such_module_at_all:flow"}, "there is no file of a module"),
        ({"workflow": "sys:path"}, "there is no file of a module"),
        ({"workflow": "json:no_such_name"}, "defines no no_such_name"),
        ({"workflow": "json:loads", "level": 2}, "level is the workflow's own"),
        ({"optimise": 1}, "no option 'optimise'"),
    ],
)
def test_options_that_make_no_sense(options, said):
    with pytest.raises(UsageError, match=said):
        BqskitCompiler().settle(options)


@pytest.mark.parametrize(
    "server", ["10.0.0.1:7472", "example.org", "0.0.0.0:1", "[::1]:99", "127.0.0.1:x"]
)
def test_a_server_anywhere_else_is_refused(server):
    with pytest.raises(UsageError, match="server"):
        BqskitCompiler().place({"server": server}, 2)


def test_servers_here():
    place = BqskitCompiler().place
    assert place({}, 3) == {"server": None, "workers": 3}
    assert place({"server": "localhost"}, 1)["server"] == "localhost:7472"
    assert place({"server": "127.0.0.1:99"}, 1)["server"] == "127.0.0.1:99"
