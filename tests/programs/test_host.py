"""What hosts programs, spoken to as a run does."""

import sys
import threading

import pytest

from qbatch.programs import host
from qbatch.programs.wire import pair

from .conftest import PROGRAMS


class Run:
    """The run's end, and where its programs lie."""

    def __init__(self, connection, directory):
        self.send, self.receive = connection.send, connection.receive
        self.directory = directory


@pytest.fixture
def run(tmp_path, monkeypatch):
    """The run's end of a host that serves in a thread."""
    (tmp_path / "hosted_programs.py").write_text(PROGRAMS)
    monkeypatch.setattr(sys, "path", list(sys.path))
    own, theirs = pair()
    thread = threading.Thread(target=host.Host(theirs).serve, daemon=True)
    thread.start()
    yield Run(own, str(tmp_path))
    own.close()
    thread.join(5)
    assert not thread.is_alive()
    theirs.close()
    sys.modules.pop("hosted_programs", None)


def start(run, function, *, program=1, recorded=None, arguments=None):
    run.send(
        {
            "type": "start",
            "programs": [
                {
                    "program": program,
                    "number": program,
                    "reference": f"hosted_programs.py:{function}",
                    "directory": run.directory,
                    "arguments": arguments or {},
                    "seed": 3,
                    "shots": None,
                    "recorded": recorded,
                }
            ],
        }
    )


def reply(run, answers, *, program=1, recorded=None, parked=False):
    found = {"program": program, "answers": answers, "recorded": recorded, "parked": parked}
    run.send({"type": "reply", "replies": [found]})


def heard(run):
    (message,) = run.receive(5)
    return message


VALUE = {"result": {"values": [[0.5, None]]}, "observables": ["Z"]}


def test_a_program_asks_until_it_ends(run):
    start(run, "walk", arguments={"rounds": 2})
    first = heard(run)
    assert (first["type"], first["step"], len(first["payloads"])) == ("ask", 0, 1)
    reply(run, [VALUE])
    second = heard(run)
    assert (second["step"], second["payloads"], second["reports"]) == (1, [], [[0.5, {}]])
    reply(run, [VALUE])
    done = heard(run)
    assert (done["type"], done["program"], done["reports"]) == ("done", 1, [[0.5, {}]])
    assert set(done["value"]) == {"x"}


def test_programs_wake_one_after_another(run):
    for program in range(1, 6):
        start(run, "walk", program=program)
    asked: list[int] = []
    while len(asked) < 5:
        asked += [message["program"] for message in run.receive(5)]
    assert sorted(asked) == [1, 2, 3, 4, 5]


def test_a_generator_asks_as_a_thread_does(run):
    start(run, "generated", arguments={"rounds": 2})
    assert len(heard(run)["questions"]) == 2
    reply(run, [VALUE, VALUE])
    assert heard(run)["step"] == 1
    reply(run, [{"job": "g/1", "error": "broken", "failure": "backend"}] * 2)
    done = heard(run)
    assert (done["type"], done["value"]) == ("done", [0.5, 1])


def test_what_a_program_raises_is_told_with_its_place(run):
    start(run, "mixed", arguments={"k": 1})
    for _ in range(3):
        heard(run)
        reply(run, [VALUE])
    failed = heard(run)
    assert failed["type"] == "failed"
    assert failed["error"].startswith("ValueError: broken on purpose (hosted_programs.py:")
    assert failed["failure"] == "invalid"


def test_a_failed_job_gives_its_failure_to_the_program(run):
    start(run, "walk")
    heard(run)
    reply(run, [{"job": "g/1", "error": "too late", "failure": "timeout"}])
    failed = heard(run)
    assert failed["error"].startswith("g/1: too late")
    assert failed["failure"] == "timeout"


def test_a_parked_program_says_nothing_more(run):
    start(run, "walk")
    heard(run)
    reply(run, [], parked=True)
    assert run.receive(0.1) == []


def test_what_was_recorded_is_replayed(run):
    start(run, "clocked", recorded=[["now", 0.25]])
    first = heard(run)
    assert first["questions"][0][2] == [0.25]
    assert first["records"] == [["now", 0.25]]


def test_other_records_at_a_replay_are_a_failure(run):
    start(run, "clocked", recorded=[["then", 0.25]])
    assert heard(run)["error"] == "it recorded 'then' before, now 'now'"


@pytest.mark.parametrize("function", ["none", "nonsense.py"])
def test_what_cannot_be_loaded_fails(run, function):
    start(run, function)
    assert heard(run)["type"] == "failed"


def test_a_program_is_checked_without_being_run(run):
    check = {"type": "check", "reference": "hosted_programs.py:walk", "directory": run.directory}
    run.send({**check, "arguments": [{"x": 1}, {"x": 2, "rounds": 3}]})
    (file,) = heard(run)["files"]
    assert file.endswith("hosted_programs.py")
    run.send({**check, "arguments": [{"y": 1}]})
    assert "cannot be called" in heard(run)["error"]
