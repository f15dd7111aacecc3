"""Compilations in the store: found by all that decides them, kept once, let go."""

import json

import pytest

from qbatch import JobGroup, Selection
from qbatch.domain.compilations import Layout, Metrics, Readout
from qbatch.domain.states import CompilationState
from qbatch.errors import StoreError
from qbatch.payloads.circuit.formats import read_circuits
from qbatch.seam import Compiled, Landed, Mark
from qbatch.store import Store
from qbatch.store.compilations import Recipe, known, used

from ..conftest import ANSATZ, BELL

OPTIONS = {readout: json.dumps({"level": 2, "readout": readout.value}) for readout in Readout}
RECIPE = Recipe("target-sha256:ab", "qiskit 2.6.2", OPTIONS)
LAYOUT = Layout(wires=(3, 5), initial=(0, 1), final=(1, 0))
BELLS, ANSATZS = (read_circuits(t.encode(), "x")[0].hash for t in (BELL, ANSATZ))
GIVEN = Mark(1, Readout.GIVEN, BELLS)
LATE = Mark(2, Readout.ALL, ANSATZS)
OTHER = BELL.replace("h q", "x q")


def ended(mark=GIVEN, state=CompilationState.DONE, text=OTHER):
    if state is not CompilationState.DONE:
        return Landed(mark=mark, state=state, seconds=0.25, error="it cannot be")
    (payload,) = read_circuits(text.encode(), "x.qasm")
    metrics = Metrics(depth=3, size=4, two_qubit=1)
    compiled = Compiled(payload=payload, layout=LAYOUT, metrics=metrics)
    return Landed(mark=mark, state=state, seconds=0.25, compiled=compiled)


@pytest.fixture
def store(db):
    with JobGroup("g", db=db) as group:
        group.add(BELL, shots=10)
        group.add(ANSATZ, parameters={"theta": [0.1, 0.2], "phi": 0.0}, shots=20)
    with Store(db) as store:
        store.compilations.keep_target("line", RECIPE.target, "{}")
        store.compilations.keep([ended(), ended(LATE, CompilationState.TIMEOUT)], RECIPE)
        yield store


def test_what_is_kept_is_found(store):
    found = store.compilations.found([GIVEN, GIVEN._replace(readout=Readout.ALL), LATE], RECIPE)
    assert found.keys() == {GIVEN, LATE}
    one, late = found[GIVEN], found[LATE]
    assert (one.layout, one.metrics) == (LAYOUT, Metrics(depth=3, size=4, two_qubit=1))
    assert store.jobs.source(one.compiled.hash).body == OTHER.encode()
    assert (late.state, late.compiled, late.error) == ("timeout", None, "it cannot be")
    assert store.compilations.by_id([one.id]) == {one.id: one}


@pytest.mark.parametrize(
    "other",
    [
        RECIPE._replace(target="another"),
        RECIPE._replace(compiler="qiskit 2.7"),
        RECIPE._replace(options=dict.fromkeys(Readout, '{"level":3}')),
    ],
)
def test_everything_that_decides_is_part_of_the_key(store, other):
    assert store.compilations.found([GIVEN], other) == {}


def test_what_is_known_stays_as_it_is(store):
    store.compilations.keep([ended(text=BELL.replace("h q", "y q"))], RECIPE)
    (one,) = store.compilations.found([GIVEN], RECIPE).values()
    assert store.jobs.source(one.compiled.hash).body == OTHER.encode()


def test_failures_are_forgotten_and_the_rest_is_not(store):
    marks = [GIVEN, LATE]
    assert store.compilations.forget_failed(marks, RECIPE) == 1
    assert store.compilations.found(marks, RECIPE).keys() == {GIVEN}


def test_the_pace_is_that_of_what_is_done(store):
    assert store.compilations.pace(RECIPE) == 0.25
    assert store.compilations.pace(RECIPE._replace(compiler="other")) is None


def payloads(store):
    return store.database.row("SELECT count(*) AS n FROM payloads")["n"]


def test_pruning_spares_what_was_run(store):
    assert payloads(store) == 3
    store.database.execute(
        "INSERT INTO batches (id, submission_id, backend, state, num_jobs, num_items, created_at)"
        " VALUES (1, 's', 'b', 'done', 1, 1, 0)"
    )
    store.database.execute(
        "INSERT INTO attempts (job_id, batch_id, position, status, compilation)"
        " VALUES (1, 1, 0, 'error', 1)"
    )
    assert store.compilations.prune() == 1
    assert store.compilations.found([GIVEN], RECIPE)
    store.database.execute("DELETE FROM attempts")
    assert store.compilations.prune() == 1
    assert payloads(store) == 2
    assert store.database.row("SELECT count(*) AS n FROM targets")["n"] == 0
    assert list(store.integrity.problems()) == []


def test_they_go_with_the_last_job_that_has_their_circuit(store):
    store.groups.delete([1])
    assert payloads(store) == 0
    assert store.database.row("SELECT count(*) AS n FROM compilations")["n"] == 0


def test_what_people_are_told(store):
    (told,) = used(store.database, [1, 2]).values()
    assert (told.target, told.compiler, told.options["level"]) == ("line", "qiskit 2.6.2", 2)
    assert told.layout.qubits == (3, 5)
    job = next(store.jobs.select(1, Selection()))
    assert [one.compiled for one in known(store.database, job.payload)] == [told.compiled]


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE compilations SET layout = '[]' WHERE id = 1",
        "UPDATE compilations SET state = 'nonsense' WHERE id = 1",
        "UPDATE compilations SET layout = NULL WHERE id = 1",
    ],
)
def test_damage_is_told(store, damage):
    store.database.execute(damage)
    with pytest.raises(StoreError, match="a compilation"):
        store.compilations.found([GIVEN], RECIPE)


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        ("UPDATE compilations SET compiled_id = 99 WHERE id = 1", "compilation 1 refers"),
        ("UPDATE compilations SET payload_id = 99 WHERE id = 1", "compilation 1 refers"),
        ("UPDATE compilations SET state = 'odd' WHERE id = 2", "state of row 2 of compilations"),
    ],
)
def test_the_store_is_verified(store, damage, said):
    assert list(store.integrity.problems()) == []
    store.database.execute(damage)
    assert any(said in sentence for sentence in store.integrity.problems())


def test_an_id_that_another_payload_has_now_is_not_that_payload(store):
    """A payload is deleted while it is compiled, and its id given to the next."""
    late = ended(Mark(1, Readout.ALL, "qasm2-sha256:of another"))
    store.compilations.keep([late], RECIPE)
    now = Mark(1, Readout.ALL, BELLS)
    assert store.compilations.found([now, late.mark], RECIPE) == {}
    assert store.compilations.found([GIVEN._replace(hash="qasm2-sha256:else")], RECIPE) == {}
