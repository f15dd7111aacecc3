"""From payloads and what is asked of them to jobs."""

from dataclasses import replace

import pytest

from qbatch.domain.results import ResultKind
from qbatch.errors import InvalidCircuit, UsageError
from qbatch.payloads.adding import AddRequest, check_payload, job_specs
from qbatch.payloads.parameters import Sweep
from qbatch.rules.keys import KeyMaker

from ..builders import payload_of
from ..conftest import ANSATZ, BELL

ansatz, bell = payload_of(ANSATZ), payload_of(BELL)


@pytest.mark.parametrize(
    ("wishes", "message"),
    [
        ({"shots": 0}, "0 shots"),
        ({"shots": 1_000_000_001}, "at most 1000000000"),
        ({"shots": 1.5}, "shots 1.5: not a whole number"),
        ({"shots": True}, "shots True: not a whole number"),
        ({"seed": -1}, "seed -1: from 0"),
        ({"seed": 2**63}, f"seed {2**63}: from 0"),
        ({"priority": 2**63}, "priority"),
        ({"name": " "}, "name ' '"),
        ({"tags": {"a": 1}}, "tags are texts"),
        ({"measure_all": True, "observables": ("ZZ",)}, "bring their own measurement"),
        ({"probabilities": True, "shots": 5}, "without shots"),
        ({"probabilities": True, "observables": ("ZZ",)}, "without shots and observables"),
    ],
)
def test_what_no_job_can_be_asked_is_refused(wishes, message):
    with pytest.raises(UsageError, match=message):
        AddRequest.of(**wishes)


def test_the_limits_themselves_are_allowed():
    AddRequest.of(shots=1_000_000_000, seed=2**63 - 1, priority=-(2**63 - 1))
    AddRequest.of(shots=1, seed=0)


def test_wishes_find_their_places():
    wanted = AddRequest.of(measure_all=True, shots=5, tags={"a": "b"}, max_gates=7)
    assert wanted.asks == {"measure_all": True}
    assert (wanted.settings.shots, wanted.settings.tags, wanted.max_gates) == (5, {"a": "b"}, 7)
    assert AddRequest.of(measure_all=False).asks == {}


@pytest.mark.parametrize(
    ("wishes", "kind", "shots"),
    [
        ({}, ResultKind.COUNTS, 1024),
        ({"shots": 7}, ResultKind.COUNTS, 7),
        ({"observables": ("ZZ",)}, ResultKind.EXPECTATION_VALUES, None),
        ({"observables": ("ZZ",), "shots": 7}, ResultKind.EXPECTATION_VALUES, 7),
        ({"probabilities": True}, ResultKind.PROBABILITIES, None),
    ],
)
def test_what_is_asked_for_and_how_often(wishes, kind, shots):
    (spec,) = job_specs([bell], AddRequest.of(**wishes))
    assert (spec.request.kind, spec.settings.shots) == (kind, shots)


def test_one_job_per_payload_and_point_with_the_key_of_its_question():
    wanted = AddRequest.of(sweep=Sweep({"theta": [0.1, 0.2], "phi": [1.0]}))
    (spec,) = job_specs([ansatz], wanted)
    points = list(spec.points)
    assert [text for _, text in points] == ["[1.0,0.1]", "[1.0,0.2]"]
    keys = KeyMaker(ansatz.hash, spec.request)
    assert [key for key, _ in points] == [keys.key(text) for _, text in points]


def test_a_payload_keeps_its_name_unless_the_jobs_are_given_one():
    (spec,) = job_specs([bell], AddRequest.of(name="x"))
    assert spec.settings.name == "x"
    (spec,) = job_specs([bell], AddRequest.of())
    assert spec.settings.name == bell.name


def test_spaces_in_an_observable_do_not_make_another_question():
    plain, spaced = (
        next(job_specs([bell], AddRequest.of(observables=(text,)))).request
        for text in ("ZZ + XX", "ZZ  +   XX ")
    )
    assert plain == spaced


def test_too_many_operations_are_refused_with_the_way_out():
    wanted = AddRequest.of(max_gates=1)
    with pytest.raises(InvalidCircuit, match="where 1 are allowed") as error:
        check_payload(bell, wanted, wanted.request())
    assert "--max-gates" in str(error.value.hint)


def test_the_first_point_must_name_the_parameters():
    wanted = AddRequest.of(sweep=Sweep({"gamma": [1.0]}))
    with pytest.raises(UsageError, match="gamma"):
        check_payload(ansatz, wanted, wanted.request())


def test_what_is_asked_for_is_not_empty():
    """An empty table would be left out, and mean something else than it says."""
    with pytest.raises(UsageError, match="noise is empty"):
        AddRequest.of(asks={"noise": {}})


def named(file, **wishes):
    return replace(bell, name=file), AddRequest.of(tags_from_name=True, **wishes)


def test_tags_are_read_from_names():
    payload, wanted = named("d=3, p=0.01,x,=y", tags={"p": "mine", "day": "mon"})
    (spec,) = job_specs([payload], wanted)
    assert dict(spec.settings.tags) == {"d": "3", "p": "mine", "day": "mon"}
    payload, wanted = named("d=3", name="own")
    (spec,) = job_specs([payload], wanted)
    assert (spec.settings.name, dict(spec.settings.tags)) == ("own", {"d": "3"})


@pytest.mark.parametrize("name", ["bell", None, "=3", ""])
def test_a_name_without_tags_is_refused(name):
    payload, wanted = named(name)
    with pytest.raises(InvalidCircuit, match="has no tags"):
        check_payload(payload, wanted, wanted.request())
