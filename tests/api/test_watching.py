"""How a group stands at a moment: jobs, batches under way, causes, who runs it."""

import pytest

from qbatch import JobGroup
from qbatch.api.watching import look
from qbatch.domain.states import Status
from qbatch.errors import NotFound
from qbatch.store.run_lock import hold

from ..conftest import BELL

RESET = BELL.replace("cx q[0], q[1];", "reset q[0];")


@pytest.fixture
def group(db):
    with JobGroup("scan", db=db) as found:
        found.add(BELL, BELL, shots=10)
        found.add(RESET, options={"method": "unitary"})
        yield found


def test_before_a_run_nothing_is_to_tell(group):
    found = look(group)
    assert (found.ended, found.failed, found.is_running, found.runner) == (0, 0, False, None)
    assert (list(found.jobs), list(found.causes), list(found.batches)) == ([], [], [])


def test_what_failed_is_listed_with_its_cause(group):
    group.run(executor="serial")
    found = look(group)
    assert (found.ended, found.failed) == (3, 1)
    assert [(job.number, job.status) for job in found.jobs] == [(3, Status.ERROR)]
    assert [cause.jobs for cause in found.causes] == [1]
    assert found.batches == []
    assert found.programs is None


def test_who_runs_it_is_told(group):
    store = group.target().group.store
    with hold(store, [group.status()]):
        found = look(group)
        assert found.is_running
        assert found.runner is not None
        assert set(found.runner) >= {"pid", "host", "since"}


def test_a_group_that_is_gone_is_told(group):
    from qbatch import delete_groups

    look(group)
    delete_groups(["scan"], group.path)
    with pytest.raises(NotFound):
        look(group)
