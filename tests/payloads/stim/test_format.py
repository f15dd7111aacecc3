"""Stim's circuits as payloads."""

from pathlib import Path

import pytest

from qbatch import UsageError
from qbatch.domain.requests import Request
from qbatch.domain.results import ResultKind
from qbatch.errors import InvalidCircuit
from qbatch.payloads.registry import format_of, payload_format
from qbatch.testing import PayloadContract

stim = pytest.importorskip("stim")

CODE = b"""# a repetition code
R 0 1 2
X_ERROR(0.123456789123) 0 1 2  # every digit counts
M 0 1 2
DETECTOR rec[-3] rec[-2]
DETECTOR rec[-2] rec[-1]
OBSERVABLE_INCLUDE(0) rec[-3]
"""


class TestStimFormat(PayloadContract):
    good = (CODE, b"H 0\nM 0 1\n", b"REPEAT 3 {\n    M 0\n}\n")
    bad = (b"H 0\nNOTHING 1\n", b"CX sweep[0] 0\nM 0\n", b"M \xff\n", b"CX 0\n", b"M(2) 0\n")

    @pytest.fixture
    def format(self):
        return payload_format("stim")


@pytest.fixture
def own():
    return payload_format("stim")


@pytest.fixture
def code(own):
    return own.read(CODE, "code.stim")[0]


def test_a_text_is_known_by_its_first_instruction_and_a_file_by_its_ending():
    assert format_of(CODE).kind == "stim"
    assert format_of(b"nothing", Path("x.stim")).kind == "stim"
    assert format_of(b"OPENQASM 2.0;\nH 0").kind == "circuit"
    assert format_of(b"NOTHING 0").kind == "circuit"


def test_comments_and_spaces_do_not_make_another_circuit(own, code):
    plain = b"\n".join(line.partition(b"#")[0].rstrip() for line in CODE.splitlines())
    (other,) = own.read(plain, "x")
    assert other.hash == code.hash
    assert b"#" not in code.source.body
    assert stim.Circuit(code.source.body.decode()) == stim.Circuit(CODE.decode())


def test_what_is_kept_of_it(code):
    assert code.info == {
        "num_qubits": 3,
        "num_measurements": 3,
        "num_detectors": 2,
        "num_observables": 1,
        "operations": 14,
    }
    assert code.name == "code"


def test_an_object_keeps_every_digit(own, code):
    made = own.from_object(stim.Circuit(CODE.decode()))
    assert own.takes(stim.Circuit())
    assert not own.takes(stim.Tableau(1))
    assert stim.Circuit(made.source.body.decode()) == stim.Circuit(CODE.decode())
    assert b"0.123456789123" in made.source.body


@pytest.mark.parametrize(
    ("options", "bits"),
    [
        ({}, 3),
        ({"sample": "measurements"}, 3),
        ({"sample": "detectors"}, 2),
        ({"sample": "observables"}, 1),
        ({"decoder": "pymatching"}, 1),
    ],
)
def test_outcomes_have_the_bits_that_are_asked_for(own, code, options, bits):
    request = Request(options=options)
    own.check(code, request, 10)
    assert own.expected(code.info, request).num_bits == bits


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"measure_all": True}, "no request 'measure_all'"),
        ({"sample": "nothing"}, "no samples of 'nothing'"),
        ({"decoder": "magic"}, "no decoder 'magic'"),
        ({"decoder": "pymatching", "sample": "detectors"}, "different things"),
    ],
)
def test_what_nobody_answers_is_refused(own, code, options, said):
    with pytest.raises(UsageError, match=said):
        own.check(code, Request(options=options), 10)


@pytest.mark.parametrize(
    ("text", "options", "said"),
    [
        (b"H 0\n", {}, "no measurements"),
        (b"M 0\n", {"sample": "detectors"}, "no detectors"),
        (b"M 0\nOBSERVABLE_INCLUDE(0) rec[-1]\n", {"decoder": "pymatching"}, "no detectors"),
    ],
)
def test_a_circuit_without_what_is_asked_for_is_refused(own, text, options, said):
    (payload,) = own.read(text, "x")
    with pytest.raises(InvalidCircuit, match=said):
        own.check(payload, Request(options=options), 10)


def test_it_has_counts_alone(own, code):
    with pytest.raises(UsageError, match="counts alone"):
        own.check(code, Request(kind=ResultKind.PROBABILITIES), None)
