"""What attempts were compiled to and ran on, in an archive and out of it."""

import copy
import json

import pytest

from qbatch import JobGroup, UsageError
from qbatch.store import Store

from ..conftest import ANSATZ, BELL

CONFIG = """
[backends.line]
type = "aer"
compile = { level = 1, basis_gates = ["rz", "sx", "cx"], coupling_map = [[0, 1], [1, 0], [1, 2]] }
"""


@pytest.fixture
def config(tmp_path):
    path = tmp_path / "config.toml"
    path.write_text(CONFIG)
    return path


@pytest.fixture
def store(db, config):
    with JobGroup("g", db=db, config=config) as group:
        group.add(BELL, shots=10)
        group.add(ANSATZ, parameters={"theta": [0.1, 0.2], "phi": 0.0}, shots=20, seed=3)
        group.run(backend="line")
    with Store(db) as store:
        yield store


@pytest.fixture
def other(tmp_path):
    with Store(tmp_path / "other.db") as store:
        yield store


def records(store, name="g"):
    return copy.deepcopy(list(store.archive.records(store.groups.get(name))))


def of_kind(found, kind):
    return [record for record in found if record["record"] == kind]


def origins(store, name="g"):
    """How each job's first attempt came about."""
    group = store.groups.get(name)
    from qbatch.domain.selectors import Selection

    jobs = store.jobs.select(group.id, Selection())
    tried = [store.history.attempts(job.id)[0] for job in jobs]
    return [(t.provenance, t.compilation.compiled, t.compilation.compiler) for t in tried]


def test_all_of_it_is_told(store):
    found = records(store)
    assert len(of_kind(found, "target")) == len(of_kind(found, "provenance")) == 1
    compilations = of_kind(found, "compilation")
    assert len(compilations) == 2
    payloads = {record["hash"] for record in of_kind(found, "payload")}
    assert {c["payload"] for c in compilations} | {c["compiled"] for c in compilations} == payloads
    assert len(payloads) == 4
    (batch,) = of_kind(found, "batch")
    assert batch["provenance"] == of_kind(found, "provenance")[0]["hash"]
    places = [job["attempts"][0]["compilation"] for job in of_kind(found, "job")]
    assert sorted(set(places)) == [0, 1]


def test_and_comes_back_in_another_store(store, other):
    found = records(store)
    assert other.archive.restore(found, None) == ("g", 3)
    assert records(other) == found
    assert [told[:2] for told in origins(other)] == [told[:2] for told in origins(store)]
    assert all("(in an archive 1)" in compiler for _, _, compiler in origins(other))
    assert origins(store)[0][0].versions["qiskit-aer"]
    assert list(other.integrity.problems()) == []


def test_twice_into_one_store(store):
    store.archive.restore(records(store), "copy")
    assert [told[:2] for told in origins(store, "copy")] == [told[:2] for told in origins(store)]
    assert len(of_kind(records(store, "copy"), "compilation")) == 2


def test_another_outcome_of_the_same_recipe_stands_beside_it(store, other):
    found = records(store)
    other.archive.restore(found, "first")
    one, two = of_kind(found, "compilation")
    one["compiled"], two["compiled"] = two["compiled"], one["compiled"]
    other.archive.restore(found, "second")
    first, second = origins(other, "first"), origins(other, "second")
    assert [compiled for _, compiled, _ in first] != [compiled for _, compiled, _ in second]
    assert all(compiler.endswith("(in an archive 2)") for _, _, compiler in second)
    other.archive.restore(found, "third")
    assert origins(other, "third") == second
    assert of_kind(records(other, "third"), "compilation") == of_kind(found, "compilation")


def test_a_merge_takes_it_along(store, other):
    found = records(store)
    report = other.merging.merge("m", [("a", found)])
    assert report.jobs == 3
    assert [compiled for _, compiled, _ in origins(other, "m")] == [
        compiled for _, compiled, _ in origins(store)
    ]
    assert origins(other, "m")[0][0] == origins(store)[0][0]


def body(record, change):
    return json.dumps({**json.loads(record["body"]), **change})


@pytest.mark.parametrize(
    ("kind", "field", "value"),
    [
        ("target", "body", '{"num_qubits":4,"operations":{}}'),
        ("target", "hash", "target-sha256:0"),
        ("target", "body", "[]"),
        ("provenance", "body", '{"versions":{}}'),
        ("provenance", "hash", "provenance-sha256:0"),
        ("compilation", "payload", "nothing"),
        ("compilation", "compiled", "nothing"),
        ("compilation", "layout", "{}"),
        ("compilation", "options", "{}"),
        ("compilation", "depth", -1),
        ("compilation", "compiler", None),
        ("compilation", "compiler", "qiskit 2.6.2 (in an archive 1)"),
        ("compilation", "target", "target-sha256:00"),
        ("compilation", "layout", '{"final":[0],"initial":[0],"wires":[0]}'),
        ("compilation", "layout", '{"final":[0,1],"initial":[0,1],"wires":[0,1,2]}'),
    ],
)
def test_what_is_not_what_it_says_is_refused(store, other, kind, field, value):
    found = records(store)
    of_kind(found, kind)[0][field] = value
    with pytest.raises(UsageError, match="damaged"):
        other.archive.restore(found, None)
    assert other.groups.all() == []


@pytest.mark.parametrize("place", [2, -1, "0"])
def test_an_attempt_of_no_compilation_is_refused(store, other, place):
    found = records(store)
    of_kind(found, "job")[0]["attempts"][0]["compilation"] = place
    with pytest.raises(UsageError, match="damaged"):
        other.archive.restore(found, None)


def test_a_batch_that_ran_on_what_is_not_told_is_refused(store, other):
    found = [record for record in records(store) if record["record"] != "provenance"]
    with pytest.raises(UsageError, match="damaged"):
        other.archive.restore(found, None)


def test_without_compiling_there_is_only_what_it_ran_on(db, config):
    with JobGroup("plain", db=db, config=config) as group:
        group.add(BELL, shots=10)
        group.run()
    with Store(db) as store:
        kinds = [record["record"] for record in records(store, "plain")]
    assert kinds == ["group", "payload", "provenance", "batch", "job"]


def test_what_came_in_an_archive_is_never_run(store, config, tmp_path):
    """Anyone may have written it: a circuit that is compiled here is compiled here."""
    found = records(store)
    bell, other_circuit = of_kind(found, "compilation")
    bell["compiled"], other_circuit["compiled"] = other_circuit["compiled"], bell["compiled"]
    db = tmp_path / "empty.db"
    with Store(db) as empty:
        empty.archive.restore(found, "colleague")
    with JobGroup("mine", db=db, config=config) as group:
        group.add(BELL, shots=2000, seed=1)
        group.run(backend="line")
        (result,) = group.results()
    assert set(result.counts) == {"00", "11"}
    with Store(db) as empty:
        assert "in an archive" not in origins(empty, "mine")[0][2]
