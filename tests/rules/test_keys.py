import hashlib

from hypothesis import given
from hypothesis import strategies as st

from qbatch.domain.requests import Request
from qbatch.domain.results import ResultKind
from qbatch.rules.keys import KeyMaker, derive_seed, values_text

COUNTS = Request()
ALL = Request(options={"measure_all": True})
VALUES = Request(kind=ResultKind.EXPECTATION_VALUES, observables=("Z",))
EXACT = Request(kind=ResultKind.PROBABILITIES)
OTHER = Request(options={"photons": 2})


def test_a_key_depends_on_everything_that_is_asked():
    base = KeyMaker("c", COUNTS).key("[0.1]")
    assert base == KeyMaker("c", COUNTS).key("[0.1]")
    others = [
        KeyMaker("d", COUNTS).key("[0.1]"),
        KeyMaker("c", VALUES).key("[0.1]"),
        KeyMaker("c", ALL).key("[0.1]"),
        KeyMaker("c", COUNTS).key("[0.2]"),
        KeyMaker("c", EXACT).key("[0.1]"),
        KeyMaker("c", OTHER).key("[0.1]"),
    ]
    assert len({base, *others}) == 7
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


def test_keys_are_those_of_the_first_schemas():
    for request in (COUNTS, ALL, VALUES):
        head = "\n".join(("c", "measure_all" if request.measure_all else "", *request.observables))
        digest = hashlib.blake2b(head.encode() + b"\0" + b"[0.1]", digest_size=16).digest()
        maker = KeyMaker("c", request)
        assert (maker.version, maker.key("[0.1]")) == (1, digest)
    assert KeyMaker("c", EXACT).version == KeyMaker("c", OTHER).version == 2
