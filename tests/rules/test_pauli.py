import pytest
from hypothesis import given
from hypothesis import strategies as st

from qbatch.errors import InvalidObservable
from qbatch.payloads.parameters import read_observables
from qbatch.rules.pauli import (
    check_observable,
    measurement_sets,
    measurements,
    parse_observable,
    shot_mean,
    values_from_counts,
)


def test_sums_of_pauli_strings():
    assert parse_observable("ZZII + 0.5*XXII") == [("ZZII", 1.0), ("XXII", 0.5)]
    assert parse_observable("-ZZ - 1e-3 XX + .5*YI") == [("ZZ", -1.0), ("XX", -0.001), ("YI", 0.5)]
    assert parse_observable("ZZ + 2*ZZ") == [("ZZ", 3.0)]


@given(
    st.dictionaries(
        st.text("IXYZ", min_size=3, max_size=3),
        st.floats(1e-6, 1e6).map(lambda x: float(f"{x:.6g}")),
        min_size=1,
    )
)
def test_what_is_written_is_read(terms):
    text = " + ".join(f"{factor!r}*{pauli}" for pauli, factor in terms.items())
    assert dict(parse_observable(text)) == terms


@pytest.mark.parametrize("text", ["", "ZZ +", "ZZ XX", "ZQ", "zz", "ZZ + X", "1j*ZZ", "2", "ZZ*2"])
def test_what_is_no_observable_is_refused(text):
    with pytest.raises(InvalidObservable):
        parse_observable(text)


def test_the_number_of_qubits_must_fit():
    assert check_observable(" ZZ  +  XX ", 2, "x") == "ZZ + XX"
    with pytest.raises(InvalidObservable, match="for 2 qubits, the circuit has 3"):
        check_observable("ZZ", 3, "x")


def test_observables_from_a_file(write):
    lines = write("o.txt", "# energy\nZZ + XX\n\nZI # z\n")
    assert read_observables(str(lines)) == ["ZZ + XX", "ZI"]
    assert read_observables(str(write("o.json", '["ZZ", "XX"]'))) == ["ZZ", "XX"]
    for text in ("", "# nothing\n", "[1]", "[", "[[]]"):
        with pytest.raises(InvalidObservable):
            read_observables(str(write("bad", text)))


def test_the_mean_of_parities_and_its_variance():
    weights = [((0,), 1.0), ((0, 1), 0.5)]
    counts = {"00": 6, "01": 3, "11": 1}  # worth 1.5, -1.5 and -0.5
    mean, variance = shot_mean(counts, weights)
    assert mean == pytest.approx(0.4)
    squares = (6 * 1.5**2 + 3 * 1.5**2 + 0.5**2) / 10
    assert variance == pytest.approx((squares - 0.4**2) / 9)


def test_one_shot_tells_nothing_of_its_spread():
    assert shot_mean({"0": 1}, [((0,), 2.0)]) == (2.0, 4.0)
    assert shot_mean({"0": 2}, [((0,), 2.0)]) == (2.0, 0.0)


def test_values_from_counts_add_up_over_the_measurements():
    observables = ["ZZ + 0.5*XX + 2*II", "IZ"]
    assert [basis for basis, _ in measurement_sets([parse_observable(o) for o in observables])] == [
        "ZZ", "XX",
    ]  # fmt: skip
    (value, error), (other, none) = values_from_counts(
        observables, [{"00": 9, "01": 1}, {"00": 5, "01": 5}]
    )
    assert value == pytest.approx(2 + 0.8)
    assert error == pytest.approx((0.36 / 9 + 0.25 * 1 / 9) ** 0.5)
    assert other == pytest.approx(0.8)
    assert none == pytest.approx((0.36 / 9) ** 0.5)


@pytest.mark.parametrize(
    "pair", [("XZ", "ZX"), ("ZX", "XZ"), ("XY", "YX"), ("YI", "XI"), ("XI", "YI")]
)
def test_bases_that_clash_are_measured_apart_in_either_order(pair):
    _, sets = measurements(pair)
    assert [basis for basis, _ in sets] == list(pair)


@pytest.mark.parametrize("pair", [("XI", "IZ"), ("IZ", "XI")])
def test_bases_that_do_not_clash_are_measured_together(pair):
    _, sets = measurements(pair)
    assert [basis for basis, _ in sets] == ["XZ"]
