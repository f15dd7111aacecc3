"""Every adapter keeps every promise of the seam."""

import contextlib
from typing import ClassVar

import pytest

from qbatch.backends.aer import AerBackend
from qbatch.backends.qoro import QoroBackend
from qbatch.domain.limits import Limits
from qbatch.errors import Transient
from qbatch.seam import ItemResult
from qbatch.testing import (
    BackendContract,
    FakeBackend,
    FakeServer,
    HostileServer,
    InstantBackend,
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
    invalid: ClassVar = {"name": "invalid"}

    @pytest.fixture
    def backend(self):
        def answer(item):
            if item.name == "invalid":
                return ItemResult(label=item.label, failure="invalid", error="cannot run")
            return all_zeros(item)

        return InstantBackend(limits=Limits(finds_tokens=True), answer=answer)


@pytest.mark.parametrize("finds_tokens", [True, False], scope="class")
class TestFake(BackendContract):
    invalid: ClassVar = {"name": "invalid"}

    @pytest.fixture(scope="class")
    def backend(self, finds_tokens):
        with FakeServer(finds_tokens=finds_tokens, seconds=0.05) as server:
            backend = FakeBackend("fake", server.settings())
            yield backend
            backend.close()


class TestSteps(BackendContract):
    invalid: ClassVar = {"name": "invalid"}

    @pytest.fixture(scope="class")
    def backend(self):
        with HostileServer(seconds=0.05, page=2, zeros=True) as server:
            backend = StepsBackend("steps", {"url": server.url})
            yield backend
            backend.close()


@pytest.mark.parametrize("fault", ["!503+", "!truncated", "!drip"], scope="class")
class TestStepsOverALineThatBreaks(BackendContract):
    """What can be asked again is; the promises are kept, one request in five going wrong."""

    invalid: ClassVar = {"name": "invalid"}

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
            backend = QoroBackend("qoro", {"url": service.url})
            yield backend
            backend.close()
        service.close()
