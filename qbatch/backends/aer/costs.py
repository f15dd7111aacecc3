"""What a circuit costs Aer in time and memory, for batches and plans."""

from __future__ import annotations

from qbatch.backends.aer.sampling import is_faster
from qbatch.domain.batches import PlannedJob
from qbatch.domain.results import ResultKind
from qbatch.payloads.circuit.info import CircuitInfo

MOST_QUBITS = 10
"""Of a circuit for the kernel; without its import, which numpy comes with."""

LARGE_QUBITS = 20
"""From so many qubits on, the amplitudes decide what a simulation costs: all cores work on one
circuit, and only one such runs at a time."""

PROCESS_BYTES = 150_000_000
"""What a process holds that has imported Qiskit and Aer."""

_BYTES_AN_AMPLITUDE = 16
_TEXTS = ("qasm2", "qasm3")


class Costs:
    """Costs of jobs; what is known of a circuit is read once.

    Args:
        kernel: small circuits go to qbatch's own kernel.
        stim: Clifford circuits go to Stim, so that other speeds are measured.

    Attributes:
        needs_aer: some job seen so far is not for the kernel.
    """

    def __init__(self, *, kernel: bool = True, stim: bool = False) -> None:
        self._kernel = kernel
        self._sampler = ", stim" if stim else ""
        self._infos: dict[int, CircuitInfo] = {}
        self._seconds: dict[tuple[int, int | None, str, bool], float] = {}
        self.needs_aer = False

    def info(self, job: PlannedJob) -> CircuitInfo:
        """What is known of a job's circuit."""
        found = self._infos.get(job.payload.id)
        if found is None:
            found = self._infos[job.payload.id] = CircuitInfo.of(job.payload.info)
        return found

    def is_small(self, job: PlannedJob) -> bool:
        """Whether a job is one for the kernel, as far as can be told without reading it.

        A text may still hold a gate that the kernel does not know.
        """
        info = self.info(job)
        if not self._kernel or info.dynamic or info.num_qubits > MOST_QUBITS:
            return False
        if job.options != "{}" or job.payload.format not in _TEXTS:
            return False
        return job.shots is None or is_faster(job.shots, info.num_qubits)

    def seconds(self, job: PlannedJob, *, again: bool = False) -> float:
        """A rough cost of simulating a job on one core, in seconds.

        Of the kernel: 40 µs a job and 2 µs an instruction to read and draw, 5 ns an amplitude
        and instruction; 20 µs for a further point of a template.

        From measurements of qiskit-aer: 0.4 ms a circuit, 20 µs an instruction to read and
        convert, 1.3 µs a shot to sample or 50 ns an outcome to draw from all of them, 2 ns an
        amplitude and instruction to evolve; with measurements in the middle, all of it a shot.

        Args:
            again: only its parameters differ from those of a job of the same batch.
        """
        mark = job.payload.id, job.shots, job.options, again
        found = self._seconds.get(mark)
        if found is None:
            found = self._seconds[mark] = self._computed(job, again=again)
        return found

    def _computed(self, job: PlannedJob, *, again: bool) -> float:
        info = self.info(job)
        amplitudes = 2.0 ** min(info.num_qubits, 40)
        if self.is_small(job):
            read = 2e-5 if again else 4e-5 + 2e-6 * info.size
            return read + 5e-9 * info.size * amplitudes
        self.needs_aer = True
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
            elif self.is_small(job):
                word += ", small"
        word += self._sampler
        return word if job.options == "{}" else f"{word}, {job.options}"


def state_bytes(num_qubits: int) -> int:
    """A state vector's size."""
    return int(_BYTES_AN_AMPLITUDE * 2**num_qubits)
