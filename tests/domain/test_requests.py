"""A request is the same whoever wrote it, and comes back from what is stored of it."""

import pytest

from qbatch.domain.requests import Request, read_request
from qbatch.domain.results import ResultKind

VALUES = Request(kind=ResultKind.EXPECTATION_VALUES, observables=("ZZ", "XX"))


@pytest.mark.parametrize(
    "request_",
    [Request(), VALUES, Request(options={"measure_all": True, "b": [1, "ä"]})],
)
def test_it_comes_back_from_its_text(request_):
    again = read_request(request_.kind.value, request_.spec())
    assert again == request_
    assert again.hash() == request_.hash()
    assert hash(again) == hash(request_)


def test_what_is_off_is_not_part_of_it_and_order_does_not_matter():
    assert Request(options={"a": False, "b": None}).spec() == "{}"
    one, other = Request(options={"a": 1, "b": 2}), Request(options={"b": 2, "a": 1})
    assert one.text() == other.text() == 'counts {"a":1,"b":2}'


def test_different_questions_have_different_names():
    found = {
        Request().hash(),
        VALUES.hash(),
        Request(kind=ResultKind.EXPECTATION_VALUES, observables=("XX", "ZZ")).hash(),
        Request(options={"measure_all": True}).hash(),
        Request(kind=ResultKind.PROBABILITIES).hash(),
    }
    assert len(found) == 5
    assert Request(options={"measure_all": True}).measure_all
    assert not Request().measure_all


@pytest.mark.parametrize(
    ("kind", "spec"),
    [("counts", "["), ("counts", "[]"), ("nonsense", "{}"), ("counts", '{"observables":"ZZ"}'),
     ("counts", '{"observables":[1]}')],
)  # fmt: skip
def test_what_was_never_written_is_refused(kind, spec):
    with pytest.raises((ValueError, TypeError, AttributeError)):
        read_request(kind, spec)
