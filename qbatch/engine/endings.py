"""How batches end that did not end by themselves, and what becomes of their jobs."""

from __future__ import annotations

from qbatch.domain.states import AttemptStatus, Failure, Status, StopReason

End = tuple[Failure, AttemptStatus, Status]
"""A failure class, the attempts' status, and the jobs'."""

_CANCELLED: End = (Failure.CANCELLED, AttemptStatus.CANCELLED, Status.CANCELLED)
_ENDS: dict[StopReason | None, End] = {
    StopReason.TIMEOUT: (Failure.TIMEOUT, AttemptStatus.ERROR, Status.ERROR),
    StopReason.HALF_SENT: (Failure.TRANSIENT, AttemptStatus.ERROR, Status.ERROR),
}
"""What becomes of the jobs of a stopped batch, by why it was stopped; else `_CANCELLED`."""

_SENTENCES = {
    StopReason.RUN: "the run was stopped",
    StopReason.USER: "cancelled by the user",
    StopReason.TIMEOUT: "no result in time",
    StopReason.HALF_SENT: "nobody knows whether all of it had arrived",
    None: "the backend cancelled the batch",
}


def of_stopped(reason: StopReason | None) -> End:
    """What becomes of the jobs of a batch that was stopped, without a result."""
    return _ENDS.get(reason, _CANCELLED)


def known_failure(failure: str | None) -> Failure:
    """A failure class as an adapter names it; what it invents counts as the backend's failure."""
    return Failure(failure) if failure in tuple(Failure) else Failure.BACKEND


def sentence(reason: StopReason | None, timeout: float | None = None) -> str:
    """Why a batch was stopped, for the user; nothing is decided by it.

    Args:
        timeout: of this run, in seconds; another one may have stopped the batch.
    """
    if reason is StopReason.TIMEOUT and timeout is not None:
        return f"no result after {timeout:g} s"
    return _SENTENCES[reason]
