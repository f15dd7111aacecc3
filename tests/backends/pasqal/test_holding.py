"""Open batches: they follow the group, and what was added is known whatever answer is lost."""

import threading
import time

import pytest

from qbatch import JobGroup
from qbatch.backends.pasqal import PasqalBackend
from qbatch.backends.pasqal.holding import Part, found
from qbatch.domain.states import RemoteState
from qbatch.errors import LostAnswer, Transient

from .conftest import SWEPT, PasqalContract, batch, sent, sweep


class TestContract(PasqalContract):
    more = {"open": True}  # noqa: RUF012


@pytest.fixture
def backend(service):
    found = PasqalBackend("cloud", {"url": service.url, "open": True})
    yield found
    found.close()


def test_what_comes_later_is_added_to_the_open_batch(backend, service):
    first, second = batch(1, 2), batch(3)
    ids = [sent(backend, one) for one in (first, second)]
    assert ids == ["batch-1/0+2", "batch-1/2+1"]
    assert len(service.batches) == 1
    shots = [
        [sum(one.counts.values()) for one in backend.answers(remote_id, own)]
        for remote_id, own in zip(ids, (first, second), strict=True)
    ]
    assert shots == [[1, 2], [3]]
    assert [backend.status(one).state for one in ids] == [RemoteState.DONE] * 2
    assert service.batches["batch-1"]["open"]
    backend.close()
    assert not service.batches["batch-1"]["open"]


def test_a_batch_that_was_closed_meanwhile_is_followed_by_another(backend, service):
    sent(backend, batch(1))
    service.batches["batch-1"]["open"] = False
    later = batch(2)
    assert sent(backend, later) == "batch-2/0+1"
    assert backend.find(later.submission_id) == "batch-2/0+1"  # though the first has its tag


@pytest.mark.parametrize("fault", ["lose", "gateway"])
def test_jobs_that_were_added_without_an_answer_are_found(backend, service, fault):
    first, later = batch(1), batch(2, 3)
    sent(backend, first)
    service.faults.append(fault)
    with pytest.raises(LostAnswer):
        sent(backend, later)
    assert backend.find(later.submission_id) == "batch-1/1+2"
    assert backend.find(first.submission_id) == "batch-1/0+1"
    # How many jobs it has is not known here: what follows goes elsewhere, and both are closed.
    last = batch(4)
    assert sent(backend, last) == "batch-2/0+1"
    assert [sum(one.counts.values()) for one in backend.answers("batch-2/0+1", last)] == [4]
    backend.close()
    assert not any(one["open"] for one in service.batches.values())


def test_jobs_that_were_not_added_are_not_found(backend, service):
    sent(backend, batch(1))
    service.faults.append("drop")
    later = batch(2)
    with pytest.raises(LostAnswer):
        sent(backend, later)
    assert backend.find(later.submission_id) is None
    # Nor are others' jobs ever taken for them.
    sent(backend, batch(3))
    assert backend.find(later.submission_id) is None


def test_cancelling_a_part_leaves_the_others(backend, service):
    service.seconds = 60
    ids = [sent(backend, batch(1, 2)), sent(backend, batch(3))]
    backend.cancel(ids[0])
    assert backend.status(ids[0]).state is RemoteState.CANCELLED
    assert backend.status(ids[1]).state is RemoteState.QUEUED


def test_a_batch_that_a_killed_run_left_open_is_closed_by_the_next(backend, service):
    remote_id = sent(backend, batch(1))
    other = PasqalBackend("cloud", {"url": service.url, "open": True})
    other.status(remote_id)
    other.close()
    assert not service.batches["batch-1"]["open"]


def test_a_part_that_is_not_wholly_shown_yet_has_not_ended(backend, service):
    """A list that lags behind: answers by position would be refused, and lost."""
    remote_id = sent(backend, batch(1, 2))
    last = service.batches["batch-1"]["jobs"].pop()
    with pytest.raises(Transient, match="1 of 2 jobs"):
        backend.status(remote_id)
    service.batches["batch-1"]["jobs"].append(last)
    assert backend.status(remote_id).state is RemoteState.DONE


def test_it_follows_the_group(db, service, tmp_path):
    """While the group is open, so is the batch; it is closed with the group."""
    path = tmp_path / "config.toml"
    path.write_text(f'[backends.cloud]\ntype = "pasqal"\nurl = "{service.url}"\nopen = true\n')
    with JobGroup("g", db=db, config=path) as group:
        group.add(SWEPT, parameters=sweep(), shots=10, backend="cloud")
        run = threading.Thread(target=_follow, args=(db, path), daemon=True)
        run.start()
        _until(lambda: len(service.jobs) == 3)
        group.add(SWEPT, parameters=sweep(amp=9.0), shots=10, backend="cloud")
        _until(lambda: len(service.jobs) == 4)
        assert service.batches["batch-1"]["open"]
        group.set_open(False)
        run.join(30)
        assert not run.is_alive()
        assert not service.batches["batch-1"]["open"]
        assert [job.status for job in group.jobs] == ["done"] * 4
    assert len(service.batches) == 1


def _follow(db, path):
    with JobGroup("g", db=db, config=path) as group:
        group.run(follow=True)


def _until(holds):
    end = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_a_submission_is_told_by_its_mark():
    whole = {"id": "b", "tags": ["s"], "jobs_count": 3}
    assert found("s", [whole]) == Part("b")
    part = {"id": "b", "tags": ["r", "r/0+2", "s", "s/2+1"], "jobs_count": 3}
    assert found("s", [part]) == Part("b", 2, 1)
    assert found("s", [{**part, "jobs_count": 2}]) is None
    assert found("s", [{**part, "jobs_count": 2}, {**whole, "id": "c"}]) == Part("c")


@pytest.mark.parametrize("part", [Part("b"), Part("b", 3, 4), Part("a/b", 0, 1)])
def test_a_part_is_read_as_it_is_written(part):
    assert Part.read(part.text()) == part
