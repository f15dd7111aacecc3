"""BQSKit as a compiler: circuits made anew by numerical synthesis, and looked at afterwards."""

from __future__ import annotations

import ast
import hashlib
import importlib
import importlib.util
import ipaddress
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qbatch.domain.compilations import Layout, Readout
from qbatch.domain.payloads import Source
from qbatch.errors import BackendError, InvalidCircuit, InvalidJob, NotInstalled, UsageError
from qbatch.execution.base import Executor
from qbatch.execution.one_process import OneProcess
from qbatch.payloads.circuit import target as targets
from qbatch.payloads.circuit.convert import form_of, without
from qbatch.payloads.circuit.form import nature
from qbatch.seam.stages import Compiled, Target
from qbatch.stages import circuits, equality

if TYPE_CHECKING:
    from qiskit import QuantumCircuit
    from qiskit.transpiler import Target as QiskitTarget

_DEFAULTS = {"level": 1, "max_synthesis_size": 3, "seed": 0, "synthesis_epsilon": 1e-8}
_ALLOWED = 1e-5  # difference of amplitudes; BQSKit's are of the order of 1e-9
_PORT = 7472


class BqskitCompiler:
    """Compiles with BQSKit's standard workflows, or with one of the user's own.

    Options: ``level`` (1 to 4; 1), ``seed`` (0), ``max_synthesis_size`` (3),
    ``synthesis_epsilon`` (1e-8), as `bqskit.compile` means them; or ``workflow``,
    ``package.module:callable``, which is called with a `bqskit.MachineModel` and gives the
    passes. Its two-qubit gates are CX, or CZ where the target has that and no CX; what else the
    target has, Qiskit's translation makes of it. Circuits are unitary, with measurements at
    their end, and have no free parameters.
    """

    timeout = 600.0

    def version(self) -> str:
        """As installed: Qiskit's translation comes after it.

        Raises:
            NotInstalled: it is not.
        """
        from importlib.metadata import PackageNotFoundError, version

        try:
            return f"bqskit {version('bqskit')}, qiskit {version('qiskit')}"
        except PackageNotFoundError:
            raise NotInstalled(
                "BQSKit is not installed", hint="pip install bqskit installs it"
            ) from None

    def settle(self, options: Mapping[str, Any]) -> dict[str, Any]:
        """The options with their defaults; a workflow's file is named by its hash, too.

        Raises:
            UsageError: one is not known, or makes no sense.
        """
        known = {*_DEFAULTS, "workflow"}
        found = {name: value for name, value in options.items() if name != "workflow_file"}
        if unknown := sorted(set(found) - known):
            raise UsageError(
                f"compile has no option {unknown[0]!r}",
                hint=f"there are: {', '.join(sorted(known))}",
            )
        if "workflow" in found:
            return _with_workflow(found)
        found = {**_DEFAULTS, **found}
        _check_whole("level", found["level"], 1, 4)
        _check_whole("seed", found["seed"], 0, 2**32 - 1)
        _check_whole("max_synthesis_size", found["max_synthesis_size"], 2, 6)
        epsilon = found["synthesis_epsilon"]
        if (
            isinstance(epsilon, bool)
            or not isinstance(epsilon, (int, float))
            or not 0 < epsilon < 1
        ):
            raise UsageError(f"compile: synthesis_epsilon is {epsilon!r}, not between 0 and 1")
        return found

    def place(self, settings: Mapping[str, Any], workers: int) -> dict[str, Any]:
        """An attached runtime, or a server on this machine or behind a tunnel.

        Raises:
            UsageError: the address is another machine's: a server runs whatever it is sent.
        """
        server = settings.get("server")
        return {"server": None if server is None else _address(server), "workers": workers}

    def executor(self, workers: int) -> Executor:
        """The one process that speaks to the runtime."""
        return OneProcess(workers)

    def get_ready(self, options: Mapping[str, Any]) -> None:
        """Start the runtime: no circuit's time is spent on that.

        Raises:
            BackendError: there is none.
        """
        from qbatch.stages.bqskit_runtime import runtime

        runtime(options.get("server"), int(options.get("workers", 1))).get_ready()

    def compile(
        self, source: Source, readout: Readout, target: Target, options: Mapping[str, Any]
    ) -> Compiled:
        """Compile one circuit.

        Args:
            options: those of `settle` and `place`, and ``idle`` as `QiskitCompiler` has it.

        Raises:
            InvalidCircuit: it cannot be compiled, or does something else afterwards.
            BackendError: there is no runtime.
        """
        try:
            made = targets.to_qiskit(target.body)
        except ValueError as error:
            raise BackendError(f"target {target.name}: {error}") from error
        try:
            given = circuits.as_asked(circuits.read(source, made), readout)
            found, layout, log = _compiled(given, target, made, options)
        except InvalidJob as error:
            raise InvalidCircuit(str(error)) from error
        except (InvalidCircuit, BackendError, ImportError, MemoryError):
            raise
        except Exception as error:
            raise InvalidCircuit(circuits.words_of(error)) from error
        payload = circuits.as_payload(found, layout, idle=options.get("idle") != "removed")
        return Compiled(
            payload=payload.payload, layout=payload.layout, metrics=payload.metrics, log=log
        )


