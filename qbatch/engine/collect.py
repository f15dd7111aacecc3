"""From what a backend returned to what becomes of each job."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

from qbatch import merging
from qbatch.circuits import answers
from qbatch.engine import labels
from qbatch.models import Claim, Failure, ItemResult, Outcome, Status


def outcomes(
    claims: Iterable[Claim],
    results: Iterable[ItemResult],
    observables: Mapping[int, Sequence[str]] = MappingProxyType({}),
) -> list[Outcome]:
    """One outcome a claim; items are found by their label, which is their number.

    A label that is missing, or comes twice with different answers, is an error of its
    jobs alone; so is an answer that cannot be read.

    Args:
        observables: that each item is to answer, where they are asked for.
    """
    by_label: dict[str, list[ItemResult]] = defaultdict(list)
    for result in results:
        known = by_label[labels.item(str(result.label))]
        if result not in known:
            known.append(result)
    by_item: dict[int, list[Claim]] = defaultdict(list)
    for claim in claims:
        by_item[claim.item].append(claim)
    return [
        outcome
        for item, sharing in by_item.items()
        for outcome in _item(sharing, by_label.get(str(item), []), observables.get(item, ()))
    ]


def missing(claims: Iterable[Claim], results: Iterable[ItemResult]) -> int:
    """How many items of a batch have no answer among the results."""
    answered = {labels.item(str(result.label)) for result in results}
    return len({claim.item for claim in claims if str(claim.item) not in answered})


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


def _item(
    claims: Sequence[Claim], results: Sequence[ItemResult], observables: Sequence[str]
) -> list[Outcome]:
    if len(results) != 1:
        what = "no result" if not results else f"{len(results)} different results"
        return failed(claims, Failure.BACKEND, f"the backend returned {what} for this circuit")
    result = results[0]
    if result.failure is not None or result.error is not None:
        return _refused(claims, result)
    try:
        if claims[0].num_observables:
            return _values(claims, result, observables)
        return _counts(claims, result)
    except (ValueError, TypeError) as error:
        said = f"the backend returned something else than was asked for: {error}"
        return failed(claims, Failure.BACKEND, said)


def _refused(claims: Sequence[Claim], result: ItemResult) -> list[Outcome]:
    """An item that the backend could not run."""
    known = result.failure in list(Failure)
    error = None if result.error is None else str(result.error)
    return failed(claims, result.failure if known else Failure.BACKEND, error)


def _values(
    claims: Sequence[Claim], result: ItemResult, observables: Sequence[str]
) -> list[Outcome]:
    found = result.expectation_values
    if result.pauli_values is not None:
        found = [(value, None) for value in merging.from_paulis(result.pauli_values, observables)]
    values = answers.values(found, claims[0].num_observables)
    return [_done(claim, result, {"values": values}) for claim in claims]


def _counts(claims: Sequence[Claim], result: ItemResult) -> list[Outcome]:
    shared = claims[:1] if claims[0].seed is not None else claims
    asked = sum(claim.shots or 0 for claim in shared)
    counts = answers.counts(result.counts, asked, claims[0].num_bits)
    if len(claims) == 1 or claims[0].seed is not None:
        return [_done(claim, result, {"counts": counts}) for claim in claims]
    hands = merging.deal(counts, [claim.shots or 0 for claim in claims])
    return [
        _done(claim, result, {"counts": hand}) for claim, hand in zip(claims, hands, strict=True)
    ]


def _done(claim: Claim, result: ItemResult, stored: dict[str, object]) -> Outcome:
    return Outcome(
        claim=claim,
        status="done",
        job_status=Status.DONE,
        info=answers.info(result.info),
        result=stored,
    )
