"""What tells two results of one job apart."""

from dataclasses import replace

import pytest

from qbatch.domain.provenance import Calibration, Provenance, Ran
from qbatch.domain.states import Status
from qbatch.results.differing import Differing, differences
from qbatch.results.samples import JobSample

RAN_ON = Provenance(
    versions={"qiskit": "2.6.2", "qiskit-aer": "0.18.2"},
    device="chip",
    target="t",
    calibration=Calibration(digest="one", at="Monday"),
)
RAN = Ran(compiler="qiskit 2.6.2", options="{}", target="t", backend="chip", provenance=RAN_ON)
SAMPLE = JobSample(
    number=1, key="k", name=None, parameters={}, status=Status.DONE, shots=1, seed=None,
    sent="circuit 1", ran=RAN,
)  # fmt: skip


def with_ran(**changes):
    return replace(SAMPLE, ran=replace(RAN, **changes))


def with_origin(**changes):
    return with_ran(provenance=replace(RAN_ON, **changes))


def test_nothing():
    assert differences(SAMPLE, replace(SAMPLE, number=2, seed=5)) == []


@pytest.mark.parametrize(
    ("other", "what", "said"),
    [
        (replace(SAMPLE, sent="circuit 2"), Differing.CIRCUIT, "another circuit was sent"),
        (replace(SAMPLE, sent=None), Differing.CIRCUIT, "one was compiled"),
        (with_ran(compiler="qiskit 3"), Differing.COMPILER, "qiskit 2.6.2, qiskit 3"),
        (with_ran(options="{1}"), Differing.OPTIONS, "other options"),
        (with_ran(target="u"), Differing.TARGET, "another target"),
        (with_ran(backend="else"), Differing.BACKEND, "chip, else"),
        (
            with_ran(settings='{"method": "mps"}'),
            Differing.SETTINGS,
            'other options: none, {"method',
        ),
        (
            with_origin(settings={"method": '"mps"'}),
            Differing.SETTINGS,
            'other settings of the backend: method none, "mps"',
        ),
        (with_ran(provenance=None), Differing.UNKNOWN, "one of the two at most"),
        (replace(SAMPLE, ran=None), Differing.UNKNOWN, "one of the two alone"),
        (with_origin(device="other"), Differing.DEVICE, "another device: chip, other"),
        (
            with_origin(calibration=Calibration(digest="two", at="Tuesday")),
            Differing.CALIBRATION,
            "the device was calibrated between: Monday, Tuesday",
        ),
        (
            with_origin(calibration=Calibration(digest="two")),
            Differing.CALIBRATION,
            "the device was calibrated between",
        ),
        (with_origin(calibration=None), Differing.CALIBRATION, "the other none"),
        (
            with_origin(versions={"qiskit": "2.6.2", "qiskit-aer": "1"}),
            Differing.VERSIONS,
            "other versions: qiskit-aer 0.18.2, 1",
        ),
        (with_origin(versions={"qiskit": "2.6.2"}), Differing.VERSIONS, "0.18.2, none"),
    ],
)
def test_one_thing_is_named_and_nothing_else(other, what, said):
    (found,) = differences(SAMPLE, other)
    assert found.what is what
    assert said in found.said


def test_all_that_differs_is_named():
    other = replace(with_ran(compiler="qiskit 3"), sent="circuit 2")
    assert [one.what for one in differences(SAMPLE, other)] == [
        Differing.CIRCUIT,
        Differing.COMPILER,
    ]


def test_noise_models():
    one, two = (
        with_origin(calibration=Calibration(digest=f"noise-model-sha256:{n}")) for n in (1, 2)
    )
    assert [found.said for found in differences(one, two)] == ["another noise model"]


def test_nobody_knows():
    bare = replace(SAMPLE, ran=None)
    (found,) = differences(bare, bare)
    assert found.what is Differing.UNKNOWN
    assert "neither" in found.said


def test_an_archive_of_before_does_not_tell_that_a_circuit_was_not_compiled():
    old = replace(with_ran(provenance=None, compiler=None, options=None, target=None), sent=None)
    assert [one.what for one in differences(old, SAMPLE)] == [Differing.UNKNOWN]
    assert [one.what for one in differences(SAMPLE, old)] == [Differing.UNKNOWN]
