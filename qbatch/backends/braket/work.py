"""A batch on Braket's local simulator: what runs inside a worker process."""

from __future__ import annotations

import functools
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from qbatch.backends.braket.programs import Program, programs_of
from qbatch.backends.experiments import Builder, Experiment, result_of
from qbatch.domain.states import Failure
from qbatch.errors import InvalidCircuit, InvalidJob
from qbatch.seam import Item, ItemResult, Submission


@functools.lru_cache(maxsize=4)
def simulator(name: str) -> Any:
    """One of the package's simulators, made once in a process."""
    from braket.devices import LocalSimulator

    return LocalSimulator(name)


def run(batch: Submission, options: Mapping[str, Any]) -> tuple[list[ItemResult], float]:
    """Run a batch; its results, and the seconds that it took without imports."""
    device = simulator(options["simulator"])
    begin = time.perf_counter()
    width = int(device.properties.paradigm.qubitCount)
    builder = Builder(batch, device.name, width)
    found: dict[str, ItemResult] = {}
    groups: dict[int, list[list[Experiment]]] = defaultdict(list)
    for item in batch.items:
        try:
            groups[item.shots or 0].append(_experiments(builder, item, device.name))
        except (InvalidCircuit, InvalidJob) as error:
            found[item.label] = _failed(item, Failure.INVALID, str(error))
    for shots, items in groups.items():
        _run(device, shots, items, found)
    return [
        found.get(item.label) or result_of(item, [], {}) for item in batch.items
    ], time.perf_counter() - begin


def _experiments(builder: Builder, item: Item, device: str) -> list[Experiment]:
    """What is run for an item.

    Raises:
        InvalidJob, InvalidCircuit: it cannot be run.
    """
    if item.seed is not None:
        raise InvalidJob(f"{device} draws by itself; leave the seed out")
    return builder.experiments(item)


def _failed(item: Item, failure: Failure, said: str) -> ItemResult:
    return ItemResult(label=item.label, failure=failure, error=said)


def _spoilt(item: Item, error: Exception) -> ItemResult:
    if isinstance(error, (InvalidJob, InvalidCircuit)):
        return _failed(item, Failure.INVALID, str(error))
    return _failed(item, Failure.BACKEND, f"{type(error).__name__}: {error}")


def _run(
    device: Any,
    shots: int,
    items: Sequence[Sequence[Experiment]],
    found: dict[str, ItemResult],
) -> None:
    """Run items of equal shots together; where that fails, each by itself."""
    experiments = [experiment for own in items for experiment in own]
    if not experiments:
        return
    try:
        counts = iter(_counts(device, shots, experiments))
    except Exception as error:
        if len(items) > 1:
            for own in items:
                _run(device, shots, [own], found)
        else:
            item = experiments[0].item
            found[item.label] = _spoilt(item, error)
        return
    for own in items:
        if own:
            item = own[0].item
            parts = [next(counts) for _ in own]
            found[item.label] = result_of(item, parts, {"device": str(device.name)})


def _counts(device: Any, shots: int, experiments: Sequence[Experiment]) -> list[Mapping[str, int]]:
    """Counts for each experiment, all in one program set."""
    from braket.program_sets import ProgramSet

    placed = programs_of(experiments)
    programs: list[Program] = list({id(program): program for program, _ in placed}.values())
    texts = [texts_of(own) for own in programs]
    task = device.run(ProgramSet(texts, shots_per_executable=shots), shots=shots * len(placed))
    entries = dict(zip(map(id, programs), task.result(), strict=True))
    executed = {mark: list(entry.entries) for mark, entry in entries.items()}
    return [
        program.counts(one.measured_qubits, one.counts)
        for program, place in placed
        for one in [executed[id(program)][place]]
    ]


def texts_of(program: Program, *, single: bool = False) -> Any:
    """A program as the package takes it, with a value of each input for each execution.

    Args:
        single: for a task of its own, which is given the inputs' values beside it.
    """
    from braket.ir.openqasm import Program as Text

    inputs = {} if single else program.inputs
    return Text(source=program.source, inputs=inputs) if inputs else Text(source=program.source)