def _check_whole(name: str, value: Any, least: int, most: int) -> None:
    if type(value) is not int or not least <= value <= most:
        raise UsageError(f"compile: {name} is {value!r}, no whole number from {least} to {most}")


def _with_workflow(options: Mapping[str, Any]) -> dict[str, Any]:
    """Another text of the workflow's file compiles anew."""
    if extra := sorted(set(options) - {"workflow", "seed"}):
        raise UsageError(f"compile: {extra[0]} is the workflow's own, where there is one")
    name = options["workflow"]
    module, colon, attribute = name.partition(":") if isinstance(name, str) else ("", "", "")
    if not colon or not attribute:
        raise UsageError(
            f"compile: workflow is {name!r}", hint='workflow = "package.module:callable"'
        )
    try:
        spec = importlib.util.find_spec(module)
    except (ImportError, ValueError, AttributeError) as error:
        raise UsageError(f"compile: workflow {name}: {error}") from error
    if spec is None or spec.origin is None or not spec.has_location:
        raise UsageError(f"compile: workflow {name}: there is no file of a module {module}")
    text = Path(spec.origin).read_bytes()
    if attribute not in _names_in(text):
        raise UsageError(f"compile: workflow {name}: {spec.origin} defines no {attribute}")
    digest = hashlib.sha256(text).hexdigest()
    seed = options.get("seed", 0)
    _check_whole("seed", seed, 0, 2**32 - 1)
    return {"seed": seed, "workflow": name, "workflow_file": f"sha256:{digest}"}


def _names_in(text: bytes) -> set[str]:
    """What a module defines or imports: it is not run for that, for BQSKit is slow to import."""
    found: set[str] = set()
    for node in ast.parse(text).body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            found.add(node.name)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            found.update(alias.asname or alias.name for alias in node.names)
        elif isinstance(node, ast.Assign):
            found.update(one.id for one in node.targets if isinstance(one, ast.Name))
    return found


def _address(text: Any) -> str:
    host, _, port = str(text).rpartition(":")
    if not host:
        host, port = str(text), str(_PORT)
    try:
        is_here = host == "localhost" or ipaddress.IPv4Address(host).is_loopback
    except ValueError:
        is_here = False
    if not is_here:
        raise UsageError(
            f"compile: server {text!r} is not on this machine",
            hint="BQSKit's server runs whatever it is sent, from anyone:"
            f" ssh -L {_PORT}:localhost:{_PORT} HOST makes a tunnel to it",
        )
    if not port.isdecimal() or not 0 < int(port) < 65536:
        raise UsageError(f"compile: server {text!r} has no port", hint=f"127.0.0.1:{_PORT}")
    return f"{host}:{int(port)}"


def _compiled(
    given: QuantumCircuit, target: Target, made: QiskitTarget, options: Mapping[str, Any]
) -> tuple[QuantumCircuit, Layout, str]:
    if given.parameters:
        free = ", ".join(parameter.name for parameter in given.parameters)
        raise InvalidCircuit(
            f"it has free parameters ({free}): BQSKit compiles numbers only;"
            ' with = "qiskit" compiles them, or add each point with its numbers in it'
        )
    width = made.num_qubits or given.num_qubits
    if given.num_qubits > width:
        raise InvalidCircuit(f"needs {given.num_qubits} qubits, {target.name} has {width}")
    last = nature(form_of(given)).final
    measured = [given.data[place] for place in last]
    body = without(given, last)
    _check_unitary(body)
    found, layout, log = _synthesised(body, width, made, options)
    found, layout = _translated(found, layout, made, int(options["seed"]))
    apart = equality.difference(body, *circuits.on_busy_wires(found, layout))
    if apart is not None and apart > _ALLOWED:
        raise InvalidCircuit(
            f"BQSKit's circuit does something else: amplitudes differ by {apart:.2g}"
        )
    said = "not compared: too many qubits" if apart is None else f"amplitudes differ by {apart:.2g}"
    whole = _measured(found, given, measured, layout)
    if not targets.supports(made, whole):
        raise InvalidCircuit(f"what BQSKit made of it does not fit {target.name}")
    return whole, layout, f"{log}\nagainst the given circuit: {said}"


def _check_unitary(body: QuantumCircuit) -> None:
    from qiskit.circuit import Gate

    for instruction in body.data:
        operation = instruction.operation
        if not isinstance(operation, Gate) and instruction.name != "barrier":
            raise InvalidCircuit(f"it has {instruction.name}, which BQSKit does not compile")


