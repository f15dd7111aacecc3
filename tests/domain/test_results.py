"""Every kind of result can do all that is done with results."""

import json
import math

import pytest

from qbatch.domain.results import (
    RESULT_KINDS,
    Counts,
    ExpectationValues,
    ExportOptions,
    Probabilities,
    ResultKind,
    read_stored,
    stored,
)

NAMES = ("ZZ", "XX")
RESULTS = {
    ResultKind.COUNTS: Counts({"11": 30, "00": 70}),
    ResultKind.EXPECTATION_VALUES: ExpectationValues.from_pairs([(0.5, 0.1), (-1, None)], NAMES),
    ResultKind.PROBABILITIES: Probabilities({"11": 0.25, "00": 0.75}),
}
ALL = pytest.mark.parametrize("result", RESULTS.values(), ids=lambda r: r.kind.value)


def test_there_is_one_of_every_kind():
    assert set(RESULTS) == set(RESULT_KINDS) == set(ResultKind)


@ALL
def test_what_is_stored_is_read_again(result):
    text = json.dumps(stored(result))
    assert read_stored(json.loads(text), NAMES) == result
    assert type(result).from_compact(json.loads(json.dumps(result.compact()))) == result
    assert read_stored({}, NAMES) is None


@ALL
def test_a_job_of_one_part_has_its_result(result):
    assert type(result).add_up([(result, 100)]) == result


@ALL
@pytest.mark.parametrize(
    "shape", [ExportOptions(), ExportOptions(top=1), ExportOptions(probabilities=True)]
)
def test_tables_hold_what_json_holds(result, shape):
    kind = type(result)
    value = json.loads(json.dumps(result.json(shape)))
    columns = kind.columns(shape)
    rows = list(kind.rows(value, shape))
    assert {len(row) for row in rows} == {len(columns)}
    for row in rows:
        for cell, column in zip(row, columns, strict=True):
            assert cell is None or isinstance(cell, column.type)
    wide = kind.wide(value, shape)
    numbers = [cell for row in rows for cell in row if isinstance(cell, int | float)]
    assert sorted(numbers) == sorted(cell for cell in wide.values() if cell is not None)
    assert all(isinstance(cell, kind.wide_type(shape)) for cell in wide.values() if cell)


@ALL
@pytest.mark.parametrize("shape", [ExportOptions(), ExportOptions(probabilities=True)])
def test_arrays_hold_what_a_result_names(result, shape):
    plan = type(result).arrays(shape)
    cells = dict(result.cells(shape))
    assert set(cells) == set(result.quantities())
    assert {len(numbers) for numbers in cells.values()} == {len(plan.arrays)}
    if plan.whole:
        assert {type(number) for numbers in cells.values() for number in numbers} == {int}


@ALL
def test_it_is_told_in_a_line_and_in_lines(result):
    assert "\n" not in result.summary()
    assert len(list(result.lines())) == len(result.quantities()) == 2
    assert not result.is_empty
    assert result.described(1)
    assert set(type(result).view(result.stored())) in ({"00", "11"}, {"0", "1"})


def test_counts_have_shares_and_their_errors():
    counts = RESULTS[ResultKind.COUNTS]
    assert counts.shares(1) == [("00", 0.7)]
    assert isinstance(counts, Counts)
    share, error = counts.quantities()["11"]
    assert (share, error) == pytest.approx((0.3, math.sqrt(0.3 * 0.7 / 100)))
    assert Counts({}).is_empty
    assert Counts({"0": 0}).is_empty
    assert Counts({}).quantities() == {}
    assert Counts.add_up([(counts, 100), (Counts({"01": 5}), 5)]).counts == {
        "11": 30, "00": 70, "01": 5,
    }  # fmt: skip


def test_what_cannot_be_shared_out_is_not():
    estimate = RESULTS[ResultKind.EXPECTATION_VALUES]
    with pytest.raises(ValueError, match="cannot be dealt out"):
        estimate.deal([5, 5])
    exact = ExpectationValues.from_pairs([(0.5, None), (1.0, None)], NAMES)
    assert exact.deal([0, 0]) == [exact, exact]
    law = RESULTS[ResultKind.PROBABILITIES]
    assert isinstance(law, Probabilities)
    assert law.deal([0, 0, 0]) == [law] * 3
    with pytest.raises(ValueError, match="2 parts"):
        Probabilities.add_up([(law, None), (law, None)])


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (Counts, []), (Counts, {"0": 1.5}), (Counts, {"0": -1}), (Counts, {"0": True}),
        (ExpectationValues, [["Z", "x", None]]), (ExpectationValues, [["Z", 1.0, -1.0]]),
        (ExpectationValues, [["Z", 1.0]]), (ExpectationValues, [["Z", float("inf"), None]]),
        (Probabilities, {}), (Probabilities, {"0": 0.4}), (Probabilities, {"0": 2, "1": -1}),
    ],
)  # fmt: skip
def test_what_is_no_result_is_refused(kind, value):
    with pytest.raises((ValueError, TypeError)):
        kind.from_compact(value)


def test_counts_are_told_with_their_shares():
    counts = Counts({"11": 30, "00": 70})
    assert counts.summary() == "00 70 (70.0%), 11 30 (30.0%)"
    assert counts.summary(1) == "00 70 (70.0%)"
    five = Counts({f"{i:03b}": 20 for i in range(5)})
    assert five.summary().endswith("011 20 (20.0%), … 5 outcomes")
    assert five.summary(5).endswith("100 20 (20.0%)")
