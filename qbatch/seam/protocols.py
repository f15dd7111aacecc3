"""The protocols of a backend: what each must do, and what it may offer besides."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

from qbatch.domain.batches import PlannedJob
from qbatch.domain.limits import Limits
from qbatch.domain.provenance import Provenance
from qbatch.seam.objects import BatchStatus, Estimate, ItemResult, Prepared, Submission


@runtime_checkable
class Backend(Protocol):
    """A named place where batches run.

    It also is a `SupportsSubmit` or a `SupportsPrepare`, and a `SupportsResults` or a
    `SupportsAnswers`.
    """

    name: str
    limits: Limits

    def find(self, submission_id: str) -> str | None:
        """The id of the batch that carries a submission id; None where there is none.

        Only where ``limits.finds_tokens`` is set is None a proof.
        """

    def status(self, remote_id: str) -> BatchStatus:
        """How a batch stands."""

    def cancel(self, remote_id: str) -> None:
        """Stop a batch; no error where it has ended already."""


@runtime_checkable
class SupportsResults(Protocol):
    """A backend whose answers can be read by themselves."""

    def results(self, remote_id: str, labels: Sequence[str]) -> Sequence[ItemResult]:
        """What a finished batch yielded, by label, in any order.

        Args:
            labels: those of its items, in the order in which they were sent, as the ledger
                knows them in any process; a service that answers by position needs them
                (`by_position`).
        """


@runtime_checkable
class SupportsAnswers(Protocol):
    """A backend whose answers can be read only beside what was sent.

    Such as one that measures an item in several bases, and is answered by position.
    """

    def answers(self, remote_id: str, batch: Submission) -> Sequence[ItemResult]:
        """What a finished batch yielded, by label.

        Args:
            batch: the items that were sent, in order, made anew of the ledger in any process.
        """


@runtime_checkable
class SupportsSubmit(Protocol):
    """A backend that takes a batch as it is."""

    def submit(self, batch: Submission) -> str:
        """Send a batch, carrying its submission id; the id under which the backend runs it."""


@runtime_checkable
class SupportsPrepare(Protocol):
    """A backend that encodes a batch before it is written down, and then sends just that."""

    def prepare(self, batch: Submission) -> Prepared:
        """Encode a batch, without any request to a service.

        Items that it cannot run are refused here: they fail before the batch is written down,
        and the others keep their order, which is their position.
        """

    def send(self, prepared: Prepared, submission_id: str, known: Callable[[str], None]) -> str:
        """Send what was prepared; the id under which the backend runs it.

        Args:
            known: as `Submission.known`.
        """


@runtime_checkable
class SupportsWait(Protocol):
    """A backend that can sleep until a batch has moved."""

    def wait(self, remote_ids: Iterable[str], seconds: float) -> None:
        """Return when one of the batches may have ended, or after so many seconds."""


@runtime_checkable
class SupportsTiming(Protocol):
    """A local backend that says how long a batch kept a worker busy."""

    def worked_seconds(self, remote_id: str) -> float | None:
        """Seconds of work, without waiting and without start-up; asked once, when it is done."""


@runtime_checkable
class SupportsDeadlines(Protocol):
    """A local backend that says which batches have not begun: their time limit has not either."""

    def is_waiting(self, remote_id: str) -> bool:
        """Whether a batch is kept in supply behind those that are worked on."""


@runtime_checkable
class SupportsClose(Protocol):
    """A backend that holds something to give back."""

    def close(self) -> None:
        """Called once, after the last batch; work in flight is abandoned."""


@runtime_checkable
class SupportsFreeSlots(Protocol):
    """A backend that says how much its account may send now."""

    def free_slots(self) -> int:
        """The number of batches that the service would take now; asked before each is sent."""


@runtime_checkable
class SupportsEstimate(Protocol):
    """A remote backend that can tell what a batch would need without sending it."""

    def estimate(self, batch: Submission) -> Estimate:
        """Requests, and why some of its items would be refused."""


@runtime_checkable
class SupportsMarks(Protocol):
    """A backend of answers by position that knows whose a batch is."""

    def carries(self, remote_id: str, submission_id: str) -> bool | None:
        """Whether a batch of the service was sent under that submission id; None: nobody knows."""


@runtime_checkable
class SupportsPrices(Protocol):
    """A remote backend that knows what it costs."""

    def prices(self) -> Mapping[str, float]:
        """Per ``shot``, ``task`` (an item), ``batch`` and ``second``; empty where it is free.

        It may ask the service once. What the user's configuration says goes before it.
        """


@runtime_checkable
class SupportsCost(Protocol):
    """A local backend that knows what jobs cost: batches are cut and plans made by it."""

    def expect(self, seconds: float) -> None:
        """Told once, before anything is submitted, how much work (`cost`) is to come."""

    def cost(self, job: PlannedJob, *, again: bool = False) -> float:
        """Seconds of one core, roughly; called for every job.

        Args:
            again: only its values differ from those of a job of the same batch.
        """

    def workload(self, job: PlannedJob) -> str:
        """A word for what a job is like: jobs of one workload cost what they cost alike."""

    def apart(self, job: PlannedJob) -> Hashable:
        """Jobs for which this differs do not share a batch."""

    def workers(self, job: PlannedJob) -> int:
        """Number of such jobs' batches that are worked on at once."""

    def memory(self, jobs: Sequence[PlannedJob]) -> int:
        """Bytes that a run needs at most, told the largest job of each of its batches."""

    def memory_advice(self) -> str:
        """What may need less memory: the end of a sentence, or nothing."""


@runtime_checkable
class SupportsProvenance(Protocol):
    """A backend that says what it runs on, so that a changed number can be explained later."""

    def provenance(self) -> Provenance:
        """Versions of its packages, its device, and how that is calibrated now.

        Asked before a batch is sent, and at most every ten minutes; it may ask the service once.

        Raises:
            BackendError: it cannot be had now; then the batch is sent without.
        """


@runtime_checkable
class SupportsCheck(Protocol):
    """A backend that can be tried without running anything that costs."""

    def check(self) -> str:
        """A sentence on how it is; raises `BackendError` or `UsageError` where it is not well."""


@runtime_checkable
class SupportsOptions(Protocol):
    """A backend that judges settings before anything is stored or sent."""

    def check_settings(self) -> None:
        """Raise `UsageError` for a setting of its own that it does not know."""

    def check_options(self, options: Mapping[str, Any]) -> None:
        """Raise `UsageError` for an option that the backend does not know."""
