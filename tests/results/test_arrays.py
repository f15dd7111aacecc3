"""Arrays of results, beside the same numbers put into dense rows one by one."""

import io
import random

import numpy
import pytest

from qbatch import UsageError
from qbatch.domain.history import JobResult
from qbatch.domain.jobs import Job
from qbatch.domain.requests import Request
from qbatch.domain.results import Counts, ExpectationValues, ExportOptions, Probabilities
from qbatch.domain.states import Status
from qbatch.results import arrays
from qbatch.results.arrays import write_npz

NAMES = ("ZZ", "XI")
KINDS = (Counts, Probabilities, ExpectationValues)


def job(number, request, **more):
    wanted = {
        "id": number, "group": "g", "number": number, "key": f"{number:032x}", "shots": None,
        "parameters": {}, "request": request, "status": Status.DONE, "failure": None,
        "error": None, "payload": "p", "created_at": 0.0, **more,
    }  # fmt: skip
    return Job(**wanted)


def answer(chance):
    outcomes = [f"{chance.randrange(8):03b}" for _ in range(3)]
    kind = chance.choice(KINDS)
    if kind is Counts:
        return Counts({outcome: chance.randrange(1, 100) for outcome in outcomes})
    if kind is Probabilities:
        law = chance.random()
        return Probabilities({"000": law, outcomes[0].replace("0", "1"): 1 - law})
    pairs = [(chance.random(), chance.choice([None, 0.1])) for _ in NAMES]
    return ExpectationValues.from_pairs(pairs, NAMES)


def mixed(number):
    """Jobs of all kinds in no order, some without a result, with parameters of their own."""
    chance = random.Random(0)
    for place in range(1, number + 1):
        result = answer(chance)
        names = NAMES if isinstance(result, ExpectationValues) else ()
        request = Request(kind=result.kind, observables=names)
        own = job(
            place,
            request,
            parameters={f"t{i}": chance.random() for i in range(3) if chance.random() < 0.5},
            name=chance.choice([None, "a", "Bell \u03c8 \n"]),
            shots=100 if isinstance(result, Counts) else None,
            tags={"b": "2", "a": "1"} if isinstance(result, Counts) else {},
        )
        yield JobResult(job=own, shots=None, result=None if chance.random() < 0.2 else result)


def written(results, shape=None):
    stream = io.BytesIO()
    write_npz(results, stream, shape or ExportOptions())
    stream.seek(0)
    with numpy.load(stream) as found:
        return {name: found[name] for name in found.files}


@pytest.mark.parametrize("page", [1, 3, 4096])
@pytest.mark.parametrize(
    "shape", [ExportOptions(), ExportOptions(top=1), ExportOptions(probabilities=True)]
)
def test_every_number_is_in_its_place(monkeypatch, page, shape):
    monkeypatch.setattr(arrays, "_ROWS", page)
    monkeypatch.setattr(arrays, "_CELLS", 2 * page)
    results = list(mixed(60))
    found = written(iter(results), shape)
    for kind in KINDS:
        plan = kind.arrays(shape)
        names = found[plan.names].tolist()
        assert not plan.is_sorted or names == sorted(names)
        for place, name in enumerate(plan.arrays):
            assert found[name].dtype == ("int64" if plan.whole else "float64")
            assert found[name].shape == (60, len(names))
            for row, result in zip(found[name].tolist(), results, strict=True):
                expected = [plan.missing] * len(names)
                if isinstance(result.result, kind):
                    cells = dict(result.result.cells(shape))
                    expected = [cells[n][place] if n in cells else plan.absent for n in names]
                assert repr(row) == repr(numpy.array(expected, found[name].dtype).tolist())


def test_jobs_have_a_row_each():
    results = list(mixed(60))
    found = written(results)
    for name in ("t0", "t1", "t2"):
        wanted = [r.job.parameters.get(name, numpy.nan) for r in results]
        assert repr(found[f"param:{name}"].tolist()) == repr(wanted)
    assert found["number"].tolist() == list(range(1, 61))
    assert found["shots"].tolist() == [r.job.shots or -1 for r in results]
    assert found["key"].tolist() == [r.job.key for r in results]
    assert found["name"].tolist() == [r.job.name or "" for r in results]
    assert set(found["status"].tolist()) == {"done"}
    assert set(found["tags"].tolist()) == {"{}", '{"a": "1", "b": "2"}'}


def test_no_job_makes_empty_arrays():
    found = written([])
    assert set(found) == {"number", "key", "name", "status", "tags", "shots"}
    assert {len(cells) for cells in found.values()} == {0}


def test_too_many_outcomes_are_refused(monkeypatch):
    monkeypatch.setattr(arrays, "_MOST_CELLS", 10)
    with pytest.raises(UsageError, match=r"60 jobs with \d different outcomes"):
        written(mixed(60))
