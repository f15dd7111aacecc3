"""Jobs of Perceval's samplers, by what they keep; with the real package in tests/providers."""

from types import SimpleNamespace
from typing import Any

import pytest

from qbatch import UsageError
from qbatch.payloads import perceval_inputs


def sampler(iterations=(), max_shots=None):
    processor = SimpleNamespace(experiment="experiment", backend=SimpleNamespace(name="SLOS"))
    iterator = SimpleNamespace(iterations=list(iterations))

    class Sampler:
        _processor, _iterator, _max_shots = processor, iterator, max_shots

        def _probs_wrapper(self):
            """What a job of it calls."""

    return Sampler()


def job(own, converter="probs_to_sample_count", samples: Any = 10, waiting=True):
    found = SimpleNamespace(__name__=converter) if converter else None
    delta = {"command": {}, "mapping": {"max_samples": samples}}
    status = SimpleNamespace(waiting=waiting)
    return SimpleNamespace(
        status=status, _fn=own._probs_wrapper, _result_mapping_function=found,
        delta_parameters=delta,
    )  # fmt: skip


def test_a_job_tells_its_experiment_and_its_samples():
    assert perceval_inputs.job_options(job(sampler()), None) == [
        ("experiment", {"shots": 10, "backend": "perceval", "options": {"simulator": "SLOS"}})
    ]
    ((_, own),) = perceval_inputs.job_options(job(sampler(max_shots=9)), 77)
    assert (own["shots"], own["options"]["max_shots"]) == (77, 9)


def test_probabilities_need_no_samples():
    ((_, own),) = perceval_inputs.job_options(job(sampler(), converter=None, samples=None), None)
    assert own["probabilities"] is True


def test_each_iteration_is_one():
    more = [
        {"circuit_params": {"phi": 0.5}, "max_samples": 3, "max_shots": 8},
        {"input_state": ":PCVL:BasicState:|1,0>", "min_detected_photons": 2,
         "noise": ':PCVL:NoiseModel:{"g2": 0.1}', "postselect": "[0]==1"},
    ]  # fmt: skip
    (_, first), (_, second) = perceval_inputs.job_options(job(sampler(more)), None)
    assert (first["parameters"], first["shots"]) == ({"phi": [0.5]}, 3)
    assert first["options"]["max_shots"] == 8
    assert second["asks"] == {
        "input": "|1,0>", "min_photons": 2, "noise": {"g2": 0.1}, "postselect": "[0]==1",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (lambda: job(sampler(), samples=None), "how many samples"),
        (lambda: job(sampler(), waiting=False), "run already"),
        (lambda: job(sampler([{"colour": 1}])), "'colour'"),
        (lambda: SimpleNamespace(status=SimpleNamespace(waiting=True)), "cannot be read"),
        (lambda: SimpleNamespace(was_sent=True), "sent already"),
    ],
)
def test_what_cannot_be_taken_over_is_refused(made, said):
    with pytest.raises(UsageError, match=said):
        perceval_inputs.job_options(made(), None)


def test_a_remote_job_names_its_platform():
    data = {
        "platform_name": "sim:slos",
        "payload": {"command": "probs", "experiment": object(), "max_shots": 5, "iterator": []},
    }
    context = {"result_mapping": ["perceval.utils", "probs_to_samples"]}
    found = SimpleNamespace(
        was_sent=False, _request_data=data, _job_context=context,
        delta_parameters={"command": {}, "mapping": {"max_samples": 20}},
    )  # fmt: skip
    ((_, own),) = perceval_inputs.job_options(found, None)
    assert own == {
        "asks": {"command": "samples"}, "shots": 20, "backend": "quandela",
        "options": {"platform": "sim:slos", "max_shots": 5},
    }  # fmt: skip


def test_other_objects_are_no_jobs():
    assert not perceval_inputs.is_job(3)
