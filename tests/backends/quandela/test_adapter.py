"""Quandela Cloud's dialect over a stand-in that needs no Perceval; the rest in tests/providers."""

import pytest

from qbatch import UsageError
from qbatch.backends.quandela import QuandelaBackend
from qbatch.domain.payloads import Source
from qbatch.domain.requests import Expected, Request
from qbatch.domain.results import ResultKind
from qbatch.domain.states import RemoteState
from qbatch.errors import AuthError, BackendError, BatchNotFound, LostAnswer, Transient
from qbatch.seam import Item, Submission
from tests.providers.quandela_service import TOKEN, QuandelaService

SETTINGS = {"platform": "sim:x", "max_shots": 1000}


def execute(command, experiment, point):
    """As many photons as the point has shots, or a law."""
    if command == "probs":
        return {"results": ":PCVL:BSDistribution:{|1,0>=0.25;|0,1>=0.75}", "global_perf": 0.5}
    return {"results": f":PCVL:BSCount:{{|1,0>={point['max_samples']}}}", "global_perf": 1}


@pytest.fixture
def service(monkeypatch):
    found = QuandelaService(execute=execute)
    monkeypatch.setenv("PCVL_CLOUD_TOKEN", TOKEN)
    yield found
    found.close()


@pytest.fixture
def backend(service):
    found = QuandelaBackend("cloud", {**SETTINGS, "url": service.url})
    yield found
    found.close()


def item(label, shots=10, request=None, **more):
    info = {"parameters": ["phi"], "perceval": "1.3.1"}
    request = request or Request()
    return Item(
        label=label, payload="p", info=info, parameters=(0.5,), request=request, shots=shots,
        expected=Expected(kind=request.kind), seed=None, **more,
    )  # fmt: skip


def batch(*items, **options):
    source = Source(kind="photonic", format="pcvl", body=b":PCVL:Experiment:abc")
    return Submission(submission_id="id", items=items, payloads={"p": source}, options=options)


def sent(backend, work):
    return backend.send(backend.prepare(work), work.submission_id, lambda _: None)


def test_points_are_one_job_and_answers_come_by_position(backend, service):
    number = sent(backend, batch(item("a", 5), item("b", 7)))
    assert backend.status(number).state is RemoteState.DONE
    found = backend.results(number, ["a", "b"])
    assert [(one.label, dict(one.counts)) for one in found] == [
        ("a", {"|1,0>": 5}),
        ("b", {"|1,0>": 7}),
    ]
    assert found[0].info == {"global_perf": 1.0}
    (job,) = service.jobs.values()
    body = job["body"]
    assert (body["job_name"], body["platform_name"]) == ("id", "sim:x")
    assert (body["pcvl_version"], body["payload"]["max_samples"]) == ("1.3", 7)
    assert body["payload"]["iterator"][0]["circuit_params"] == {"phi": 0.5}


def test_what_is_asked_travels_as_percevals_texts(backend):
    asks = {"input": "|1,1>", "min_photons": 2, "postselect": "[0]==1", "noise": {"g2": 0.1}}
    prepared = backend.prepare(batch(item("a", request=Request(options=asks))))
    (point,) = prepared.body["payload"]["iterator"]
    assert point["input_state"] == ":PCVL:BasicState:|1,1>"
    assert point["postselect"] == ":PCVL:PostSelect:[0]==1"
    assert point["noise"] == ':PCVL:NoiseModel:{"g2": 0.1}'
    assert point["min_detected_photons"] == 2


def test_a_jobs_options_go_before_the_settings(backend):
    body = backend.prepare(batch(item("a"), max_shots=5, platform="qpu:y")).body
    assert (body["platform_name"], body["payload"]["max_shots"]) == ("qpu:y", 5)


def test_a_seed_counts_where_the_law_is_told_and_is_refused_elsewhere(backend, service):
    from dataclasses import replace

    seeded = replace(item("a"), seed=3)
    (refused,) = backend.prepare(batch(seeded)).refused
    assert "leave the seed out" in str(refused.error)
    law = QuandelaBackend("cloud", {**SETTINGS, "url": service.url, "commands": ["probs"]})
    assert law.prepare(batch(seeded)).refused == []


