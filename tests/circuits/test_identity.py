from hypothesis import given
from hypothesis import strategies as st

from qbatch.circuits.identity import KeyMaker, derive_seed, values_text


def test_a_key_depends_on_everything_that_is_asked():
    base = KeyMaker("c", [], False).key("[0.1]")
    assert base == KeyMaker("c", [], False).key("[0.1]")
    others = [
        KeyMaker("d", [], False).key("[0.1]"),
        KeyMaker("c", ["Z"], False).key("[0.1]"),
        KeyMaker("c", [], True).key("[0.1]"),
        KeyMaker("c", [], False).key("[0.2]"),
    ]
    assert len({base, *others}) == 5
    assert len(base) == 16


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False)))
def test_values_keep_every_bit(values):
    import json

    assert json.loads(values_text(values)) == values


@given(st.integers(0, 2**63 - 1), st.binary(max_size=4), st.binary(max_size=4))
def test_seeds_fit_a_simulator_and_differ_with_their_salt(seed, a, b):
    assert 0 <= derive_seed(seed, a) < 2**31
    if a != b:
        assert derive_seed(seed, a, b) != derive_seed(seed, b, a)
