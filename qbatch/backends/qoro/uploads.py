"""The bodies of uploads: circuits bound or as templates, with their shots or observables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from qbatch.backends.qoro import programs, wire
from qbatch.domain.states import Failure
from qbatch.errors import InvalidJob
from qbatch.rules.pauli import parse_observable
from qbatch.seam import Item, ItemResult, Submission


def refused(batch: Submission) -> list[ItemResult]:
    """What is said of the items that the service cannot take."""
    found = []
    for item in batch.items:
        try:
            programs.check(batch.payloads[item.payload], item)
        except InvalidJob as error:
            found.append(ItemResult(label=item.label, failure=Failure.INVALID, error=str(error)))
    return found


def uploads(batch: Submission, items: Sequence[Item]) -> Iterator[dict[str, Any]]:
    """Bodies of the uploads, all but ``finalized``."""
    envelope = {"mode": "append", **_observables(items)}
    groups = len({item.observables for item in items})
    templates = _templates(batch, items) if groups == 1 else None
    if templates is not None:
        yield from _parametric(items, templates, envelope)
    else:
        yield from _bound(batch, items, envelope)


def _observables(items: Sequence[Item]) -> dict[str, Any]:
    """What an upload says of observables, or of shots where all circuits have the same."""
    if not items[0].observables:
        shots = {item.shots for item in items}
        return {"shots": items[0].shots} if len(shots) == 1 else {}
    groups, spans, start = [], [], 0
    for observables, sharing in groupby(items, key=lambda item: item.observables):
        count = len(list(sharing))
        groups.append(wire.observables_text(pauli_strings(observables)))
        spans.append([start, start + count])
        start += count
    found: dict[str, Any] = {"observables": "|".join(groups)}
    return {**found, "circuit_ham_map": spans} if len(groups) > 1 else found


def pauli_strings(observables: Sequence[str]) -> list[str]:
    """The Pauli strings of several observables, each once."""
    return list(dict.fromkeys(p for text in observables for p, _ in parse_observable(text)))


def _templates(
    batch: Submission, items: Sequence[Item]
) -> dict[tuple[str, bool], tuple[str, tuple[str, ...]]] | None:
    """A template for every circuit of the batch, or None where they must be sent bound."""
    if not all(item.parameters for item in items) or len({item.shots for item in items}) > 1:
        return None
    found = {}
    for item in items:
        mark = (item.payload, item.measure_all)
        if mark not in found:
            source = batch.payloads[item.payload]
            template = programs.template_text(source, item.measure_all, bool(item.observables))
            if template is None:
                return None
            found[mark] = template
    return found


def _parametric(
    items: Sequence[Item],
    templates: Mapping[tuple[str, bool], tuple[str, tuple[str, ...]]],
    envelope: Mapping[str, Any],
) -> Iterator[dict[str, Any]]:
    for mark, (text, names) in templates.items():
        head = {"circuit_template": wire.packed(text), "parameter_names": list(names)}
        rows = [
            (item.label, list(item.parameters))
            for item in items
            if (item.payload, item.measure_all) == mark
        ]
        for chunk in wire.chunks(rows, {**envelope, **head}):
            sets = [{"label": label, "values": values} for label, values in chunk]
            yield {**envelope, **head, "parameter_sets": sets}


def _bound(
    batch: Submission, items: Sequence[Item], envelope: Mapping[str, Any]
) -> Iterator[dict[str, Any]]:
    rows = []
    for item in items:
        source = batch.payloads[item.payload]
        rows.append((_label(item, batch), wire.packed(programs.bound_text(source, item))))
    mixed = not items[0].observables and "shots" not in envelope
    shots = [item.shots or 0 for item in items]
    start = 0
    for chunk in wire.chunks(rows, envelope):
        body = {**envelope, "circuits": dict(chunk)}
        if mixed:
            body["shot_groups"] = wire.shot_groups(shots[start : start + len(chunk)])
        start += len(chunk)
        yield body


def _label(item: Item, batch: Submission) -> str:
    """The item's label; with its registers' sizes, which the counts that come back lack."""
    if item.observables:
        return item.label
    sizes = programs.register_sizes(batch.payloads[item.payload], item.measure_all)
    return item.label if len(sizes) < 2 else f"{item.label}:{'.'.join(map(str, sizes))}"
