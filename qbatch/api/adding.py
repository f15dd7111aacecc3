"""Adding jobs to a group, and finding those that ask the same."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple

from qbatch.api.stored_group import StoredGroup
from qbatch.errors import UsageError
from qbatch.payloads import perceval_inputs, qiskit_inputs

if TYPE_CHECKING:
    from qbatch.api.options import AddOptions
    from qbatch.domain.jobs import JobSpec
    from qbatch.domain.payloads import Payload
    from qbatch.payloads.adding import AddRequest
    from qbatch.payloads.inputs import Input

Announce = Callable[[int], Callable[[int], None] | None]
_Point = tuple[bytes, str]
_STEP = 10_000  # jobs between two signs of life
_NOT_ASKED = ("skip_invalid", "if_new", "announce", "max_samples")


@dataclass(frozen=True, slots=True, kw_only=True)
class AddReport:
    """What an ``add`` did.

    Attributes:
        numbers: the new jobs' numbers in the group.
        duplicates: number of jobs left out because the group has them (``if_new``).
        invalid: circuits left out, each with file, line and reason (``skip_invalid``).
    """

    numbers: range
    duplicates: int = 0
    invalid: tuple[str, ...] = ()


class _Wanted(NamedTuple):
    """One request, with the payloads that it is made of and the number of jobs each becomes."""

    request: AddRequest
    payloads: list[Payload]
    invalid: tuple[str, ...]


def add(group: StoredGroup, circuits: tuple[Input, ...], options: AddOptions) -> AddReport:
    """Add a job for each circuit, or one per point of a sweep, all in one transaction.

    Raises:
        UsageError: something is wrong with the input; nothing was stored.
    """
    from qbatch.payloads.adding import job_specs

    wanted = list(_wanted(group, circuits, options))
    payloads = [payload for part in wanted for payload in part.payloads]
    specs: Iterator[JobSpec] = (
        spec for part in wanted for spec in job_specs(part.payloads, part.request)
    )
    if (announce := options.get("announce")) is not None:
        progress = announce(sum(map(_jobs_of, wanted)))
        specs = specs if progress is None else _counted(specs, progress)
    store = group.store
    with store.database.transaction():
        group_id = store.groups.ensure(group.name)
        added = store.jobs.add(group_id, payloads, specs, if_new=options.get("if_new", False))
    return AddReport(
        numbers=added.numbers,
        duplicates=added.duplicates,
        invalid=tuple(reason for part in wanted for reason in part.invalid),
    )


def _jobs_of(part: _Wanted) -> int:
    """Number of jobs that a request makes."""
    from qbatch.payloads.adding import sweep_of

    return sum(sweep_of(payload, part.request).size for payload in part.payloads)


def keys(group: StoredGroup, circuit: Input, options: AddOptions) -> list[bytes]:
    """The keys of the jobs that ``add`` would make; nothing is stored.

    Raises:
        UsageError: something is wrong with the input.
    """
    from qbatch.payloads.adding import job_specs

    return [
        key
        for part in _wanted(group, (circuit,), options)
        for spec in job_specs(part.payloads, part.request)
        for key, _ in spec.points
    ]


def _wanted(
    group: StoredGroup, circuits: tuple[Input, ...], options: AddOptions
) -> Iterator[_Wanted]:
    """The requests that the inputs make: one for all plain ones, and one per PUB."""
    from qbatch.backends.catalog import Catalog
    from qbatch.payloads.inputs import usable_payloads

    catalog = Catalog(group.config)
    homes = catalog.homes(catalog.default)
    for inputs, own in _parts(circuits, options):
        if twice := sorted(own.keys() & options.keys()):
            raise UsageError(f"{twice[0]} stands in the PUB or job already: leave it out beside")
        wanted = _request({**options, **own}, inputs, group.config.defaults.get("shots"))
        wanted, usable, invalid = usable_payloads(
            inputs, wanted, skip_invalid=options.get("skip_invalid", False)
        )
        settings = wanted.settings
        for home in {homes.get(payload.source.kind) for payload in usable}:
            catalog.check_options(settings.backend or home, settings.options)
        yield _Wanted(wanted, usable, invalid)


def _parts(
    circuits: tuple[Input, ...], options: AddOptions
) -> Iterator[tuple[list[Input], dict[str, Any]]]:
    """Runs of plain inputs, and each PUB or job alone with what it says itself, in their order."""
    plain: list[Input] = []
    for entry in circuits:
        if qiskit_inputs.is_pub(entry):
            alone = [qiskit_inputs.pub_options(entry)]
        elif perceval_inputs.is_job(entry):
            alone = perceval_inputs.job_options(entry, options.get("max_samples"))
        else:
            plain.append(entry)
            continue
        if plain:
            yield plain, {}
            plain = []
        for circuit, own in alone:
            yield [circuit], own
    if plain or not circuits:
        yield plain, {}


def _request(
    given: Mapping[str, Any], inputs: list[Input], default_shots: int | None
) -> AddRequest:
    from qbatch.payloads.adding import AddRequest
    from qbatch.payloads.parameters import Sweep, float_rows, float_values

    wishes = {k: v for k, v in given.items() if v is not None and k not in _NOT_ASKED}
    axes, vector_rows = qiskit_inputs.axes_by_name(wishes.pop("parameters", {}))
    rows = qiskit_inputs.rows_by_name(wishes.pop("rows", None), inputs)
    if rows is not None and vector_rows:
        raise UsageError("rows, and rows of a parameter vector: give one of them")
    sweep = Sweep(
        {name: float_values(values) for name, values in axes.items()},
        float_rows(rows if rows is not None else vector_rows or None),
        in_step=wishes.pop("in_step", False),
    )
    observables = qiskit_inputs.observable_texts(wishes.pop("observables", ()))
    shots = _shots(wishes, observables, default_shots)
    return AddRequest.of(**{**wishes, "sweep": sweep, "observables": observables, "shots": shots})


def _shots(
    wishes: dict[str, Any], observables: tuple[str, ...], default_shots: int | None
) -> int | None:
    """Shots of a job; the configuration's default is for counts: observables are exact."""
    precision: float | None = wishes.pop("precision", None)
    shots: int | None = wishes.pop("shots", None)
    if precision is not None:
        if shots is not None or not observables:
            raise UsageError("precision is for observables, instead of shots")
        return qiskit_inputs.shots_for(precision)
    if wishes.get("until"):
        return shots  # its rules say how many
    if shots is None and not observables and not wishes.get("probabilities"):
        return default_shots
    return shots


def _counted(specs: Iterable[JobSpec], progress: Callable[[int], None]) -> Iterator[JobSpec]:
    for spec in specs:
        yield replace(spec, points=_reported(spec.points, progress))


def _reported(points: Iterable[_Point], progress: Callable[[int], None]) -> Iterator[_Point]:
    more = 0
    for point in points:
        yield point
        more += 1
        if more == _STEP:
            progress(more)
            more = 0
    progress(more)
