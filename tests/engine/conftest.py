"""A store of jobs that ask about three circuits, for the tests of compiling."""

import pytest

from qbatch import JobGroup
from qbatch.store import Store

from ..conftest import ANSATZ, BELL


@pytest.fixture
def store(db):
    with JobGroup("g", db=db) as group:
        group.add(BELL, shots=10)
        group.add(BELL.replace("h q", "x q"), shots=10)
        group.add(ANSATZ, parameters={"theta": [0.1, 0.2, 0.3], "phi": 0.0}, shots=20)
        group.add(BELL, observables=["ZZ"], shots=7)
    with Store(db) as store:
        yield store
