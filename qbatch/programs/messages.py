"""What a run and its programs say to each other, as objects and as JSON messages."""

from __future__ import annotations

import base64
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

from qbatch.domain.payloads import Payload, Source
from qbatch.domain.programs import Question, Report
from qbatch.domain.requests import Request
from qbatch.domain.results import Result, ResultKind, read_stored, stored
from qbatch.domain.states import Failure
from qbatch.errors import JobFailed
from qbatch.programs.wire import Message

if TYPE_CHECKING:
    from qbatch.store.journal import Answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """A step on its way to the run."""

    step: int
    questions: Sequence[Question]
    payloads: Sequence[Payload]
    reports: Sequence[Report] = ()
    records: Sequence[tuple[str, Any]] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What the run answers: an object for each question, and what the next step recorded.

    Attributes:
        recorded: None where the next step was never asked.
        parked: there is no answer: the program's thread ends.
    """

    answers: Sequence[Mapping[str, Any]] = ()
    recorded: Sequence[tuple[str, Any]] | None = None
    parked: bool = False


def payload_message(payload: Payload) -> Message:
    """A payload as a message holds it."""
    return {
        "hash": payload.hash,
        "kind": payload.source.kind,
        "format": payload.source.format,
        "body": base64.b64encode(payload.source.body).decode(),
        "parameters": list(payload.parameters),
        "info": dict(payload.info),
        "name": payload.name,
    }


def read_payload(message: Message) -> Payload:
    """The payload that `payload_message` made a message of."""
    body = base64.b64decode(message["body"])
    return Payload(
        hash=message["hash"],
        source=Source(kind=message["kind"], format=message["format"], body=body),
        parameters=tuple(message["parameters"]),
        info=message["info"],
        name=message["name"],
        origin=message["name"],
    )


class RequestReader:
    """Reads questions; what many share of them is read once."""

    def __init__(self) -> None:
        self._requests: dict[bytes, Request] = {}

    def question(self, message: list[Any]) -> Question:
        """The question that `question_message` made a list of."""
        payload, asked, values, shots = message
        mark = orjson.dumps(asked)
        request = self._requests.get(mark)
        if request is None:
            kind, observables, options = asked
            request = Request(
                kind=ResultKind(kind), observables=tuple(observables), options=options
            )
            self._requests[mark] = request
        return Question(payload=payload, request=request, values=tuple(values), shots=shots)


def ask_message(program: int, asking: Asking, sent: Collection[str] = ()) -> Message:
    """A step that a program asks.

    Args:
        sent: payloads whose bodies are over already.
    """
    new = [payload for payload in asking.payloads if payload.hash not in sent]
    return {
        "type": "ask",
        "program": program,
        "step": asking.step,
        "payloads": [payload_message(payload) for payload in new],
        "questions": [question_message(question) for question in asking.questions],
        **said_message(asking.reports, asking.records),
    }


def said_message(
    reports: Sequence[Report] = (), records: Sequence[tuple[str, Any]] = ()
) -> Message:
    """What was reported and recorded, as part of a message."""
    return {
        "reports": [[report.value, dict(report.numbers)] for report in reports],
        "records": [list(pair) for pair in records],
    }


def done_message(
    program: int,
    value: Any,
    reports: Sequence[Report] = (),
    records: Sequence[tuple[str, Any]] = (),
) -> Message:
    """How a program ended well, with what it returned."""
    found = {"type": "done", "program": program, "value": value}
    return {**found, **said_message(reports, records)}


def failed_message(
    program: int,
    said: str,
    failure: Failure,
    reports: Sequence[Report] = (),
    records: Sequence[tuple[str, Any]] = (),
) -> Message:
    """How a program failed."""
    error = said.encode("utf-8", "replace").decode()
    found = {"type": "failed", "program": program, "failure": failure.value, "error": error}
    return {**found, **said_message(reports, records)}


def park_message(program: int, said: str = "") -> Message:
    """There is no answer to a step; why, where a script asked."""
    reply = {"program": program, "answers": [], "recorded": None, "parked": True, "said": said}
    return {"type": "reply", "replies": [reply]}


def read_reply(message: Message) -> Reply:
    """The answer to a step from its message."""
    recorded = message["recorded"]
    return Reply(
        answers=message["answers"],
        recorded=None if recorded is None else [(str(name), value) for name, value in recorded],
        parked=message["parked"],
    )


def read_answer(answer: Mapping[str, Any]) -> Result:
    """The result that an answer holds.

    Raises:
        JobFailed: the job did not end well; says which, and why.
    """
    if "error" in answer:
        said = f"{answer['job']}: {answer['error']}"
        raise JobFailed(said, job=answer["job"], failure=answer["failure"] or "")
    found = read_stored(answer["result"], tuple(answer["observables"]))
    assert found is not None
    return found


def question_message(asked: Question) -> list[Any]:
    """A question as a message holds it."""
    request = asked.request
    told = [request.kind.value, list(request.observables), dict(request.options)]
    return [asked.payload, told, list(asked.values), asked.shots]


def reports_of(message: Message) -> list[Report]:
    """What a program has reported, from its message."""
    return [Report(value=value, numbers=numbers) for value, numbers in message["reports"]]


def answer_message(answer: Answer, question: Question) -> Message:
    """What became of a job, as its program is told."""
    if answer.result is None:
        error = answer.error or f"its result is gone ({answer.status.value})"
        return {"job": answer.label, "failure": answer.failure, "error": error}
    return {"result": stored(answer.result), "observables": list(question.request.observables)}
