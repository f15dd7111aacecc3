"""What goes over the pipe of a child process, and what its main thread does."""

import io

import pytest

from qbatch.errors import InvalidCircuit
from qbatch.execution import child


def test_values_come_as_they_were_sent():
    stream = io.BytesIO()
    for value in ({"a": 1}, b"x" * 100_000, None, [1.5]):
        child.send(stream, value)
    stream.seek(0)
    assert child.receive(stream) == {"a": 1}
    assert len(child.receive(stream)) == 100_000
    assert child.receive(stream) is None
    assert child.receive(stream) == [1.5]
    with pytest.raises(EOFError):
        child.receive(stream)


def test_half_a_value_is_the_end():
    stream = io.BytesIO()
    child.send(stream, "whole")
    with pytest.raises(EOFError):
        child.receive(io.BytesIO(stream.getvalue()[:-1]))


def test_outside_of_a_child_whoever_asks_does_it():
    assert not child.is_here()
    assert child.on_main_thread(lambda: 7) == 7


@pytest.mark.parametrize(
    ("function", "well", "said"),
    [
        (lambda: 3, True, "3"),
        (lambda: 1 / 0, False, "RuntimeError('ZeroDivisionError: division by zero')"),
    ],
)
def test_answers(function, well, said):
    assert (lambda found: (found[0], repr(found[1])))(child._answer(function, (), {})) == (
        well,
        said,
    )


def test_own_errors_stay_what_they_are():
    def refuses():
        raise InvalidCircuit("no")

    well, error = child._answer(refuses, (), {})
    assert not well
    assert isinstance(error, InvalidCircuit)


def test_whatever_ends_a_call_is_an_answer():
    def leaves():
        raise SystemExit(3)

    assert child._answer(leaves, (), {})[0] is False
