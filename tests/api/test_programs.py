"""Programs of a group from Python: added, chosen, and how they are run."""

import pytest

from qbatch import JobGroup, UsageError
from qbatch.api import programs
from qbatch.backends.catalog import Catalog
from qbatch.config import Config
from qbatch.domain.selectors import parse_selection
from qbatch.domain.states import UNFINISHED
from qbatch.engine.settings import RunSettings
from qbatch.programs.driver import Driver


@pytest.fixture
def group(db, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own.py").write_text("def solve(ctx, a, b=2, text=''): return a")
    with JobGroup("g", db=db) as group:
        yield group


def test_a_program_for_each_point(group):
    numbers = group.add_program(
        "own.py:solve", parameters={"a": [0.5, 2.0], "b": [1, 2]}, arguments={"text": "x"}, seed=3
    )
    assert list(numbers) == [1, 2, 3, 4]
    found = [dict(program.arguments) for program in group.programs()]
    assert found == [{"a": a, "b": b, "text": "x"} for a in (0.5, 2) for b in (1, 2)]
    assert isinstance(found[2]["a"], int)  # a function may count with it
    assert len({program.seed for program in group.programs()}) == 4
    rows = group.add_program("own.py:solve", rows=[{"a": 1, "b": 2}, {"a": 3, "b": 4}])
    assert [dict(p.arguments) for p in group.programs()][-2:] == [
        {"a": 1, "b": 2},
        {"a": 3, "b": 4},
    ]
    assert len(rows) == 2


def test_seeds_are_those_of_the_add(group):
    for _ in range(2):
        group.add_program("own.py:solve", parameters={"a": [1, 2]}, seed=9)
    seeds = [program.seed for program in group.programs()]
    assert seeds[:2] == seeds[2:]
    group.add_program("own.py:solve", parameters={"a": [1, 2]})
    assert set(seeds).isdisjoint(program.seed for program in group.programs()[4:])


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"parameters": {"c": [1]}}, "cannot be called"),
        ({"parameters": {"a": [1]}, "arguments": {"a": 2}}, "given twice"),
        ({"parameters": {"a": [1]}, "shots": 0}, "at least one"),
        ({"parameters": {"a": [1]}, "seed": -1}, "seed -1"),
        ({"parameters": {"a": [1]}, "options": {"nonsense": 1}}, "nonsense"),
    ],
)
def test_what_makes_no_sense_stores_nothing(group, options, said):
    with pytest.raises(UsageError, match=said):
        group.add_program("own.py:solve", **options)
    assert group.programs() == []


def test_which_programs_a_selector_means(group):
    group.add_program("own.py:solve", parameters={"a": list(range(5))}, seed=1)
    assert [p.number for p in group.programs("p2,p4-5")] == [2, 4, 5]
    assert len(group.programs()) == 5
    selection = parse_selection("1-3", statuses=["error"])
    store = group._stored.store
    assert programs.chosen(store, group.status(), selection) == []


def driver(group, **settings):
    notes: list[str] = []
    config = Config.load(None)
    return programs.driver(
        [one for one in group.programs() if one.status in UNFINISHED],
        group._stored.store,
        RunSettings(**settings),
        Catalog(config),
        notes.append,
    )


def test_a_run_hosts_what_is_unfinished(group):
    assert driver(group) is None
    group.add_program("own.py:solve", parameters={"a": [1]})
    found = driver(group)
    assert isinstance(found, Driver)
    found.end()  # its host has started
    assert driver(group, submit=False) is None
    assert driver(group, limit=3) is None
    group.cancel("p1")
    assert driver(group) is None


def test_where_a_backend_has_a_price_all_are_waited_for(group, tmp_path):
    group.add_program("own.py:solve", parameters={"a": [1]})
    (tmp_path / "c.toml").write_text('[backends.paid]\ntype = "aer"\nprice = { shot = 0.01 }\n')
    catalog = Catalog(Config.load(str(tmp_path / "c.toml")))
    found = programs._schedule(group.programs(), RunSettings(backend="paid"), catalog)
    assert found.patient
    assert not programs._schedule(group.programs(), RunSettings(backend="aer"), catalog).patient


def test_how_programs_stand(group, db):
    group.add_program("own.py:solve", parameters={"a": [1, 2]})
    with JobGroup("empty", db=db) as empty:
        found = programs.progress([group.status(), empty.status()], db)
    assert found.keys() == {"g"}
    assert (found["g"].counts, found["g"].rounds, found["g"].best) == ({"waiting": 2}, 0, None)
    assert programs.progress([], db) == {}
