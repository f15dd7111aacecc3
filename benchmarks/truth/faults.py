"""Small faults, planted one by one, to prove that the campaign sees such faults.

Each replaces one function or table of qbatch by one that is a little wrong: the kind of slip
that reads well. ``caught`` plays the scenes in which it could show, with the fault in place.
"""

from __future__ import annotations

import contextlib
import random
import re
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest import mock

import numpy

from benchmarks.truth import compiled_faults, kernel_faults
from benchmarks.truth.judging import judge
from benchmarks.truth.planting import Fault, Plant, put, wrap
from benchmarks.truth.scenes import SCENES, play
from qbatch.backends.aer import (
    circuits,
    experiments,
    simulation,
    small,
    templates,
    worker,
)
from qbatch.domain.results import Counts, ExpectationValues
from qbatch.domain.results import counts as dealing
from qbatch.engine import sender
from qbatch.payloads.circuit import angles, convert, form, formats, qasm2, qasm3, reading, target
from qbatch.payloads.circuit.form import Form, Kind
from qbatch.rules import merging, pauli, placing
from qbatch.simulation import drawing, readout


def _gate(table: dict[str, Any], text: str, other: str) -> Plant:
    return lambda: mock.patch.dict(table, {text: replace_name(table[text], other)})


def replace_name(spec: Any, name: str) -> Any:
    """The specification of a gate under another name."""
    return spec._replace(name=name)


# -- readers ------------------------------------------------------------------------


def _angles_joined(change: Callable[[str, Any, Any], tuple[str, Any, Any]]) -> Plant:
    def make(right: Any) -> Any:
        return lambda self, sign, a, b: right(self, *change(sign, a, b))

    return wrap(angles._Parser, "_joined", make)


def _reversed_arguments(right: Any) -> Any:
    def wrong(self: Any, definition: Any, numbers: Any, qubits: Any) -> None:
        right(self, definition, tuple(reversed(numbers)), qubits)

    return wrong


def _reversed_measurement(right: Any) -> Any:
    def wrong(self: Any, qubit: Any, clbit: Any) -> None:
        right(self, qubit, clbit[::-1] if isinstance(clbit, tuple) else clbit)

    return wrong


def _negation_lost(right: Any) -> Any:
    def wrong(tree: Any, values: Any) -> Any:
        return (
            right(tree[1], values)
            if isinstance(tree, tuple) and len(tree) == 2
            else right(tree, values)
        )

    return wrong


def _first_declared_first(right: Any) -> Any:
    def wrong(body: bytes) -> Form:
        found = right(body)
        names = re.findall(rb"input\s+float\s+(\w+)", body)
        return replace(found, parameters=tuple(name.decode() for name in names))

    return wrong


# -- form ---------------------------------------------------------------------------


def _retold(change: Callable[[Form], Form]) -> Plant:
    """``nature`` asked of a changed form, wherever it is asked."""

    @contextlib.contextmanager
    def plant() -> Iterator[None]:
        right = form.nature

        def wrong(found: Form) -> Any:
            return replace(right(change(found)), final=right(found).final)

        with contextlib.ExitStack() as stack:
            for owner in (form, formats, readout, worker, small):
                stack.enter_context(mock.patch.object(owner, "nature", wrong))
            yield

    return plant


def _without(*kinds: Kind) -> Callable[[Form], Form]:
    return lambda f: replace(f, operations=[o for o in f.operations if o.kind not in kinds])


def _as_gates(kind: Kind) -> Callable[[Form], Form]:
    return lambda f: replace(
        f, operations=[o._replace(kind=Kind.GATE) if o.kind is kind else o for o in f.operations]
    )


def _measured_first(f: Form) -> Form:
    """As if gates after a measurement came before it."""
    return replace(f, operations=sorted(f.operations, key=lambda o: o.kind is Kind.MEASURE))


def _first_write_counts(right: Any) -> Any:
    def wrong(found: Form) -> Any:
        told = right(found)
        first: dict[int, int] = {}
        for o in found.operations:
            if o.kind is Kind.MEASURE:
                first.setdefault(o.clbits[0], o.qubits[0])
        return replace(told, read=first if told.read else {})

    return wrong


def _skeleton(change: Callable[[Any], Any]) -> Plant:
    def make(right: Any) -> Any:
        def wrong(self: Form) -> Any:
            return right(replace(self, operations=[change(o) for o in self.operations]))

        return wrong

    return wrap(Form, "skeleton", make)


