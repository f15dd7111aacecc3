"""Groups and archives added up: independent shots summed, copies told, and nothing twice."""

import math
from typing import Any

import pytest

from qbatch import JobGroup, NotFound, UsageError
from qbatch.api.archives import merge_groups, unarchive
from qbatch.store import Store

from ..conftest import ANSATZ, BELL

SWEEP: dict[str, Any] = {"theta": [0.1, 0.2, 0.3], "phi": 0.0}


def machine(path, name, *, seed=None, shots=100, run=True):
    """A store of its own with a group of a sweep and a circuit, run."""
    with JobGroup(name, db=path) as group:
        group.add(ANSATZ, parameters=SWEEP, shots=shots, seed=seed, tags={"of": name})
        group.add(BELL, observables=["ZZ"], seed=seed)
        if run:
            group.run(executor="serial")
        group.archive(path.parent / f"{name}.qbatch")
    return path.parent / f"{name}.qbatch"


@pytest.fixture
def places(tmp_path):
    for name in ("one", "two", "three"):
        (tmp_path / name).mkdir()
    return [tmp_path / name / "q.db" for name in ("one", "two", "three")]


def totals(path, name):
    with JobGroup(name, db=path) as group:
        return [(r.job.number, r.job.shots, r.shots, r.job.status.value) for r in group.results()]


def counts(path, name):
    with JobGroup(name, db=path) as group:
        return [dict(r.counts) for r in group.results("1-3")]


def added(*several):
    return [
        {key: sum(one.get(key, 0) for one in jobs) for key in set().union(*jobs)}
        for jobs in zip(*several, strict=True)
    ]


def sound(path):
    with Store(path) as store:
        return list(store.integrity.problems())


def test_independent_shots_are_summed_and_a_second_merge_changes_nothing(places):
    here, there, _ = places
    machine(here, "a", seed=1)
    file = machine(there, "b", seed=2, shots=300)
    report = merge_groups(["a", file], "c", here)
    assert (report.jobs, report.shots, report.differing, report.missing) == (4, 1200, 0, 0)
    assert report.parts == {"a": 4, str(file): 3}
    assert report.copies == {"a": 0, str(file): 1}  # the exact value adds nothing
    assert totals(here, "c") == [
        (1, 400, 400, "done"), (2, 400, 400, "done"), (3, 400, 400, "done"), (4, None, None, "done")
    ]  # fmt: skip
    before = counts(here, "c")
    assert before == added(counts(here, "a"), counts(there, "b"))
    again = merge_groups(["a", file], "c", here)
    assert (again.jobs, again.shots, sum(again.parts.values())) == (0, 0, 0)
    assert counts(here, "c") == before
    assert sound(here) == []


def test_two_machines_that_ran_one_seeded_group_add_nothing(places):
    here, there, _ = places
    machine(here, "a", seed=7)
    file = machine(there, "b", seed=7)
    report = merge_groups(["a", file], "c", here)
    assert report.copies[str(file)] == 4
    assert (report.shots, report.differing) == (300, 0)
    assert counts(here, "c") == counts(here, "a")


def test_what_has_no_seed_is_independent_and_still_known_again(places):
    here, there, third = places
    first, second = machine(here, "a"), machine(there, "b")
    merge_groups([first, second], "c", third)
    assert [shots for _, shots, _, _ in totals(third, "c")][:3] == [200, 200, 200]
    # By another way: the archive of one, unpacked, merged with the first merge.
    unarchive(second, "d", third)
    report = merge_groups(["d"], "c", third)
    assert (report.shots, report.copies["d"]) == (0, 4)


def test_top_ups_of_one_seed_are_told_apart_and_recognised(places):
    here, there, _ = places
    machine(here, "a", seed=7)
    machine(there, "b", seed=7)
    with JobGroup("b", db=there) as group:
        group.edit("1-3", more_shots=50)
        group.run(executor="serial")
        group.archive(there.parent / "more.qbatch")
    report = merge_groups(["a", there.parent / "more.qbatch"], "c", here)
    assert report.shots == 300 + 150
    assert counts(here, "c") == counts(there, "b")
    with JobGroup("a", db=here) as group:  # the first machine draws the same now
        group.edit("1-3", more_shots=50)
        group.run(executor="serial")
    assert merge_groups(["a"], "c", here).shots == 0


def test_a_merge_can_be_topped_up_and_merged_on(places):
    here, there, _ = places
    machine(here, "a", seed=1)
    file = machine(there, "b", seed=2)
    merge_groups(["a", file], "c", here)
    with JobGroup("c", db=here) as group:
        group.edit("1", more_shots=1000)
        group.run(executor="serial")
        assert next(iter(group.results("1"))).shots == 1200
        streams = [attempt.seed for attempt in group[0].attempts]
        assert len(set(streams)) == 3
    assert sound(here) == []


def test_other_backends_and_options_are_other_jobs(places):
    here, there, _ = places
    machine(here, "a", seed=1)
    machine(there, "b", seed=2)
    with Store(there) as store:
        store.database.execute("UPDATE batches SET backend = 'lab'")
    with JobGroup("b", db=there) as group:
        group.archive(there.parent / "lab.qbatch")
    report = merge_groups(["a", there.parent / "lab.qbatch"], "c", here)
    assert report.jobs == 8
    with JobGroup("c", db=here) as group:
        assert [job.backend for job in group.jobs] == ["aer"] * 4 + ["lab"] * 4


