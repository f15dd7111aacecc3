"""Programs in an archive, and back."""

import copy

import pytest

from qbatch import UsageError
from qbatch.domain.states import ProgramStatus
from qbatch.store import Store

from .test_programs import COUNTS, asked, first, group, store  # noqa: F401 - fixtures


def records(store):  # noqa: F811
    return copy.deepcopy(list(store.archive.records(store.groups.get("g"))))


@pytest.fixture
def full(store, group):  # noqa: F811
    asked(store, COUNTS, records=[("t", 1)])
    group.run("1-9", executor="serial")
    store.programs.begin([1])
    store.programs.note_environment([1], {"scipy": "1"})
    return store


def test_they_come_back_as_they_were_and_are_foreign(full):
    before = records(full)
    found = [record for record in before if record["record"] == "program"]
    assert [record["status"] for record in found] == ["waiting", "waiting"]
    assert found[0]["source"]["directory"] == ""  # where it lay here is nobody's business
    full.archive.restore(before, "h")
    back = full.programs.of([full.groups.get("h").id])
    assert [program.accepted for program in back] == [False, False]
    assert (back[0].steps, back[0].arguments) == (1, {"r": 0.5})
    assert list(full.archive.records(full.groups.get("h")))[1:] == before[1:]
    assert list(full.integrity.problems()) == []
    full.programs.accept([back[0].id])
    assert full.programs.of([back[0].group_id])[0].accepted


def test_a_program_that_runs_waits_in_the_archive(full):
    assert first(full).status is ProgramStatus.RUNNING
    (one, _) = (record for record in records(full) if record["record"] == "program")
    assert one["status"] == "waiting"


DAMAGE = {
    "status": lambda r: r.update(status="running"),
    "seed": lambda r: r.update(seed="x"),
    "settings": lambda r: r.update(settings='{"nonsense": 1}'),
    "value": lambda r: r.update(value="{"),
    "source": lambda r: r.update(source={"files": {"a": 1}}),
    "no files": lambda r: r.update(source={}),
    "step": lambda r: r["steps"][0].update(step=7),
    "shape": lambda r: r["steps"][0].update(shape="zz"),
    "recorded": lambda r: r["steps"][0].update(recorded="[1]"),
    "number": lambda r: r.update(number=0),
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_a_damaged_program_is_refused_whole(full, damage):
    found = records(full)
    damage(next(record for record in found if record["record"] == "program"))
    with pytest.raises(UsageError, match="damaged"):
        full.archive.restore(found, "h")
    with Store(full.database.path) as again:
        assert again.groups.find("h") is None
