"""A batch on Stim: what runs inside a worker process."""

from __future__ import annotations

import functools
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import stim

from qbatch.backends.stim import PORTION_BYTES
from qbatch.domain.states import Failure
from qbatch.errors import InvalidJob
from qbatch.payloads.stim import INSTALL
from qbatch.payloads.stim.asking import Asked
from qbatch.seam import Item, ItemResult, Submission

Packed = npt.NDArray[np.uint8]
"""A row a shot, eight bits a byte, the first one lowest."""

_LARGEST_SEED = 2**63 - 1


def timed_run(batch: Submission, _: Mapping[str, Any]) -> tuple[list[ItemResult], float]:
    """Run a batch; its results, and the seconds that it took."""
    begin = time.perf_counter()
    texts = {name: source.body.decode() for name, source in batch.payloads.items()}
    found = [_result(item, texts[item.payload]) for item in batch.items]
    return found, time.perf_counter() - begin


def _result(item: Item, text: str) -> ItemResult:
    try:
        counts = sampled(text, Asked.of(item.request.options), item.shots or 0, item.seed)
    except InvalidJob as error:
        return ItemResult(label=item.label, failure=Failure.INVALID, error=str(error))
    except Exception as error:
        said = f"{type(error).__name__}: {error}"
        return ItemResult(label=item.label, failure=Failure.BACKEND, error=said)
    return ItemResult(label=item.label, counts=counts, info={"stim": stim.__version__})


def sampled(text: str, asked: Asked, shots: int, seed: int | None) -> dict[str, int]:
    """How often outcomes come, the first bit leftmost.

    Args:
        seed: None: by chance.

    Raises:
        InvalidJob: its errors cannot be decoded, or the decoder is not installed.
    """
    circuit = _circuit(text)
    num_bits, found = _num_bits(circuit, asked), Counter[bytes]()
    if not num_bits:
        raise InvalidJob(f"it has no {asked.what}")
    sampler = _Sampler(text, asked, seed)
    for portion in _portions(shots, _widest(circuit)):
        rows, numbers = np.unique(sampler.take(portion), axis=0, return_counts=True)
        for row, number in zip(rows, numbers.tolist(), strict=True):
            found[row.tobytes()] += number
    return {_bits(row, num_bits): number for row, number in found.items()}


class _Sampler:
    """Takes shots, portion after portion of one random stream."""

    def __init__(self, text: str, asked: Asked, seed: int | None) -> None:
        circuit = _circuit(text)
        wanted: dict[str, Any] = {} if seed is None else {"seed": seed & _LARGEST_SEED}
        self._asked = asked
        self._measured = self._detected = None
        if asked.sample == "measurements":
            self._measured = circuit.compile_sampler(**wanted)
        else:
            self._detected = circuit.compile_detector_sampler(**wanted)
        self._matching = _matching(text) if asked.decodes else None

    def take(self, shots: int) -> Packed:
        """The counted bits of some shots."""
        if self._measured is not None:
            found: Packed = self._measured.sample(shots, bit_packed=True)
            return found
        assert self._detected is not None
        fired, flipped = self._detected.sample(shots, separate_observables=True, bit_packed=True)
        if self._matching is None:
            chosen: Packed = fired if self._asked.sample == "detectors" else flipped
            return chosen
        predicted = self._matching.decode_batch(
            fired, bit_packed_shots=True, bit_packed_predictions=True
        )
        wrong: Packed = predicted ^ flipped
        return wrong


def _model(circuit: stim.Circuit) -> stim.DetectorErrorModel:
    """What makes which detectors fire, in errors that a matching decoder knows: pairs.

    Raises:
        InvalidJob: there is none, or none in pairs.
    """
    try:
        return circuit.detector_error_model(decompose_errors=True)
    except ValueError as error:
        raise InvalidJob(f"its errors cannot be decoded: {str(error).splitlines()[0]}") from None


@functools.lru_cache(maxsize=8)
def _matching(text: str) -> Any:
    """A decoder of a circuit's errors, from its own model: texts of models are rounded."""
    try:
        import pymatching
    except ImportError:
        raise InvalidJob(f"PyMatching is not installed: {INSTALL}") from None
    return pymatching.Matching.from_detector_error_model(_model(_circuit(text)))


@functools.lru_cache(maxsize=64)
def _circuit(text: str) -> stim.Circuit:
    return stim.Circuit(text)


def _num_bits(circuit: stim.Circuit, asked: Asked) -> int:
    return asked.bits(
        {
            "num_measurements": circuit.num_measurements,
            "num_detectors": circuit.num_detectors,
            "num_observables": circuit.num_observables,
        }
    )


def _widest(circuit: stim.Circuit) -> int:
    """Bytes of a shot while it is sampled."""
    bits = max(circuit.num_measurements, circuit.num_detectors) + circuit.num_observables
    return int(bits) // 8 + 2


def _portions(shots: int, a_shot: int) -> Iterator[int]:
    """Shots in portions of bounded memory; a matter of the circuit alone, and of no machine."""
    most = max(1, PORTION_BYTES // a_shot)
    for begin in range(0, shots, most):
        yield min(most, shots - begin)


def _bits(row: bytes, num_bits: int) -> str:
    """A packed row in letters, the first bit leftmost."""
    bits = np.unpackbits(np.frombuffer(row, np.uint8), bitorder="little")[:num_bits]
    letters: str = (bits + ord("0")).tobytes().decode()
    return letters
