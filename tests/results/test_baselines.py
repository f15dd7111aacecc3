"""A baseline comes back as it was written; an entry of another shape is damaged."""

import io
import json
import os
import threading

import pytest

from qbatch import UsageError
from qbatch.domain.results import Counts, ExpectationValues, Probabilities
from qbatch.domain.states import Status
from qbatch.results.baselines import read_baseline, write_baseline
from qbatch.results.samples import JobSample


def sample(number, result, **changes):
    fields = {"name": f"job {number}", "shots": 10, "seed": None, **changes}
    return JobSample(number=number, key=f"{number:032x}", parameters={"theta": 0.5},
                     status=Status.DONE, result=result, **fields)  # fmt: skip


SAMPLES = [
    sample(1, Counts({"0": 4, "1": 6})),
    sample(2, ExpectationValues.from_pairs([(0.5, None)], ("ZZ",)), shots=None, name=None),
    sample(3, Probabilities({"0": 1.0}), shots=None, seed=7),
]


@pytest.fixture
def written(tmp_path):
    place = tmp_path / "b.json"
    with place.open("w") as stream:
        assert write_baseline(SAMPLES, "g", stream) == 3
    return place


def test_it_comes_back(written):
    assert list(read_baseline(written)) == SAMPLES


@pytest.mark.parametrize("indent", [None, 1])
def test_a_file_of_another_shape_says_the_same(written, indent):
    document = json.loads(written.read_text())
    written.write_text(json.dumps(document, indent=indent))
    assert list(read_baseline(written)) == SAMPLES
    later = {**document, "later": [1]}
    written.write_text(json.dumps(later)[:-3] + "\n1\n]}\n")  # its last list has an entry a line
    assert list(read_baseline(written)) == SAMPLES


def test_one_without_jobs_is_empty(tmp_path):
    place = tmp_path / "b.json"
    with place.open("w") as stream:
        write_baseline([], "g", stream)
    assert len(read_baseline(place)) == 0


LINE = '{"schema": 1, "kind": "qbatch baseline", "group": "g", "jobs": [\n'


@pytest.mark.parametrize(
    ("change", "message"),
    [(lambda text: text[:-4], "is no JSON"),
     (lambda text: text + "{}", "is no JSON"),
     (lambda text: text.replace("}},\n", "}}\n", 1), "is no JSON"),
     (lambda text: text.replace("}}\n]}", "}},\n]}", 1), "is no JSON"),
     (lambda _: "", "is no JSON"),
     (lambda _: "[]", "is no baseline"),
     (lambda _: LINE.replace("[", "7}"), "its jobs are 7"),
     (lambda _: LINE + "3\n]}\n", "entry 1 is damaged")],
)  # fmt: skip
def test_damage_is_seen_line_by_line_too(written, change, message):
    written.write_text(change(written.read_text()))
    with pytest.raises(UsageError, match=message):
        read_baseline(written)


@pytest.mark.parametrize(
    ("field", "value"),
    [("number", None), ("number", 2**63), ("number", "1"), ("name", 3), ("shots", "10"),
     ("seed", 1.5), ("parameters", []), ("parameters", {"a": "x"}), ("counts", {"0": 1.5}),
     ("counts", {}),
     ("counts", None), ("probabilities", {"0": 1.0})],
)  # fmt: skip
def test_an_entry_of_another_shape_is_damaged(written, field, value):
    document = json.loads(written.read_text())
    document["jobs"][0][field] = value
    written.write_text(json.dumps(document))
    with pytest.raises(UsageError, match="entry 1 is damaged"):
        read_baseline(written)


def test_a_job_without_a_result_makes_none():
    with pytest.raises(UsageError, match="g/4 has no result") as error:
        write_baseline([sample(4, None)], "g", io.StringIO())
    assert "qbatch copy g NAME" in str(error.value.hint)


@pytest.mark.parametrize("indent", [None, 1])
def test_a_baseline_may_come_from_a_pipe(written, tmp_path, indent):
    text = written.read_text()
    if indent:
        text = json.dumps(json.loads(text), indent=indent)
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_text, args=(text,))
    writer.start()
    assert list(read_baseline(pipe)) == SAMPLES
    writer.join()