def test_repeats_of_a_question_stay_repeats(places):
    here, there, _ = places
    for path, name in ((here, "a"), (there, "b")):
        with JobGroup(name, db=path) as group:
            group.add(BELL, BELL, shots=10)
            group.run(executor="serial", coalesce=False)
            group.archive(path.parent / f"{name}.qbatch")
    merge_groups(["a", there.parent / "b.qbatch"], "c", here)
    assert [shots for _, shots, _, _ in totals(here, "c")] == [20, 20]


def test_what_has_not_landed_is_left_where_it_is(places):
    here, *_ = places
    machine(here, "a", run=False)
    report = merge_groups(["a"], "c", here)
    assert (report.missing, report.jobs) == (4, 0)
    with JobGroup("a", db=here) as group:
        group.run("1", executor="serial")
    assert merge_groups(["a"], "c", here).jobs == 1


def test_parts_say_where_they_come_from(places):
    here, there, _ = places
    machine(here, "a", seed=1)
    file = machine(there, "b", seed=2)
    merge_groups(["a", file], "c", here)
    with JobGroup("c", db=here) as group:
        assert [attempt.origin for attempt in group[0].attempts] == ["a", str(file)]
        assert group[0].job.tags == {"of": "a"}


def test_results_that_differ_under_one_stream_are_told(places):
    here, there, _ = places
    machine(here, "a", seed=7)
    machine(there, "b", seed=7)
    with Store(there) as store:
        from qbatch.domain.results import Counts
        from qbatch.store.results import digest, encode_result

        data = encode_result(Counts({"00": 60, "11": 40}))
        store.database.execute(
            "UPDATE attempts SET result = ?, digest = ? WHERE job_id = 1", (data, digest(data))
        )
    with JobGroup("b", db=there) as group:
        group.archive(there.parent / "b2.qbatch")
    before = counts(here, "a")
    report = merge_groups(["a", there.parent / "b2.qbatch"], "c", here)
    assert report.differing == 1
    assert counts(here, "c") == before


def test_what_cannot_be_merged_changes_nothing(places, tmp_path):
    here, *_ = places
    machine(here, "a")
    with pytest.raises(NotFound, match="no group and no archive"):
        merge_groups(["a", "nowhere"], "c", here)
    broken = tmp_path / "broken.qbatch"
    broken.write_bytes(b"nonsense")
    with pytest.raises(UsageError, match="is no archive"):
        merge_groups(["a", broken], "c", here)
    with Store(here) as store:
        assert store.groups.find("c") is None
    with JobGroup("c", db=here) as group:
        group.add(BELL)
        group._stored.store.database.execute(
            "UPDATE jobs SET status = 'unknown' WHERE group_id = (SELECT max(id) FROM groups)"
        )
    with pytest.raises(UsageError, match="under way or with an unknown outcome"):
        merge_groups(["a"], "c", here)


def test_a_group_merged_into_itself_stays_what_it_is(places):
    here, *_ = places
    machine(here, "a")
    before = totals(here, "a")
    assert merge_groups(["a"], "a", here).shots == 0
    assert totals(here, "a") == before


def test_exact_results_and_estimates_of_the_same_are_not_added_up(places):
    here, *_ = places
    for name, shots in (("ex", None), ("es", 100)):
        with JobGroup(name, db=here) as group:
            point = {"theta": 1.0, "phi": 0.3}
            group.add(ANSATZ, parameters=point, observables=["XX"], shots=shots, seed=1)
            group.run(executor="serial")
    for order in (("ex", "es"), ("es", "ex")):
        into = "-".join(order)
        assert merge_groups(order, into, here).jobs == 2
        with JobGroup(into, db=here) as group:
            found = {r.job.shots: r.result.quantities()["XX"] for r in group.results() if r.result}
            value, error = found[None]
            assert value == pytest.approx(math.sin(1.0))
            assert error is None
            file = here.parent / f"{into}.qbatch"
            group.archive(file)
        unarchive(file, f"{into}-back", here)
    assert sound(here) == []


def test_a_top_up_after_a_merge_draws_nothing_again(places):
    here, *_ = places
    with JobGroup("b", db=here) as b:
        b.add(ANSATZ, parameters={"theta": 1.0, "phi": 0.3}, shots=2000, seed=3)
        b.copy("a")
        b.run(executor="serial")
        b.edit(more_shots=500)
        b.run(executor="serial")
    with JobGroup("a", db=here) as a:
        a.edit(shots=1000)
        a.run(executor="serial")
    merge_groups(["a", "b"], "c", here)
    with JobGroup("c", db=here) as c:
        for _ in range(3):
            c.edit(more_shots=500)
            c.run(executor="serial")
        seeds = [attempt.seed for attempt in c[0].attempts]
        assert len(set(seeds)) == len(seeds)
        with Store(here) as store:
            rows = store.database.rows(
                "SELECT stream FROM attempts WHERE job_id = ?", (c[0].job.id,)
            )
            streams = [row["stream"] for row in rows]
        assert len(set(streams)) == len(streams)
