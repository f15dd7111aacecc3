"""Circuits of few qubits, which are simulated by qbatch's own kernel and need no Aer.

A job goes this way if its text is read by the own readers, or it is QPY whose numbers
are plain, all its gates are known to the
kernel, it has an exact law that begins at |0…0>, and its answer comes from that law. The law is
that of Aer's state vector, and a seed's counts are the same either way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, NamedTuple

from qbatch.backends.aer import cliffords
from qbatch.backends.aer.experiments import Experiment, Points, Prepared, alike
from qbatch.domain.payloads import Source
from qbatch.payloads.circuit.form import Form, Nature, nature
from qbatch.payloads.circuit.formats import kept_plain, kept_qpy
from qbatch.rules.pauli import parse_observable
from qbatch.seam import Item
from qbatch.simulation import drawing, kernel
from qbatch.simulation.readout import Outcomes, outcomes
from qbatch.simulation.state import State

_MANY = 8  # points from which on a template is worth it

Asked = tuple[Experiment, Any, Outcomes]
"""What is asked, the distribution that answers it, and the names of its outcomes."""


class Known(NamedTuple):
    """A circuit whose form is known: what it is, and whether the kernel takes it.

    ``is_text``: a text that the own readers understand, from which Qiskit's circuit is made.
    """

    form: Form
    nature: Nature
    taken: bool
    is_text: bool


class SmallCircuits:
    """The circuits of a batch, as the kernel takes them.

    Args:
        payloads: by name.
        allowed: whether the backend's settings leave circuits and their laws as they are.
    """

    def __init__(self, payloads: Mapping[str, Source], allowed: bool) -> None:
        self._payloads = payloads
        self._allowed = allowed
        self._known: dict[str, Known | None] = {}
        self._prepared: dict[tuple[str, bool, str | None], Prepared | None] = {}
        self._by_stim: dict[tuple[str, bool, str | None], Prepared | None] = {}

    def form(self, item: Item) -> Form | None:
        """The form of an item's circuit, small or not, where the own readers understand it."""
        found = self._of(item)
        return None if found is None or not found.is_text else found.form

    def _of(self, item: Item) -> Known | None:
        if item.payload not in self._known:
            self._known[item.payload] = self._read(item)
        return self._known[item.payload]

    def _read(self, item: Item) -> Known | None:
        source = self._payloads[item.payload]
        read, is_text = kept_plain(source), True
        if read is None and item.info.get("num_qubits", kernel.MOST_QUBITS) <= kernel.MOST_QUBITS:
            read, is_text = kept_qpy(source), False
        return None if read is None else Known(*read, kernel.takes(read[0]), is_text)

    def counted(self, item: Item) -> Prepared | None:
        """The circuit with its measurements; None where the kernel does not take it."""
        return self._prepare(item, None)

    def turned(self, item: Item, basis: str) -> Prepared | None:
        """The circuit measured in a basis; None where the kernel does not take it."""
        return self._prepare(item, basis)

    def bare(self, item: Item) -> Prepared | None:
        """The circuit for exact values; None where the kernel does not take it."""
        return self._prepare(item, "")

    def by_stim(self, item: Item, basis: str | None) -> Prepared | None:
        """The circuit with its measurements, or measured in a basis; None if Stim knows it not."""
        mark = item.payload, item.measure_all, basis
        if mark not in self._by_stim:
            found = self._of(item) if self._allowed else None
            text = found if found is not None and found.is_text else None
            form = None if text is None else _as_asked(text.form, item, basis)
            taken = form is not None and cliffords.takes(form)
            self._by_stim[mark] = Prepared(form, stim=True) if form and taken else None
        return self._by_stim[mark]

    def _prepare(self, item: Item, basis: str | None) -> Prepared | None:
        mark = item.payload, item.measure_all, basis
        if mark not in self._prepared:
            found = self._of(item) if self._allowed else None
            taken = found is not None and found.taken and _is_law(found.nature)
            self._prepared[mark] = _prepared(found, item, basis) if found and taken else None
        return self._prepared[mark]


def _is_law(found: Nature) -> bool:
    """Whether there is one state before the measurements, and it began as |0…0>."""
    return found.is_exact and found.from_zero


def _as_asked(form: Form, item: Item, basis: str | None) -> Form:
    """The circuit with the measurements that a job asks for."""
    if item.measure_all:
        form = form.measured_all()
    return form.measured_in(basis) if basis else form


