"""What BQSKit's workers run: a workflow that lets no error out.

One task that raises takes all tasks of its client along (BQSKit 1.2.1). A server on another
machine needs qbatch installed for this module.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from bqskit.compiler.basepass import BasePass
from bqskit.compiler.workflow import Workflow

if TYPE_CHECKING:
    from bqskit.compiler.passdata import PassData
    from bqskit.ir.circuit import Circuit

LOG, ERROR = "qbatch_log", "qbatch_error"
_RESERVED = frozenset(
    [
        "error",
        "final_mapping",
        "initial_mapping",
        "machine_model",
        "model",
        "placement",
        "seed",
        "target",
    ]
)


class Guarded(BasePass):  # type: ignore[misc] # untyped
    """A workflow, pass by pass; what it says and what went wrong stands in the pass data.

    Of the pass data only that and what BQSKit keeps by itself come back: what passes put there
    of every block can be many times as large as the circuit.
    """

    def __init__(self, workflow: Any) -> None:
        self._workflow = Workflow(workflow)

    async def run(self, circuit: Circuit, data: PassData) -> None:
        """Run it."""
        lines: list[str] = []
        error = None
        try:
            await self._run(circuit, data, lines)
        except Exception as wrong:
            error = f"{type(wrong).__name__}: {wrong}"
        for key in [key for key in data if key not in _RESERVED]:
            del data[key]
        data[LOG], data[ERROR] = "\n".join(lines), error

    async def _run(self, circuit: Circuit, data: PassData, lines: list[str]) -> None:
        for one in self._workflow:
            begin = time.monotonic()
            await Workflow(one).run(circuit, data)
            two = sum(n for gate, n in circuit.gate_counts.items() if gate.num_qudits > 1)
            seconds = time.monotonic() - begin
            size = circuit.num_operations
            lines.append(f"{one.name}: {seconds:.3f} s, {size} operations, {two} on two qubits")
        lines.append(f"upper bound of the error as BQSKit tells it: {data.error:.3g}")
