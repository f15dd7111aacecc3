"""What may be done about a job that did not end well, or has not ended."""

from __future__ import annotations

from qbatch.domain.history import Attempt
from qbatch.domain.jobs import Job
from qbatch.domain.naming import shell_quote
from qbatch.domain.states import ACTIVE, Failure, Status

_BY_FAILURE = {
    Failure.INVALID: "it cannot run there as it is: change it, its options or the"
    " backend, and add it again; a rerun would fail alike",
    Failure.REJECTED: "the backend refused it: look at its limits and at the account, then",
    Failure.BACKEND: "it failed while it ran; it may be worth another try:",
    Failure.TRANSIENT: "the network or the service was not well, and all tries are spent:",
    Failure.AUTH: "the backend does not accept the credentials: set them right, then",
    Failure.TIMEOUT: "it took longer than it was given (--timeout, or the service's own limit):",
    Failure.LOST: "the process or the answer that it depended on was lost:",
    Failure.CANCELLED: "it was cancelled; where that was a mistake:",
}


def advice(job: Job, attempts: list[Attempt], *, running: bool) -> str:
    """A sentence on what to do next, with the command.

    Args:
        running: a process runs the job's group now.
    """
    group = shell_quote(job.group)
    place = f"{group}/{job.number}"
    if job.status is Status.DONE:
        return _of_done(job, place)
    if job.status is Status.UNSENT:
        before = "it waits to be sent again" if attempts else "it has not been sent yet"
        return f"{before}; {'the run that goes on will take it' if running else _run(place)}"
    if job.status in ACTIVE:
        if running:
            return f"it is under way; qbatch watch {group} follows the run"
        return f"it was under way, and nobody looks after it: qbatch run {group} goes on"
    if job.status is Status.UNKNOWN:
        batch = attempts[-1].batch if attempts else "BATCH"
        return (
            "its batch may or may not have been accepted; look at the service, then:"
            f" qbatch resolve {batch} --resubmit | --adopt REMOTE_ID | --give-up"
        )
    return _after_failure(job.failure, place)


def _run(place: str) -> str:
    return f"qbatch run {place} sends it"


def _after_failure(failure: Failure | None, place: str) -> str:
    if failure is Failure.INVALID:
        return _BY_FAILURE[failure]
    said = "to try again:" if failure is None else _BY_FAILURE[failure]
    return f"{said} qbatch rerun {place}"


def _of_done(job: Job, place: str) -> str:
    if job.until_end != "max_shots":
        return f"nothing: it is done; qbatch results {place} prints its result"
    return (
        f"it is done at --max-shots {job.max_shots}, before {', '.join(job.until)} held;"
        f" qbatch edit {place} --max-shots N gives it more"
    )
