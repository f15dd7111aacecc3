"""What is printed is never held whole: JSON piece by piece, tables from a file."""

import json

import pytest

from qbatch.cli import output
from qbatch.errors import UsageError


@pytest.mark.parametrize("number", [0, 1, 2, 30_000])
def test_a_list_that_is_made_while_it_is_printed_looks_like_any_other(capsys, number):
    items = [{"a": place, "b": [place]} for place in range(number)]
    output.print_json("rows", output.JsonList(iter(items)), more=1)
    streamed = capsys.readouterr().out
    output.print_json("rows", items, more=1)
    assert streamed == capsys.readouterr().out
    assert json.loads(streamed) == {"schema": 1, "more": 1, "rows": items}


def test_what_fails_late_prints_nothing(capsys):
    def items():
        yield from range(50_000)
        raise UsageError("the last one is damaged")

    with pytest.raises(UsageError):
        output.print_json("rows", output.JsonList(items()))
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("number", [0, 1, 2_000])
def test_a_table_is_as_wide_as_its_widest_cell(capsys, number):
    output.table(
        ["n", "text"], ([place, "x" * (place % 7)] for place in range(number)), right=["n"]
    )
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == number + 1
    width = len(str(number - 1)) if number else 1
    assert lines[1:] == [
        f"{place:>{width}}  {'x' * (place % 7)}".rstrip() for place in range(number)
    ]


def test_a_terminal_gets_the_first_rows_and_is_told_of_the_others(capsys, monkeypatch):
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    output.table(["n"], ([place] for place in range(1_000)))
    told = capsys.readouterr()
    assert "199" in told.out
    assert "200" not in told.out
    assert "800 more" in told.err


@pytest.mark.parametrize("terminal", [False, True])
def test_a_table_without_rows_says_so(capsys, monkeypatch, terminal):
    monkeypatch.setattr("sys.stdout.isatty", lambda: terminal, raising=False)
    assert not output.table(["n"], iter(()), if_any=True)
    assert capsys.readouterr().out == ""
    assert not output.table(["n"], iter(()))
    assert "n" in capsys.readouterr().out
    assert output.table(["n"], iter([[1]]), if_any=True)
    assert "1" in capsys.readouterr().out
