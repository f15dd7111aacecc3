import pytest
from hypothesis import given
from hypothesis import strategies as st

from qbatch.domain.selectors import parse_selection
from qbatch.errors import InvalidSelector
from qbatch.store import Store

from .test_store import add


@pytest.fixture
def group(db):
    with Store(db) as store:
        group_id, _ = add(store, count=10, name="a b", tags={"k": "1"})
        add(store, count=5, name="c", tags={"k": "2", "l": "x"})
        yield store, group_id


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("1,3,5-8", [1, 3, 5, 6, 7, 8]),
        ("2-10:2", [2, 4, 6, 8, 10]),
        ("2-11:3", [2, 5, 8, 11]),
        ("all", list(range(1, 16))),
        ("last", [15]),
        ("last,1", [1, 15]),
        ("c", [11, 12, 13, 14, 15]),
        ("a*", list(range(1, 11))),
        ("a b,12", [*range(1, 11), 12]),
        ("15, 3", [3, 15]),
    ],
)
def test_selectors_mean_what_they_say(group, text, numbers):
    store, group_id = group
    assert [job.number for job in store.jobs.select(group_id, parse_selection(text))] == numbers


def test_status_and_tags_narrow_a_selection(group):
    store, group_id = group

    def numbers(*args, **kwargs):
        return [j.number for j in store.jobs.select(group_id, parse_selection(*args, **kwargs))]

    assert numbers("1-12", tags={"k": "2"}) == [11, 12]
    assert numbers(tags={"k": "2", "l": "x"}) == [11, 12, 13, 14, 15]
    assert numbers(tags={"k": "9"}) == []
    store.jobs.cancel(group_id, parse_selection("4"))
    assert numbers(statuses=["cancelled"]) == [4]


@pytest.mark.parametrize(
    "text", ["", ",", "1,,2", "3-", "-3", "8-5", "0", "1-5:0", "1.5", "9" * 30]
)
def test_what_is_no_selector_is_refused(text):
    with pytest.raises(InvalidSelector):
        parse_selection(text)


@given(st.sets(st.integers(1, 10**6), min_size=1, max_size=200))
def test_a_list_of_numbers_selects_just_them(numbers):
    text = ",".join(map(str, sorted(numbers)))
    assert set(parse_selection(text).numbers) == numbers


@pytest.mark.parametrize(
    ("text", "exact", "numbers"),
    [
        ('"a,b",2', ("a,b",), (2,)),
        ('"2024-run"', ("2024-run",), ()),
        ('"say ""hi"""', ('say "hi"',), ()),
        ('"a*"', ("a*",), ()),
        ('"a/b", 3', ("a/b",), (3,)),
    ],
)
def test_a_quoted_name_stands_for_itself(text, exact, numbers):
    found = parse_selection(text)
    assert (found.exact, found.numbers, found.names) == (exact, numbers, ())


@pytest.mark.parametrize("text", ['"', '""', '"open', '1,"', '"a"b'])
def test_a_quote_that_does_not_end_is_refused(text):
    with pytest.raises(InvalidSelector):
        parse_selection(text)