def test_values_that_the_experiment_has_no_parameters_for_are_refused(backend):
    from dataclasses import replace

    (refused,) = backend.prepare(batch(replace(item("a"), parameters=(1.0, 2.0)))).refused
    assert "2 values for 1 parameters" in str(refused.error)


def test_nobody_says_how_many_shots(service):
    backend = QuandelaBackend("cloud", {"url": service.url})
    prepared = backend.prepare(batch(item("a")))
    assert prepared.ready == []
    assert "max_shots" in str(prepared.refused[0].error)
    assert "max_shots" in backend.estimate(batch(item("a"))).refused[0]


def test_probabilities_and_platforms_that_have_them_alone(service):
    backend = QuandelaBackend("cloud", {**SETTINGS, "url": service.url, "commands": ["probs"]})
    number = sent(backend, batch(item("a")))
    (found,) = backend.results(number, ["a"])
    assert found.probabilities == {"|1,0>": 0.25, "|0,1>": 0.75}
    exact = Request(kind=ResultKind.PROBABILITIES)
    assert backend.prepare(batch(item("a", None, exact))).body["payload"]["command"] == "probs"
    assert QuandelaBackend("x", {"commands": ["samples"]}).limits.probabilities is False


def test_answers_that_cannot_be_read_are_one_points_or_the_batchs(backend, service):
    service.execute = lambda *_: {"results": ":PCVL:BSCount:{1=2}"}
    number = sent(backend, batch(item("a")))
    (found,) = backend.results(number, ["a"])
    assert "cannot be read" in str(found.error)
    with pytest.raises(BackendError, match=r"cannot be read|which is whose"):
        backend.results(number, ["a", "b"])
    service.results = lambda _: {"nothing": 1}
    with pytest.raises(BackendError, match="cannot be read"):
        backend.results(number, ["a"])


def test_a_lost_answer_may_have_been_accepted(backend, service):
    for fault in ("lose", "gateway"):
        service.faults.append(fault)
        with pytest.raises(LostAnswer):
            sent(backend, batch(item("a")))
    assert backend.find("id") is None
    assert not backend.limits.finds_tokens


def test_ends_are_told(backend, service):
    service.faults.append("fail")
    number = sent(backend, batch(item("a")))
    status = backend.status(number)
    assert (status.state, status.message) == (RemoteState.ERROR, "the laser was off")
    assert status.usage is not None
    assert status.usage.seconds == 2
    backend.cancel(number)
    service.seconds = 60
    number = sent(backend, batch(item("a")))
    assert backend.status(number).state is RemoteState.QUEUED
    backend.cancel(number)
    assert backend.status(number).state is RemoteState.CANCELLED
    with pytest.raises(BatchNotFound):
        backend.status("nowhere")


def test_free_slots_are_what_the_account_has_left(backend, service):
    service.slots, service.seconds = 2, 60
    assert backend.free_slots() == 2
    sent(backend, batch(item("a")))
    assert backend.free_slots() == 1
    service.slots = 0
    assert backend.free_slots() == 0
    service.slots = None
    with pytest.raises(Transient):
        backend.free_slots()


def test_its_check_asks_for_the_platform(backend, service, monkeypatch):
    assert "sim:x is available" in backend.check()
    service.commands = ["probs"]
    assert "set commands" in backend.check()
    with pytest.raises(UsageError, match="no platform"):
        QuandelaBackend("x", {"url": service.url}).check()
    monkeypatch.setenv("PCVL_CLOUD_TOKEN", "wrong")
    with pytest.raises(AuthError):
        QuandelaBackend("x", {**SETTINGS, "url": service.url}).check()


@pytest.mark.parametrize(
    "settings", [{"commands": ["dance"]}, {"commands": []}, {"max_shots": 0}, {"in_flight": "two"}]
)
def test_settings_that_make_no_sense_are_refused(settings):
    with pytest.raises(UsageError):
        QuandelaBackend("x", settings)


def test_unknown_words_are_refused(backend):
    with pytest.raises(UsageError, match="speed"):
        QuandelaBackend("x", {"speed": 1}).check_settings()
    with pytest.raises(UsageError):
        backend.check_options({"simulator": "SLOS"})
