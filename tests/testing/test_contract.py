"""Every adapter keeps every promise of the seam."""

from typing import ClassVar

import pytest

from qbatch.backends.aer import AerBackend
from qbatch.backends.qoro import QoroBackend
from qbatch.models import ItemResult, Limits
from qbatch.testing import BackendContract, FakeBackend, FakeServer, InstantBackend, all_zeros
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
