"""Messages between a run and what hosts its programs."""

import threading

import pytest

from qbatch.programs import wire


@pytest.fixture
def ends():
    found = wire.pair()
    yield found
    for end in found:
        end.close()


def test_messages_come_whole_and_in_order(ends):
    one, other = ends
    messages = [{"number": number, "text": "ä" * number} for number in range(0, 3000, 100)]

    def send():
        for message in messages:
            one.send(message)
        one.close()

    threading.Thread(target=send).start()
    found = []
    while not other.closed:
        found += other.receive(10)
    assert found == messages
    assert other.receive(0) == []


def test_nothing_comes_in_time(ends):
    _, other = ends
    assert other.receive(0.01) == []
    assert not other.closed


def test_an_end_that_has_gone_is_told(ends):
    one, other = ends
    other.close()
    with pytest.raises(BrokenPipeError):
        one.send({"text": "x" * 100_000})


def test_numbers_keep_every_bit(ends):
    one, other = ends
    numbers = [0.1 + 0.2, 1e-300, 2.0**-52, 1 / 3]
    one.send({"numbers": numbers})
    assert other.receive(1)[0]["numbers"] == numbers