def _reversed_angles(right: Any) -> Any:
    def wrong(found: Form) -> Any:
        template = right(found)
        return templates.Template(template.circuit, template.parameters[::-1])

    return wrong


def _by_name(right: Any) -> Any:
    return lambda instruction: right(instruction) or instruction.name in ("h", "x", "r", "ecr")


def _blocks_as_they_stand(right: Any) -> Any:
    def wrong(circuit: Any, keeps: Any) -> Any:
        if convert.Kind.CONTROL not in map(convert.kind, circuit.data):
            return right(circuit, keeps)
        return right(circuit, lambda i: i.name in ("h", "x", "r", "sx") or keeps(i))

    return wrong


# -- templates, sampling, merging ---------------------------------------------------


def _columns_swapped(right: Any) -> Any:
    def wrong(self: Any, points: Any) -> Any:
        found = right(self, points)
        keys = list(found)
        return dict(zip(keys, [found[k] for k in reversed(keys)], strict=True))

    return wrong


def _distribution(digits: int) -> Plant:
    return put(drawing, "_DIGITS", digits)


def _with_replacement(right: Any) -> Any:
    def wrong(counts: Any, shots: Any, rng: Any = None) -> Any:
        if len(shots) == 1:
            return right(counts, shots, rng)
        drawn = numpy.random.default_rng()
        p = numpy.array(list(counts.values())) / sum(counts.values())
        return [
            {o: int(n) for o, n in zip(counts, drawn.multinomial(s, p), strict=True) if n}
            for s in shots
        ]

    return wrong


