"""Two programs in a store, and steps that they ask."""

import contextlib

from qbatch import JobGroup
from qbatch.domain.programs import ProgramSettings, ProgramSpec, Question, Source, Step
from qbatch.domain.requests import Request
from qbatch.domain.results import ResultKind
from qbatch.payloads.registry import format_of
from qbatch.store import Store
from qbatch.store.journal import NewStep

from ..conftest import BELL

SOURCE = Source(directory="/somewhere", files={"vqe.py": "def solve(ctx): ..."})
(PAYLOAD,) = format_of(BELL.encode()).read(BELL.encode(), "bell")
COUNTS = Question(payload=PAYLOAD.hash, request=Request(), values=(), shots=10)
VALUE = Question(
    payload=PAYLOAD.hash,
    request=Request(kind=ResultKind.EXPECTATION_VALUES, observables=("ZZ",)),
    values=(),
    shots=None,
)


def spec(**more):
    settings = more.pop("settings", ProgramSettings())
    found = {"name": "solve", "reference": "vqe.py:solve", "arguments": {"r": 0.5}, "seed": 3}
    return ProgramSpec(**{**found, **more}, settings=settings)


@contextlib.contextmanager
def with_programs(group):
    """The store of a group, with two programs in it."""
    with Store(group.path) as store:
        store.programs.add(group.status().id, [spec(), spec(arguments={"r": 1})], SOURCE)
        yield store


def first(store):
    return store.programs.of([1])[0]


def asked(store, *questions, step=0, records=(), program=None):
    new = NewStep(program or first(store), Step(step=step, questions=questions, records=records))
    store.journal.add([new], [PAYLOAD])
    return new.jobs


@contextlib.contextmanager
def with_one_program(db):
    """A store with a group of one program."""
    JobGroup("g", db=db).close()
    with Store(db) as store:
        store.programs.add(store.groups.get("g").id, [spec()], SOURCE)
        yield store
