"""Outcomes that are kept: by registers and bits, told with what is lost."""

import json
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister

from qbatch import JobGroup
from qbatch.domain.results import Counts, ExpectationValues, Probabilities
from qbatch.errors import UsageError
from qbatch.results.postselect import Condition, PostSelection, parse, places

REGISTERS = [("a", 2), ("b", 1), ("c", 3)]  # an outcome is "ccc b aa"


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("c0=0", Condition(register="c0", bit=None, value="0")),
        (" syn = 010 ", Condition(register="syn", bit=None, value="010")),
        ("syn[12]=1", Condition(register="syn", bit=12, value="1")),
    ],
)
def test_what_is_understood(text, wanted):
    assert parse([text]) == [wanted]


@pytest.mark.parametrize("text", ["", "c0", "c0=2", "=1", "c[0]=01", "c[-1]=0", "c0==0", "0=1"])
def test_what_is_not(text):
    with pytest.raises(UsageError, match="not understood"):
        parse([text])


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("a=10", [(4, "1"), (5, "0")]),
        ("a[0]=1", [(5, "1")]),
        ("b=0", [(3, "0")]),
        ("c=011", [(0, "0"), (1, "1"), (2, "1")]),
        ("c[2]=1", [(0, "1")]),
    ],
)
def test_where_bits_stand(text, wanted):
    assert places(parse([text]), REGISTERS) == wanted


@pytest.mark.parametrize(
    ("text", "said"),
    [("d=0", "no register 'd'"), ("a=1", "a has 2 bits, not 1"), ("a[2]=0", "a has 2 bits")],
)
def test_what_is_not_there(text, said):
    with pytest.raises(UsageError, match=said):
        places(parse([text]), REGISTERS)


@dataclass
class _Job:
    payload: str = "p"
    request: Any = field(default_factory=lambda: SimpleNamespace(measure_all=False))
    group: str = "g"
    number: int = 1
    shots: int | None = None


def result(found, shots=None):
    from qbatch.domain.history import JobResult

    job: Any = _Job()
    return JobResult(job=job, shots=shots, result=found)


def selection(*texts):
    return PostSelection(parse(texts), lambda _: REGISTERS)


def test_counts_keep_their_numbers_and_shots_are_those_left():
    own = selection("b=0", "a[1]=1")
    given = Counts({"000 0 10": 5, "111 0 11": 7, "000 1 10": 100, "000 0 01": 30})
    (found,) = own.of([result(given, 142)])
    assert found.counts == {"000 0 10": 5, "111 0 11": 7}
    assert found.shots == 12
    assert (own.kept, own.shots, own.jobs, own.empty) == (12, 142, 1, 0)
    assert own.text() == "post-selection keeps 12 of 142 shots (8.45%)"


def test_nothing_left_is_told():
    own = selection("b=1")
    (found, none) = own.of([result(Counts({"000 0 00": 3}), 3), result(None)])
    assert (found.counts, found.shots, none.result) == ({}, 0, None)
    assert own.text().endswith("; nothing of 1 job")


def test_laws_are_divided_by_what_is_left():
    (found,) = selection("b=0").of([result(Probabilities({"000 0 00": 0.3, "000 1 00": 0.4,
                                                          "111 0 00": 0.3}))])  # fmt: skip
    assert found.result.probabilities == pytest.approx({"000 0 00": 0.5, "111 0 00": 0.5})


def test_values_have_no_outcomes():
    with pytest.raises(UsageError, match="expectation values"):
        list(selection("b=0").of([result(ExpectationValues(()))]))


def teleportation():
    """A state goes from qubit 0 to 2; corrected where both bits are 0 only."""
    q, one, two, out = (
        QuantumRegister(3, "q"),
        *(ClassicalRegister(1, n) for n in ("a", "b", "out")),
    )
    circuit = QuantumCircuit(q, one, two, out)
    circuit.ry(1.0, 0)
    circuit.h(1)
    circuit.cx(1, 2)
    circuit.cx(0, 1)
    circuit.h(0)
    circuit.measure(0, one)
    circuit.measure(1, two)
    circuit.measure(2, out)
    return circuit


def test_a_teleportation_without_corrections(db, qbatch):
    with JobGroup("t", db=db) as group:
        group.add(teleportation(), shots=40_000, seed=1)
        group.run()
        (found,) = group.results(postselect=["a=0", "b=0"])
        ones = sum(n for outcome, n in found.counts.items() if outcome.startswith("1"))
        assert ones / found.shots == pytest.approx(0.2298, abs=0.02)  # sin² of half of 1
        assert found.shots == pytest.approx(10_000, abs=400)
    done = qbatch("results", "t", "--postselect", "a=0", "--postselect", "b[0]=0", "--json")
    entry = json.loads(done.stdout)["results"][0]
    assert entry["shots"] == entry["shots_done"] == found.shots
    assert entry["counts"] == found.counts
    assert f"post-selection keeps {found.shots:,} of 40,000 shots" in done.stderr
    assert "no register 'x'" in qbatch("results", "t", "--postselect", "x=0", code=2).stderr


def test_qubits_that_are_all_measured_are_a_register(db):
    circuit = QuantumCircuit(2, 1)
    circuit.h(0)
    circuit.cx(0, 1)
    circuit.measure(0, 0)
    with JobGroup("m", db=db) as group:
        group.add(circuit, shots=100, measure_all=True)
        group.run()
        (found,) = group.results(postselect=["meas[1]=1"])
        assert set(found.counts) == {"11 1"}
