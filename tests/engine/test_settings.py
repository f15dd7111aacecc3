"""Settings of a run that decide."""

from qbatch.engine.settings import RunSettings


def test_too_many_failures():
    assert not RunSettings().too_many_failures(99, 100)
    few = RunSettings(max_failures=2)
    assert [few.too_many_failures(n, 100) for n in (0, 1, 2, 3)] == [False, False, True, True]
    share = RunSettings(max_failures=0.05)
    assert [share.too_many_failures(n, 100) for n in (0, 4, 5)] == [False, False, True]
