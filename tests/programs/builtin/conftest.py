"""A context for built-in programs."""

import pytest

from qbatch.api.session import Session
from qbatch.domain.results import stored
from qbatch.programs.context import Context
from qbatch.programs.messages import Reply


@pytest.fixture
def here(db):
    """A context whose questions a run in this process answers."""
    session = Session("built-in", db=db, seed=11, run={"executor": "serial"})

    def ask(asking):
        results = session.ask(asking.questions, asking.payloads)
        pairs = zip(results, asking.questions, strict=True)
        return Reply(
            answers=[
                {"result": stored(result), "observables": list(question.request.observables)}
                for result, question in pairs
            ]
        )

    yield Context(ask, number=1, args={}, seed=3)
    session.close()
