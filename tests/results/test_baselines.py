"""A baseline comes back as it was written; an entry of another shape is damaged."""

import io
import json

import pytest

from qbatch import UsageError
from qbatch.domain.results import Counts, ExpectationValues, Probabilities
from qbatch.domain.states import Status
from qbatch.results.baselines import JobSample, read_baseline, write_baseline


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
    assert read_baseline(written) == SAMPLES


@pytest.mark.parametrize(
    ("field", "value"),
    [("number", None), ("number", "1"), ("name", 3), ("shots", "10"), ("seed", 1.5),
     ("parameters", []), ("parameters", {"a": "x"}), ("counts", {"0": 1.5}), ("counts", {}),
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
