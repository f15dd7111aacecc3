"""How programs converge, as a picture."""

import dataclasses
import io

import pytest

from qbatch import UsageError
from qbatch.domain.programs import Program, ProgramSettings, Report
from qbatch.domain.states import ProgramStatus
from qbatch.results import figures
from qbatch.results.convergence import convergence
from qbatch.results.terminal import text

PROGRAM = Program(
    name="solve", reference="vqe.py:solve", arguments={}, seed=1, settings=ProgramSettings(),
    id=1, group_id=1, group="g", number=1, source="", environment={}, accepted=True,
    status=ProgramStatus.RUNNING, value=None, failure=None, error=None, best=None, steps=3,
    created_at=0.0, finished_at=None,
)  # fmt: skip


def programs(count):
    return [dataclasses.replace(PROGRAM, id=n, number=n) for n in range(1, count + 1)]


def curve(*values):
    return [(step, Report(value=value)) for step, value in enumerate(values)]


def test_a_line_is_the_best_so_far():
    found = convergence("g", programs(2), {1: curve(3, 1, 2), 2: curve(0.5)})
    first, second = found.lines
    assert (list(first.x), list(first.y)) == ([1, 2, 3], [3, 1, 1])
    assert (first.label, second.label) == ("p1", "p2")
    assert found.title == "g: 2 programs"


def test_of_many_only_the_best_is_named_and_all_are_drawn():
    curves = {n: curve(1, 1 / n) for n in range(1, 13)}
    found = convergence("g", programs(12), curves)
    assert len(found.lines) == 12
    assert [line.label for line in found.lines if line.label] == ["p12, the best"]
    shown = text(found, width=60, height=8)
    assert "p12, the best" in shown
    drawn = io.BytesIO()
    figures.draw(found, drawn, "svg")
    assert drawn.getvalue().count(b"p12, the best") == 1


def test_those_without_a_value_are_counted():
    found = convergence("g", programs(3), {2: curve(1)})
    assert found.title == "g: 1 program (2 without a value yet)"


def test_no_value_is_no_picture():
    with pytest.raises(UsageError, match="no program of 'g' has reported"):
        convergence("g", programs(2), {})


def test_a_very_long_line_keeps_its_last_point():
    found = convergence("g", programs(1), {1: curve(*(1 / (n + 1) for n in range(9_999)))})
    (line,) = found.lines
    assert len(line.x) < 3_000
    assert (line.x[-1], line.y[-1]) == (9_999, 1 / 9_999)
