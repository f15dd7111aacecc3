"""Records of version 1 as those of today."""

import json

import pytest

from qbatch.store.first_archives import modern
from qbatch.store.streams import of_old_part

CIRCUIT = {"kind": "circuit", "hash": "ab", "format": "qpy", "num_qubits": 2, "num_clbits": 1,
           "size": 3, "measured": 1, "dynamic": 0}  # fmt: skip
JOB = {"kind": "job", "number": 1, "observables": [], "measure_all": 0, "parameters": [0.5],
       "circuit": "ab", "attempts": []}  # fmt: skip


def one(record):
    (found,) = modern([record], 1)
    return found


def test_a_group_was_made_with_the_name_that_it_has():
    found = one({"kind": "group", "name": "g"})
    assert found == {"record": "group", "name": "g", "made_as": "g", "parent": None}


@pytest.mark.parametrize(("form", "encoding"), [("qpy", "base64"), ("qasm2", "text")])
def test_a_circuit_is_a_payload(form, encoding):
    found = one({**CIRCUIT, "format": form})
    assert (found["record"], found["kind"], found["encoding"]) == ("payload", "circuit", encoding)
    assert json.loads(found["info"]) == {
        "num_qubits": 2, "num_clbits": 1, "size": 3, "measured": True, "dynamic": False, "gates": 0,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("asked", "kind", "spec"),
    [
        ({}, "counts", {}),
        ({"measure_all": 1}, "counts", {"measure_all": True}),
        ({"observables": ["ZZ"]}, "expectation_values", {"observables": ["ZZ"]}),
    ],
)
def test_what_was_asked_is_a_request(asked, kind, spec):
    found = one({**JOB, **asked})
    assert found["request"]["kind"] == kind
    said = json.loads(found["request"]["spec"])
    assert spec.items() <= {**said, **said.get("options", {})}.items()
    assert (found["values"], found["payload"], found["key_version"]) == ([0.5], "ab", 1)


def test_an_attempt_says_its_place_and_how_it_was_drawn():
    base = {"seed": None, "finished_at": 12.5}
    tried = {**base, "item": 4, "info": '{"sampling": "exact"}'}
    (found,) = one({**JOB, "attempts": [tried]})["attempts"]
    assert found["position"] == 4
    assert (found["sampler"], found["origin"]) == ("exact", None)
    assert found["stream"] == of_old_part(None, "", 1, 12.5, 4)
    (bare,) = one({**JOB, "attempts": [{**base, "seed": 9, "item": 0, "info": None}]})["attempts"]
    assert (bare["sampler"], bare["stream"]) == (None, 9)
    assert "item" in tried  # what was given is not changed


@pytest.mark.parametrize(
    "record",
    [{**CIRCUIT, "measured": 2}, {**CIRCUIT, "dynamic": "no"}, {**JOB, "measure_all": 2},
     {**JOB, "observables": "ZZ"}, {"kind": "job"}, {"kind": "circuit"}, {}],
)  # fmt: skip
def test_what_makes_no_sense_is_refused(record):
    with pytest.raises((KeyError, TypeError, ValueError)):
        one(record)


def test_a_job_of_version_3_keeps_its_program():
    job = {"record": "job", "number": 1, "program": 2, "step": 0, "place": 3, "attempts": []}
    (found,) = modern([job], 3)
    assert (found["program"], found["step"], found["place"]) == (2, 0, 3)


def test_a_job_of_version_2_is_of_no_program():
    job = {"record": "job", "number": 1, "attempts": []}
    (found, group) = modern([job, {"record": "group", "name": "g"}], 2)
    none = ("program", "step", "place", "stream_starts", "until", "max_shots", "until_end")
    assert found == {**job, **dict.fromkeys(none)}
    assert group == {"record": "group", "name": "g", "parent": None}


def test_an_archive_of_version_4_tells_nothing_of_origins():
    job = {"record": "job", "attempts": [{"stream": 7}], "until": "x"}
    (batch, found) = modern([{"record": "batch", "backend": "aer"}, job], 4)
    assert batch == {"record": "batch", "backend": "aer", "provenance": None}
    assert found == {**job, "attempts": [{"stream": 7, "compilation": None}]}
