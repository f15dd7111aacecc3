"""Adding jobs to a group, and what holds for those that come."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from qbatch.api.base import Base

if TYPE_CHECKING:
    from qbatch.domain.jobs import JobSpec
    from qbatch.payloads.inputs import Input

Announce = Callable[[int], Callable[[int], None] | None]
_STEP = 10_000  # jobs between two signs of life


@dataclass(frozen=True, slots=True, kw_only=True)
class AddReport:
    """What an ``add`` did.

    Attributes:
        numbers: the new jobs' numbers in the group.
        held: jobs left out because the group holds them (``if_new``).
        invalid: circuits left out, each with file, line and reason (``skip_invalid``).
    """

    numbers: range
    held: int = 0
    invalid: tuple[str, ...] = ()


class Adding(Base):
    """The verbs that add."""

    def add(
        self,
        *circuits: Input,
        shots: int | None = None,
        parameters: Mapping[str, float | Sequence[float]] | None = None,
        rows: Sequence[Mapping[str, float]] | None = None,
        in_step: bool = False,
        observables: str | Sequence[str] = (),
        probabilities: bool = False,
        asks: Mapping[str, Any] | None = None,
        seed: int | None = None,
        name: str | None = None,
        tags: Mapping[str, str] | None = None,
        backend: str | None = None,
        priority: int = 0,
        options: Mapping[str, Any] | None = None,
        measure_all: bool = False,
        skip_invalid: bool = False,
        if_new: bool = False,
        max_gates: int | None = None,
        announce: Announce | None = None,
    ) -> AddReport:
        """Add a job for each circuit, or one a point of a sweep.

        Args:
            circuits: Qiskit circuits or objects of another installed payload format,
                paths (files, directories, globs, ``-``), or OpenQASM text.
            shots: default 1024 for counts; without it observables are exact.
            parameters: a value or a list of values a parameter; lists make a product.
            rows: parameter values row by row, one job a row (times the product).
            in_step: take the lists in step instead of their product.
            observables: sums of Pauli strings such as ``"ZZ + 0.5*XX"``.
            probabilities: ask for the exact distribution instead of counts.
            asks: what the payloads' format knows besides, such as a post-selection.
            seed: makes the counts the same every time, alone or merged.
            options: for the backend, such as ``{"method": "stabilizer"}``.
            skip_invalid: leave out what cannot be used instead of adding nothing.
            if_new: leave out what the group holds already.
            max_gates: that a circuit may have once its definitions are unrolled.
            announce: told how many jobs it will be before any is stored, and may raise;
                what it returns is told how many more are.

        Raises:
            UsageError: something is wrong with the input; nothing was stored.
        """
        from qbatch.backends.catalog import Catalog
        from qbatch.payloads.adding import AddRequest, job_specs
        from qbatch.payloads.inputs import usable_payloads
        from qbatch.payloads.parameters import Sweep, float_rows, float_values

        axes = {key: float_values(value) for key, value in (parameters or {}).items()}
        wanted = AddRequest.of(
            sweep=Sweep(axes, float_rows(rows), in_step=in_step),
            observables=(observables,) if isinstance(observables, str) else tuple(observables),
            probabilities=probabilities,
            asks=dict(asks or {}),
            measure_all=measure_all,
            shots=shots,
            seed=seed,
            name=name,
            tags=dict(tags or {}),
            backend=backend,
            priority=priority,
            options=dict(options or {}),
            **({} if max_gates is None else {"max_gates": max_gates}),
        )
        Catalog(self._config).check_options(backend, wanted.settings.options)
        usable, invalid = usable_payloads(circuits, wanted, skip_invalid=skip_invalid)
        specs = job_specs(usable, wanted)
        if announce is not None:
            told = announce(len(usable) * wanted.sweep.size)
            specs = specs if told is None else _counted(specs, told)
        store = self._store
        with store.database.transaction():
            group_id = store.groups.ensure(self._name)
            added = store.jobs.add(group_id, usable, specs, if_new=if_new)
        return AddReport(numbers=added.numbers, held=added.held, invalid=invalid)

    def set_backend(self, backend: str | None) -> None:
        """Name the backend of those of its jobs that name none; a run's own goes first.

        Raises:
            NotFound: there is no such backend.
        """
        from qbatch.backends.catalog import Catalog

        if backend is not None:
            Catalog(self._config).get(backend)
        self._store.groups.set_backend(self._group().id, backend)

    def set_open(self, is_open: bool) -> None:
        """Close the group, so that adding to it is refused, or open it again."""
        self._store.groups.set_open(self._group().id, is_open)


def _counted(specs: Iterable[JobSpec], told: Callable[[int], None]) -> Iterator[JobSpec]:
    for spec in specs:
        yield replace(spec, points=_told(spec.points, told))


def _told(points: Iterable[Any], told: Callable[[int], None]) -> Iterator[Any]:
    more = 0
    for point in points:
        yield point
        more += 1
        if more == _STEP:
            told(more)
            more = 0
    told(more)
