import pytest
from hypothesis import given
from hypothesis import strategies as st

from qbatch.batching import Batcher, Policy, halves, remaining_parts, split_shots
from qbatch.errors import UsageError
from qbatch.models import Limits, PlannedJob


def job(number: int, **changes: object) -> PlannedJob:
    values: dict[str, object] = {
        "id": number,
        "number": number,
        "key": b"key%d" % number,
        "circuit_id": number,
        "parameters": "[]",
        "observables_id": None,
        "shots": 100,
        "offset": 0,
        "whole": True,
        "seed": None,
        "measure_all": False,
        "backend": "",
        "options": "{}",
        "size": 10,
        "num_qubits": 5,
        "num_bytes": 1000,
    }
    return PlannedJob(**{**values, **changes})  # type: ignore[arg-type]


def plan(jobs: list[PlannedJob], policy: Policy, limits: Limits) -> list[list[PlannedJob]]:
    batcher = Batcher(policy, limits)
    return [batch for j in jobs for batch in batcher.add(j)] + list(batcher.flush())


jobs = st.lists(
    st.tuples(
        st.integers(1, 5000),
        st.sampled_from(["{}", '{"method":"stabilizer"}']),
        st.sampled_from([None, 1]),
        st.integers(10, 3000),
        st.integers(1, 30),
    ),
    max_size=60,
).map(
    lambda rows: [
        job(i, shots=s, options=o, observables_id=obs, num_bytes=b, num_qubits=q)
        for i, (s, o, obs, b, q) in enumerate(rows)
    ]
)
limits = st.builds(
    Limits,
    circuits=st.none() | st.integers(1, 20),
    shots=st.none() | st.integers(50, 2000),
    bytes=st.none() | st.integers(3000, 9000),
    mixed_shots=st.booleans(),
    mixed_kinds=st.booleans(),
    large_qubits=st.none() | st.integers(5, 25),
)


@given(jobs, limits, st.none() | st.integers(1, 15))
def test_a_plan_keeps_every_limit_and_loses_no_shot(jobs, limits, size):
    batches = plan(jobs, Policy(max_batch_size=size), limits)
    for batch in batches:
        assert batch
        assert size is None or len(batch) <= size
        assert limits.circuits is None or len(batch) <= limits.circuits
        assert limits.bytes is None or sum(j.num_bytes for j in batch) <= limits.bytes
        assert limits.shots is None or all(j.shots <= limits.shots for j in batch)
        assert len({j.options for j in batch}) == 1
        if not limits.mixed_shots:
            assert len({j.shots for j in batch}) == 1
        if not limits.mixed_kinds:
            assert len({j.observables_id is None for j in batch}) == 1
        if limits.large_qubits:
            assert len({j.num_qubits >= limits.large_qubits for j in batch}) == 1
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
    left, right = halves(numbers)  # type: ignore[type-var]
    assert left + right == numbers
    assert abs(len(left) - len(right)) <= 1


def test_what_may_never_end_stands_alone_on_a_local_backend() -> None:
    bomb = job(3, size=2**30)
    some = [job(1), job(2), bomb, job(4)]
    local = plan(some, Policy(), Limits(local=True))
    assert [[j.id for j in batch] for batch in local] == [[3], [1, 2, 4]]
    remote = plan(some, Policy(), Limits())
    assert [[j.id for j in batch] for batch in remote] == [[1, 2, 3, 4]]
