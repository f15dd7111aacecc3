"""Pulser's sequences as payloads: without the package."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from qbatch import JobGroup, UsageError
from qbatch.domain.requests import Request
from qbatch.domain.results import ResultKind
from qbatch.errors import InvalidCircuit
from qbatch.payloads.registry import format_of, payload_format
from qbatch.testing import PayloadContract

from .sequences import sequence

VARIABLES = {"amp": ("float", 1), "dur": ("int", 1), "d": ("float", 2)}
PLAIN = sequence()
SWEPT = sequence(3, VARIABLES)


def changed(**parts):
    return json.dumps({**json.loads(PLAIN), **parts})


class TestPulserFormat(PayloadContract):
    good = (PLAIN.encode(), SWEPT.encode(), sequence(5).encode())
    bad = (
        b"{", b"[]", b'{"version": "1"}', sequence(register=[]).encode(),
        sequence(register=[{"qid": "q0"}]).encode(), changed(variables=[1]).encode(),
        sequence(register=[{"name": "a", "x": 1e999, "y": 0}]).encode(),
        sequence(1, {"s": ("str", 1)}).encode(), sequence(operations=3).encode(),
    )  # fmt: skip

    @pytest.fixture
    def format(self):
        return payload_format("pulser")


@pytest.fixture
def own():
    return payload_format("pulser")


def test_variables_are_parameters_and_arrays_have_one_for_each_element(own):
    (payload,) = own.read(SWEPT.encode(), "rabi.pulser")
    assert payload.parameters == ("amp", "dur", "d[0]", "d[1]")
    assert payload.info["num_atoms"] == 3
    assert payload.name == "rabi"
    assert own.facts(payload.info) == "3 atoms"


def test_it_is_known_by_its_parts_or_its_ending():
    assert format_of(PLAIN.encode()).kind == "pulser"
    assert format_of(b"{}", Path("x.pulser")).kind == "pulser"
    assert format_of(b'{"version": 1, "register": 2, "channels": 3}').kind == "circuit"
    assert format_of(
        b'{"a": "\\"version\\" \\"register\\" \\"channels\\" \\"operations\\""}'
    ).kind == ("circuit")


def test_the_order_of_variables_is_part_of_it(own):
    """They are parameters: equal contents have their values in one order."""
    one = sequence(2, {"a": ("float", 1), "b": ("float", 1)})
    other = sequence(2, {"b": ("float", 1), "a": ("float", 1)})
    first, second = (own.read(text.encode(), "x")[0] for text in (one, other))
    assert first.hash != second.hash
    assert (first.parameters, second.parameters) == (("a", "b"), ("b", "a"))
    spaced = json.dumps(json.loads(one), indent=3)
    assert own.read(spaced.encode(), "x")[0].hash == first.hash


def test_it_has_counts_alone(own):
    (payload,) = own.read(PLAIN.encode(), "x")
    own.check(payload, Request(), 10)
    assert own.expected(payload.info, Request()).num_bits == 2
    with pytest.raises(UsageError, match="counts alone"):
        own.check(payload, Request(kind=ResultKind.PROBABILITIES), None)
    with pytest.raises(UsageError, match="no request 'x'"):
        own.check(payload, Request(options={"x": 1}), 10)


def test_atoms_without_places_are_refused(own):
    with pytest.raises(InvalidCircuit, match="mapping of qubits first"):
        own.read(sequence(register=[{"qid": "q0"}]).encode(), "x")


def test_what_is_kept_of_it_is_checked(own):
    good = own.read(SWEPT.encode(), "x")[0].info
    own.check_info(good)
    for wrong in ({"num_atoms": "2"}, {"variables": [["a", "str", 1]]}, {"more": 1}):
        with pytest.raises(ValueError, match=r"a sequence|the variable"):
            own.check_info({**good, **wrong})


def test_adding_imports_no_package(db):
    script = (
        "import sys; from qbatch import JobGroup\n"
        f"group = JobGroup('g', db={str(db)!r})\n"
        f"group.add({SWEPT!r} + chr(10), parameters={{'amp': [1, 2], 'dur': 400, 'd[0]': 0,"
        " 'd[1]': 0}, shots=10)\n"
        "assert not {'pulser', 'qiskit', 'perceval'} & sys.modules.keys()\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True)
    with JobGroup("g", db=db) as group:
        assert [job.parameters["amp"] for job in group.jobs] == [1, 2]
