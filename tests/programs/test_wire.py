"""Messages between a run and what hosts its programs."""

import threading

import pytest

from qbatch.domain.payloads import Payload, Source
from qbatch.domain.programs import Question
from qbatch.domain.requests import Request
from qbatch.domain.results import ResultKind
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


def test_payloads_and_questions_are_what_they_were():
    payload = Payload(
        hash="h",
        source=Source(format="qpy", body=b"\0\xff binary"),
        parameters=("a",),
        info={"num_qubits": 2},
        name="bell",
        origin="bell",
    )
    assert wire.read_payload(wire.payload_message(payload)) == payload
    reader = wire.RequestReader()
    kind = ResultKind.EXPECTATION_VALUES
    asked = Question(
        payload="h",
        request=Request(kind=kind, observables=("ZZ",), options={"x": 1}),
        values=(0.1, 0.2),
        shots=None,
    )
    first, second = (reader.question(wire.question_message(asked)) for _ in range(2))
    assert first == asked
    assert first.request is second.request
