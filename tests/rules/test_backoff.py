"""Pauses between tries: longer each time, with a limit, and never shorter than is asked."""

import pytest

from qbatch.rules.backoff import backoff


@pytest.fixture
def even(monkeypatch):
    """Without chance: the middle of what may come."""
    monkeypatch.setattr("qbatch.rules.backoff.random.uniform", lambda low, high: (low + high) / 2)


def test_pauses_double_from_half_a_second_up_to_a_minute(even):
    assert [backoff(tries) for tries in (1, 2, 3, 4)] == [0.5, 1.0, 2.0, 4.0]
    assert backoff(0) == 0.5
    assert backoff(30) == backoff(300) == 60.0


def test_a_service_that_says_when_is_obeyed_up_to_an_hour(even):
    assert backoff(1, 100.0) == 100.0
    assert backoff(5, 1.0) == 8.0
    assert backoff(1, 1e9) == 3600.0
    for odd in (float("nan"), float("inf"), 0.0, -5.0):
        assert backoff(1, odd) == 0.5


def test_chance_keeps_clients_apart():
    found = {backoff(5) for _ in range(50)}
    assert len(found) > 1
    assert all(4.0 <= pause <= 12.0 for pause in found)
