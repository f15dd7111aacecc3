"""A batch on Perceval's simulators: what runs inside a worker process."""

from __future__ import annotations

import contextlib
import random
import secrets
import time
from collections.abc import Iterator, Mapping
from typing import Any

import exqalibur
import numpy as np
import perceval as pcvl
from perceval.algorithm import Sampler
from perceval.serialization import deserialize

from qbatch.domain.results import ResultKind
from qbatch.domain.states import Failure
from qbatch.errors import InvalidJob
from qbatch.payloads.photonic.asking import Asked, most_shots
from qbatch.payloads.photonic.text import performances
from qbatch.seam import Item, ItemResult, Submission

_SEEDS = 2**32


def timed_run(batch: Submission, options: Mapping[str, Any]) -> tuple[list[ItemResult], float]:
    """Run a batch; its results, and the seconds that it took."""
    begin = time.perf_counter()
    run = _Run(batch, {**options, **batch.options})
    return [run.result(item) for item in batch.items], time.perf_counter() - begin


class _Run:
    """One batch on its way through a simulator."""

    def __init__(self, batch: Submission, options: Mapping[str, Any]) -> None:
        self._texts = {name: source.body.decode() for name, source in batch.payloads.items()}
        self._simulator = str(options.get("simulator", "SLOS"))
        self._max_shots = options.get("max_shots")

    def result(self, item: Item) -> ItemResult:
        """What became of an item."""
        try:
            found = self._ran(item)
        except InvalidJob as error:
            return ItemResult(label=item.label, failure=Failure.INVALID, error=str(error))
        except Exception as error:
            said = f"{type(error).__name__}: {error}"
            return ItemResult(label=item.label, failure=Failure.BACKEND, error=said)
        return found

    def _ran(self, item: Item) -> ItemResult:
        processor = pcvl.Processor(self._simulator, self._experiment(item))
        exact = item.request.kind is ResultKind.PROBABILITIES
        by_law = self._has_law(processor, exact)
        sampler = Sampler(processor, **self._limit(item))
        if by_law:
            answer = _results(sampler.probs)
        else:
            with _seeded(item.seed):
                answer = _results(sampler.sample_count, item.shots)
        info = {"simulator": self._simulator, **performances(answer)}
        named = {str(state): value for state, value in answer["results"].items()}
        if exact and not named:
            raise InvalidJob("no detection passes the photon filter and the post-selection")
        if by_law and named:
            return ItemResult(label=item.label, probabilities=named, info=info)
        return ItemResult(label=item.label, counts=named, info=info)

    def _has_law(self, processor: Any, exact: bool) -> bool:
        """Whether the simulator is asked for probabilities, counts being drawn from them.

        Raises:
            InvalidJob: they are wanted, and it has none.
        """
        is_strong = "probs" in processor.available_commands
        if exact and not is_strong:
            raise InvalidJob(f"{self._simulator} samples: it has no probabilities")
        # Where the number of shots is limited, how many samples come is Perceval's to say.
        return exact or (is_strong and self._max_shots is None)

    def _limit(self, item: Item) -> dict[str, int]:
        if self._max_shots is None:
            return {}
        return {"max_shots_per_call": most_shots(self._max_shots, len(item.jobs), item.seed)}

    def _experiment(self, item: Item) -> Any:
        """The item's experiment, at its point, as it is asked for."""
        found = deserialize(self._texts[item.payload])
        parameters = found.get_circuit_parameters()
        for parameter, value in zip(parameters.values(), item.parameters, strict=True):
            parameter.set_value(value)
        asked = Asked.of(item.request.options)
        if asked.noise:
            found.noise = pcvl.NoiseModel(**asked.noise)
        if asked.postselect is not None:
            found.set_postselection(pcvl.PostSelect(asked.postselect))
        if asked.input is not None:
            found.with_input(pcvl.BasicState(asked.input))
        if asked.min_photons is not None:
            found.min_detected_photons_filter(asked.min_photons)
        return found


def _results(job: Any, *arguments: Any) -> Any:
    """What a job of Perceval's yields.

    Raises:
        InvalidJob: it failed, which raises nothing by itself.
    """
    found = job.execute_sync(*arguments)
    if found is None:
        raise InvalidJob(str(job.status.stop_message or "Perceval gave no result"))
    return found


@contextlib.contextmanager
def _seeded(seed: int | None) -> Iterator[None]:
    """Perceval's random numbers, which are Python's, numpy's and its own: others' go on as before.

    In one thread: in several, equal seeds give other samples each time, whatever it says.
    """
    python, common = random.getstate(), np.random.get_state()
    threads = exqalibur.Config.compute_max_thread_count
    exqalibur.Config.compute_max_thread_count = 1
    pcvl.random_seed(secrets.randbits(32) if seed is None else seed % _SEEDS)
    try:
        yield
    finally:
        exqalibur.Config.compute_max_thread_count = threads
        random.setstate(python)
        np.random.set_state(common)
