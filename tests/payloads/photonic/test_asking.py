"""What may be asked of an experiment."""

import pytest

from qbatch import UsageError
from qbatch.payloads.photonic.asking import Asked, most_shots


def test_nothing_is_asked_unless_it_is_said():
    assert Asked.of({}) == Asked(command="sample_count", noise={})


def test_an_input_tells_its_modes():
    assert Asked.of({"input": "|1,0,12>"}).modes() == 3
    assert Asked.of({}).modes() is None


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"speed": 1}, "no request 'speed'"),
        ({"command": "probs"}, "no command 'probs'"),
        ({"input": "1,0"}, "no state"),
        ({"input": "|1,-1>"}, "no state"),
        ({"min_photons": 1.5}, "not a whole number"),
        ({"noise": 0.1}, "not numbers by name"),
        ({"noise": {"g2": "much"}}, "not numbers by name"),
    ],
)
def test_what_is_no_request_is_refused(options, said):
    with pytest.raises(UsageError, match=said):
        Asked.of(options, "mzi")


def test_jobs_that_share_their_samples_have_the_shots_of_all():
    assert most_shots(100, 3, None) == 300
    assert most_shots(100, 3, 7) == 100  # of one seed the samples are the same for all
    assert most_shots(100, 0, None) == 100
