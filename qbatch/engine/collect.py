"""From what a backend returned to what becomes of each job."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace

from qbatch.domain.batches import Claim, Outcome
from qbatch.domain.compilations import Layout
from qbatch.domain.requests import Expected
from qbatch.domain.results import Counts, Result, ResultKind
from qbatch.domain.states import AttemptStatus, Failure, Status
from qbatch.engine import labels
from qbatch.rules import answers
from qbatch.rules.keys import derive_seed
from qbatch.rules.pauli import from_paulis
from qbatch.rules.placing import placed_observable
from qbatch.seam import ItemResult


def outcomes(
    claims: Iterable[Claim], results: Iterable[ItemResult], submission_id: str = ""
) -> list[Outcome]:
    """One outcome for each claim; items are found by their label, which holds their number.

    A label that is missing, or comes twice with different answers, is an error of its
    jobs alone; so is an answer that cannot be read.

    Args:
        submission_id: of the batch; what is drawn here is drawn the same from it again.
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
        for outcome in _item(sharing, by_label.get(str(item), []), submission_id)
    ]


def missing(claims: Iterable[Claim], results: Iterable[ItemResult]) -> int:
    """Number of items of a batch that have no answer among the results."""
    answered = {labels.item(str(result.label)) for result in results}
    return len({claim.item for claim in claims if str(claim.item) not in answered})


def failed(
    claims: Iterable[Claim],
    failure: Failure,
    error: str | None,
    *,
    job_status: Status = Status.ERROR,
    status: AttemptStatus = AttemptStatus.ERROR,
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
    claims: Sequence[Claim], results: Sequence[ItemResult], submission_id: str
) -> list[Outcome]:
    if len(results) != 1:
        what = "no result" if not results else f"{len(results)} different results"
        return failed(claims, Failure.BACKEND, f"the backend returned {what} for this item")
    result = results[0]
    if result.failure is not None or result.error is not None:
        return _refused(claims, result)
    try:
        hands = _hands(claims, result, submission_id)
    except (ValueError, TypeError) as error:
        said = f"the backend returned something else than was asked for: {error}"
        return failed(claims, Failure.BACKEND, said)
    info = answers.info(result.info)
    is_drawn = _is_law(result, claims[0].expected)
    return [
        Outcome(
            claim=claim,
            status=AttemptStatus.DONE,
            job_status=Status.DONE,
            info=info,
            result=hand,
            stream=claim.seed if is_drawn else None,
        )
        for claim, hand in zip(claims, hands, strict=True)
    ]


def _refused(claims: Sequence[Claim], result: ItemResult) -> list[Outcome]:
    """An item that the backend could not run."""
    known = result.failure in list(Failure)
    failure = Failure(result.failure) if known and result.failure else Failure.BACKEND
    error = None if result.error is None else str(result.error)
    return failed(claims, failure, error)


def _hands(claims: Sequence[Claim], result: ItemResult, submission_id: str) -> Sequence[Result]:
    """What each claim gets of an answer, checked.

    Raises:
        ValueError, TypeError: it is not what was asked for.
    """
    expected = claims[0].expected
    if expected is None:
        raise ValueError("the format of its payload is not installed here")
    shots = [claim.shots or 0 for claim in claims]
    if expected.kind is not ResultKind.COUNTS:
        return _exact_or_estimated(result, expected, claims[0].layout).deal(shots)
    if _is_law(result, expected):
        return [_drawn(claim, result, expected, submission_id) for claim in claims]
    if claims[0].seed is not None:  # the same seed and shots: the same counts for all
        found = answers.counts(result.counts, shots[0], expected)
        return [found] * len(claims)
    return answers.counts(result.counts, sum(shots), expected).deal(shots)


def _is_law(result: ItemResult, expected: Expected | None) -> bool:
    """Whether counts were asked for, and the law is told from which they are drawn."""
    counted = expected is not None and expected.kind is ResultKind.COUNTS
    return counted and result.counts is None and result.probabilities is not None


def _exact_or_estimated(result: ItemResult, expected: Expected, layout: Layout | None) -> Result:
    if expected.kind is ResultKind.PROBABILITIES:
        return answers.probabilities(result.probabilities, expected)
    found = result.expectation_values
    if result.pauli_values is not None:
        names = expected.names
        if layout is not None:
            names = tuple(placed_observable(name, layout) for name in names)
        pairs = from_paulis(result.pauli_values, names)
        found = [(value, None) for value in pairs]
    return answers.values(found, expected)


def _drawn(claim: Claim, result: ItemResult, expected: Expected, submission_id: str) -> Counts:
    """Counts drawn from an exact distribution: the same again from the same batch."""
    import numpy

    law = answers.probabilities(result.probabilities, expected).compact()
    seed = claim.seed
    if seed is None:
        seed = derive_seed(0, submission_id.encode(), b"%d" % claim.item, b"%d" % claim.job_id)
    weights = numpy.array(list(law.values())).round(12)
    rng = numpy.random.default_rng([seed, 0])
    drawn = rng.multinomial(claim.shots or 0, weights / weights.sum()).tolist()
    return Counts({o: n for o, n in zip(law, drawn, strict=True) if n})
