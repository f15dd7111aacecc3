"""Equal circuits into one, and its counts dealt out again; parts of a job added up.

A pool of shots drawn from one distribution and dealt out *without replacement* gives
each job shots that are independent and of that distribution: exactly what it would have
drawn alone.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from qbatch.circuits.observables import parse_observable
from qbatch.models import ExpectationValue, PlannedJob

if TYPE_CHECKING:
    import numpy as np


def coalesce(
    jobs: Sequence[PlannedJob], *, enabled: bool = True, max_shots: int | None = None
) -> list[int]:
    """For each job the number of the circuit that answers it, from 0 in order of need.

    Jobs share a circuit where circuit, parameters and observables are the same and

    - neither has a seed, and the sum of their shots stays within ``max_shots``; or
    - both have the same seed and the same shots, and so the same counts anyway.

    Expectation values estimated from shots are not shared without a seed: an estimate
    cannot be dealt out.
    """
    if not enabled:
        return list(range(len(jobs)))
    items: list[int] = []
    pooled: dict[object, tuple[int, int]] = {}
    number = 0
    for job in jobs:
        mark = _mark(job)
        shots = job.shots or 0
        item, sum_before = pooled.get(mark, (-1, 0)) if mark else (-1, 0)
        adds_up = job.seed is None and job.shots is not None
        if item < 0 or (adds_up and max_shots is not None and sum_before + shots > max_shots):
            item, sum_before = number, 0
            number += 1
        if mark:
            pooled[mark] = (item, sum_before + shots)
        items.append(item)
    return items


def _mark(job: PlannedJob) -> object:
    question = (job.circuit_id, job.parameters, job.observables_id, job.measure_all)
    if job.seed is not None:
        return (*question, job.seed, job.shots, job.offset)
    if job.observables_id is not None and job.shots is not None:
        return None
    return (*question, job.shots is None)


def deal(
    counts: Mapping[str, int], shots: Sequence[int], rng: np.random.Generator | None = None
) -> list[dict[str, int]]:
    """Deal a pool of counts out without replacement, so many shots to each.

    Each hand follows the multivariate hypergeometric distribution given the pool and the
    hands before it; all hands together are the pool.

    Args:
        counts: the pool.
        shots: the size of each hand; they sum to the pool's.
        rng: where the randomness comes from; fresh by default.

    Raises:
        ValueError: the hands do not sum to the pool.
    """
    if sum(shots) != sum(counts.values()):
        raise ValueError(f"{sum(shots)} shots to deal out, {sum(counts.values())} in the pool")
    if len(shots) == 1:
        return [dict(counts)]
    import numpy

    generator = numpy.random.default_rng() if rng is None else rng
    outcomes = list(counts)
    pool = numpy.array([counts[outcome] for outcome in outcomes], dtype=numpy.int64)
    hands = []
    for size in shots:
        # "marginals" works outcome by outcome, so its time does not grow with the shots.
        hand = generator.multivariate_hypergeometric(pool, size, method="marginals")
        pool = pool - hand
        hands.append({o: n for o, n in zip(outcomes, hand.tolist(), strict=True) if n})
    return hands


def add_counts(parts: Sequence[Mapping[str, int]]) -> dict[str, int]:
    """Counts of the parts of one job, added up."""
    if len(parts) == 1:
        return dict(parts[0])
    total: dict[str, int] = {}
    for part in parts:
        for outcome, count in part.items():
            total[outcome] = total.get(outcome, 0) + count
    return total


def combine_values(
    observables: Sequence[str],
    parts: Sequence[Sequence[tuple[float, float | None]]],
    shots: Sequence[int | None],
) -> list[ExpectationValue]:
    """Expectation values of the parts of one job, weighted by their shots.

    The mean of independent estimates v_i of n_i shots is Σ n_i v_i / Σ n_i, its standard
    error √(Σ n_i² s_i²) / Σ n_i.
    """
    weights = [count or 1 for count in shots]
    total = sum(weights)
    combined = []
    for index, observable in enumerate(observables):
        pairs = [part[index] for part in parts]
        value = math.fsum(w * v for w, (v, _) in zip(weights, pairs, strict=True)) / total
        errors = [error for _, error in pairs]
        if any(error is None for error in errors):
            standard_error = None
        else:
            squares = (w * w * (e or 0.0) ** 2 for w, e in zip(weights, errors, strict=True))
            standard_error = math.sqrt(math.fsum(squares)) / total
        combined.append(
            ExpectationValue(observable=observable, value=value, standard_error=standard_error)
        )
    return combined


def from_paulis(pauli_values: Mapping[str, Any], observables: Sequence[str]) -> list[float]:
    """The observables' values Σ c_k ⟨P_k⟩ from those of Pauli strings.

    Raises:
        ValueError: one is missing, or no finite number.
    """
    values = []
    for text in observables:
        total = 0.0
        for pauli, factor in parse_observable(text):
            known = pauli_values.get(pauli)
            if known is None and pauli.strip("I"):
                raise ValueError(f"no value for {pauli}")
            if not (known is None or (type(known) in (int, float) and math.isfinite(known))):
                raise ValueError(f"the value {known!r} for {pauli}")
            total += factor.real * (1.0 if known is None else known)
        values.append(total)
    return values
