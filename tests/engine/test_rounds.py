"""Jobs that get shots round by round until they have enough."""

import pytest

from qbatch import JobGroup
from qbatch.domain.limits import Limits
from qbatch.domain.states import Failure, Status
from qbatch.domain.until import UntilEnd
from qbatch.engine import Run, RunSettings
from qbatch.seam import ItemResult
from qbatch.store import Store
from qbatch.testing import InstantBackend

from ..conftest import ANSATZ, BELL

RULE = "count(11)>=1000"


def halves(item):
    """As many 00 as 11."""
    half = item.shots // 2
    return ItemResult(label=item.label, counts={"00": half, "11": item.shots - half})


@pytest.fixture
def group(db):
    with JobGroup("g", db=db) as group:
        yield group


def run(group, backend=None, **settings):
    with Store(group.path) as store:
        only = settings.pop("only", None)
        work = Run(
            store,
            [group.status()],
            lambda name: backend or InstantBackend(answer=halves),
            RunSettings(**settings),
            choose=None if only is None else lambda: only,
        )
        return work.execute()


def stands(group):
    return [(job.status, job.until_end, job.shots) for job in group.jobs]


def test_rounds_are_merged_and_shared_out_by_what_each_job_needs(group):
    group.add(ANSATZ, parameters={"theta": [0.1, 0.2, 0.3], "phi": 0.5}, until=RULE, max_shots=9000)
    group.add(BELL, shots=50)

    def uneven(item):
        if 0.3 in item.parameters:
            tenth = item.shots // 10
            return ItemResult(label=item.label, counts={"00": item.shots - tenth, "11": tenth})
        return halves(item)

    backend = InstantBackend(answer=uneven)
    report = run(group, backend)
    assert (report.exit_code, report.done, report.jobs, report.left) == (0, 4, 4, 0)
    asked = [[item.shots for item in batch.items] for batch in backend.submissions]
    assert asked[0] == [1000, 1000, 1000, 50]
    first, second, third = asked[1]
    assert first == second
    assert first == 1064
    assert third == 8000  # its need, cut at what it may have
    assert len(asked) == 2
    ends = [job.until_end for job in group.jobs]
    assert ends == [UntilEnd.REACHED, UntilEnd.REACHED, UntilEnd.MAX_SHOTS, None]
    assert report.at_most_shots == 1
    results = list(group.results())
    assert [result.shots for result in results] == [1000 + first, 1000 + second, 9000, 50]
    assert sum(results[0].counts.values()) == 1000 + first


def test_nothing_is_sent_where_enough_is_there(group):
    group.add(BELL, until=RULE, max_shots=9000)
    run(group)
    backend = InstantBackend(answer=halves)
    report = run(group, backend)
    assert backend.submissions == []
    assert (report.exit_code, report.jobs, report.done) == (0, 0, 0)


def test_a_run_that_was_stopped_after_a_round_decides_when_it_goes_on(group):
    group.add(BELL, until=RULE, max_shots=9000)
    report = run(group, wait=False)  # sent, and answered when somebody looks again
    assert report.exit_code in (0, 3)
    while group.status().counts.get("queued") or group.status().counts.get("running"):
        run(group, submit=False)
    assert stands(group) == [(Status.UNSENT, None, 1000)]
    synced = run(group, submit=False)
    assert (synced.exit_code, synced.left) == (0, 1)
    assert stands(group) == [(Status.UNSENT, None, 1000)]  # sync asks for nothing
    backend = InstantBackend(answer=halves)
    assert run(group, backend).exit_code == 0
    assert [batch.items[0].shots for batch in backend.submissions] == [1064]
    assert stands(group) == [(Status.DONE, UntilEnd.REACHED, 2064)]


def test_sync_notes_what_has_enough(group):
    group.add(BELL, until="count(11)>=100", shots=1000, max_shots=9000)
    run(group, wait=False)
    run(group, submit=False)
    run(group, submit=False)
    assert stands(group) == [(Status.DONE, UntilEnd.REACHED, 1000)]


def test_only_the_jobs_that_a_run_is_about_get_more(group):
    group.add(BELL, BELL, until=RULE, max_shots=9000)
    first = group.jobs[0].id
    run(group, only=[first])
    assert [job.status for job in group.jobs] == [Status.DONE, Status.UNSENT]
    assert [job.shots for job in group.jobs] == [2064, 1000]
    run(group, limit=1)
    assert [job.status for job in group.jobs] == [Status.DONE, Status.DONE]


def test_each_round_is_a_stream_of_its_own_and_the_same_again(group, db):
    group.add(BELL, until=RULE, max_shots=90_000, seed=7)
    group.copy("again")
    group.run(executor="serial")
    with JobGroup("again", db=db) as other:
        other.run("1", executor="serial", coalesce=False)
        (one,), (two,) = list(group.results()), list(other.results())
        assert one.counts == two.counts
        assert one.shots == two.shots
        seeds = [attempt.seed for attempt in group[0].attempts]
        assert len(set(seeds)) == len(seeds) == 2
        assert seeds == [attempt.seed for attempt in other[0].attempts]


def test_shots_above_the_cap_are_split_within_a_round(group):
    group.add(BELL, until=RULE, max_shots=9000)
    backend = InstantBackend(answer=halves, limits=Limits(shots=400))
    assert run(group, backend, max_batch_size=1).exit_code == 0
    assert [batch.items[0].shots for batch in backend.submissions] == [400, 400, 200, 400, 400, 264]


def test_a_job_that_fails_gets_no_more(group):
    group.add(BELL, until=RULE, max_shots=9000)
    failing = InstantBackend(
        answer=lambda item: ItemResult(label=item.label, failure=Failure.BACKEND, error="broken")
    )
    assert run(group, failing).exit_code == 1
    assert stands(group) == [(Status.ERROR, None, 1000)]
    group.rerun(executor="serial")
    assert group.jobs[0].until_end is UntilEnd.REACHED


def test_what_was_let_go_cannot_be_judged(group, capsys):
    group.add(BELL, until=RULE, max_shots=9000)
    run(group)
    store = group._stored.store
    store.edits.drop_results(group.status().id)
    store.database.execute("UPDATE jobs SET status = 'unsent', until_end = NULL")
    notes = []

    class Watcher:
        def update(self, state):
            pass

        def note(self, message):
            notes.append(message)

    report = group.run(observer=Watcher(), executor="serial")
    assert report.exit_code == 3
    assert next(note for note in notes if "was let go" in note).startswith("g/1: ")
