"""What a run and its programs say to each other."""

import pytest

from qbatch.domain.payloads import Payload, Source
from qbatch.domain.programs import Question, Report
from qbatch.domain.requests import Request
from qbatch.domain.results import ExpectationValue, ExpectationValues, ResultKind
from qbatch.domain.states import Failure, Status
from qbatch.errors import JobFailed
from qbatch.programs import messages
from qbatch.store.journal import Answer


def test_payloads_and_questions_are_what_they_were():
    payload = Payload(
        hash="h",
        source=Source(format="qpy", body=b"\0\xff binary"),
        parameters=("a",),
        info={"num_qubits": 2},
        name="bell",
        origin="bell",
    )
    assert messages.read_payload(messages.payload_message(payload)) == payload
    reader = messages.RequestReader()
    kind = ResultKind.EXPECTATION_VALUES
    asked = Question(
        payload="h",
        request=Request(kind=kind, observables=("ZZ",), options={"x": 1}),
        values=(0.1, 0.2),
        shots=None,
    )
    first, second = (reader.question(messages.question_message(asked)) for _ in range(2))
    assert first == asked
    assert first.request is second.request


def test_a_step_sends_each_body_once():
    payloads = [_payload("a"), _payload("b")]
    question = Question(payload="b", request=Request(), values=(), shots=10)
    asking = messages.Asking(
        step=3,
        questions=[question],
        payloads=payloads,
        reports=[Report(value=0.5, numbers={"n": 1})],
        records=[("now", 2)],
    )
    message = messages.ask_message(7, asking, {"a"})
    assert [body["hash"] for body in message["payloads"]] == ["b"]
    assert (message["type"], message["program"], message["step"]) == ("ask", 7, 3)
    assert messages.reports_of(message) == [Report(value=0.5, numbers={"n": 1})]
    assert message["records"] == [["now", 2]]


def test_what_is_said_at_the_end_can_be_sent():
    """A lone surrogate in an exception's text is no JSON."""
    failed = messages.failed_message(1, "it said \ud800", Failure.INVALID)
    assert failed["error"] == "it said ?"
    assert messages.done_message(1, [2])["value"] == [2]


def test_a_parked_program_gets_no_answer():
    (reply,) = messages.park_message(4, "cancelled")["replies"]
    assert messages.read_reply(reply).parked
    assert reply["said"] == "cancelled"


def test_an_answer_is_a_result_or_says_whose_failure_it_is():
    asked = Question(
        payload="a",
        request=Request(kind=ResultKind.EXPECTATION_VALUES, observables=("ZZ",)),
        values=(),
        shots=None,
    )
    value = ExpectationValues((ExpectationValue(observable="ZZ", value=0.25),))
    good = Answer(job=1, label="g/1", status=Status.DONE, result=value)
    assert messages.read_answer(messages.answer_message(good, asked)) == value
    lost = Answer(job=2, label="g/2", status=Status.DONE)
    with pytest.raises(JobFailed, match="g/2: its result is gone") as told:
        messages.read_answer(messages.answer_message(lost, asked))
    assert told.value.failure == ""
    bad = Answer(job=3, label="g/3", status=Status.ERROR, failure=Failure.TIMEOUT, error="too late")
    with pytest.raises(JobFailed, match="g/3: too late") as told:
        messages.read_answer(messages.answer_message(bad, asked))
    assert told.value.failure == Failure.TIMEOUT


def _payload(name):
    source = Source(format="qpy", body=name.encode())
    return Payload(hash=name, source=source, parameters=(), info={}, name=name, origin=name)
