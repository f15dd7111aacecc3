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
from typing import Any

from qbatch.backends.base import Backend
from qbatch.errors import BatchNotFound
from qbatch.merging import from_paulis
from qbatch.models import BatchStatus, Item, ItemResult, Limits, Submission
from qbatch.payloads.circuit.formats import read_circuits

_FINAL = ("done", "error", "cancelled")
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
    *requests: dict[str, Any], text: str = ZEROS, token: str | None = None
) -> Submission:
    """A batch with an item for each request, of one circuit that yields zeros."""
    (circuit,) = read_circuits(text.encode(), "contract")
    items = []
    for number, request in enumerate(requests):
        values: dict[str, Any] = {
            "label": str(number),
            "name": "zeros",
            "jobs": (f"job-{number}",),
            "circuit": circuit.hash,
            "num_qubits": circuit.info.num_qubits,
            "parameters": (),
            "observables": (),
            "shots": 100,
            "seed": None,
            "measure_all": False,
            "num_bits": circuit.info.num_clbits,
        }
        items.append(Item(**{**values, **request}))
    return Submission(
        token=token or f"contract-{uuid.uuid4().hex}",
        items=items,
        circuits={circuit.hash: circuit.source},
        options={},
    )


class BackendContract:
    """Each method is a promise; ``backend`` is a pytest fixture of the derived class."""

    invalid: dict[str, Any] | None = None
    """What makes an item impossible to run there (None: its circuit, an opaque gate)."""

    estimates: bool = True
    """Whether expectation values with shots are estimates; some backends give exact ones."""

    def test_it_names_itself_and_its_limits(self, backend: Backend) -> None:
        """``name``, ``limits`` and the five methods are there."""
        assert isinstance(backend, Backend)
        assert backend.name
        assert isinstance(backend.limits, Limits)
        assert backend.limits.in_flight >= 1

    def test_every_item_comes_back_under_its_label(self, backend: Backend) -> None:
        """One result an item, whatever the order."""
        results = self.run(backend, submission(*[{}] * 5))
        assert sorted(result.label for result in results) == ["0", "1", "2", "3", "4"]
        assert all(result.counts == {"00": 100} for result in results)

    def test_each_item_gets_its_own_shots(self, backend: Backend) -> None:
        """Where ``mixed_shots`` says so; otherwise batches are uniform."""
        shots = [1, 50, 1000] if backend.limits.mixed_shots else [50, 50, 50]
        results = self.run(backend, submission(*[{"shots": n} for n in shots]))
        found = {r.label: sum((r.counts or {}).values()) for r in results}
        assert found == {str(i): n for i, n in enumerate(shots)}

    def test_expectation_values_come_in_the_order_asked_for(self, backend: Backend) -> None:
        """Pairs of value and standard error, None where it is exact."""
        request = {"observables": ("ZZ", "II", "IZ"), "shots": None}
        (result,) = self.run(backend, submission(request))
        pairs = list(result.expectation_values or ())
        assert [round(value, 9) for value, _ in pairs] == [1.0, 1.0, 1.0]
        assert all(error is None for _, error in pairs)

    def test_estimates_carry_their_standard_error(self, backend: Backend) -> None:
        """With shots the error is a number, unless the backend is exact all the same."""
        (result,) = self.run(backend, submission({"observables": ("ZZ",), "shots": 100}))
        ((value, error),) = result.expectation_values or ()
        assert round(value, 9) == 1.0
        assert (error is not None) == self.estimates

    def test_an_item_that_cannot_run_leaves_its_neighbours_alone(self, backend: Backend) -> None:
        """It has a failure class and a reason; the others have results."""
        good, bad = submission({}, {}), self._impossible()
        items = [good.items[0], bad.items[1], Item(**{**_fields(good.items[1]), "label": "2"})]
        batch = Submission(
            token=good.token, items=items, circuits={**good.circuits, **bad.circuits}, options={}
        )
        results = {result.label: result for result in self.run(backend, batch)}
        assert results["0"].counts == results["2"].counts == {"00": 100}
        assert results["1"].counts is None
        assert results["1"].failure
        assert results["1"].error

    def test_a_token_can_be_looked_up_where_it_says_so(self, backend: Backend) -> None:
        """``find`` gives the id of an accepted batch, and None for a token never sent.

        Where it does not say so, it may still know of what it was just sent.
        """
        batch = submission({})
        remote_id = backend.submit(batch)
        allowed = {remote_id} if backend.limits.finds_tokens else {remote_id, None}
        assert backend.find(batch.token) in allowed
        assert backend.find("contract-never-sent") is None
        self.wait(backend, remote_id)

    def test_an_unknown_id_is_said_to_be_unknown(self, backend: Backend) -> None:
        """`BatchNotFound`, so that nobody waits for ever."""
        for ask in (backend.status, backend.results):
            try:
                ask("contract-no-such-batch")
            except BatchNotFound:
                continue
            raise AssertionError(f"{ask.__name__} did not raise BatchNotFound")

    def test_cancelling_late_or_twice_is_no_error(self, backend: Backend) -> None:
        """What has ended stays as it is."""
        remote_id = backend.submit(submission({}))
        self.wait(backend, remote_id)
        backend.cancel(remote_id)
        backend.cancel(remote_id)

    def test_a_cancelled_batch_ends(self, backend: Backend) -> None:
        """Soon after ``cancel`` a batch is cancelled, or was done before."""
        remote_id = backend.submit(submission(*[{}] * 3))
        backend.cancel(remote_id)
        assert self.wait(backend, remote_id).state in ("cancelled", "done")
        # And the backend goes on working.
        assert len(self.run(backend, submission({}))) == 1

    def run(self, backend: Backend, batch: Submission) -> Sequence[ItemResult]:
        """Submit a batch, wait for its end, and fetch its results."""
        remote_id = backend.submit(batch)
        status = self.wait(backend, remote_id)
        assert status.state == "done", status
        observables = {item.label: item.observables for item in batch.items}
        results = backend.results(remote_id)
        return [_with_values(result, observables[result.label]) for result in results]

    def wait(self, backend: Backend, remote_id: str) -> BatchStatus:
        """Poll until the batch has ended."""
        deadline = time.monotonic() + _SECONDS
        while (status := backend.status(remote_id)).state not in _FINAL:
            assert time.monotonic() < deadline, f"{remote_id} did not end: {status}"
            time.sleep(0.02)
        return status

    def _impossible(self) -> Submission:
        if self.invalid is not None:
            return submission({}, self.invalid)
        return submission({}, {}, text=IMPOSSIBLE)


def _with_values(result: ItemResult, observables: Sequence[str]) -> ItemResult:
    """The result with the observables' values, where it has those of Pauli strings."""
    if result.pauli_values is None:
        return result
    values = [(value, None) for value in from_paulis(result.pauli_values, observables)]
    return replace(result, pauli_values=None, expectation_values=values)


def _fields(item: Item) -> dict[str, Any]:
    return {name: getattr(item, name) for name in Item.__slots__}
