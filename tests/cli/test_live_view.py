"""What the live view shows of groups, and what keys do to it."""

import dataclasses
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
    assert view.press("p") == Act("why", "scan/7")
    assert view.press("n") == Act("why", "scan/9")
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


@pytest.mark.parametrize("typed", ["all", "1-9", "last", "nobody", "x/", "7 8"])
def test_what_names_no_one_job_is_not_asked_for(typed):
    view = viewed(look(jobs=FAILED, error=1))
    for key in f"/{typed}":
        view.press(key)
    assert view.press("enter") is None
    assert "names no one job" in shown(view)
    assert not view.is_busy


def test_what_is_read_is_wrapped_and_scrolled():
    view = viewed(look(jobs=FAILED, error=1))
    view.press("w")
    view.text = [f"line {n} " + "word " * 30 for n in range(40)]
    text = shown(view, 60, 20)
    assert "line 0" in text
    assert "line 39" not in text
    assert max(map(len, text.splitlines())) <= 60
    for _ in range(500):
        view.press("down")
    assert view.job == "scan/7"  # it stays the one that is read about
    assert "line 39" in shown(view, 60, 20)
    view.press("page up")
    assert "line 36" in shown(view, 60, 20)
    assert "line 39" not in shown(view, 60, 20)


@pytest.mark.parametrize(("width", "height"), [(39, 24), (80, 9), (10, 3)])
def test_nothing_is_cancelled_where_the_question_would_not_be_seen(width, height):
    view = viewed(look(jobs=FAILED, error=1))
    assert "needs 40 x 10" in " ".join(shown(view, width, height).split())
    assert view.press("c") is None
    assert view.press("y") is None
    assert view.press("q") == Act("leave")


def test_a_picture_hides_the_list_and_nothing_of_it_is_meant():
    programs = SimpleNamespace(counts={"running": 1}, rounds=3, best=None)
    view = viewed(dataclasses.replace(look(jobs=FAILED, error=1), programs=programs))
    assert view.reading == Act("picture", "scan")
    assert "> scan/7" in shown(view)  # there is nothing to draw yet
    view.text = ["a picture"]
    assert "> scan/7" not in shown(view)
    assert "escape jobs" in shown(view)
    assert view.press("c") is None
    assert "cancel" not in shown(view).splitlines()[-1].partition("c cancel")[0]
    assert "> scan/7" in shown(view)
    view.press("c")
    assert "cancel scan/7? y" in shown(view)


def test_a_service_cannot_write_into_the_terminal():
    batch = SimpleNamespace(
        id=1, backend="far\x1b[5;1H", remote_id="b1\x1b]0;x\x07", created_at=0.0,
        state="submitted", jobs_in_group=1,
    )  # fmt: skip
    spent = Usage(seconds=1.0, price=1.0, currency="E\x1b[2J")
    view = viewed(dataclasses.replace(look(), batches=[batch], usage=[spent]))
    assert "\x1b" not in shown(view)
    view.press("/")
    for key in "1":
        view.press(key)
    view.press("enter")
    view.text = ["as b1\x1b]0;x\x07"]
    assert "\x1b" not in shown(view)
    assert "\\x1b]0;x" in shown(view)


def test_what_is_not_listed_is_counted():
    view = viewed(look(jobs=FAILED[:1], error=70))
    assert "(69 more are not listed" in shown(view)


@pytest.mark.parametrize("height", [10, 24, 60])
@pytest.mark.parametrize("width", [40, 80, 200])
def test_it_fits_and_its_last_line_is_the_question(width, height):
    jobs = [job("scan", n, error="x" * 300) for n in range(50)]
    groups = [
        look(f"group{n}", [job(f"group{n}", 1)], number=n + 2, done=1, error=1, running=False)
        for n in range(30)
    ]
    view = viewed(*groups, look(jobs=jobs, error=50, done=3))
    for _ in range(50):
        view.press("down")
    view.press("c")
    lines = shown(view, width, height).splitlines()
    assert max(map(len, lines)) <= width
    assert len(lines) <= height
    assert lines[-1].startswith(f"cancel {view.job}? y"[:width])
    assert any(f"> {view.job} " in line for line in lines)
    assert lines[2].startswith("scan ")  # the one that is run comes first
    assert any("groups more" in line or "lines more" in line for line in lines)
