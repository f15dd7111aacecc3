"""What a circuit costs Aer in time and memory, for batches and plans."""

from __future__ import annotations

from qbatch.domain.batches import PlannedJob
from qbatch.domain.results import ResultKind
from qbatch.payloads.circuit.info import CircuitInfo

LARGE_QUBITS = 20
"""From so many qubits on, the amplitudes decide what a simulation costs: all cores work on one
circuit, and only one such runs at a time."""

PROCESS_BYTES = 150_000_000
"""What a process holds that has imported Qiskit and Aer."""

_BYTES_AN_AMPLITUDE = 16


class Costs:
    """Costs of jobs; what is known of a circuit is read once."""

    def __init__(self) -> None:
        self._infos: dict[int, CircuitInfo] = {}

    def info(self, job: PlannedJob) -> CircuitInfo:
        """What is known of a job's circuit."""
        found = self._infos.get(job.payload.id)
        if found is None:
            found = self._infos[job.payload.id] = CircuitInfo.of(job.payload.info)
        return found

    def seconds(self, job: PlannedJob, *, again: bool = False) -> float:
        """A rough cost of simulating a job on one core, in seconds.

        From measurements of qiskit-aer: 0.4 ms a circuit, 20 µs an instruction to read and
        convert, 1.3 µs a shot to sample or 50 ns an outcome to draw from all of them, 2 ns an
        amplitude and instruction to evolve; with measurements in the middle, all of it a shot.

        Args:
            again: only its parameters differ from those of a job of the same batch.
        """
        info = self.info(job)
        amplitudes = 2.0 ** min(info.num_qubits, 40)
        prepare = 1e-4 if again else 4e-4 + 2e-5 * info.size
        if info.dynamic:
            evolve = (5e-7 * info.size + 2e-9 * info.size * amplitudes) * (job.shots or 1)
            return prepare + evolve
        sample = min(1.3e-6 * (job.shots or 0), 5e-8 * amplitudes)
        return prepare + sample + 2e-9 * info.size * amplitudes

    def workload(self, job: PlannedJob) -> str:
        """What a job is to the simulator, in a word: jobs of one cost what they cost alike."""
        info = self.info(job)
        if info.num_qubits >= LARGE_QUBITS:
            word = "large"
        else:
            word = "values" if job.request.kind is ResultKind.EXPECTATION_VALUES else "counts"
            if info.dynamic:
                word += ", dynamic"
        return word if job.options == "{}" else f"{word}, {job.options}"


def state_bytes(num_qubits: int) -> int:
    """A state vector's size."""
    return int(_BYTES_AN_AMPLITUDE * 2**num_qubits)
