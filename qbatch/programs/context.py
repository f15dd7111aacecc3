"""What a program sees: the context that it asks, and what it is told."""

from __future__ import annotations

import contextlib
import copy
import math
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from qbatch.domain.jobs import DEFAULT_SHOTS
from qbatch.domain.payloads import Payload
from qbatch.domain.programs import Question, Report
from qbatch.domain.requests import Request
from qbatch.domain.results import Counts, ExpectationValues, Probabilities, ResultKind
from qbatch.errors import NotRecorded, UsageError
from qbatch.payloads.qiskit_inputs import is_operator, observable_texts
from qbatch.payloads.registry import payload_format
from qbatch.programs.circuits import Payloads, parameter_values
from qbatch.programs.json_values import json_value
from qbatch.programs.messages import Asking, Reply, read_answer

if TYPE_CHECKING:
    import numpy as np

T = TypeVar("T")
_FAILED = " (failed)"  # behind the name of what was recorded


class Parked(BaseException):
    """Ends a program's thread: it was cancelled, or the run has no use for it any more.

    Not an `Exception`, so that a program that catches those does not catch this.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """One question that a program asks.

    Attributes:
        circuit: a Qiskit circuit, OpenQASM text, or an object of another payload format.
        parameters: values by name or ``Parameter``, or in the order of the circuit's parameters.
        observables: sums of Pauli strings or ``SparsePauliOp``; none asks for counts.
        shots: None: exact expectation values, or 1024 shots for counts, unless the program was
            added with another number.
        probabilities: ask for exact probabilities instead of counts.
        options: of the request, such as ``{"measure_all": True}``.
    """

    circuit: Any
    parameters: Any = None
    observables: Any = ()
    shots: int | None = None
    probabilities: bool = False
    options: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluated:
    """What a question came to.

    Attributes:
        counts: by outcome, of a question for counts.
        probabilities: by outcome, of one for probabilities.
        values: of the observables, in their order.
        errors: their standard errors, 0 where they are exact.
    """

    counts: Mapping[str, int] | None = None
    probabilities: Mapping[str, float] | None = None
    values: tuple[float, ...] = ()
    errors: tuple[float, ...] = ()

    @property
    def value(self) -> float:
        """The value of the only observable.

        Raises:
            UsageError: there are several, or none.
        """
        if len(self.values) != 1:
            raise UsageError(f"{len(self.values)} values, not one")
        return self.values[0]


class Asker(Protocol):
    """Hands a step to the run and waits for the answer."""

    def __call__(self, asking: Asking) -> Reply:
        """The answer."""


class Context:
    """A program's way to ask, handed to its function as the first argument.

    Attributes:
        args: the arguments that the program was added with.
        number: of the program in its group.
        shots: that it was added with, or None.
        seed: a whole number of its own, from which ``rng`` is made.
    """

    def __init__(
        self,
        ask: Asker,
        *,
        number: int,
        args: Mapping[str, Any],
        seed: int,
        shots: int | None = None,
        recorded: Sequence[tuple[str, Any]] | None = None,
    ) -> None:
        self.args = dict(args)
        self.number = number
        self.seed = seed
        self.shots = shots
        self._ask = ask
        self._payloads = Payloads()
        self._checked: set[tuple[str, Request, int | None]] = set()
        self._step = 0
        self._reports: list[Report] = []
        self._reports_itself = False
        self._records: list[tuple[str, Any]] = []
        self._recorded = recorded
        self._asks = threading.Lock()

    @cached_property
    def rng(self) -> np.random.Generator:
        """NumPy's random numbers, the same at every replay."""
        import numpy

        return numpy.random.default_rng(self.seed)

    def expectation(
        self,
        circuit: Any,
        parameters: Any = None,
        observables: Any = None,
        shots: int | None = None,
    ) -> Any:
        """The expectation value of an observable, or a NumPy array of those of several.

        Raises:
            JobFailed: the job did not end well.
            UsageError: the circuit cannot answer this.
        """
        several = not (isinstance(observables, str) or is_operator(observables))
        asked = Evaluation(
            circuit=circuit,
            parameters=parameters,
            observables=() if observables is None else observables,
            shots=shots,
        )
        values = self.evaluate([asked])[0].values
        if not values:
            raise UsageError("expectation() needs an observable")
        if not several:
            return values[0]
        import numpy

        return numpy.array(values)

    def counts(
        self, circuit: Any, parameters: Any = None, shots: int | None = None
    ) -> Mapping[str, int]:
        """How often each outcome came.

        Raises:
            JobFailed: the job did not end well.
            UsageError: the circuit cannot answer this.
        """
        asked = Evaluation(circuit=circuit, parameters=parameters, shots=shots)
        counts = self.evaluate([asked])[0].counts
        assert counts is not None
        return counts

    def evaluate(self, evaluations: Sequence[Evaluation]) -> list[Evaluated]:
        """Ask several questions in one round; the answers in their order.

        Raises:
            JobFailed: a job did not end well; says which, and why.
            UsageError: there is no question, or a circuit cannot answer it.
        """
        if not self._asks.acquire(blocking=False):
            raise UsageError(
                "it asks from several threads at once: evaluate([...]) asks several questions"
            )
        with contextlib.ExitStack() as stack:
            stack.callback(self._asks.release)
            return self.answered(self._ask(self.asking(evaluations)))

    def report(self, value: float, **numbers: float) -> None:
        """Tell how the program goes on, for curves; the least value counts as the best.

        A program that never reports is taken to minimise what a round of one expectation value
        comes to.
        """
        if not self._reports_itself:
            self._reports_itself = True
            self._reports.clear()
        found = {name: float(number) for name, number in numbers.items()}
        self._reports.append(Report(value=_finite(value), numbers=found))

    def record(self, name: str, work: Callable[[], T]) -> T:
        """The result of a side effect (the time, a file, an answer from the network), kept.

        It is stored with the next step, and at a replay taken from there, without calling
        ``work`` again. After the last step there is nothing to be stored with.

        Returns:
            What ``work`` returned, as the JSON value that is stored.

        Raises:
            NotRecorded: ``work`` failed; that is kept, too, and raised at a replay.
            Diverged: at a replay something else was recorded here.
        """
        place = len(self._records)
        if self._recorded is None:
            found = _worked(name, work)
        else:
            found = self._recorded[place] if place < len(self._recorded) else ("nothing", None)
            if found[0] not in (name, f"{name}{_FAILED}"):
                raise Diverged(f"it recorded {found[0]!r} before, now {name!r}")
        self._records.append(copy.deepcopy(found))  # the program may change its own
        if found[0] != name:
            raise NotRecorded(f"{name}: {found[1]}")
        return found[1]  # type: ignore[no-any-return] # as JSON holds it

    # -- between the program and the run ------------------------------------------------

    def asking(self, evaluations: Sequence[Evaluation]) -> Asking:
        """The next step of these questions.

        Raises:
            UsageError: there is no question, or a circuit cannot answer it.
        """
        if not evaluations:
            raise UsageError(f"step {self._step}: an empty round: nothing is asked")
        payloads: dict[str, Payload] = {}
        questions = []
        for one in evaluations:
            payload = self._payloads.of(one.circuit)
            payloads[payload.hash] = payload
            questions.append(self._question(one, payload))
        reports, records = self.said()
        return Asking(
            step=self._step,
            questions=questions,
            payloads=list(payloads.values()),
            reports=reports,
            records=records,
        )

    def said(self) -> tuple[list[Report], list[tuple[str, Any]]]:
        """What was reported and recorded since the step before."""
        return self._reports, self._records

    def answered(self, reply: Reply) -> list[Evaluated]:
        """The answers to the step that was asked last.

        Raises:
            JobFailed: a job did not end well.
        """
        if reply.parked:
            raise Parked
        self._step += 1
        self._reports, self._records = [], []
        self._recorded = reply.recorded
        found = [_evaluated(answer) for answer in reply.answers]
        if not self._reports_itself and len(found) == 1 and found[0].values:
            self._reports.append(Report(value=found[0].values[0]))
        return found

    def _question(self, one: Evaluation, payload: Payload) -> Question:
        texts = tuple(" ".join(text.split()) for text in observable_texts(one.observables))
        kind = ResultKind.COUNTS
        if one.probabilities:
            kind = ResultKind.PROBABILITIES
        elif texts:
            kind = ResultKind.EXPECTATION_VALUES
        request = Request(kind=kind, observables=texts, options=dict(one.options or {}))
        shots = self._shots(one, kind)
        if (mark := (payload.hash, request, shots)) not in self._checked:
            payload_format(payload.source.kind).check(payload, request, shots)
            self._checked.add(mark)
        return Question(
            payload=payload.hash,
            request=request,
            values=parameter_values(payload, one.parameters),
            shots=shots,
        )

    def _shots(self, one: Evaluation, kind: ResultKind) -> int | None:
        if kind is ResultKind.PROBABILITIES:
            return None
        shots = self.shots if one.shots is None else one.shots
        if shots is None:
            return DEFAULT_SHOTS if kind is ResultKind.COUNTS else None
        if shots != int(shots) or shots < 1:
            raise UsageError(f"{shots} shots: a job needs a whole number of them, at least one")
        return int(shots)


def _worked(name: str, work: Callable[[], Any]) -> tuple[str, Any]:
    """What is recorded of a side effect: its value, or how it failed."""
    try:
        return name, json_value(work())
    except Exception as error:
        said = f"{type(error).__name__}: {error}".encode("utf-8", "replace").decode()
        return f"{name}{_FAILED}", said


class Diverged(BaseException):
    """At a replay a program did something else than before; its own code must not catch it."""


def _evaluated(answer: Mapping[str, Any]) -> Evaluated:
    found = read_answer(answer)
    if isinstance(found, Counts):
        return Evaluated(counts=found.counts)
    if isinstance(found, Probabilities):
        return Evaluated(probabilities=found.probabilities)
    assert isinstance(found, ExpectationValues)
    return Evaluated(
        values=tuple(value.value for value in found.values),
        errors=tuple(value.standard_error or 0.0 for value in found.values),
    )


def _finite(value: Any) -> float:
    found = float(value)
    if not math.isfinite(found):
        raise UsageError(f"a report of {found}: not a finite number")
    return found
