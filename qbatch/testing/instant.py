"""A backend that answers at once, in this process, whole in forty lines of code."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from qbatch.domain.limits import Limits
from qbatch.domain.results import ResultKind
from qbatch.domain.states import RemoteState
from qbatch.errors import BatchNotFound
from qbatch.seam import BatchStatus, Item, ItemResult, Submission


def all_zeros(item: Item) -> ItemResult:
    """What an idle device would measure: zeros, and expectation values of 1."""
    if item.observables:
        error = None if item.shots is None else 0.0
        values = [(1.0, error)] * len(item.observables)
        return ItemResult(label=item.label, expectation_values=values)
    zeros = "0" * (item.expected.num_bits or 0)
    if item.request.kind is ResultKind.PROBABILITIES:
        return ItemResult(label=item.label, probabilities={zeros: 1.0})
    return ItemResult(label=item.label, counts={zeros: item.shots or 0})


def instant(name: str, _: Mapping[str, object]) -> InstantBackend:
    """The factory for ``type = "qbatch.testing:instant"`` in the configuration."""
    return InstantBackend(name, remember=False)


class InstantBackend:
    """Answers at once, and remembers what it was sent.

    Args:
        name: what it is called.
        limits: what it accepts.
        answer: the result of an item; by default what an idle device would measure.
        remember: keep what was sent when its results are fetched.
    """

    def __init__(
        self,
        name: str = "instant",
        limits: Limits | None = None,
        answer: Callable[[Item], ItemResult] = all_zeros,
        *,
        remember: bool = True,
    ) -> None:
        self.name = name
        self.limits = limits or Limits(finds_tokens=True, lookup_seconds=0.0)
        self.submissions: list[Submission] = []
        self._answer = answer
        self._remember = remember

    def submit(self, batch: Submission) -> str:
        """Accept a batch under its submission id."""
        self.submissions.append(batch)
        return batch.submission_id

    def find(self, submission_id: str) -> str | None:
        """The id, where it was accepted."""
        known = any(batch.submission_id == submission_id for batch in self.submissions)
        return submission_id if known else None

    def status(self, remote_id: str) -> BatchStatus:
        """Done, always."""
        self._batch(remote_id)
        return BatchStatus(state=RemoteState.DONE)

    def results(self, remote_id: str, labels: Sequence[str]) -> Sequence[ItemResult]:  # noqa: ARG002
        """The answer to every item."""
        batch = self._batch(remote_id)
        if not self._remember:
            self.submissions.remove(batch)
        return [self._answer(item) for item in batch.items]

    def cancel(self, remote_id: str) -> None:
        """Too late, always."""
        self._batch(remote_id)

    def wait(self, remote_ids: Iterable[str], seconds: float) -> None:
        """There is nothing to wait for."""

    def _batch(self, remote_id: str) -> Submission:
        for batch in self.submissions:
            if batch.submission_id == remote_id:
                return batch
        raise BatchNotFound(f"no batch {remote_id!r}")
