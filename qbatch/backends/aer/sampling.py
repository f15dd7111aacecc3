"""Which answers are drawn from the exact distribution, and which Aer samples shot by shot.

Aer needs about a microsecond a shot; one multinomial draw from the exact probabilities
(`qbatch.simulation.drawing`) needs far less. Noise, resets, mid-circuit measurement and
classical control make one shot differ from the next: such circuits are sampled by Aer.
"""

from __future__ import annotations

from qbatch.errors import UsageError

KINDS = ("auto", "exact", "shots", "stim")
"""``stim``: as ``auto``, but Clifford circuits that are not drawn are sampled by Stim."""

METHODS = ("automatic", "statevector", "density_matrix")
"""Aer's methods whose probabilities are exact."""

VALUE_METHODS = ("statevector", "density_matrix", "stabilizer", "matrix_product_state")
"""Aer's methods whose expectation values, of a circuit without noise, are no estimates."""

HARMLESS = frozenset(
    {
        "device",
        "executor",
        "fusion_enable",
        "fusion_max_qubit",
        "fusion_threshold",
        "fusion_verbose",
        "max_memory_mb",
        "max_parallel_experiments",
        "max_parallel_shots",
        "max_parallel_threads",
        "statevector_parallel_threshold",
        "statevector_sample_measure_opt",
        "enable_truncation",
    }
)
"""Aer's options that change how long a simulation takes, and nothing else."""

IMPOSSIBLE = (
    "has no exact distribution to sample from: noise, a reset, classical control, measurement"
    " in the middle, or a method or precision that is not exact"
)

_MOST_MEASURED = 16
_SHOTS_PER_OUTCOME = 16


def check_installed(kind: object) -> None:
    """Make sure that what samples is installed.

    Raises:
        UsageError: it is not.
    """
    from importlib.util import find_spec

    if kind == "stim" and find_spec("stim") is None:
        raise UsageError(
            "sampling by Stim: stim is not installed",
            hint="pip install 'qbatch-quantum[stim]' installs it",
        )


def is_faster(shots: int, measured: int) -> bool:
    """Whether drawing from all outcomes is worth it; depends on nothing but the job.

    Measured on 2 cores: 0.03 µs an outcome to draw, 1 µs a shot for Aer to sample; above
    16 qubits fetching the probabilities costs more than it saves.
    """
    return measured <= _MOST_MEASURED and 2**measured <= _SHOTS_PER_OUTCOME * shots
