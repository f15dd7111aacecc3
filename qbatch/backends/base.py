"""The seam to a backend: five methods and two attributes, enough for a fake of forty lines.

An adapter maps every foreign exception to the project's `BackendError` family and lets
nothing else out:

- ``submit``: `Transient` only where the batch was certainly not accepted, `LostAnswer`
  where it may have been; `Rejected` where the backend refuses it as a whole; `AuthError`.
- ``status``, ``results``, ``cancel``: `BatchNotFound` where the backend does not know
  the id; `Transient` where another try may help; `AuthError`.

Each circuit is judged by itself: a circuit that cannot run is an `ItemResult` with a
``failure``, never an exception that takes its neighbours along.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

from qbatch.models import BatchStatus, ItemResult, Limits, Submission


@runtime_checkable
class Backend(Protocol):
    """A named place where batches run."""

    name: str
    limits: Limits

    def submit(self, batch: Submission) -> str:
        """Send a batch, carrying its token; the id under which the backend runs it."""

    def find(self, token: str) -> str | None:
        """The id of the batch that carries a token; None where there is none.

        Only where ``limits.finds_tokens`` is set is None a proof.
        """

    def status(self, remote_id: str) -> BatchStatus:
        """How a batch stands."""

    def results(self, remote_id: str) -> Sequence[ItemResult]:
        """What a finished batch yielded, by label, in any order."""

    def cancel(self, remote_id: str) -> None:
        """Stop a batch; no error where it has ended already."""


@runtime_checkable
class Waiting(Protocol):
    """What a backend may offer besides: to sleep until a batch has moved."""

    def wait(self, remote_ids: Iterable[str], seconds: float) -> None:
        """Return when one of the batches may have ended, or after so many seconds."""


@runtime_checkable
class Timed(Protocol):
    """What a local backend may offer besides: to say how long a batch kept a worker busy."""

    def worked_seconds(self, remote_id: str) -> float | None:
        """Seconds of work, without waiting and without start-up; asked once, when it is done."""


@runtime_checkable
class Closing(Protocol):
    """What a backend may offer besides: to give back what it holds."""

    def close(self) -> None:
        """Called once, after the last batch; work in flight is abandoned."""


@runtime_checkable
class Counting(Protocol):
    """What a backend may offer besides: to say how much its account may send now."""

    def free_slots(self) -> int:
        """How many more batches the service would take now; asked before each is sent."""


@runtime_checkable
class Foreseeing(Protocol):
    """What a remote backend may offer besides: to say what a batch would need."""

    def foresee(self, batch: Submission) -> tuple[int, Sequence[str]]:
        """The fewest requests for it, and why some of its circuits would be refused."""


@runtime_checkable
class Probing(Protocol):
    """What a backend may offer besides: to be tried without running anything that costs."""

    def check(self) -> str:
        """A sentence on how it is; raises `BackendError` or `UsageError` where it is not well."""


@runtime_checkable
class Checking(Protocol):
    """What a backend may offer besides: to judge settings before anything is stored or sent."""

    def check_settings(self) -> None:
        """Raise `UsageError` for a setting of its own that it does not know."""

    def check_options(self, options: Mapping[str, Any]) -> None:
        """Raise `UsageError` for an option that the backend does not know."""
