"""Sampling and decoding, held against laws that are known."""

import math
import sys

import pytest

from qbatch.errors import InvalidJob
from qbatch.payloads.stim.asking import Asked

pytest.importorskip("stim")
worker = pytest.importorskip("qbatch.backends.stim.worker")

P = 0.2
CODE = f"""R 0 1 2
X_ERROR({P}) 0 1 2
M 0 1 2
DETECTOR rec[-3] rec[-2]
DETECTOR rec[-2] rec[-1]
OBSERVABLE_INCLUDE(0) rec[-1]
"""
SHOTS = 200_000
SIGMAS = 5


def near(count, probability):
    return abs(count - SHOTS * probability) <= SIGMAS * math.sqrt(
        SHOTS * probability * (1 - probability)
    )


def test_the_first_measurement_is_leftmost():
    assert worker.sampled("X 1\nM 0 1 2\n", Asked(), 10, None) == {"010": 10}


def test_more_bits_than_a_byte_stay_in_their_order():
    text = "X 0 9 11\nM 0 1 2 3 4 5 6 7 8 9 10 11\n"
    assert worker.sampled(text, Asked(), 3, None) == {"100000000101": 3}


def test_detectors_fire_as_the_errors_make_them():
    counts = worker.sampled(CODE, Asked("detectors"), SHOTS, 1)
    only_first = P * (1 - P) ** 2 + (1 - P) * P**2  # the first bit differs from the other two
    assert near(counts["10"], only_first)
    assert near(counts["00"], (1 - P) ** 3 + P**3)


def test_observables_are_flipped_as_the_errors_make_them():
    counts = worker.sampled(CODE, Asked("observables"), SHOTS, 1)
    assert near(counts["1"], P)


def test_logical_errors_are_those_of_a_majority_vote():
    """Of three bits that are read without fault the likeliest explanation is the majority."""
    pytest.importorskip("pymatching")
    counts = worker.sampled(CODE, Asked("observables", "pymatching"), SHOTS, 1)
    assert near(counts["1"], 3 * P**2 * (1 - P) + P**3)


def test_a_seed_makes_the_same_counts_and_portions_do_not_show(monkeypatch):
    first = worker.sampled(CODE, Asked(), 1000, 7)
    assert worker.sampled(CODE, Asked(), 1000, 7) == first
    assert worker.sampled(CODE, Asked(), 1000, 8) != first
    monkeypatch.setattr(worker, "PORTION_BYTES", 3 * 100)
    assert sum(worker.sampled(CODE, Asked(), 1000, 7).values()) == 1000


@pytest.mark.parametrize("shots", [1, 100, 101, 250])
def test_portions_make_up_all_shots(monkeypatch, shots):
    monkeypatch.setattr(worker, "PORTION_BYTES", 200)
    assert sum(worker._portions(shots, 2)) == shots


def test_what_cannot_be_decoded_says_why(monkeypatch):
    pytest.importorskip("pymatching")
    gauge = "H 0\nM 0\nDETECTOR rec[-1]\nOBSERVABLE_INCLUDE(0) rec[-1]\n"
    with pytest.raises(InvalidJob, match="cannot be decoded"):
        worker.sampled(gauge, Asked("observables", "pymatching"), 10, None)
    monkeypatch.setitem(sys.modules, "pymatching", None)
    worker._matching.cache_clear()
    with pytest.raises(InvalidJob, match="qbatch-quantum"):
        worker.sampled(CODE, Asked("observables", "pymatching"), 10, None)