def _prepared(found: Known, item: Item, basis: str | None) -> Prepared | None:
    """The circuit as it is asked for; None where its outcomes cannot be told here."""
    form = _as_asked(found.form, item, basis)
    now = found.nature if form is found.form else nature(form)
    prepared = Prepared(form, None, form.parameters, small=True, found=now)
    counts = basis != ""
    return prepared if _is_law(now) and not (counts and prepared.readout is None) else None


# -- running ------------------------------------------------------------------------


def laws(experiments: Sequence[Experiment]) -> Iterator[list[Asked]]:
    """The exact distributions of what the experiments read, block by block."""
    for sharing, state in _states(experiments, _measured):
        first = sharing[0][0].prepared.readout
        assert first is not None
        found = drawing.distributions(state.probabilities(first.qubits))
        asked: list[Asked] = []
        for row, own in zip(found, sharing, strict=True):
            read = own[0].prepared.readout
            assert read is not None
            names = outcomes(read)
            asked += [(experiment, row, names) for experiment in own]
        yield asked


def drawn(asked: Sequence[Asked], fresh: Any) -> Iterator[tuple[Experiment, dict[str, int]]]:
    """Counts of each, drawn from its distribution.

    Args:
        fresh: the stream of those without a seed; the others have one of their own each.
    """
    import numpy

    if not asked:
        return
    streams = [
        None if e.item.seed is None else drawing.generator(e.item.seed, e.part) for e, _, _ in asked
    ]
    rows = drawing.draw(
        numpy.array([law for _, law, _ in asked]),
        [e.item.shots or 0 for e, _, _ in asked],
        streams,
        fresh,
    )
    for (experiment, _, names), row in zip(asked, rows, strict=True):
        yield experiment, drawing.counts(row, names)


def values(
    experiments: Sequence[Experiment],
) -> Iterator[tuple[Experiment, list[tuple[float, None]]]]:
    """The exact values of each experiment's observables.

    States come together whatever is asked of them: programs ask for values of one circuit, each
    with observables of its own.
    """
    for sharing, state in _states(experiments, _nothing):
        asked = [(column, one) for column, own in enumerate(sharing) for one in own]
        sums = [[parse_observable(text) for text in one.item.observables] for _, one in asked]
        found = kernel.values_at(state, [column for column, _ in asked], sums)
        for (_, experiment), row in zip(asked, found, strict=True):
            yield experiment, [(value, None) for value in row]


def _measured(experiment: Experiment) -> object:
    read = experiment.prepared.readout
    return None if read is None else read.qubits


def _nothing(_: Experiment) -> object:
    return None


_Sharing = list[list[Experiment]]


def _states(
    experiments: Sequence[Experiment], asks: Callable[[Experiment], object]
) -> Iterator[tuple[_Sharing, State]]:
    """States with the experiments of each column.

    Args:
        asks: experiments for which this differs do not come together.
    """
    loose: dict[object, list[tuple[Form, list[Experiment]]]] = {}
    for sort, points in _templates(experiments, asks):
        own = next(iter(points.values()))[0].prepared
        if len(points) >= _MANY:
            form = own.form if own.angles is None else own.form.generalized()
            yield from _with_sharing(kernel.at_points(form, list(points)), points.values())
            continue
        for angles, together in points.items():
            form = together[0].prepared.form
            if own.angles is None:
                form = kernel.bound(form, angles)
            loose.setdefault((sort, form.num_qubits), []).append((form, together))
    for group in loose.values():
        states = kernel.together([form for form, _ in group])
        yield from _with_sharing(states, [together for _, together in group])


def _templates(
    experiments: Sequence[Experiment], asks: Callable[[Experiment], object]
) -> Iterator[tuple[object, Points]]:
    """What is asked, and the points of each template of which it is asked."""
    sorts: dict[object, list[Experiment]] = {}
    for experiment in experiments:
        sorts.setdefault(asks(experiment), []).append(experiment)
    for sort, members in sorts.items():
        for points in alike(members):
            yield sort, points


def _with_sharing(
    states: Iterable[State], sharing: Iterable[list[Experiment]]
) -> Iterator[tuple[_Sharing, State]]:
    """Each block of states with the experiments of its columns."""
    left = iter(sharing)
    for state in states:
        yield list(islice(left, state.circuits)), state
