"""Who lives in which host, who is answered when, and who is to blame for its end."""

import dataclasses
import time

import pytest

from qbatch.domain.states import Failure
from qbatch.programs.hosts import Hosts
from qbatch.programs.live import Live
from qbatch.programs.wire import pair

from ..results.test_convergence import PROGRAM


class End:
    """A host whose programs the test speaks for."""

    made: list["End"]

    def __init__(self):
        self.connection, self.programs = pair()
        self.made.append(self)

    def has_ended(self):
        return self.connection.closed

    def end(self):
        self.connection.close()

    def heard(self):
        return self.programs.receive(0.2)

    def says(self, message):
        self.programs.send(message)


@pytest.fixture
def ends():
    End.made = []
    yield End.made
    for end in End.made:
        end.connection.close()
        end.programs.close()


def programs(count):
    return [
        Live(dataclasses.replace(PROGRAM, id=n, number=n, steps=0)) for n in range(1, count + 1)
    ]


def hosts(live=(), *, directory=lambda program: "/dir", **more):
    return Hosts(End, directory, load=[one.program for one in live], **more)


def started(end):
    return [p["program"] for m in end.heard() if m["type"] == "start" for p in m["programs"]]


def test_programs_are_spread_over_hosts(ends):
    live = programs(5)
    hosts(live, number=2).start(live)
    assert [started(end) for end in ends] == [[1, 3, 5], [2, 4]]
    assert all(one.computes for one in live)


def test_hosts_load_before_they_start_and_none_is_used_without_need(ends):
    live = programs(2)
    found = hosts(live, number=3)
    assert [m["directory"] for m in ends[1].heard()] == ["/dir"]
    found.start(live)
    assert [started(end) for end in ends] == [[1], [2]]
    found.end()
    assert all(end.connection.closed for end in ends)


def test_each_directory_has_hosts_of_its_own(ends):
    live = programs(3)
    found = hosts(live, directory=lambda program: f"/dir{program.number % 2}", number=5)
    found.start(live)
    assert [started(end) for end in ends] == [[1], [3], [2]]
    for one in live:
        one.stopped_computing()
    ends[2].end()
    found.start(found.lost(live))
    assert started(ends[3]) == [2]


def test_what_comes_from_where_a_program_no_longer_lives_is_not_its(ends):
    live = programs(2)
    found = hosts(live)
    found.start(live)
    found.move(live[1])
    ends[0].says({"program": 2, "payloads": ["still needed"]})
    ends[1].says({"program": 2})
    found.wait(1)
    assert found.receive() == [{"program": None, "payloads": ["still needed"]}, {"program": 2}]


def test_what_programs_say_comes_from_all_hosts(ends):
    live = programs(2)
    found = hosts(live, number=2)
    found.start(live)
    ends[0].says({"program": 1})
    ends[1].says({"program": 2})
    found.wait(1)
    assert sorted(message["program"] for message in found.receive()) == [1, 2]


def test_answers_go_to_the_host_of_the_program(ends):
    live = programs(2)
    found = hosts(live, number=2)
    found.start(live)
    for end in ends:
        end.heard()
    replies = [{"program": n, "answers": [{"x": n}]} for n in (1, 2)]
    found.reply(list(zip(live, replies, strict=True)))
    for end, reply in zip(ends, replies, strict=True):
        assert end.heard() == [{"type": "reply", "replies": [reply]}]
    assert found.computing == set(live)


def test_after_a_loss_one_computes_at_a_time_and_is_known(ends):
    found, live = hosts(), programs(3)
    found.start(live)
    ends[0].end()
    assert found.failed(live) == []  # nobody knows which of three it was
    assert found.lost(live) == live
    for losses in range(2):
        for one in live:
            one.restart()
        found.start(live)
        end = ends[-1]
        assert started(end) == [1]
        assert [one.computes for one in live] == [True, False, False]
        live[0].stopped_computing()
        found.yielded(live[0])
        assert started(end) == [2]
        end.end()
        blamed = found.failed(live)
        assert [one.program.id for one, _, _ in blamed] == ([2] if losses else [])
        if not losses:
            assert found.lost(live) == live
    (_, failure, said) = blamed[0]
    assert failure is Failure.LOST
    assert "twice" in said


def test_one_that_takes_too_long_is_ended_with_its_host(ends):
    found, live = hosts(step_timeout=0.02), programs(2)
    found.start(live)
    live[1].stopped_computing()
    assert found.failed(live) == []
    time.sleep(0.03)
    ((one, failure, said),) = found.failed(live)
    assert (one, failure) == (live[0], Failure.TIMEOUT)
    assert "0.02 s" in said
    found.forget(one)
    assert found.lost([live[1]]) == [live[1]]


def test_of_two_that_take_too_long_nobody_is_blamed_yet(ends):
    found, live = hosts(step_timeout=0.01), programs(2)
    found.start(live)
    time.sleep(0.02)
    assert found.failed(live) == []
    assert found.lost(live) == live


def test_a_host_without_programs_is_ended(ends):
    found, live = hosts(), programs(2)
    found.start(live)
    found.forget(live[0])
    assert not ends[0].connection.closed
    found.forget(live[1])
    assert ends[0].connection.closed


def test_one_that_holds_the_others_up_gets_a_host_of_its_own(ends):
    found, live = hosts(), programs(4)
    found.start(live)
    for one in live:
        one.stopped_computing()
        one.last_seconds = one.spent = 0.01
    assert not any(map(found.is_in_the_way, live))
    live[2].last_seconds = 0.5
    assert [found.is_in_the_way(one) for one in live] == [False, False, True, False]
    ends[0].heard()
    found.move(live[2])
    assert ends[0].heard()[0]["replies"][0]["parked"]
    assert started(ends[1]) == [3]
    live[2].last_seconds = 0.5
    assert not found.is_in_the_way(live[2])  # it is alone now
    found.reply([(live[2], {"program": 3})])
    assert ends[1].heard() == [{"type": "reply", "replies": [{"program": 3}]}]


def test_one_that_would_compute_too_much_again_is_left_where_it_is(ends):
    found, live = hosts(), programs(3)
    found.start(live)
    for one in live:
        one.last_seconds = 0.01
    live[0].last_seconds, live[0].spent = 0.5, 60.0
    assert not found.is_in_the_way(live[0])
