"""The promises of the seam, one test each, for every adapter.

Derive a class in a test module and say how the backend is made::

    class TestMine(BackendContract):
        @pytest.fixture
        def backend(self):
            backend = MyBackend("mine", {...})
            yield backend
            backend.close()
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, ClassVar

from qbatch.domain.limits import Limits
from qbatch.domain.requests import Request
from qbatch.domain.results import ResultKind
from qbatch.domain.states import RemoteState
from qbatch.errors import BatchNotFound
from qbatch.payloads.registry import format_of
from qbatch.rules.pauli import from_paulis
from qbatch.seam import (
    Backend,
    BatchStatus,
    Item,
    ItemResult,
    Submission,
    SupportsAnswers,
    SupportsPrepare,
    SupportsResults,
    SupportsSubmit,
)

_FINAL = (RemoteState.DONE, RemoteState.ERROR, RemoteState.CANCELLED)
_SECONDS = 60.0

ZEROS = """OPENQASM 2.0;
include "qelib1.inc";
qreg q[2];
creg c[2];
id q[0];
measure q -> c;
"""
IMPOSSIBLE = """OPENQASM 2.0;
opaque nothing a;
qreg q[1];
creg c[1];
nothing q[0];
measure q -> c;
"""


def submission(
    *requests: dict[str, Any], text: str = ZEROS, submission_id: str | None = None
) -> Submission:
    """A batch with an item for each request, of one payload that yields zeros.

    Args:
        requests: fields of each `Item`; ``observables`` asks for expectation values.
        text: the payload, in a form that an installed format recognises.
    """
    own = format_of(text.encode())
    (payload,) = own.read(text.encode(), "contract")
    items = []
    for number, given in enumerate(requests):
        fields = dict(given)
        observables = fields.pop("observables", ())
        request = Request()
        if observables:
            request = Request(kind=ResultKind.EXPECTATION_VALUES, observables=observables)
        values: dict[str, Any] = {
            "label": str(number),
            "name": "zeros",
            "jobs": (f"job-{number}",),
            "payload": payload.hash,
            "info": payload.info,
            "parameters": (),
            "request": request,
            "expected": own.expected(payload.info, request),
            "shots": 100,
            "seed": None,
        }
        items.append(Item(**{**values, **fields}))
    return Submission(
        submission_id=submission_id or f"contract-{uuid.uuid4().hex}",
        items=items,
        payloads={payload.hash: payload.source},
        options={},
    )


class BackendContract:
    """Each method is a promise; ``backend`` is a pytest fixture of the derived class."""

    text: str = ZEROS
    """A payload that the backend runs, and that yields nothing but ``zeros``."""

    zeros: str = "00"
    """The outcome that it yields."""

    invalid: ClassVar[dict[str, Any] | None] = None
    """What makes an item impossible to run there (None: ``impossible``)."""

    impossible: str = IMPOSSIBLE
    """A payload that it cannot run."""

    estimates: bool = True
    """Whether expectation values with shots are estimates; some backends give exact ones."""

    noise: float = 0.0
    """The share of shots that may yield something else; 0 for a backend without noise."""

    losses: float = 0.0
    """The share of shots that may yield nothing, where the payload's format allows that."""

    def second(self, backend: Backend) -> Backend:
        """Another instance for the same service, as a new process would make it.

        Override it where batches outlive the process; a local backend is its own second.
        """
        return backend

    def test_it_names_itself_and_its_limits(self, backend: Backend) -> None:
        """``name``, ``limits`` and the methods are there."""
        assert isinstance(backend, Backend)
        assert isinstance(backend, (SupportsSubmit, SupportsPrepare))
        assert isinstance(backend, (SupportsResults, SupportsAnswers))
        assert backend.name
        assert isinstance(backend.limits, Limits)
        assert backend.limits.in_flight >= 1

    def test_every_item_comes_back_under_its_label(self, backend: Backend) -> None:
        """One result an item, whatever the order."""
        results = self.run(backend, self.batch(*[{}] * 5))
        assert sorted(result.label for result in results) == ["0", "1", "2", "3", "4"]
        assert all(self.are_zeros(result, 100) for result in results)

    def test_each_item_gets_its_own_shots(self, backend: Backend) -> None:
        """Where ``mixed_shots`` says so; otherwise batches are uniform."""
        shots = [1, 50, 1000] if backend.limits.mixed_shots else [50, 50, 50]
        results = self.run(backend, self.batch(*[{"shots": n} for n in shots]))
        found = {r.label: sum((r.counts or {}).values()) for r in results}
        assert set(found) == {str(place) for place in range(len(shots))}
        for place, wanted in enumerate(shots):
            assert (1 - self.losses) * wanted <= found[str(place)] <= wanted

    def test_expectation_values_come_in_the_order_asked_for(self, backend: Backend) -> None:
        """Pairs of value and standard error, None where it is exact; where it yields any."""
        if not (backend.limits.values and backend.limits.exact_values):
            return
        request = {"observables": ("ZZ", "II", "IZ"), "shots": None}
        (result,) = self.run(backend, self.batch(request))
        pairs = list(result.expectation_values or ())
        assert [round(value, 9) for value, _ in pairs] == [1.0, 1.0, 1.0]
        assert all(error is None for _, error in pairs)

    def test_estimates_carry_their_standard_error(self, backend: Backend) -> None:
        """With shots the error is a number, unless the backend is exact all the same."""
        if not backend.limits.values:
            return
        (result,) = self.run(backend, self.batch({"observables": ("ZZ",), "shots": 100}))
        ((value, error),) = result.expectation_values or ()
        assert abs(value - 1.0) <= 2 * self.noise + 1e-9
        assert (error is not None) == self.estimates

    def test_an_item_that_cannot_run_leaves_its_neighbours_alone(self, backend: Backend) -> None:
        """It has a failure class and a reason, before it is sent or after; the others run.

        The results are read by a second instance, which was never told what was refused: by
        position alone, one refused item must not shift its neighbours' answers.
        """
        good, bad = self.batch({}, {"shots": 50}), self._impossible()
        spoilt = replace(bad.items[-1], label="1", shots=60)
        items = [good.items[0], spoilt, replace(good.items[1], label="2")]
        if not backend.limits.mixed_shots:
            items = [replace(item, shots=100) for item in items]
        batch = replace(good, items=items, payloads={**good.payloads, **bad.payloads})
        results = {result.label: result for result in self.run(backend, batch, second=True)}
        for item in (items[0], items[2]):
            assert self.are_zeros(results[item.label], item.shots or 0)
        assert results["1"].counts is None
        assert results["1"].failure
        assert results["1"].error

    def test_what_is_prepared_again_is_the_same(self, backend: Backend) -> None:
        """Where it prepares: the same batch has the same digest, in another instance too.

        Refused items do not count: after a crash they are gone, and the rest is sent again.
        """
        if not isinstance(backend, SupportsPrepare):
            return
        batch = self.batch({}, {})
        first = backend.prepare(batch)
        again = self.second(backend)
        assert isinstance(again, SupportsPrepare)
        assert again.prepare(batch).digest == first.digest != b""
        assert list(first.ready) == [item.label for item in batch.items]
        bad = self._impossible()
        spoilt = replace(bad.items[-1], label="9")
        more = replace(
            batch,
            items=[batch.items[0], spoilt, batch.items[1]],
            payloads={**batch.payloads, **bad.payloads},
        )
        found = backend.prepare(more)
        if found.refused:
            assert found.digest == first.digest
        assert backend.prepare(replace(batch, items=batch.items[:1])).digest != first.digest

    def test_what_may_be_sent_again_is_one_batch(self, backend: Backend) -> None:
        """Where ``resends`` says so: the same submission twice has one id."""
        if not (backend.limits.resends and isinstance(backend, SupportsPrepare)):
            return
        batch = self.batch({})
        ids = {self.submit(backend, batch), self.submit(self.second(backend), batch)}
        assert len(ids) == 1
        self.wait(backend, ids.pop())

    def test_a_submission_can_be_looked_up_where_it_says_so(self, backend: Backend) -> None:
        """``find`` gives the id of an accepted batch, and None for one never sent.

        Where it does not say so, it may still know of what it was just sent.
        """
        batch = self.batch({})
        remote_id = self.submit(backend, batch)
        allowed = {remote_id} if backend.limits.finds_tokens else {remote_id, None}
        assert backend.find(batch.submission_id) in allowed
        assert backend.find("contract-never-sent") is None
        self.wait(backend, remote_id)

    def test_an_unknown_id_is_said_to_be_unknown(self, backend: Backend) -> None:
        """`BatchNotFound`, so that nobody waits for ever."""
        empty = replace(self.batch({}), items=[])
        for ask in (backend.status, lambda unknown: self.fetch(backend, unknown, empty)):
            try:
                ask("contract-no-such-batch")
            except BatchNotFound:
                continue
            raise AssertionError("an unknown id did not raise BatchNotFound")

    def test_cancelling_late_or_twice_is_no_error(self, backend: Backend) -> None:
        """What has ended stays as it is."""
        remote_id = self.submit(backend, self.batch({}))
        self.wait(backend, remote_id)
        backend.cancel(remote_id)
        backend.cancel(remote_id)

    def test_a_cancelled_batch_ends(self, backend: Backend) -> None:
        """Soon after ``cancel`` a batch is cancelled, or was done before."""
        remote_id = self.submit(backend, self.batch(*[{}] * 3))
        backend.cancel(remote_id)
        state = self.wait(backend, remote_id).state
        assert state in (RemoteState.CANCELLED, RemoteState.DONE)
        # And the backend goes on working.
        assert len(self.run(backend, self.batch({}))) == 1

    # -- for the tests ------------------------------------------------------------------

    def batch(self, *requests: dict[str, Any]) -> Submission:
        """A batch of the payload that yields zeros."""
        return submission(*requests, text=self.text)

    def are_zeros(self, result: ItemResult, shots: int) -> bool:
        """Whether a result is what the payload yields, but for noise."""
        counts = result.counts or {}
        total = sum(counts.values())
        if total > shots or total < (1 - self.losses) * shots:
            return False
        return counts.get(self.zeros, 0) >= (1 - self.noise) * total

    def submit(self, backend: Backend, batch: Submission) -> str:
        """Prepare a batch where the backend does, and send it."""
        if isinstance(backend, SupportsPrepare):
            prepared = backend.prepare(batch)
            return backend.send(prepared, batch.submission_id, batch.known)
        assert isinstance(backend, SupportsSubmit)
        return backend.submit(batch)

    def run(
        self, backend: Backend, batch: Submission, *, second: bool = False
    ) -> Sequence[ItemResult]:
        """Send a batch, wait for its end, and fetch its results.

        Args:
            second: fetch them with another instance, which knows the labels alone.
        """
        refused: Sequence[ItemResult] = ()
        sent = batch
        if isinstance(backend, SupportsPrepare):
            prepared = backend.prepare(batch)
            refused, ready = prepared.refused, set(prepared.ready)
            sent = replace(batch, items=[i for i in batch.items if i.label in ready])
            remote_id = backend.send(prepared, batch.submission_id, batch.known)
        else:
            remote_id = self.submit(backend, batch)
        status = self.wait(backend, remote_id)
        assert status.state is RemoteState.DONE, status
        reader = self.second(backend) if second else backend
        observables = {item.label: item.observables for item in batch.items}
        results = [*self.fetch(reader, remote_id, sent), *refused]
        return [_with_values(result, observables[result.label]) for result in results]

    def fetch(self, backend: Backend, remote_id: str, batch: Submission) -> Sequence[ItemResult]:
        """What a batch yielded, of which those items were sent."""
        if isinstance(backend, SupportsAnswers):
            return backend.answers(remote_id, batch)
        assert isinstance(backend, SupportsResults)
        return backend.results(remote_id, [item.label for item in batch.items])

    def wait(self, backend: Backend, remote_id: str) -> BatchStatus:
        """Poll until the batch has ended."""
        deadline = time.monotonic() + _SECONDS
        while (status := backend.status(remote_id)).state not in _FINAL:
            assert time.monotonic() < deadline, f"{remote_id} did not end: {status}"
            time.sleep(0.02)
        return status

    def _impossible(self) -> Submission:
        if self.invalid is not None:
            return submission({}, self.invalid, text=self.text)
        return submission({}, {}, text=self.impossible)


def _with_values(result: ItemResult, observables: Sequence[str]) -> ItemResult:
    """The result with the observables' values, where it has those of Pauli strings."""
    if result.pauli_values is None:
        return result
    values = [(value, None) for value in from_paulis(result.pauli_values, observables)]
    return replace(result, pauli_values=None, expectation_values=values)
