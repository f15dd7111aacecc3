"""The promises of a compiler, one test each.

Derive a class in a test module, name the compiler in a fixture::

    class TestMine(CompilerContract):
        @pytest.fixture
        def compiler(self):
            return MyCompiler()
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any, ClassVar

from qbatch.domain.compilations import Readout
from qbatch.domain.payloads import Source
from qbatch.errors import InvalidCircuit, UsageError
from qbatch.payloads.circuit import target as targets
from qbatch.payloads.circuit.formats import from_qiskit, parse
from qbatch.seam.stages import Compiled, Compiler, Target

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

LINE = Target(
    name="line",
    body=targets.from_gates(
        ["rz", "sx", "x", "cx"],
        [[a, b] for a in range(5) for b in (a - 1, a + 1) if 0 <= b < 5],
    ),
)
"""Five qubits in a line."""


def circuit(seed: int, *, width: int = 4, parameters: bool = False) -> QuantumCircuit:
    """A random circuit without measurements."""
    from qiskit import QuantumCircuit
    from qiskit.circuit import Parameter

    rng = random.Random(seed)  # noqa: S311 - no secret
    found = QuantumCircuit(width, width)
    names = [Parameter("b"), Parameter("a")] if parameters else []
    for _ in range(8):
        one, two = rng.sample(range(width), 2)
        found.ry(rng.choice(names) * 2 if names else rng.uniform(-3, 3), one)
        found.cx(one, two)
        found.rz(rng.uniform(-3, 3), two)
    return found


def unplaced(found: Compiled, *, atol: float = 1e-8) -> Any:
    """What a compiled circuit does to the qubits of its own, as an operator.

    Raises:
        AssertionError: it is not the identity on the wires that carry none.
    """
    import numpy
    from qiskit.quantum_info import Operator

    layout, whole = found.layout, parse(found.payload.source)
    width = len(layout.wires)
    # Wires in the order: where qubits begin, then the others; likewise where they end.
    before, after = (_completed(places, width) for places in (layout.initial, layout.final))
    matrix = Operator(whole).data.reshape((2,) * (2 * width))
    axes = [width - 1 - wire for wire in reversed(after)]
    axes += [2 * width - 1 - wire for wire in reversed(before)]
    matrix = matrix.transpose(axes).reshape(2**width, 2**width)
    size = 2 ** len(layout.initial)
    own = matrix[:size, :size]  # the others begin, and must end, as zeros
    assert numpy.allclose(own.conj().T @ own, numpy.eye(size), atol=atol)
    return Operator(own)


def _completed(places: tuple[int, ...], width: int) -> list[int]:
    return [*places, *(wire for wire in range(width) if wire not in places)]


class CompilerContract:
    """Each method is a promise; ``compiler`` is a pytest fixture of the derived class."""

    options: ClassVar[tuple[dict[str, Any], ...]] = ({},)
    """Options that it knows; every promise holds for each."""

    target: ClassVar[Target] = LINE
    parameters: ClassVar[bool] = True
    """It leaves parameters free."""

    exact: ClassVar[float] = 1e-8
    """How far amplitudes may be from the given circuit's."""

    repeatable: ClassVar[bool] = True
    """It makes the same of the same, always; what is kept of it serves either way."""

    def _compiled(
        self, compiler: Compiler, source: Source, readout: Readout = Readout.GIVEN
    ) -> list[Compiled]:
        return [
            compiler.compile(source, readout, self.target, compiler.settle(options))
            for options in self.options
        ]

    def test_it_names_its_version(self, compiler: Compiler) -> None:
        """One text, always the same."""
        assert compiler.version() == compiler.version() != ""

    def test_options_are_settled_once_and_for_all(self, compiler: Compiler) -> None:
        """What is settled stays; what is not known is refused."""
        for options in self.options:
            settled = compiler.settle(options)
            assert compiler.settle(settled) == settled
        try:
            compiler.settle({"no such option": 1})
        except UsageError:
            return
        raise AssertionError("an unknown option is not refused")

    def test_it_does_what_the_circuit_does(self, compiler: Compiler) -> None:
        """The same operator, up to a phase, by the layout."""
        from qiskit.quantum_info import Operator

        for seed in range(4):
            given = circuit(seed)
            for found in self._compiled(compiler, from_qiskit(given).source):
                assert self._does(found, Operator(given))

    def test_it_fits_the_target(self, compiler: Compiler) -> None:
        """Only the target's operations, on its qubits."""
        made = targets.to_qiskit(self.target.body)
        for found in self._compiled(compiler, from_qiskit(circuit(1)).source):
            whole = parse(found.payload.source)
            assert found.layout.wires == tuple(range(whole.num_qubits))
            assert targets.supports(made, whole)
            two = sum(len(i.qubits) == 2 for i in whole.data if i.name != "barrier")
            assert found.metrics.two_qubit == two

    def test_the_same_again(self, compiler: Compiler) -> None:
        """One input, one output."""
        if not self.repeatable:
            return
        source = from_qiskit(circuit(2)).source
        for one, two in zip(
            self._compiled(compiler, source), self._compiled(compiler, source), strict=True
        ):
            assert (one.payload.hash, one.layout) == (two.payload.hash, two.layout)

    def test_registers_and_measurements_stay(self, compiler: Compiler) -> None:
        """Outcomes look as they did: the same registers, in the same order."""
        from qiskit import ClassicalRegister

        given = circuit(3)
        given.add_register(ClassicalRegister(2, "late"))
        given.measure([0, 2, 1], [3, 0, 5])
        for readout, more in ((Readout.GIVEN, []), (Readout.ALL, [("meas", 4)])):
            for found in self._compiled(compiler, from_qiskit(given).source, readout):
                whole = parse(found.payload.source)
                names = [(register.name, register.size) for register in whole.cregs]
                assert names == [("c", 4), ("late", 2), *more]
        for found in self._compiled(compiler, from_qiskit(given).source, Readout.NONE):
            assert "measure" not in parse(found.payload.source).count_ops()
            assert unplaced(found).dim == (16, 16)

    def test_measurements_lead_nothing_astray(self, compiler: Compiler) -> None:
        """A phase before a measurement counts where values are asked for."""
        from qiskit import QuantumCircuit
        from qiskit.quantum_info import Operator

        given = QuantumCircuit(1, 1)
        given.h(0)
        given.s(0)
        bare = Operator(given)
        given.measure(0, 0)
        for found in self._compiled(compiler, from_qiskit(given).source, Readout.NONE):
            assert self._does(found, bare)

    def test_parameters_stay_free(self, compiler: Compiler) -> None:
        """One compilation serves all points of a sweep."""
        from qiskit.quantum_info import Operator

        if not self.parameters:
            return
        given = circuit(5, width=3, parameters=True)
        values = {"a": 0.3, "b": -1.1}
        for found in self._compiled(compiler, from_qiskit(given).source):
            whole = parse(found.payload.source)
            assert found.payload.parameters == tuple(p.name for p in whole.parameters)
            assert set(found.payload.parameters) <= values.keys()
            bound = whole.assign_parameters({n: values[n] for n in found.payload.parameters})
            held = Compiled(payload=from_qiskit(bound), layout=found.layout, metrics=found.metrics)
            assert unplaced(held).equiv(Operator(given.assign_parameters(values)))

    def test_too_wide_a_circuit_is_refused(self, compiler: Compiler) -> None:
        """By an error of its own, which says so."""
        wide = from_qiskit(circuit(1, width=9)).source
        for options in self.options:
            said = None
            try:
                compiler.compile(wide, Readout.GIVEN, self.target, compiler.settle(options))
            except InvalidCircuit as error:
                said = str(error)
            assert said is not None
            assert "9" in said

    def _does(self, found: Compiled, wanted: Any) -> bool:
        return bool(unplaced(found, atol=self.exact).equiv(wanted, atol=self.exact))
