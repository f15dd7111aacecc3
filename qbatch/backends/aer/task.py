"""What worker processes do first where Aer is needed; its imports come with the call."""


def get_ready_for_aer() -> None:
    """Import Qiskit and Aer, too."""
    from qbatch.backends.aer import circuits, worker  # noqa: F401

    circuits.simulator()
