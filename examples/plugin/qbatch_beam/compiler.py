"""A compiler of qbatch: a pass of one's own before Qiskit's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from qbatch.domain.compilations import Readout
from qbatch.domain.payloads import Source
from qbatch.errors import UsageError
from qbatch.payloads.circuit.formats import from_qiskit, parse
from qbatch.seam import Compiled, Target
from qbatch.stages.qiskit_compiler import QiskitCompiler


class CommutingCompiler:
    """Cancels gates that meet their inverse behind others that commute, then compiles.

    Options: ``commuting`` (true), and those of `QiskitCompiler`.
    """

    def __init__(self) -> None:
        self._qiskit = QiskitCompiler()

    def version(self) -> str:
        """Another version of either compiles anew."""
        return f"commuting 1, {self._qiskit.version()}"

    def settle(self, options: Mapping[str, Any]) -> dict[str, Any]:
        """All that decides what comes of a circuit."""
        own = {"commuting": True, **options}
        commuting = own.pop("commuting")
        if not isinstance(commuting, bool):
            raise UsageError(f"compile: commuting is {commuting!r}, not true or false")
        return {"commuting": commuting, **self._qiskit.settle(own)}

    def compile(
        self, source: Source, readout: Readout, target: Target, options: Mapping[str, Any]
    ) -> Compiled:
        """Called in a worker process, for one circuit."""
        own = dict(options)
        if own.pop("commuting"):
            from qiskit.transpiler import PassManager
            from qiskit.transpiler.passes import CommutativeCancellation

            circuit = PassManager([CommutativeCancellation()]).run(parse(source))
            source = from_qiskit(circuit).source
        return self._qiskit.compile(source, readout, target, own)
