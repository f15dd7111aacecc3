"""What passes between the engine and an adapter."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from qbatch.domain.batches import Usage
from qbatch.domain.payloads import Source
from qbatch.domain.record import record
from qbatch.domain.requests import Expected, Request
from qbatch.domain.states import Failure, RemoteState
from qbatch.errors import BackendError


@record()
class Item:
    """One piece of work of a submission, with everything that a backend needs to run it.

    Attributes:
        label: unique in the submission; results come back under it.
        name: what the user calls the payload, if anything; need not be unique.
        jobs: the jobs that it answers, ``group id/number``.
        payload: key into the submission's ``payloads``.
        info: what the payload's format keeps of it, such as ``num_qubits`` of a circuit.
        parameters: one value per parameter, in the payload's order.
        request: what is asked.
        expected: what its answer must look like.
        shots: None for exact results.
        wires: of a payload that was compiled, for each wire the qubit of the submission's target
            that it is; None where it is sent as it was added.
    """

    label: str
    name: str | None = None
    jobs: tuple[str, ...] = ()
    payload: str
    info: Mapping[str, Any] = field(default_factory=dict)
    parameters: tuple[Any, ...]
    request: Request
    expected: Expected
    shots: int | None
    seed: int | None
    wires: tuple[int, ...] | None = None

    @property
    def observables(self) -> tuple[str, ...]:
        """Empty where no expectation values are asked for."""
        return self.request.observables

    @property
    def measure_all(self) -> bool:
        """Whether all qubits of a circuit are to be measured at its end."""
        return self.request.measure_all


def _nobody_asks(_: str) -> None:
    """What `Submission.known` is where nobody writes it down."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """What is handed to a backend: a batch with its submission id and its payloads, each once.

    ``target`` is what its payloads were compiled for, as `qbatch.payloads.circuit.target` writes
    it; None where nothing was compiled.

    ``known`` is to be called with the remote id as soon as the service has told it, before
    anything else is sent under it: it is then written down, and a run that is killed in
    the middle of its uploads knows what to look for.
    """

    submission_id: str
    items: Sequence[Item]
    payloads: Mapping[str, Source]
    options: Mapping[str, Any]
    target: str | None = None
    known: Callable[[str], None] = _nobody_asks

    def __reduce__(self) -> tuple[Any, ...]:
        """For worker processes, which nobody tells ids."""
        own = (self.submission_id, self.items, self.payloads, self.options, self.target)
        return _submission, own


def _submission(
    submission_id: str,
    items: Sequence[Item],
    payloads: Mapping[str, Source],
    options: Mapping[str, Any],
    target: str | None,
) -> Submission:
    return Submission(
        submission_id=submission_id,
        items=items,
        payloads=payloads,
        options=options,
        target=target,
    )


@record()
class ItemResult:
    """What a backend says of one item, before it is checked.

    Exactly one of these is set: ``counts``; ``probabilities``, the exact distribution, from
    which counts are drawn where those were asked for; ``expectation_values``, pairs of value
    and standard error or None; ``pauli_values``, the exact expectation value of every Pauli
    string in the item's observables; or ``error`` with its ``failure``. ``info`` holds what is
    worth keeping (the simulator's seed and method, for example).
    """

    label: str
    counts: Mapping[str, int] | None = None
    probabilities: Mapping[str, float] | None = None
    expectation_values: Sequence[tuple[float, float | None]] | None = None
    pauli_values: Mapping[str, float] | None = None
    failure: Failure | None = None
    error: str | None = None
    info: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchStatus:
    """How a batch stands at its backend.

    A word that is no `RemoteState` is taken for ``unknown``, which ends nothing. ``usage`` is
    what the service reports of time and price, of a batch that has ended.
    """

    state: RemoteState
    failure: Failure | None = None
    message: str | None = None
    usage: Usage | None = None

    def __post_init__(self) -> None:
        if type(self.state) is not RemoteState:
            known = self.state in list(RemoteState)
            state = RemoteState(self.state) if known else RemoteState.UNKNOWN
            object.__setattr__(self, "state", state)


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A batch as an adapter will send it.

    Attributes:
        ready: labels of the items that will be sent, in the order of their positions: those
            of the submission without the refused ones.
        refused: what is said of the others; nothing is sent for them.
        body: what `SupportsPrepare.send` gets; nobody else looks into it.
        digest: of all that decides what is sent; the same for the same batch in any process.
    """

    ready: Sequence[str]
    refused: Sequence[ItemResult] = ()
    body: Any = None
    digest: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """What a batch would need.

    Attributes:
        requests: the fewest to a remote service.
        refused: why some of its items would not be run.
    """

    requests: int = 0
    refused: Sequence[str] = ()


def by_position(labels: Sequence[str], answers: Sequence[Any]) -> list[tuple[str, Any]]:
    """Answers that a service ties to items by their order alone, with the items' labels.

    Raises:
        BackendError: there are more or fewer of them: then no answer can be told from another.
    """
    if len(labels) != len(answers):
        raise BackendError(f"{len(answers)} answers for {len(labels)} items: which is whose?")
    return list(zip(labels, answers, strict=True))
