"""A program where it runs, as a thread or a generator."""

import queue
import time
from typing import cast

import pytest

from qbatch import Evaluation, JobFailed, threads
from qbatch.programs.hosted import Hosted, Sender, Works, told
from qbatch.programs.messages import Reply
from qbatch.programs.wire import Connection, Message

from .conftest import CIRCUIT

START = {"program": 1, "number": 1, "arguments": {}, "seed": 3, "shots": None, "recorded": None}
VALUE = {"result": {"values": [[0.5, None]]}, "observables": ["Z"]}
ASKED = Evaluation(circuit=CIRCUIT, parameters=[0.1], observables="Z")


class Place:
    """Where programs run here, and what they said."""

    def __init__(self):
        self.said: queue.SimpleQueue[Message] = queue.SimpleQueue()
        self.works: Works = queue.SimpleQueue()
        self.ended: list[int] = []
        self.turns = 0
        self.sender = Sender(cast("Connection", self), self.yielded)

    def send(self, message):
        self.said.put(message)

    def yielded(self):
        self.turns += 1

    def start(self, function, **more):
        hosted = Hosted(self.sender, {**START, **more}, self.works, self.ended.append)
        hosted.start(function)
        return hosted

    def work(self):
        """Whatever lies before the one thread of generators."""
        while not self.works.empty():
            self.works.get()()

    def heard(self):
        return self.said.get(timeout=5)


@pytest.fixture
def place():
    return Place()


def asks(ctx):
    return ctx.evaluate([ASKED])[0].value


def yields(ctx):
    found = yield [ASKED]
    return found[0].value


@pytest.mark.parametrize("function", [asks, yields])
def test_it_asks_is_answered_and_ends(place, function):
    hosted = place.start(function)
    place.work()
    asked = place.heard()
    assert (asked["type"], asked["step"], len(asked["payloads"])) == ("ask", 0, 1)
    hosted.reply(Reply(answers=[VALUE]))
    place.work()
    done = place.heard()
    assert (done["type"], done["value"]) == ("done", 0.5)


@pytest.mark.parametrize("function", [asks, yields])
def test_a_parked_one_says_nothing_and_hands_on_its_turn(place, function):
    hosted = place.start(function)
    place.work()
    place.heard()
    turns = place.turns
    hosted.reply(Reply(parked=True))
    place.work()
    for _ in range(500):
        if place.ended:
            break
        time.sleep(0.01)
    assert place.said.empty()
    assert place.turns == turns + 1
    assert place.ended == [1]


def test_a_generator_is_told_where_it_asked(place):
    """What it asks for cannot be; and a job of it failed: both are raised at the yield."""

    def careful(ctx):
        said = []
        try:
            yield [Evaluation(circuit="no circuit", parameters=[], observables="Z")]
        except Exception as error:
            said.append(type(error).__name__)
        try:
            yield [ASKED]
        except JobFailed as error:
            said.append(error.job)
        return said

    hosted = place.start(careful)
    place.work()
    assert place.heard()["step"] == 0
    hosted.reply(Reply(answers=[{"job": "g/1", "error": "broken", "failure": "backend"}]))
    place.work()
    value = place.heard()["value"]
    assert len(value) == 2
    assert value[1] == "g/1"


def test_a_generator_with_another_signature_fails_by_its_own(place):
    def wrong(ctx, needed):
        yield [ASKED]

    place.start(wrong)
    place.work()
    failed = place.heard()
    assert failed["type"] == "failed"
    assert "needed" in failed["error"]


def test_the_thread_that_the_system_refuses_is_told(place, monkeypatch):
    def refuse(*_):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threads, "call", refuse)
    place.start(asks)
    place.work()
    assert "it got no thread" in place.heard()["error"]


def test_a_body_goes_over_once(place):
    first = place.start(asks)
    assert len(place.heard()["payloads"]) == 1
    second = place.start(asks, program=2, number=2)
    assert place.heard()["payloads"] == []
    for hosted in (first, second):
        hosted.reply(Reply(parked=True))


def test_an_error_says_where_the_users_code_was():
    def broken():
        raise ValueError("on purpose")

    with pytest.raises(ValueError, match="on purpose") as found:
        broken()
    assert told(found.value).startswith("ValueError: on purpose (test_hosted.py:")

    class Unspeakable(Exception):
        def __str__(self):
            raise KeyError

    assert told(Unspeakable()) == "Unspeakable"
