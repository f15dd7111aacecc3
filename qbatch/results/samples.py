"""What the jobs of a group or of a baseline yielded, to be compared."""

from __future__ import annotations

import hashlib
from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from qbatch.domain.history import JobResult
from qbatch.domain.provenance import Ran
from qbatch.domain.results import Result
from qbatch.domain.states import Status
from qbatch.spool import LongSequence, Spool

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]

HELD = 20_000  # samples or comparisons that are as fast as lists, at some MB
PAGE = 8  # of the others, that may be asked for in any order
_STATUSES = {status.value: status for status in Status}


@dataclass(frozen=True, slots=True, kw_only=True)
class JobSample:
    """What one job yielded, of a group or of a baseline.

    Attributes:
        status: of the job; ``done`` in a baseline.
        shots: behind the result; None where it is exact.
        two_qubit, depth: of the circuit as it was compiled; None where it was not.
        sent: hash of the circuit that was sent; None where it was sent as it was added.
        ran: how the result came about; None where nobody knows.
    """

    number: int
    key: str
    name: str | None
    parameters: Mapping[str, float]
    status: Status
    shots: int | None
    seed: int | None
    result: Result | None = None
    two_qubit: int | None = None
    depth: int | None = None
    sent: str | None = None
    ran: Ran | None = None

    @property
    def has_result(self) -> bool:
        """Whether there is something to compare."""
        return self.result is not None and not self.result.is_empty

    def __reduce__(self) -> tuple[Callable[..., JobSample], tuple[object, ...]]:
        # A fifth of what dataclasses take for it.
        known = (self.number, self.key, self.name, dict(self.parameters), self.status.value)
        more = (self.two_qubit, self.depth, self.sent, _place_of(self.ran))
        return _sample, (*known, self.shots, self.seed, self.result, *more)


_WAYS: list[Ran] = []
_PLACES: dict[int, int] = {}


def _place_of(ran: Ran | None) -> int | None:
    """A number that stands for how results came about: few ways stand behind many jobs."""
    if ran is None:
        return None
    if id(ran) not in _PLACES:
        _PLACES[id(ran)] = len(_WAYS)
        _WAYS.append(ran)  # kept: its id stays its own
    return _PLACES[id(ran)]


def _sample(
    number: int,
    key: str,
    name: str | None,
    parameters: dict[str, float],
    status: str,
    shots: int | None,
    seed: int | None,
    result: Result | None,
    two_qubit: int | None,
    depth: int | None,
    sent: str | None,
    way: int | None,
) -> JobSample:
    """A sample as it was pickled."""
    return JobSample(
        number=number,
        key=key,
        name=name,
        parameters=parameters,
        status=_STATUSES[status],
        shots=shots,
        seed=seed,
        result=result,
        two_qubit=two_qubit,
        depth=depth,
        sent=sent,
        ran=None if way is None else _WAYS[way],
    )


def samples(results: Iterable[JobResult]) -> Iterator[JobSample]:
    """What the jobs of a group yielded, also those that have no result."""
    for result in results:
        job = result.job
        metrics = None if result.compiled is None else result.compiled[0]
        yield JobSample(
            number=job.number,
            key=job.key,
            name=job.name,
            parameters=job.parameters,
            status=job.status,
            shots=result.shots,
            seed=job.seed,
            result=result.result,
            two_qubit=None if metrics is None else metrics.two_qubit,
            depth=None if metrics is None else metrics.depth,
            sent=None if result.ran is None else result.ran[0],
            ran=None if result.ran is None else result.ran[1],
        )


def mark_of(text: str) -> bytes:
    """16 bytes that stand for a text."""
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()


class Samples(LongSequence[JobSample]):
    """Samples in a file, to be had in any order, with what matching asks of them at hand."""

    def __init__(self, found: Iterable[JobSample] = ()) -> None:
        self._spool: Spool[JobSample] = Spool(page=PAGE, held=HELD)
        self._marks = array("Q")
        self._numbers = array("q")
        self._with_results = array("b")
        self._ordered: Array | None = None  # the marks, for `have`
        for sample in found:
            self.append(sample)

    def append(self, sample: JobSample) -> None:
        """One more."""
        self._marks.frombytes(mark_of(sample.key))
        self._numbers.append(sample.number)
        self._with_results.append(sample.has_result)
        self._spool.append(sample)
        self._ordered = None

    def __len__(self) -> int:
        return len(self._spool)

    def at(self, place: int) -> JobSample:
        """The one at a place."""
        return self._spool.at(place)

    def __iter__(self) -> Iterator[JobSample]:
        return iter(self._spool)

    def have(self, keys: Sequence[str]) -> list[bool]:
        """Of each key whether a sample has it."""
        import numpy

        if self._ordered is None:
            own = self.marks
            self._ordered = own[numpy.lexsort(own.T)]
        if not len(self._ordered):
            return [False] * len(keys)
        asked = numpy.frombuffer(b"".join(map(mark_of, keys)), numpy.uint64).reshape(-1, 2)
        places = numpy.searchsorted(self._ordered[:, 1], asked[:, 1])
        near = self._ordered[numpy.minimum(places, len(self._ordered) - 1)]
        found: list[bool] = (near == asked).all(axis=1).tolist()
        return found

    @property
    def marks(self) -> Array:
        """Two words a row that stand for the key."""
        import numpy

        return numpy.array(self._marks).reshape(-1, 2)

    @property
    def numbers(self) -> Array:
        """The numbers of the jobs."""
        import numpy

        return numpy.array(self._numbers)

    @property
    def with_results(self) -> Array:
        """Which of them have a result."""
        import numpy

        return numpy.array(self._with_results, bool)
