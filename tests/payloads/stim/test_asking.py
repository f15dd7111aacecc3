"""What may be asked of a Stim circuit."""

from qbatch.payloads.stim.asking import Asked

INFO = {"num_measurements": 7, "num_detectors": 5, "num_observables": 2}


def test_the_record_is_counted_unless_something_else_is_asked_for():
    assert Asked.of({}).bits(INFO) == 7
    assert not Asked.of({}).decodes


def test_a_decoder_counts_errors_of_logical_observables():
    asked = Asked.of({"decoder": "pymatching"})
    assert asked.decodes
    assert (asked.bits(INFO), asked.what) == (2, "observables")
