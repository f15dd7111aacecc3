"""What of a batch is refused before it is sent."""

from types import SimpleNamespace
from typing import Any

from qbatch.domain.compilations import Compilation, Readout
from qbatch.domain.limits import Limits
from qbatch.domain.states import CompilationState, Failure
from qbatch.engine import refusing
from qbatch.engine.compiling import mark_of
from qbatch.seam import Submission

from ..builders import VALUES, planned_job


def queue(lane=None):
    return SimpleNamespace(lane=lane, backend=SimpleNamespace(name="lab"))


def test_without_a_lane_nothing_is_compiled():
    assert refusing.target(queue()) is None
    assert refusing.compiled(queue(), [planned_job(1)], [0], {}) == ({}, {})


def test_what_could_not_be_compiled_is_refused_with_the_reason():
    target = SimpleNamespace(name="device", body="{}")
    lane = SimpleNamespace(stage=SimpleNamespace(target=target))
    good, bad = planned_job(1), planned_job(2)
    made, failed = (
        Compilation(id=place, payload=place, readout=Readout.GIVEN, state=state, error=error)
        for place, state, error in (
            (1, CompilationState.DONE, None), (2, CompilationState.INVALID, "needs 33 qubits")
        )
    )  # fmt: skip
    settled = {mark_of(good): made, mark_of(bad): failed}
    refused, compiled = refusing.compiled(queue(lane), [good, bad], [0, 1], settled)
    assert compiled == {0: made}
    ((item, (failure, said)),) = refused.items()
    assert (item, failure) == (1, Failure.INVALID)
    assert "needs 33 qubits" in said
    assert refusing.target(queue(lane)) == "{}"


def test_what_a_backend_cannot_answer_is_refused():
    jobs = [planned_job(1), planned_job(2, request=VALUES)]
    found = refusing.unanswerable(queue(), jobs, [0, 1], {}, Limits(values=False))
    assert list(found) == [1]
    assert found[1][1] == "lab cannot answer this: it yields no expectation values"


def test_a_submission_without_what_is_refused_keeps_its_order():
    items: Any = [SimpleNamespace(label=f"m.{n}") for n in range(4)]
    batch = Submission(submission_id="s", items=items, payloads={}, options={})
    left = refusing.without(batch, {1: (Failure.INVALID, "x"), 3: (Failure.INVALID, "y")})
    assert [item.label for item in left.items] == ["m.0", "m.2"]