def _synthesised(
    body: QuantumCircuit, width: int, made: QiskitTarget, options: Mapping[str, Any]
) -> tuple[QuantumCircuit, Layout, str]:
    """What BQSKit makes of a unitary circuit, on the qubits of the device."""
    from qiskit import QuantumCircuit, qasm2

    same = tuple(range(body.num_qubits))
    if not any(instruction.name != "barrier" for instruction in body.data):
        empty = QuantumCircuit(width, global_phase=body.global_phase)
        return empty, Layout(wires=tuple(range(width)), initial=same, final=same), "it is empty"
    from bqskit.ir.lang.qasm2 import OPENQASM2Language

    from qbatch.stages import bqskit_passes
    from qbatch.stages.bqskit_runtime import runtime

    circuit = _to_bqskit(body)
    workflow = _workflow(circuit, _model(width, made), options)
    place = runtime(options.get("server"), int(options.get("workers", 1)))
    found, data = place.run(circuit, workflow)
    text = OPENQASM2Language().encode(found)
    layout = Layout(
        wires=tuple(range(width)),
        initial=tuple(int(wire) for wire in data["initial_mapping"]),
        final=tuple(int(wire) for wire in data["final_mapping"]),
    )
    circuit = qasm2.loads(text, custom_instructions=qasm2.LEGACY_CUSTOM_INSTRUCTIONS)
    return circuit, layout, str(data[bqskit_passes.LOG])


def _to_bqskit(body: QuantumCircuit) -> Any:
    """In BQSKit's general gates, number by number: a text would round."""
    from bqskit.ir import Circuit
    from bqskit.ir.gates import BarrierPlaceholder, CNOTGate, U3Gate
    from qiskit import transpile

    simple = transpile(body, basis_gates=["cx", "u3"], optimization_level=1, seed_transpiler=0)
    found = Circuit(body.num_qubits)
    for instruction in simple.data:
        wires = [simple.find_bit(qubit).index for qubit in instruction.qubits]
        if instruction.name == "barrier":
            found.append_gate(BarrierPlaceholder(len(wires)), wires)
        elif instruction.name == "cx":
            found.append_gate(CNOTGate(), wires)
        else:
            found.append_gate(U3Gate(), wires, [float(angle) for angle in instruction.params])
    return found


def _model(width: int, made: QiskitTarget) -> Any:
    from bqskit import MachineModel
    from bqskit.ir.gates import CNOTGate, CZGate, U3Gate

    names = made.operation_names
    two = CZGate() if "cz" in names and "cx" not in names else CNOTGate()
    coupling = made.build_coupling_map()
    edges = None
    if coupling is not None:
        edges = sorted({(min(edge), max(edge)) for edge in coupling.get_edges()})
    return MachineModel(width, edges, {two, U3Gate()})


def _workflow(circuit: Any, model: Any, options: Mapping[str, Any]) -> Any:
    if "workflow" in options:
        from bqskit.passes import SetModelPass, SetRandomSeedPass

        module, _, attribute = str(options["workflow"]).partition(":")
        own = getattr(importlib.import_module(module), attribute)(model)
        passes = list(own) if hasattr(own, "__iter__") else [own]
        return [SetRandomSeedPass(options["seed"]), SetModelPass(model), *passes]
    from bqskit.compiler.compile import build_workflow

    return build_workflow(
        circuit,
        model,
        options["level"],
        synthesis_epsilon=options["synthesis_epsilon"],
        max_synthesis_size=options["max_synthesis_size"],
        seed=options["seed"],
    )


def _translated(
    found: QuantumCircuit, layout: Layout, made: QiskitTarget, seed: int
) -> tuple[QuantumCircuit, Layout]:
    """In the target's own gates and directions, on the qubits where they are."""
    if targets.supports(made, found) and found.num_qubits == (made.num_qubits or found.num_qubits):
        return found, layout
    from qiskit.transpiler import generate_preset_pass_manager

    whole = made.num_qubits is not None
    manager = generate_preset_pass_manager(
        optimization_level=1,
        target=made,
        seed_transpiler=seed,
        initial_layout=list(range(found.num_qubits)) if whole else None,
        routing_method="none" if whole else None,
        approximation_degree=1.0,
    )
    after = manager.run(found)
    own = after.layout
    if own is None:
        return after, layout
    begin, end = own.initial_index_layout(), own.final_index_layout()
    return after, Layout(
        wires=tuple(range(after.num_qubits)),
        initial=tuple(begin[wire] for wire in layout.initial),
        final=tuple(end[wire] for wire in layout.final),
    )


def _measured(
    found: QuantumCircuit, given: QuantumCircuit, measured: list[Any], layout: Layout
) -> QuantumCircuit:
    """The compiled circuit with the given one's classical registers, and its measurements."""
    from qiskit import QuantumCircuit, QuantumRegister

    whole = QuantumCircuit(QuantumRegister(found.num_qubits, "q"), global_phase=found.global_phase)
    whole.add_bits(given.clbits)
    for register in given.cregs:
        whole.add_register(register)
    for instruction in found.data:
        wires = [found.find_bit(qubit).index for qubit in instruction.qubits]
        whole.append(instruction.operation, wires, [])
    for instruction in measured:
        qubits = [layout.final[given.find_bit(qubit).index] for qubit in instruction.qubits]
        places = [given.find_bit(clbit).index for clbit in instruction.clbits]
        whole.append(instruction.operation, qubits, places)
    return whole