def _in_proportion(right: Any) -> Any:
    def wrong(counts: Any, shots: Any, rng: Any = None) -> Any:
        if len(shots) != 2 or shots[0] != shots[1]:
            return right(counts, shots, rng)
        first = {o: n // 2 for o, n in counts.items()}
        odd = [o for o, n in counts.items() if n % 2]
        for outcome in odd[: shots[0] - sum(first.values())]:
            first[outcome] += 1
        second = {o: n - first[o] for o, n in counts.items()}
        return [{o: n for o, n in hand.items() if n} for hand in (first, second)]

    return wrong


def _later_part_counts_twice(right: Any) -> Any:
    def wrong(parts: Any) -> Any:
        if len(parts) == 1:
            return right(parts)
        return Counts({o: n * len(parts) for o, n in parts[-1][0].counts.items()})

    return wrong


def _offset_left_out(right: Any) -> Any:
    return lambda job, run_seed: replace(right(replace(job, offset=0), run_seed), offset=job.offset)


def _weights_equal(right: Any) -> Any:
    return lambda parts: right([(values, 1) for values, _ in parts])


# -- estimation ---------------------------------------------------------------------


def _y_as_x(right: Any) -> Any:
    return lambda circuit, basis, turns: right(circuit, basis.replace("Y", "X"), turns)


def _qubits_reversed(right: Any) -> Any:
    return lambda circuit, basis, turns: right(circuit, basis[::-1], turns)


def _clashing(right: Any) -> Any:
    def wrong(basis: str, pauli: str) -> str | None:
        return right(basis, pauli) or "".join(
            b if a == "I" else a for a, b in zip(basis, pauli, strict=True)
        )

    return wrong


def _without_variance(right: Any) -> Any:
    def wrong(counts: Any, weights: Any) -> Any:
        mean, variance = right(counts, weights)
        return mean, 9 * variance

    return wrong


def _one_parity(right: Any) -> Any:
    return lambda counts, weights: right(counts, [(w[0][:1], w[1]) for w in weights])


class _AnySize(dict[str, Any]):
    """Beginnings of texts that do not heed how large the registers are."""

    def get(self, key: str, default: Any = None) -> Any:
        name = re.sub(r"\d+", "", key)
        alike = [begun for known, begun in self.items() if re.sub(r"\d+", "", known) == name]
        return max(alike, key=lambda begun: begun[0]._num_qubits, default=default)


TEXTS = ("texts", "families")
FAULTS: tuple[Fault, ...] = (
    Fault("crz is read as cp", ("texts",), _gate(qasm2._INCLUDED, "crz", "cp"), 2500),
    Fault("tdg is read as t", ("texts",), _gate(qasm2._INCLUDED, "tdg", "t"), 900),
    Fault("sxdg is read as sx", ("texts",), _gate(qasm2._INCLUDED, "sxdg", "sx"), 900),
    Fault("cphase is read as crz", ("texts",), _gate(qasm3.QASM3_INCLUDED, "cphase", "crz"), 1500),
    Fault(
        "a minus is a plus", TEXTS, _angles_joined(lambda s, a, b: ("+" if s == "-" else s, a, b))
    ),
    Fault(
        "a quotient is a product",
        TEXTS,
        _angles_joined(lambda s, a, b: ("*" if s == "/" else s, a, b)),
    ),
    Fault(
        "differences are taken the other way round",
        TEXTS,
        _angles_joined(lambda s, a, b: (s, b, a) if s == "-" else (s, a, b)),
    ),
    Fault(
        "the angles of a text's calls come in reverse",
        ("texts",),
        wrap(qasm2, "_plain_angles", lambda right: lambda texts: right(texts)[::-1]),
    ),
    Fault("a text has another's registers", ("texts",), put(qasm2, "_BEGUN", _AnySize())),
    Fault("pi is 3.1", TEXTS, put(qasm2, "_PI", {"pi": 3.1})),
    Fault("a minus before a name is lost", ("sweeps",), wrap(angles, "evaluate", _negation_lost)),
    Fault(
        "a definition's arguments come in reverse",
        ("texts",),
        wrap(qasm2._Reader, "_expand", _reversed_arguments),
        500,
    ),
    Fault(
        "resets are not read",
        ("dynamic",),
        wrap(reading.Writer, "reset", lambda right: lambda self, o: None),
        500,
    ),
    Fault(
        "of a register only the first qubit is taken",
        ("texts",),
        wrap(reading, "broadcast", lambda right: lambda operands: right(operands)[:1]),
        500,
    ),
    Fault(
        "a register is measured in reverse",
        ("texts",),
        wrap(reading.Writer, "measure", _reversed_measurement),
    ),
    Fault(
        "parameters come as they are declared",
        ("by aer", "coupled"),
        wrap(qasm3, "read", _first_declared_first),
        400,
    ),
    Fault(
        "measurements in the middle are taken for last ones", ("dynamic",), _retold(_measured_first)
    ),
    Fault("resets are overlooked", ("dynamic", "exact values"), _retold(_without(Kind.RESET)), 400),
    Fault("classical control is overlooked", ("dynamic",), _retold(_without(Kind.CONTROL))),
    Fault(
        "a prepared state is taken for a gate",
        ("from qiskit",),
        _retold(_as_gates(Kind.PREPARE)),
        600,
    ),
    Fault("channels are overlooked", ("from qiskit",), _retold(_without(Kind.OTHER)), 400),
    Fault(
        "of two writes to a bit the first counts",
        ("from qiskit", "dynamic"),
        wrap(readout, "nature", _first_write_counts),
        600,
    ),
    Fault(
        "measurements that a branch reads are taken away",
        ("estimates",),
        wrap(
            form,
            "_final",
            lambda right: (
                lambda f: tuple(i for i, o in enumerate(f.operations) if o.kind is Kind.MEASURE)
            ),
        ),
        200,
    ),
    Fault(
        "a skeleton forgets the qubits",
        ("twins",),
        _skeleton(
            lambda o: o._replace(qubits=(0,) * len(o.qubits)) if o.kind is Kind.STANDARD else o
        ),
        900,
    ),
    Fault(
        "a skeleton forgets the bits",
        ("by aer",),
        _skeleton(lambda o: o._replace(clbits=(0,) * len(o.clbits))),
        1600,
    ),
    Fault(
        "a skeleton forgets the gates",
        ("twins",),
        _skeleton(lambda o: o._replace(name=f"{len(o.numbers)}") if o.kind is Kind.STANDARD else o),
        1500,
    ),
    Fault(
        "a skeleton forgets the labels",
        ("noisy",),
        _skeleton(lambda o: o._replace(label=None)),
        200,
    ),
    Fault(
        "the angles of a template come in reverse",
        ("families",),
        wrap(experiments, "generalized", _reversed_angles),
        600,
    ),
    Fault(
        "gates are told by their names",
        ("from qiskit", "texts"),
        wrap(circuits, "is_known", _by_name),
        600,
    ),
    Fault(
        "gates in blocks are told by their names",
        ("own blocks",),
        wrap(circuits, "flattened", _blocks_as_they_stand),
        100,
    ),
    Fault(
        "under noise controlled gates are decomposed",
        ("noisy",),
        wrap(
            templates.Template,
            "bindable",
            lambda right: lambda self, noisy=False, dense=False: right(self, dense=dense),
        ),
        400,
    ),
    Fault(
        "a template's columns are swapped",
        ("by aer",),
        wrap(templates.Template, "binds", _columns_swapped),
    ),
    Fault(
        "bits are written in reverse",
        ("texts",),
        wrap(readout.Outcomes, "_name", lambda right: lambda self, i: right(self, i)[::-1]),
    ),
    Fault(
        "measured qubits come in another order",
        ("by aer",),
        wrap(worker, "saving", lambda right: lambda t, q, f: right(t, tuple(reversed(q)), f)),
    ),
    Fault("probabilities are rounded to one digit", ("texts",), _distribution(1)),
    Fault(
        "parts of a seeded job draw the same",
        ("split",),
        wrap(sender, "fix_seed", _offset_left_out),
        600,
        600,
    ),
    Fault(
        "probabilities are told in reverse",
        ("probabilities",),
        wrap(drawing, "named", lambda right: lambda law, names: right(law[::-1], names)),
        60,
    ),
    Fault(
        "rare outcomes are left out of probabilities",
        ("probabilities",),
        wrap(drawing, "named", lambda right: lambda law, names: right(law * (law > 0.01), names)),
        100,
    ),
    Fault(
        "shots are dealt out with replacement",
        ("dealt",),
        wrap(dealing, "deal", _with_replacement),
        3000,
        500,
    ),
    Fault(
        "shots are dealt out in proportion",
        ("dealt",),
        wrap(dealing, "deal", _in_proportion),
        1500,
        500,
    ),
    Fault(
        "the points of a sweep are joined",
        ("sweeps",),
        wrap(merging, "_mark", lambda right: lambda job: right(replace(job, values=""))),
    ),
    Fault(
        "the last part of the shots counts for all",
        ("split",),
        wrap(Counts, "add_up", _later_part_counts_twice),
        400,
    ),
    Fault(
        "parts of an estimate weigh the same",
        ("split estimates",),
        wrap(ExpectationValues, "add_up", _weights_equal),
        300,
    ),
    Fault("Y is measured as X", ("estimates",), wrap(worker, "measured", _y_as_x), 150),
    Fault(
        "the basis is turned on the wrong qubits",
        ("estimates",),
        wrap(worker, "measured", _qubits_reversed),
        150,
    ),
    Fault("clashing bases are joined", ("estimates",), wrap(pauli, "_joined", _clashing), 150),
    Fault(
        "the constant part is lost",
        ("estimates",),
        put(pauli, "constant_part", lambda terms: 0.0),
        200,
    ),
    Fault(
        "standard errors are three times too large",
        ("estimates",),
        wrap(pauli, "shot_mean", _without_variance),
        150,
    ),
    Fault(
        "of a Pauli string one factor is read",
        ("estimates",),
        wrap(pauli, "shot_mean", _one_parity),
        150,
    ),
    Fault(
        "under noise values follow one trajectory",
        ("noisy values",),
        put(simulation.Simulation, "of_exact_values", lambda self: self),
        50,
    ),
    Fault(
        "Aer chooses the method by the first point",
        ("right angles first",),
        put(simulation.Simulation, "_method_of_points", lambda self, template, shots: "automatic"),
        60,
    ),
    *kernel_faults.FAULTS,
    *compiled_faults.FAULTS,
)
"""The faults, each of which must be caught."""


@contextlib.contextmanager
def _without_memory() -> Iterator[None]:
    """Nothing read before may hide the fault, and nothing read with it may stay."""
    _forget()
    try:
        yield
    finally:
        _forget()


def _forget() -> None:
    qasm2._SHARED.clear()
    qasm2._BEGUN.clear()
    pauli.measurements.cache_clear()
    formats._kept.cache_clear()
    placing.placed_observable.cache_clear()
    placing.placed_request.cache_clear()
    target.turn.cache_clear()
    readout._outcomes.cache_clear()


def caught(fault: Fault, seed: int) -> str | None:
    """What sees the fault; None where nothing does."""
    with tempfile.TemporaryDirectory() as place:
        for name in fault.scenes:
            rng = random.Random(f"{seed} {fault.name} {name}")
            scene = SCENES[name](rng, fault.jobs, Path(place))
            with fault.plant(), _without_memory():
                try:
                    found = play(name, scene, Path(place), rng, fault.shots)
                except Exception as error:
                    return f"{type(error).__name__} in {name!r}"
            verdict = judge(found)
            if verdict.rejected:
                return f"{len(verdict.rejected)} of {len(found)} jobs in {name!r}"
            if verdict.uneven:
                return f"the spread of {name!r} (p = {verdict.uneven[name]:.1g})"
    return None
