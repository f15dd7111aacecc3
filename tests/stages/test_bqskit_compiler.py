"""BQSKit as a compiler: the contract, and what is particular to it; needs its package."""

import pytest
from qiskit import ClassicalRegister, QuantumCircuit
from qiskit.circuit import Parameter

from qbatch.domain.compilations import Readout
from qbatch.errors import InvalidCircuit
from qbatch.payloads.circuit import target as targets
from qbatch.payloads.circuit.formats import from_qiskit, parse
from qbatch.seam import Target
from qbatch.stages import equality
from qbatch.stages.bqskit_compiler import BqskitCompiler
from qbatch.testing.compilers import LINE, CompilerContract, circuit

pytest.importorskip("bqskit")


class TestContract(CompilerContract):
    options = ({"level": 1},)
    parameters = False
    repeatable = False
    exact = 1e-5

    @pytest.fixture
    def compiler(self):
        return BqskitCompiler()


def compiled(given, readout=Readout.GIVEN, *, target=LINE, **options):
    compiler = BqskitCompiler()
    idle = options.pop("idle", "kept")
    settled = {**compiler.settle(options), "idle": idle}
    return compiler.compile(from_qiskit(given).source, readout, target, settled)


def cz_target(directed):
    edges = [[0, 1], [1, 2]] if directed else [[0, 1], [1, 0], [1, 2], [2, 1]]
    name = "ecr" if directed else "cz"
    return Target(name=name, body=targets.from_gates(["rz", "sx", "x", name], edges))


@pytest.mark.parametrize("directed", [False, True])
def test_the_targets_own_gates_and_directions(directed):
    target = cz_target(directed)
    found = compiled(circuit(4, width=3), target=target)
    whole = parse(found.payload.source)
    assert targets.supports(targets.to_qiskit(target.body), whole)
    assert found.metrics.two_qubit > 0


def test_a_target_of_any_width():
    target = Target(name="all", body=targets.from_gates(["rz", "sx", "cx"], None))
    given = circuit(4, width=3)
    found = compiled(given, target=target)
    assert equality.difference(given, parse(found.payload.source), found.layout) < 1e-6


def test_its_log_is_told():
    found = compiled(circuit(1, width=2))
    assert "on two qubits" in found.log
    assert "amplitudes differ by" in found.log


def test_nothing_to_do():
    given = QuantumCircuit(2, 2)
    given.measure([0, 1], [1, 0])
    found = compiled(given)
    whole = parse(found.payload.source)
    assert whole.count_ops() == {"measure": 2}
    assert "it is empty" in found.log


def middle():
    given = QuantumCircuit(2, 2)
    given.h(0)
    given.measure(0, 0)
    given.cx(0, 1)
    given.measure(1, 1)
    return given


def branch():
    given = QuantumCircuit(1)
    given.add_register(ClassicalRegister(1, "c"))
    given.measure(0, 0)
    with given.if_test((given.clbits[0], 1)):
        given.x(0)
    return given


def with_free():
    given = QuantumCircuit(1)
    given.rx(Parameter("angle"), 0)
    return given


def resets():
    given = QuantumCircuit(1, 1)
    given.h(0)
    given.reset(0)
    given.measure(0, 0)
    return given


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (middle, "measure, which BQSKit does not"),
        (branch, "which BQSKit does not"),
        (with_free, "free parameters"),
        (resets, "reset, which BQSKit does not"),
    ],
)
def test_what_it_does_not_compile(given, said):
    with pytest.raises(InvalidCircuit, match=said):
        compiled(given())


FLOWS = "tests.stages.bqskit_flows"


def test_a_workflow_of_the_users():
    given = QuantumCircuit(3)
    given.cx(0, 1)
    given.cx(0, 1)
    given.cx(1, 2)
    found = compiled(given, workflow=f"{FLOWS}:removes")
    assert found.metrics.two_qubit == 1
    assert "ForEachBlockPass" in found.log
    with pytest.raises(InvalidCircuit, match="no such pass"):
        compiled(given, workflow=f"{FLOWS}:raises")


def test_what_does_something_else_is_refused():
    with pytest.raises(InvalidCircuit, match="something else"):
        compiled(circuit(1, width=2), workflow=f"{FLOWS}:wrong")
