"""The law of a circuit, by ``qiskit.quantum_info`` alone: nothing of qbatch is asked.

A circuit is followed as a list of branches, each a density matrix (its trace is the branch's
probability) with the classical bits that led to it. Gates act by the operator that Qiskit
gives them; under noise each is followed by the channels that Aer's ``NoiseModel`` names for
it. What this says of a circuit does not depend on how it is merged, read or run.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy
from qiskit import QuantumCircuit, qasm2, qasm3, qpy
from qiskit.circuit import Clbit, ControlFlowOp
from qiskit.quantum_info import Kraus, Operator, SparsePauliOp, SuperOp

_SMALLEST = 1e-14


@dataclass
class Branch:
    """A state that a circuit may have come to, and its classical bits."""

    state: numpy.ndarray
    bits: tuple[int, ...]


@dataclass
class Noise:
    """Channels that follow a gate, by its name or label, and read-out errors by qubit.

    ``places``: channels of a gate on some qubits, which go before those of its name.
    """

    gates: Mapping[str, SuperOp] = field(default_factory=dict)
    readout: Mapping[int, Sequence[Sequence[float]]] = field(default_factory=dict)
    places: Mapping[tuple[str, tuple[int, ...]], SuperOp] = field(default_factory=dict)


def parse(text: str | bytes, language: str) -> QuantumCircuit:
    """A circuit by Qiskit's own parsers."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if language == "qasm2":
            known = qasm2.LEGACY_CUSTOM_INSTRUCTIONS
            return qasm2.loads(text, custom_instructions=known)
        if language == "qasm3":
            return qasm3.loads(text)
        return qpy.load(io.BytesIO(text))[0]


def law(circuit: QuantumCircuit, noise: Noise | None = None) -> dict[str, float]:
    """The probability of every outcome, written as Qiskit writes counts."""
    found: dict[str, float] = {}
    for branch in branches(circuit, noise):
        weight = float(numpy.real(numpy.trace(branch.state)))
        name = outcome(circuit, branch.bits)
        found[name] = found.get(name, 0.0) + weight
    return {name: weight for name, weight in found.items() if weight > _SMALLEST}


def values(
    circuit: QuantumCircuit, observables: Sequence[str], noise: Noise | None = None
) -> list[float]:
    """Expectation values of sums of Pauli strings in the state before final measurements."""
    found = branches(_before_the_end(circuit), noise)
    state = sum(branch.state for branch in found)
    return [float(numpy.real(numpy.trace(_matrix(text) @ state))) for text in observables]


def _before_the_end(circuit: QuantumCircuit) -> QuantumCircuit:
    """Without the measurements that no gate follows and no branch reads."""
    read = {b for i in circuit.data if isinstance(i.operation, ControlFlowOp) for b in i.clbits}
    later: set[object] = set()
    kept = []
    for instruction in reversed(circuit.data):
        itself = instruction.operation.definition is None
        name = instruction.name
        if name == "measure" and itself and later.isdisjoint(instruction.qubits):
            if read.isdisjoint(instruction.clbits):
                continue
        elif itself and name in ("barrier", "delay"):
            pass
        else:
            later.update(instruction.qubits)
        kept.append(instruction)
    bare = circuit.copy_empty_like()
    for instruction in reversed(kept):
        bare.append(instruction)
    return bare


def outcome(circuit: QuantumCircuit, bits: Sequence[int]) -> str:
    """The classical bits as Qiskit writes them: registers apart, the first one last."""
    words, place = [], 0
    for register in circuit.cregs:
        part = bits[place : place + register.size]
        words.append("".join(str(bit) for bit in reversed(part)))
        place += register.size
    return " ".join(reversed(words))


def branches(circuit: QuantumCircuit, noise: Noise | None = None) -> list[Branch]:
    """All states that the circuit may end in."""
    size = circuit.num_qubits
    zero = numpy.zeros((2**size, 2**size), complex)
    zero[0, 0] = 1
    return _Walk(circuit, noise or Noise()).follow([Branch(zero, (0,) * circuit.num_clbits)])


def _matrix(text: str) -> numpy.ndarray:
    terms = []
    for word in text.replace("- ", "+ -").split("+"):
        factor, _, pauli = word.strip().rpartition("*")
        sign = -1.0 if pauli.strip().startswith("-") else 1.0
        terms.append((pauli.strip(" -"), sign * float(factor.replace(" ", "") or 1)))
    return SparsePauliOp.from_list(terms).to_matrix()


