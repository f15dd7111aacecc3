"""A plan as a table or as JSON: what ``qbatch plan`` and ``--dry-run`` print."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import asdict
from itertools import groupby
from typing import TYPE_CHECKING, Any

from qbatch.cli import output

if TYPE_CHECKING:
    from qbatch.engine.compile_plan import PlannedCompiling
    from qbatch.engine.plan import BackendPlan, Plan, PlannedPrograms

_MOST_LINES = 20


def print_plan(found: Plan, *, json: bool) -> None:
    """Print a plan."""
    if json:
        output.print_json("plan", _entry(found))
        return
    for sentence in found.warnings:
        output.message(sentence)
    if not found.backends and not found.programs:
        print(f"nothing to run in {' '.join(found.groups)}")
        return
    if found.backends:
        _print_batches(found)
    for line in [*map(_asking, found.programs), *_rounds(found)]:
        print(line)


def _print_batches(found: Plan) -> None:
    columns = ["backend", "batches", "jobs each", "items", "shots", "saved", "requests"]
    rows = [row for backend in found.backends for row in _rows(backend)]
    output.table(columns, rows, right=columns[1:])
    for backend in found.backends:
        for line in _facts(backend):
            print(line)
        for sentence in backend.warnings:
            output.message(f"{backend.backend}: {sentence}")


def cost_lines(found: Plan) -> list[str]:
    """What goes to the backends that cost something, and their prices, as far as known."""
    lines = [
        f"{backend.backend}: {line}"
        for backend in found.backends
        if backend.costs
        for line in (_amounts(backend), *_costs(backend))
    ]
    asking = (_asking(programs) for programs in found.programs if programs.priced)
    return [*lines, *asking, *_rounds(found)]


def _rounds(found: Plan) -> list[str]:
    """What may come after the batches that are planned."""
    jobs, shots = found.rounds
    if not jobs:
        return []
    which = f"{output.plural(jobs, 'job')} with rules (--until)"
    return [f"{which}: up to {shots:,} shots more, in rounds, as far as they need them"]


def _asking(found: PlannedPrograms) -> str:
    """How many programs ask a backend for jobs, and what is known of the cost."""
    which = output.plural(found.programs, "program")
    said = f"{found.backend}: {which}, in rounds of jobs that only the code knows"
    return f"{said}; their cost is not known beforehand" if found.priced else said


def _rows(backend: BackendPlan) -> list[list[Any]]:
    """Batches in the order of sending; neighbours that are alike share a line."""

    def looks(batch: Any) -> tuple[int, ...]:
        return batch.jobs, batch.items, batch.shots, batch.saved, batch.requests

    rows: list[list[Any]] = []
    for (jobs, items, shots, saved, requests), alike in groupby(backend.batches, looks):
        number = len(list(alike))
        row = [backend.backend, number, jobs, items, shots, saved or "", requests or ""]
        rows.append(row)
    if len(rows) > _MOST_LINES:
        hidden = sum(row[1] for row in rows[_MOST_LINES:])
        rows = [*rows[:_MOST_LINES], ["…", hidden, "", "", "", "", ""]]
    return rows


def _facts(backend: BackendPlan) -> list[str]:
    lines = [_amounts(backend), _sizes(backend)]
    if backend.seconds is not None:
        basis = "as earlier runs took" if backend.measured else "a guess: no run measured"
        lines.append(f"about {_duration(backend.seconds)} ({basis})")
    if not backend.local:
        lines.append(f"at least {output.plural(backend.total('requests'), 'request')}")
    if backend.compiling is not None:
        lines += _compiling(backend.compiling)
    lines += _costs(backend)
    return [f"{backend.backend}: {line}" for line in lines]


def _compiling(found: PlannedCompiling) -> Iterator[str]:
    circuits = output.plural(found.circuits, "circuit")
    said = f"compile: {circuits} for {found.target} ({found.compiler}):"
    said += f" {found.stored} in the store, {found.to_do} to do"
    if found.to_do and found.seconds is not None:
        said += f", about {_duration(found.seconds)} of one worker"
    yield said
    if found.failed:
        yield f"{output.plural(found.failed, 'circuit')} could not be compiled"
    if found.two_qubit is not None and found.depth is not None:
        yield (
            f"compiled so far: two-qubit gates {found.two_qubit[0]} (median), at most"
            f" {found.two_qubit[1]}; depth {found.depth[0]}, at most {found.depth[1]}"
        )


def _amounts(backend: BackendPlan) -> str:
    total = backend.total
    facts = f"{output.plural(len(backend.batches), 'batch')}, {output.plural(total('jobs'), 'job')}"
    facts += f", {output.plural(total('items'), 'item')}, {total('shots')} shots"
    if total("saved"):
        facts += f", {total('saved')} of them saved by putting equal jobs together"
    return facts


def _sizes(backend: BackendPlan) -> str:
    size = f"at most {max(batch.width for batch in backend.batches)} {backend.unit}"
    if backend.depth is not None:
        size += f", depth {backend.depth}"
    if backend.memory is not None:
        size += f"; about {_memory(backend.memory)} of memory"
    return size


def _costs(backend: BackendPlan) -> Iterator[str]:
    for unit, cost in backend.cost.items():
        said = "not known beforehand" if cost is None else f"{cost:.6g}"
        yield f"cost of {'batches' if unit == 'batch' else f'{unit}s'}: {said}"
    known = [cost for cost in backend.cost.values() if cost is not None]
    if len(known) > 1:
        yield f"cost in all: {math.fsum(known):.6g}"
    if (budget := backend.budget) is not None:
        unit = f" {budget.currency}" if budget.currency else ""
        yield f"budget of this month: {budget.month:g}{unit}, {budget.spent:.6g} spent or reserved"


def _duration(seconds: float) -> str:
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


def _memory(count: int) -> str:
    return f"{count / 1e6:.0f} MB" if count < 1e9 else f"{count / 1e9:.3g} GB"


def _entry(found: Plan) -> dict[str, Any]:
    return {
        "groups": found.groups,
        "jobs": found.jobs,
        "warnings": found.warnings,
        "programs": [asdict(programs) for programs in found.programs],
        "rounds": {"jobs": found.rounds[0], "most_shots": found.rounds[1]},
        "backends": [_backend_entry(backend) for backend in found.backends],
    }


def _backend_entry(backend: BackendPlan) -> dict[str, Any]:
    entry = asdict(backend)
    names = ("jobs", "items", "shots", "saved", "requests")
    entry["totals"] = {name: backend.total(name) for name in names}
    hidden = ("backend", "workload", "estimated", "workers")
    entry["batches"] = [
        {key: value for key, value in asdict(batch).items() if key not in hidden}
        for batch in backend.batches
    ]
    return entry
