from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qbatch.domain.batches import PlannedJob
from qbatch.domain.limits import Limits
from qbatch.domain.requests import Request
from qbatch.domain.results import ResultKind
from qbatch.errors import UsageError
from qbatch.rules.batching import (
    ALONE_SECONDS,
    Batcher,
    Policy,
    halves,
    remaining_parts,
    split_shots,
    unanswerable,
)

from ..builders import VALUES
from ..builders import planned_job as job


def plan(jobs: list[PlannedJob], policy: Policy, limits: Limits) -> list[list[PlannedJob]]:
    batcher = Batcher(policy, limits)
    return [batch for j in jobs for batch in batcher.add(j)] + list(batcher.flush())


jobs = st.lists(
    st.tuples(
        st.integers(1, 5000),
        st.sampled_from(["{}", '{"method":"stabilizer"}']),
        st.sampled_from([Request(), VALUES]),
        st.integers(10, 3000),
        st.integers(1, 4),
    ),
    max_size=60,
).map(
    lambda rows: [
        job(i, shots=s, options=o, request=kind, num_bytes=b, payload_id=p)
        for i, (s, o, kind, b, p) in enumerate(rows)
    ]
)
limits = st.builds(
    Limits,
    circuits=st.none() | st.integers(1, 20),
    shots=st.none() | st.integers(50, 2000),
    bytes=st.none() | st.integers(3000, 9000),
    mixed_shots=st.booleans(),
    mixed_kinds=st.booleans(),
    contents=st.none() | st.integers(1, 3),
)


@given(jobs, limits, st.none() | st.integers(1, 15))
def test_a_plan_keeps_every_limit_and_loses_no_shot(jobs, limits, size):
    batches = plan(jobs, Policy(max_batch_size=size), limits)
    for batch in batches:
        assert batch
        assert size is None or len(batch) <= size
        assert limits.circuits is None or len(batch) <= limits.circuits
        assert limits.bytes is None or sum(j.payload.num_bytes for j in batch) <= limits.bytes
        assert limits.shots is None or all(j.shots <= limits.shots for j in batch)
        assert len({j.options for j in batch}) == 1
        if not limits.mixed_shots:
            assert len({j.shots for j in batch}) == 1
        if not limits.mixed_kinds:
            assert len({j.request.kind for j in batch}) == 1
        if limits.contents is not None:
            assert len({j.payload.id for j in batch}) <= limits.contents
    sent: dict[int, list[PlannedJob]] = {}
    for part in (part for batch in batches for part in batch):
        sent.setdefault(part.id, []).append(part)
    assert set(sent) == {j.id for j in jobs}
    for original in jobs:
        parts = sorted(sent[original.id], key=lambda part: part.offset)
        ends = [part.offset + part.shots for part in parts]
        assert [part.offset for part in parts] == [0, *ends[:-1]]
        assert ends[-1] == original.shots
        assert len(parts) == 1 or not any(part.whole for part in parts)


@given(jobs)
def test_without_limits_the_order_of_adding_is_kept(jobs):
    batches = plan(jobs, Policy(), Limits())
    for batch in batches:
        assert [j.id for j in batch] == sorted(j.id for j in batch)


def test_batching_off_sends_every_job_alone():
    assert [len(b) for b in plan([job(i) for i in range(5)], Policy(merge=False), Limits())] == [
        1
    ] * 5


def test_a_size_that_changes_is_asked_for_each_job_and_never_exceeds_the_cap():
    sizes = iter([1, 3, 3, 3, 100, 100, 100, 100, 100, 100])
    batcher = Batcher(Policy(max_batch_size=4), Limits(), lambda _: next(sizes))
    batches = [b for i in range(10) for b in batcher.add(job(i))] + list(batcher.flush())
    assert [len(batch) for batch in batches] == [1, 3, 4, 2]


def test_a_policy_that_could_send_nothing_is_refused():
    with pytest.raises(UsageError):
        Policy(max_batch_size=0)
    with pytest.raises(UsageError):
        Policy(merge=False, max_batch_size=5)


@given(st.integers(1, 10_000), st.integers(1, 700))
def test_shots_above_the_cap_are_split_without_loss(shots, cap):
    parts = split_shots(job(1, shots=shots), Limits(shots=cap))
    assert sum(part.shots for part in parts) == shots
    assert max(part.shots for part in parts) <= cap


@given(st.sets(st.integers(0, 9)))
def test_what_remains_of_a_job_is_exactly_what_is_not_done(done):
    parts = [(block * 100, 100) for block in sorted(done)]
    left = remaining_parts(job(1, shots=1000 - 100 * len(done), offset=0), parts)
    if not done:
        assert left == [job(1, shots=1000)]
        return
    covered = {shot for offset, count in parts for shot in range(offset, offset + count)}
    for part in left:
        shots = set(range(part.offset, part.offset + part.shots))
        assert not shots & covered
        assert not part.whole
        covered |= shots
    assert covered == set(range(1000))


@given(st.lists(st.integers(), max_size=50))
def test_halves_are_the_whole(numbers):
    left, right = halves(numbers)
    assert left + right == numbers
    assert abs(len(left) - len(right)) <= 1


def test_parts_begin_where_the_parts_before_them_end() -> None:
    """Also where the job itself is the rest of another."""
    parts = split_shots(replace(job(1, shots=10), offset=3), Limits(shots=4))
    assert [(part.offset, part.shots) for part in parts] == [(3, 4), (7, 4), (11, 2)]


def test_an_hour_of_work_is_a_batch_and_a_minute_is_none() -> None:
    assert 59 < ALONE_SECONDS < 61
    costs = {1: 59.0, 2: 59.0, 3: 61.0}
    batcher = Batcher(Policy(), Limits(), cost=lambda job: costs[job.number])
    planned = [batch for i in costs for batch in batcher.add(job(i))] + list(batcher.flush())
    assert sorted(sorted(j.number for j in batch) for batch in planned) == [[1, 2], [3]]


def test_what_may_never_end_stands_alone_where_costs_are_known() -> None:
    some = [job(1), job(2), job(3, shots=7), job(4)]
    batcher = Batcher(
        Policy(), Limits(), cost=lambda job: 2 * ALONE_SECONDS if job.shots == 7 else 1.0
    )
    batches = [batch for j in some for batch in batcher.add(j)] + list(batcher.flush())
    assert [[j.id for j in batch] for batch in batches] == [[3], [1, 2, 4]]
    assert [[j.id for j in batch] for batch in plan(some, Policy(), Limits())] == [[1, 2, 3, 4]]


def test_what_a_backend_keeps_apart_never_shares_a_batch() -> None:
    batcher = Batcher(Policy(), Limits(), apart=lambda job: job.shots)
    some = [job(i, shots=1 + i % 2) for i in range(6)]
    batches = [batch for j in some for batch in batcher.add(j)] + list(batcher.flush())
    assert [[j.id for j in batch] for batch in batches] == [[0, 2, 4], [1, 3, 5]]


def test_what_a_backend_cannot_answer_is_known_before_it_is_sent() -> None:
    exact = Request(kind=ResultKind.PROBABILITIES)
    assert unanswerable(job(1, request=VALUES), Limits(values=False)) is not None
    assert unanswerable(job(1, request=VALUES), Limits()) is None
    assert unanswerable(job(1, request=exact), Limits()) is not None
    assert unanswerable(job(1, request=exact), Limits(probabilities=True)) is None
    only = Limits(formats=frozenset({"pcvl"}))
    assert "qasm2" in str(unanswerable(job(1), only))
    assert unanswerable(job(1, format="pcvl"), only) is None
