"""The options of `add` and of the verbs that run, by name, so that an editor completes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypedDict

if TYPE_CHECKING:
    import numpy
    from qiskit.circuit import Parameter, ParameterVector
    from qiskit.quantum_info import SparsePauliOp

    from qbatch.api.adding import Announce

    Name: TypeAlias = str | Parameter | ParameterVector
    Array: TypeAlias = numpy.ndarray[Any, Any]
    Values: TypeAlias = float | Sequence[float] | Sequence[Sequence[float]] | Array
    Rows: TypeAlias = Sequence[Mapping[Any, float]] | Sequence[Sequence[float]] | Array
    Observable: TypeAlias = str | SparsePauliOp


class AddOptions(TypedDict, total=False):
    """What may be said of the jobs that are added; all of it is optional.

    shots: of each job; default 1024 for counts. Without it observables are exact.
    precision: standard error of the observables that is wanted, instead of shots: they become
        ``ceil(1 / precision**2)``, as in Qiskit's ``BackendEstimatorV2``.
    parameters: a value or a list of values by parameter (its name, or Qiskit's ``Parameter``);
        lists make a product. A ``ParameterVector`` has a value for each element, or rows of them.
    rows: parameter values row by row, one job per row (times the product): mappings, or a
        two-dimensional array with a column per parameter, in the circuit's order.
    in_step: take the lists in step instead of their product.
    observables: sums of Pauli strings such as ``"ZZ + 0.5*XX"``, or ``SparsePauliOp``.
    probabilities: ask for the exact distribution instead of counts.
    asks: what the payloads' format knows besides, such as a post-selection.
    seed: makes the counts the same every time, alone or merged.
    name: of the jobs; default the file's or the circuit's.
    tags: texts by key.
    backend: where the jobs run, unless a run says otherwise.
    priority: higher ones are sent first.
    options: for the backend, such as ``{"method": "stabilizer"}``.
    measure_all: measure every qubit at the end of each circuit.
    skip_invalid: leave out what cannot be used instead of adding nothing.
    if_new: leave out what the group holds already.
    max_gates: that a circuit may have once its definitions are unrolled.
    until: rules by which a job has enough shots, such as ``"stderr<0.01"``: it gets them round by
        round (`qbatch.rules.enough`); ``shots`` are then those of the first round.
    max_shots: that these rules may give a job.
    tags_from_name: read tags from names of files, such as ``d=3,p=0.01.qasm``; ``tags`` go before.
    max_samples: of Perceval's jobs, which call their shots so.
    announce: told how many jobs it will be before any is stored, and may raise; what it
        returns is told how many more are.
    """

    shots: int | None
    precision: float | None
    parameters: Mapping[Name, Values] | None
    rows: Rows | None
    in_step: bool
    observables: Observable | Sequence[Observable]
    probabilities: bool
    tags_from_name: bool
    asks: Mapping[str, Any] | None
    seed: int | None
    name: str | None
    tags: Mapping[str, str] | None
    backend: str | None
    priority: int
    options: Mapping[str, Any] | None
    measure_all: bool
    skip_invalid: bool
    if_new: bool
    max_gates: int | None
    until: str | Sequence[str] | None
    max_shots: int | None
    max_samples: int | None
    announce: Announce | None


class ProgramOptions(TypedDict, total=False):
    """What may be said of the programs that are added; all of it is optional.

    parameters, rows, in_step: numbers that the function is called with, by name, as for jobs: a
        program for each point. Whole numbers are handed over as such.
    arguments: more of them, JSON values by name, the same for all.
    seed: makes the programs' random numbers, and so their jobs' counts, the same every time.
    shots: of evaluations that do not say it themselves.
    name: of the programs; default the function's.
    tags, backend, priority, options: of their jobs.
    """

    parameters: Mapping[str, float | Sequence[float]] | None
    rows: Sequence[Mapping[str, float]] | None
    in_step: bool
    arguments: Mapping[str, Any] | None
    seed: int | None
    shots: int | None
    name: str | None
    tags: Mapping[str, str] | None
    backend: str | None
    priority: int
    options: Mapping[str, Any] | None


class EditOptions(TypedDict, total=False):
    """What may be changed of jobs, or of the group; all of it is optional.

    tags, remove_tags: to give to the jobs, and keys of those to take away.
    note: on the jobs, or without a selector on the group; an empty one removes it.
    backend: of unsent jobs; without a selector of the group, for its jobs that name none. An
        empty one: none.
    priority, options: of unsent jobs; an option of None is taken away.
    shots: of jobs in all: more than they have had, or just as many.
    more_shots: besides those that they have; what they yielded is added up.
    until: rules by which they have enough shots; empty: none.
    max_shots: that these rules may give a job.
    """

    tags: Mapping[str, str] | None
    remove_tags: Sequence[str]
    note: str | None
    backend: str | None
    priority: int | None
    options: Mapping[str, Any] | None
    shots: int | None
    more_shots: int | None
    until: str | Sequence[str] | None
    max_shots: int | None


class CommonRunOptions(TypedDict, total=False):
    """What may be said of every run; what is not said has the configuration's default.

    The fields of `qbatch.RunSettings` that have the same names say what they mean.
    """

    backend: str | None
    executor: str
    sampling: Literal["auto", "exact", "shots", "stim"]
    rate: float | None
    merge: bool
    max_batch_size: int | None
    coalesce: bool
    max_in_flight: int | None
    limit: int | None
    seed: int | None
    by_key: bool
    wait_lock: float
    wait: bool
    retries: int
    max_failures: float | None
    max_cost: float | None
    max_shots_total: int | None
    max_qpu_seconds: float | None
    allow_unpriced: bool
    timeout: float | None
    deadline: float | None
    bisect: bool
    follow: bool
    idle: float | None
    after: Sequence[str]
    notify: str | None
    schedule: Literal["barrier", "eager"]
    max_wait: float | None
    step_timeout: float | None
    program_hosts: int | None
    accept_changes: bool
    accept_code: bool


class RunOptions(CommonRunOptions, total=False):
    """The same, with whether jobs run one by one, and how many seconds lie between them."""

    sequential: bool
    delay: float
