"""One runner per group: who holds the lock, and how long others wait."""

import threading
import time

import pytest

from qbatch import JobGroup, Locked
from qbatch.store import Store, run_lock


@pytest.fixture
def stores(db):
    for name in ("a", "b"):
        JobGroup(name, db=db).close()
    with Store(db) as one, Store(db) as other:
        yield one, other


def test_a_second_holder_is_refused_and_told_who_holds_it(stores):
    one, other = stores
    groups = one.groups.all()
    assert not run_lock.is_running(other, groups[0].id)
    with run_lock.hold(one, groups[:1]):
        assert run_lock.is_running(other, groups[0].id)
        assert not run_lock.is_running(other, groups[1].id)
        held = run_lock.hold(other, groups, hint="wait a moment")
        with pytest.raises(Locked, match="group 'a' is being run") as refused, held:
            pass
        assert "wait a moment" in refused.value.hint
        # What it had taken before it was refused is free again.
        assert not run_lock.is_running(other, groups[1].id)
    with run_lock.hold(other, groups):
        pass


def test_whoever_waits_gets_it_when_it_is_free(stores):
    one, other = stores
    groups, said = one.groups.all()[:1], list[str]()
    holding = run_lock.hold(one, groups)
    holding.__enter__()
    timer = threading.Timer(0.4, lambda: holding.__exit__(None, None, None))
    timer.start()
    started = time.monotonic()
    with run_lock.hold(other, groups, wait=20.0, say=said.append):
        assert time.monotonic() - started > 0.2
    timer.join()
    assert len(said) == 1
