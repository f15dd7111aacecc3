"""What the live view shows of groups, and what keys do to it."""

import io
from types import SimpleNamespace

import pytest
from rich.console import Console

from qbatch.api.watching import Look
from qbatch.cli.live_view import Act, View
from qbatch.domain.batches import Usage
from qbatch.domain.groups import Group
from qbatch.domain.history import Cause
from qbatch.domain.states import Failure, GroupState, Status


def job(group, number, status=Status.ERROR, error="it broke"):
    return SimpleNamespace(
        group=group, number=number, status=status, name="bell", parameters={},
        failure=Failure.INVALID if error else None, error=error,
    )  # fmt: skip


def look(name="scan", jobs=(), *, running=True, number=1, **counts):
    group = Group(
        id=number, name=name, state=GroupState.OPEN, backend=None, created_at=0.0,
        counts={Status(word): count for word, count in counts.items()},
    )  # fmt: skip
    cause = Cause(
        status=Status.ERROR, failure=Failure.INVALID, error="it\x1b[2J broke", jobs=2, first=7
    )
    return Look(
        group=group, is_running=running, batches=(), jobs=jobs, programs=None,
        runner={"pid": 42, "host": "here", "since": 0.0} if running else None,
        causes=[cause] if counts.get("error") else [],
        usage=[Usage(seconds=1.5, price=0.25, currency="EUR")],
    )  # fmt: skip


def shown(view, width=100, height=24):
    stream = io.StringIO()
    console = Console(file=stream, width=width, height=height, force_terminal=False)
    console.print(view.shown(width, height))
    return stream.getvalue()


def viewed(*looks):
    view = View()
    view.take(looks, 0.0)
    return view


FAILED = [job("scan", 7), job("scan", 9, Status.RUNNING, None)]


def test_it_shows_jobs_runs_failures_and_spending():
    view = viewed(look(jobs=FAILED, done=50, running=3, error=2, unsent=42))
    text = shown(view)
    for word in ("scan", "97", "50", "EUR", "run by process 42 on here", "2 jobs error",
                 "> scan/7", "scan/9", "q leave"):  # fmt: skip
        assert word in text, word
    assert "\x1b[2J" not in text


def test_a_rate_is_what_ended_in_a_while():
    view = View()
    for second in range(30):
        view.take([look(done=2 * second, unsent=100 - 2 * second)], float(second))
    text = shown(view)
    assert "2/s" in text
    assert "21 s" in text  # 42 jobs are left
    stopped = View()
    stopped.take([look(done=5, unsent=5, running=False)], 0.0)
    assert "/s" not in shown(stopped)


def test_keys_choose_and_ask():
    view = viewed(look(jobs=FAILED, done=1, error=1))
    assert view.job == "scan/7"
    assert view.press("down") is None
    assert view.job == "scan/9"
    assert view.press("down") is None
    assert view.job == "scan/9"
    assert view.press("w") == Act("why", "scan/9")
    assert view.is_busy
    assert view.press("up") == Act("why", "scan/7")
    assert view.press("escape") is None
    assert not view.is_busy
    assert view.press("q") == Act("leave")


def test_nothing_is_cancelled_without_a_yes():
    view = viewed(look(jobs=FAILED, error=1))
    for key in ("n", "enter", "escape", "q", "c", "Y"):
        assert view.press("c") is None
        assert "cancel scan/7? y" in shown(view)
        assert view.press(key) is None
        assert "scan/7 was not cancelled" in shown(view)
    view.press("c")
    assert view.press("y") == Act("cancel", "scan/7")


def test_what_was_chosen_is_cancelled_though_the_list_has_moved():
    view = viewed(look(jobs=FAILED, error=1))
    view.press("down")
    view.press("c")
    view.take([look(jobs=[job("scan", 3), *FAILED], error=2)], 1.0)
    assert view.job == "scan/9"
    assert view.press("y") == Act("cancel", "scan/9")


def test_a_job_is_typed():
    view = viewed(look(jobs=FAILED, error=1))
    for key in "/":
        view.press(key)
    for key in ("1", "2", "x", "backspace", "é"):
        assert view.press(key) is None
    view.press("backspace")
    assert view.press("enter") == Act("why", "scan/12")
    assert view.press("c") is None
    assert view.press("y") == Act("cancel", "scan/12")
    several = viewed(look(), look("other", number=2))
    several.press("/")
    for key in "q/1":
        several.press(key)
    assert several.press("enter") == Act("why", "q/1")
    nothing = viewed(look())
    nothing.press("/")
    assert nothing.press("escape") is None
    assert nothing.press("enter") is None


def test_without_jobs_there_is_nothing_to_choose():
    view = viewed(look(done=3))
    assert view.press("w") is None
    assert view.press("c") is None
    assert "no job to choose here" in shown(view)
    assert view.press("down") is None


@pytest.mark.parametrize("height", [10, 24, 60])
@pytest.mark.parametrize("width", [40, 80, 200])
def test_it_fits(width, height):
    jobs = [job("scan", n, error="x" * 300) for n in range(50)]
    groups = [look(f"group{n}", number=n + 2, done=1, running=False) for n in range(30)]
    view = viewed(look(jobs=jobs, error=50, done=3), *groups)
    for _ in range(20):
        view.press("down")
    lines = shown(view, width, height).splitlines()
    assert max(map(len, lines)) <= width
    if height >= 24:
        assert len(lines) <= height
        assert any("> scan/20" in line for line in lines)
        assert "scan " in lines[2]  # the one that is run comes first
        assert any("groups more" in line for line in lines)