class _Walk:
    def __init__(self, circuit: QuantumCircuit, noise: Noise) -> None:
        self._circuit = circuit
        self._noise = noise
        self._size = circuit.num_qubits

    def follow(self, found: list[Branch]) -> list[Branch]:
        qubits = list(range(self._circuit.num_qubits))
        return self._block(self._circuit, qubits, list(range(self._circuit.num_clbits)), found)

    def _block(
        self, block: QuantumCircuit, qubits: list[int], clbits: list[int], found: list[Branch]
    ) -> list[Branch]:
        qubit_of = dict(zip(block.qubits, qubits, strict=True))
        clbit_of = dict(zip(block.clbits, clbits, strict=True))
        for instruction in block.data:
            on = [qubit_of[qubit] for qubit in instruction.qubits]
            to = [clbit_of[bit] for bit in instruction.clbits]
            found = self._step(instruction.operation, on, to, clbit_of, found)
        return found

    def _step(self, operation, on, to, clbit_of, found):
        name = operation.name
        if isinstance(operation, ControlFlowOp):
            return self._control(operation, on, to, clbit_of, found)
        if name == "measure" and operation.definition is None:
            return [b for branch in found for b in self._measured(branch, on[0], to[0])]
        if operation.definition is not None and self._goes_inside(operation):
            return self._block(operation.definition, on, to, found)
        if name == "barrier" or (name == "delay" and operation.definition is None):
            return found
        if name == "reset" and operation.definition is None:
            return [self._reset(branch, on[0]) for branch in found]
        if name in ("kraus", "superop") and operation.definition is None:
            channel = SuperOp(Kraus(operation.params)) if name == "kraus" else SuperOp(operation)
            return [self._channel(branch, channel, on) for branch in found]
        matrix = Operator(operation).data
        after = self._noise.gates.get(operation.label or name, self._noise.gates.get(name))
        after = self._noise.places.get((name, tuple(on)), after)
        moved = [Branch(_applied(b.state, matrix, on, self._size), b.bits) for b in found]
        return [self._channel(b, after, on) for b in moved] if after is not None else moved

    def _goes_inside(self, operation) -> bool:
        """Whether the parts of a composite must be followed: its noise, or what is no gate."""
        from qiskit.circuit import Gate
        from qiskit.circuit.library import get_standard_gate_name_mapping

        if not isinstance(operation, Gate):
            return True
        known = get_standard_gate_name_mapping().get(operation.name)
        return bool(self._noise.gates or self._noise.places) and (
            known is None or not isinstance(operation, known.base_class)
        )

    def _control(self, operation, on, to, clbit_of, found):
        inner = []
        for branch in found:
            if operation.name == "if_else":
                true = self._holds(operation.condition, branch, clbit_of)
                blocks = operation.blocks
                chosen = blocks[0] if true else (blocks[1] if len(blocks) > 1 else None)
                inner += [branch] if chosen is None else self._block(chosen, on, to, [branch])
            elif operation.name == "for_loop":
                indices, parameter, block = operation.params
                states = [branch]
                for index in indices:
                    body = block.assign_parameters({parameter: index}) if parameter else block
                    states = self._block(body, on, to, states)
                inner += states
            else:
                raise NotImplementedError(operation.name)
        return inner

    @staticmethod
    def _holds(condition, branch, clbit_of) -> bool:
        if isinstance(condition, tuple):
            target, value = condition
            bits = [target] if isinstance(target, Clbit) else list(target)
            return sum(branch.bits[clbit_of[bit]] << i for i, bit in enumerate(bits)) == value
        kind = type(condition).__name__
        if kind == "Var":
            bits = [condition.var] if isinstance(condition.var, Clbit) else list(condition.var)
            return any(branch.bits[clbit_of[bit]] for bit in bits)
        if kind == "Unary":
            return not _Walk._holds(condition.operand, branch, clbit_of)
        raise NotImplementedError(kind)

    def _measured(self, branch: Branch, qubit: int, clbit: int) -> list[Branch]:
        found = []
        errors = self._noise.readout.get(qubit, ((1, 0), (0, 1)))
        for value in (0, 1):
            projector = numpy.diag([1.0 - value, float(value)])
            state = _applied(branch.state, projector, [qubit], self._size)
            if numpy.real(numpy.trace(state)) < _SMALLEST:
                continue
            for told in (0, 1):
                if errors[value][told]:
                    bits = (*branch.bits[:clbit], told, *branch.bits[clbit + 1 :])
                    found.append(Branch(state * errors[value][told], bits))
        return found

    def _reset(self, branch: Branch, qubit: int) -> Branch:
        lowering = ([[1, 0], [0, 0]], [[0, 1], [0, 0]])
        parts = (_applied(branch.state, numpy.array(m), [qubit], self._size) for m in lowering)
        return Branch(sum(parts), branch.bits)

    def _channel(self, branch: Branch, channel: SuperOp, on: list[int]) -> Branch:
        matrices = Kraus(channel).data
        matrices = matrices if isinstance(matrices, list) else matrices[0]
        state = sum(_applied(branch.state, numpy.array(m), on, self._size) for m in matrices)
        return Branch(state, branch.bits)


def _applied(
    state: numpy.ndarray, matrix: numpy.ndarray, on: Sequence[int], size: int
) -> numpy.ndarray:
    """M ρ M† with a matrix on some qubits (the first of them its lowest)."""
    half = _left(state, matrix, on, size)
    return _left(half.conj().T, matrix, on, size).conj().T


def _left(
    state: numpy.ndarray, matrix: numpy.ndarray, on: Sequence[int], size: int
) -> numpy.ndarray:
    columns = state.shape[1]
    tensor = state.reshape((2,) * size + (columns,))
    axes = [size - 1 - qubit for qubit in reversed(on)]
    gate = numpy.asarray(matrix).reshape((2,) * (2 * len(on)))
    moved = numpy.tensordot(gate, tensor, axes=(list(range(len(on), 2 * len(on))), axes))
    return numpy.moveaxis(moved, range(len(on)), axes).reshape(state.shape)
