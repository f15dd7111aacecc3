"""A batch on Pulser's simulator: what runs inside a worker process."""

from __future__ import annotations

import contextlib
import secrets
import time
import warnings
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from pulser import Sequence
from pulser.backend import BitStrings
from pulser_simulation import QutipBackendV2, QutipConfig

from qbatch.domain.states import Failure
from qbatch.errors import InvalidJob
from qbatch.payloads.pulser import variables
from qbatch.seam import Item, ItemResult, Submission

_SEEDS = 2**32


def timed_run(batch: Submission, options: Mapping[str, Any]) -> tuple[list[ItemResult], float]:
    """Run a batch; its results, and the seconds that it took."""
    begin = time.perf_counter()
    run = _Run(batch, {**options, **batch.options})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # durations are rounded up to the clock's period
        found = [run.result(item) for item in batch.items]
    return found, time.perf_counter() - begin


class _Run:
    """One batch on its way through the simulator."""

    def __init__(self, batch: Submission, options: Mapping[str, Any]) -> None:
        self._batch = batch
        self._rate = float(options.get("sampling_rate", 1.0))
        self._sequences: dict[str, Any] = {}

    def result(self, item: Item) -> ItemResult:
        """What became of an item."""
        try:
            counts = self._counts(item)
        except InvalidJob as error:
            return ItemResult(label=item.label, failure=Failure.INVALID, error=str(error))
        except Exception as error:
            said = f"{type(error).__name__}: {error}"
            return ItemResult(label=item.label, failure=Failure.INVALID, error=said)
        return ItemResult(label=item.label, counts=counts, info={"simulator": "qutip"})

    def _counts(self, item: Item) -> dict[str, int]:
        sequence = self._sequence(item.payload)
        if sequence.is_parametrized():
            sequence = sequence.build(**variables.values(item.info["variables"], item.parameters))
        config = QutipConfig(
            observables=[BitStrings(num_shots=item.shots)], sampling_rate=self._rate
        )
        with _seeded(item.seed):
            found = QutipBackendV2(sequence, config=config).run().final_bitstrings
        return {str(bits): int(number) for bits, number in found.items()}

    def _sequence(self, name: str) -> Any:
        if name not in self._sequences:
            text = self._batch.payloads[name].body.decode()
            self._sequences[name] = Sequence.from_abstract_repr(text)
        return self._sequences[name]


@contextlib.contextmanager
def _seeded(seed: int | None) -> Iterator[None]:
    """Numpy's common random numbers, which Pulser draws from; those of others go on as before."""
    before = np.random.get_state()
    np.random.seed(secrets.randbits(32) if seed is None else seed % _SEEDS)
    try:
        yield
    finally:
        np.random.set_state(before)
