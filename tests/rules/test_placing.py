"""Observables on the wires of what a circuit was compiled to."""

from hypothesis import given
from hypothesis import strategies as st
from qiskit.quantum_info import SparsePauliOp

from qbatch.domain.compilations import Layout
from qbatch.domain.requests import Request
from qbatch.domain.results import ResultKind
from qbatch.rules.pauli import parse_observable
from qbatch.rules.placing import placed_observable, placed_request


def test_letters_lie_where_qubits_end():
    layout = Layout(wires=(3, 5, 6, 8), initial=(0, 1), final=(2, 0))
    assert placed_observable("XZ - 0.5*IY", layout) == "+ 1.0*IZIX - 0.5*IYII"


@given(st.data())
def test_as_qiskit_places_them(data):
    width = data.draw(st.integers(1, 4))
    wires = data.draw(st.integers(width, 6))
    final = tuple(data.draw(st.permutations(range(wires)))[:width])
    layout = Layout(wires=tuple(range(wires)), initial=final, final=final)
    factors = st.floats(-3, 3, allow_subnormal=False).filter(lambda f: abs(f) > 1e-6)
    pauli = st.text("IXYZ", min_size=width, max_size=width)
    terms = data.draw(st.dictionaries(pauli, factors, min_size=1, max_size=4))
    text = " ".join(f"{'-' if f < 0 else '+'} {abs(f)!r}*{p}" for p, f in terms.items())
    placed = parse_observable(placed_observable(text, layout))
    by_hand = SparsePauliOp.from_list(parse_observable(text)).apply_layout(list(final), wires)
    assert SparsePauliOp.from_list(placed).equiv(by_hand)
    assert [factor for _, factor in placed] == [f for _, f in parse_observable(text)]


def test_a_request_for_what_is_compiled():
    layout = Layout(wires=(3, 5), initial=(1,), final=(0,))
    request = Request(
        kind=ResultKind.EXPECTATION_VALUES, observables=("Z",), options={"measure_all": True}
    )
    assert placed_request(request, layout) == Request(
        kind=ResultKind.EXPECTATION_VALUES, observables=("+ 1.0*IZ",)
    )
