"""A stand-in for Pasqal Cloud that needs no Pulser, and batches for it."""

import json
from dataclasses import replace

import pytest

from qbatch.backends.pasqal import PasqalBackend
from qbatch.testing import BackendContract
from tests.payloads.pulser.sequences import sequence
from tests.providers.pasqal_service import TOKEN, PasqalService

SWEPT = sequence(2, {"amp": ("float", 1), "dur": ("int", 1), "d": ("float", 2)}) + "\n"


def execute(text, job):
    """All atoms stay, but where a job's variable says so."""
    if job.get("variables", {}).get("amp") == 0.5:
        return {"1": job["runs"]}
    return {"0" * len(json.loads(text)["register"]): job["runs"]}


def sweep(**more):
    return {"amp": [1.0, 2.0, 3.0], "dur": 400, "d[0]": 0.0, "d[1]": 0.0, **more}


@pytest.fixture
def service(monkeypatch):
    found = PasqalService(execute=execute)
    monkeypatch.setenv("PASQAL_TOKEN", TOKEN)
    monkeypatch.setenv("PASQAL_PROJECT_ID", "p")
    yield found
    found.close()


class PasqalContract(BackendContract):
    """The contract over the stand-in; ``more`` are further settings."""

    text = sequence()
    zeros = "00"
    impossible = sequence(2, {"n": ("int", 1)})
    more: dict[str, object] = {}  # noqa: RUF012

    @pytest.fixture
    def backend(self, service):
        self.settings = {"url": service.url, **self.more}
        backend = PasqalBackend("cloud", self.settings)
        yield backend
        backend.close()

    def second(self, backend):
        return PasqalBackend("cloud", self.settings)

    def _impossible(self):
        """A whole number that is none."""
        batch = super()._impossible()
        return replace(batch, items=[replace(i, parameters=(0.5,)) for i in batch.items])


def batch(*shots):
    """An item for each number of shots."""
    return PasqalContract().batch(*({"shots": n} for n in shots))


def sent(backend, work):
    """The id under which a batch is known at the service."""
    return PasqalContract().submit(backend, work)
