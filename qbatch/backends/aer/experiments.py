"""What a batch has to run: circuits with angles and shots, and which share a template."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from qbatch.backends.aer.templates import Angles, Template, generalized
from qbatch.payloads.circuit.convert import to_qiskit
from qbatch.payloads.circuit.form import Form, Nature
from qbatch.seam import Item
from qbatch.simulation.readout import Readout, readout

if TYPE_CHECKING:
    from qiskit import QuantumCircuit


_MOST_ANGLES = 2_000
_NAME = itemgetter(1)  # of an operation


class Prepared:
    """A circuit of the batch, in gates that Aer knows, and what is known of it.

    Args:
        form: one operation for each of the circuit's.
        circuit: None where the form stands for it and it is built when it is needed.
        parameters: the circuit's own, in the order of the items' values.
        apart: its last register holds outcomes that nobody reads (`circuits.apart`).
        small: the form alone is simulated, by the kernel.
        stim: the form alone is sampled, by Stim.
        found: the form's nature, where it is known.

    Attributes:
        outline: differs for circuits of different skeletons, and costs less to have; None
            where there is no skeleton.
        shape: the skeleton that circuits which differ in numbers only have in common, once
            `find_shape` has looked for it.
        angles: the numbers of that; None where the item's values are meant.
    """

    def __init__(
        self,
        form: Form,
        circuit: QuantumCircuit | None = None,
        parameters: tuple[Any, ...] = (),
        *,
        apart: bool = False,
        small: bool = False,
        stim: bool = False,
        found: Nature | None = None,
    ) -> None:
        self.form = form
        self.apart = apart
        self.small = small
        self.stim = stim
        self.readout = readout(form, found)
        self.outline: Hashable = None
        self.shape: Hashable = None
        self.angles: Angles | None = None if parameters else ()
        self._template = None if circuit is None else Template(circuit, parameters)
        if not parameters and self.readout is not None:
            self.outline = form.num_qubits, tuple(map(_NAME, form.operations))

    def find_shape(self) -> None:
        """Look for its skeleton."""
        if self.outline is None or self.shape is not None:
            return
        marked = self.form.skeleton()
        # To bind very many angles would take longer than it saves.
        if marked is not None and len(marked[1]) <= _MOST_ANGLES:
            self.shape, self.angles = marked

    @property
    def template(self) -> Template:
        """The circuit as a template of its own."""
        if self._template is None:
            self._template = Template(to_qiskit(self.form), ())
        return self._template


@dataclass(frozen=True, slots=True, eq=False)
class Experiment:
    """One circuit to run; ``part`` numbers the measurement sets of an estimate."""

    item: Item
    part: int
    prepared: Prepared

    @property
    def angles(self) -> Angles:
        """The numbers of the circuit's skeleton, or the item's parameter values."""
        own = self.prepared.angles
        return self.item.parameters if own is None else own


class Ways:
    """A batch's experiments by the way that they go: the kernel's (small), Stim's, or Aer's."""

    def __init__(self) -> None:
        self.small: list[Experiment] = []
        self.stim: list[Experiment] = []
        self.exact: list[Experiment] = []  # values of observables
        self.drawn: list[Experiment] = []  # counts from the exact distribution
        self.sampled: list[Experiment] = []


Points = dict[Angles, list[Experiment]]


def alike(experiments: Iterable[Experiment]) -> list[Points]:
    """The experiments by what can run as one template, and by the angles it gets."""
    experiments = list(experiments)
    outlines: dict[Hashable, dict[Prepared, None]] = {}
    for experiment in experiments:
        outlines.setdefault(experiment.prepared.outline, {})[experiment.prepared] = None
    for sharing in outlines.values():
        if len(sharing) > 1:
            for prepared in sharing:
                prepared.find_shape()
    groups: dict[Hashable, Points] = {}
    for experiment in experiments:
        prepared = experiment.prepared
        points = groups.setdefault(prepared.shape or prepared, {})
        points.setdefault(experiment.angles, []).append(experiment)
    return list(groups.values())


def by_template(
    experiments: Iterable[Experiment],
) -> list[tuple[Template, Readout | None, Points]]:
    """The experiments with the templates that they can run as."""
    found = []
    for points in alike(experiments):
        first = next(iter(points.values()))[0].prepared
        if first.shape is not None and len(points) > 1:
            template = generalized(first.form)
        else:
            template = first.template
            if first.shape is not None:
                points = dict(zip([()], points.values(), strict=True))
        found.append((template, first.readout, points))
    return found
