"""From what a backend returned to what becomes of each job."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace

from qbatch import merging
from qbatch.models import Claim, Failure, ItemResult, Outcome, Status


def outcomes(claims: Iterable[Claim], results: Iterable[ItemResult]) -> list[Outcome]:
    """One outcome a claim; items are found by their label, which is their number.

    A label that is missing, or comes twice with different answers, is an error of its
    jobs alone.
    """
    by_label: dict[str, list[ItemResult]] = defaultdict(list)
    for result in results:
        if result not in by_label[result.label]:
            by_label[result.label].append(result)
    by_item: dict[int, list[Claim]] = defaultdict(list)
    for claim in claims:
        by_item[claim.item].append(claim)
    return [
        outcome
        for item, sharing in by_item.items()
        for outcome in _item(sharing, by_label.get(str(item), []))
    ]


def failed(
    claims: Iterable[Claim],
    failure: str | None,
    error: str | None,
    *,
    job_status: Status = Status.ERROR,
    status: str = "error",
) -> list[Outcome]:
    """The same end for all claims of a batch."""
    return [
        Outcome(claim=claim, status=status, job_status=job_status, failure=failure, error=error)
        for claim in claims
    ]


def unsent(outcome: Outcome) -> Outcome:
    """The outcome of a claim whose job will be tried again."""
    return replace(outcome, job_status=Status.UNSENT)


def _item(claims: Sequence[Claim], results: Sequence[ItemResult]) -> list[Outcome]:
    if len(results) != 1:
        what = "no result" if not results else f"{len(results)} different results"
        return failed(claims, Failure.BACKEND, f"the backend returned {what} for this circuit")
    result = results[0]
    if result.failure is not None or result.error is not None:
        return failed(claims, result.failure or Failure.BACKEND, result.error)
    try:
        return _values(claims, result) if claims[0].num_observables else _counts(claims, result)
    except (ValueError, TypeError) as error:
        said = f"the backend returned something else than was asked for: {error}"
        return failed(claims, Failure.BACKEND, said)


def _values(claims: Sequence[Claim], result: ItemResult) -> list[Outcome]:
    values = [
        [float(value), None if error is None else float(error)]
        for value, error in result.expectation_values or ()
    ]
    if len(values) != claims[0].num_observables:
        raise ValueError(f"{len(values)} values for {claims[0].num_observables} observables")
    return [_done(claim, result, {"values": values}) for claim in claims]


def _counts(claims: Sequence[Claim], result: ItemResult) -> list[Outcome]:
    counts = {str(outcome): int(count) for outcome, count in (result.counts or {}).items()}
    shared = claims[:1] if claims[0].seed is not None else claims
    asked = sum(claim.shots or 0 for claim in shared)
    if sum(counts.values()) != asked:
        raise ValueError(f"{sum(counts.values())} shots instead of {asked}")
    if len(claims) == 1 or claims[0].seed is not None:
        return [_done(claim, result, {"counts": counts}) for claim in claims]
    hands = merging.deal(counts, [claim.shots or 0 for claim in claims])
    return [
        _done(claim, result, {"counts": hand}) for claim, hand in zip(claims, hands, strict=True)
    ]


def _done(claim: Claim, result: ItemResult, stored: dict[str, object]) -> Outcome:
    return Outcome(
        claim=claim, status="done", job_status=Status.DONE, info=result.info, result=stored
    )
