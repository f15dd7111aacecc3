"""Every adapter keeps every promise of the seam."""

import contextlib
import os
from dataclasses import replace
from typing import Any, ClassVar

import pytest

from qbatch.backends.aer import AerBackend
from qbatch.backends.qoro import QoroBackend
from qbatch.domain.limits import Limits
from qbatch.domain.states import Failure
from qbatch.errors import BackendError, Transient
from qbatch.seam import ItemResult
from qbatch.testing import (
    BackendContract,
    FakeBackend,
    FakeServer,
    HostileServer,
    InstantBackend,
    PositionalBackend,
    PositionalService,
    StepsBackend,
    all_zeros,
)
from tests.backends.test_qoro import Loopback


class TestAerInThisProcess(BackendContract):
    @pytest.fixture
    def backend(self):
        backend = AerBackend("aer", {"executor": "serial"})
        yield backend
        backend.close()


class TestAerInWorkers(BackendContract):
    @pytest.fixture(scope="class")
    def backend(self):
        backend = AerBackend("aer", {"executor": "local:1"})
        yield backend
        backend.close()


class TestInstant(BackendContract):
    invalid: ClassVar[Any] = {"name": "invalid"}

    @pytest.fixture
    def backend(self):
        def answer(item):
            if item.name == "invalid":
                return ItemResult(label=item.label, failure=Failure.INVALID, error="cannot run")
            return all_zeros(item)

        return InstantBackend(limits=Limits(finds_tokens=True), answer=answer)


@pytest.mark.parametrize("finds_tokens", [True, False], scope="class")
class TestFake(BackendContract):
    invalid: ClassVar[Any] = {"name": "invalid"}

    @pytest.fixture(scope="class")
    def backend(self, finds_tokens):
        with FakeServer(finds_tokens=finds_tokens, seconds=0.05) as server:
            backend = FakeBackend("fake", server.settings())
            yield backend
            backend.close()


class TestSteps(BackendContract):
    invalid: ClassVar[Any] = {"name": "invalid"}

    @pytest.fixture(scope="class")
    def backend(self):
        with HostileServer(seconds=0.05, page=2, zeros=True) as server:
            backend = StepsBackend("steps", {"url": server.url})
            yield backend
            backend.close()


@pytest.mark.parametrize("fault", ["!503+", "!truncated", "!drip"], scope="class")
class TestStepsOverALineThatBreaks(BackendContract):
    """What can be asked again is; the promises are kept, one request in five going wrong."""

    invalid: ClassVar[Any] = {"name": "invalid"}

    @pytest.fixture(scope="class")
    def backend(self, fault):
        with HostileServer(page=2, zeros=True, seed=4) as server:
            server.fault("status", fault, share=0.2)
            backend = Patient("steps", {"url": server.url, "seconds": 0.3})
            yield backend
            backend.close()


class Patient(StepsBackend):
    """Asks again as the engine does."""

    def status(self, remote_id):
        for _ in range(20):
            with contextlib.suppress(Transient):
                return super().status(remote_id)
        raise AssertionError("it never answered")


class TestQoro(BackendContract):
    estimates = False

    @pytest.fixture(scope="class")
    def backend(self):
        service = Loopback()
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("QORO_API_KEY", "key")
            self.url = service.url
            backend = QoroBackend("qoro", {"url": service.url})
            backend.url = service.url  # type: ignore[attr-defined]  # for the second one
            yield backend
            backend.close()
        service.close()

    def second(self, backend):
        return QoroBackend("qoro", {"url": backend.url})


class TestPositional(BackendContract):
    noise = 0.1

    @pytest.fixture
    def backend(self):
        return PositionalBackend(PositionalService())

    def second(self, backend):
        return PositionalBackend(backend._service)


class Shifting(PositionalBackend):
    """Sends what it refuses all the same: every later answer is its neighbour's."""

    def prepare(self, batch):
        whole = [
            {"bits": i.expected.num_bits, "shots": i.shots, "payload": i.payload, "values": []}
            for i in batch.items
        ]
        return replace(super().prepare(batch), body=whole)


class Remembering(PositionalBackend):
    """Knows by heart what it refused, which another process does not."""

    def prepare(self, batch):
        found = super().prepare(batch)
        self.refused, self.order = found.refused, list(found.ready)
        return replace(found, refused=(), ready=[i.label for i in batch.items])

    def results(self, remote_id, labels):
        order = getattr(self, "order", list(labels))
        return [*super().results(remote_id, order), *getattr(self, "refused", ())]


class Random(PositionalBackend):
    """Encodes the same batch in another way each time."""

    def prepare(self, batch):
        return replace(super().prepare(batch), digest=os.urandom(8))


class Twice(PositionalBackend):
    """Says that sending again is safe, and begins another batch."""

    def send(self, prepared, submission_id, known):
        return self._service.take(os.urandom(8).hex(), prepared.body)


@pytest.mark.parametrize(
    ("broken", "promise"),
    [
        (Shifting, "test_an_item_that_cannot_run_leaves_its_neighbours_alone"),
        (Remembering, "test_an_item_that_cannot_run_leaves_its_neighbours_alone"),
        (Random, "test_what_is_prepared_again_is_the_same"),
        (Twice, "test_what_may_be_sent_again_is_one_batch"),
    ],
)
def test_the_contract_sees_what_would_swap_or_double_results(broken, promise):
    class Suite(TestPositional):
        def second(self, backend):
            return broken(backend._service)

    with pytest.raises((AssertionError, BackendError, KeyError)):
        getattr(Suite(), promise)(broken(PositionalService()))


def test_the_contract_sees_a_backend_that_loses_shots():
    def answer(item):
        return ItemResult(label=item.label, counts={"00": (item.shots or 0) - 3})

    suite = TestInstant()
    with pytest.raises(AssertionError):
        suite.test_each_item_gets_its_own_shots(InstantBackend(answer=answer))
    suite.losses = 0.5
    suite.test_every_item_comes_back_under_its_label(InstantBackend(answer=answer))
