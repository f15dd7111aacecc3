"""Perceval's experiments: its simulators here, and Quandela Cloud's dialect over a stand-in."""

import importlib.util
import json
import math
import os
import re
import runpy
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from qbatch import JobGroup, UsageError
from qbatch.errors import AuthError
from qbatch.payloads.registry import payload_format
from qbatch.testing import BackendContract, PayloadContract

if importlib.util.find_spec("perceval") is None:
    pytest.skip("Perceval is not installed here", allow_module_level=True)

import perceval as pcvl
from perceval.algorithm import Sampler
from perceval.serialization import serialize

from qbatch.backends.perceval import PercevalBackend
from qbatch.backends.quandela import QuandelaBackend
from tests.blocks import run_section, without
from tests.providers.quandela_service import TOKEN, QuandelaService

pytestmark = pytest.mark.filterwarnings("ignore")


def interferometer(photons=(1, 1)):
    """Two photons at a beam splitter of any reflectivity: coincidences tell how alike they are."""
    circuit = pcvl.Circuit(2) // (0, pcvl.BS()) // (0, pcvl.PS(pcvl.P("phi"))) // (0, pcvl.BS())
    found = pcvl.Experiment(circuit)
    found.with_input(pcvl.BasicState(list(photons)))
    found.min_detected_photons_filter(0)
    return found


def plain(photons=(0, 0)):
    found = pcvl.Experiment(pcvl.Circuit(2) // (0, pcvl.PERM([1, 0])))
    found.with_input(pcvl.BasicState(list(photons)))
    found.min_detected_photons_filter(0)
    return found


ONES = serialize(plain((1, 0)))
"""A photon that always leaves by the other mode."""
NO_INPUT = serialize(pcvl.Experiment(pcvl.Circuit(2) // (0, pcvl.BS())))


@pytest.fixture
def service(monkeypatch):
    found = QuandelaService()
    monkeypatch.setenv("PCVL_CLOUD_TOKEN", TOKEN)
    yield found
    found.close()


@pytest.fixture
def config(service, tmp_path):
    path = tmp_path / "config.toml"
    path.write_text(
        f'[backends.cloud]\ntype = "quandela"\nurl = {json.dumps(service.url)}\n'
        'platform = "sim:belenos"\nmax_shots = 1000000\n'
    )
    return path


@pytest.fixture
def group(db, config):
    with JobGroup("g", db=db, config=config) as group:
        yield group


class TestFormat(PayloadContract):
    good = (serialize(interferometer()).encode(), f'"{ONES}"'.encode())
    bad = (b":PCVL:zip:AAAA", b":PCVL:Experiment:!!", b":PCVL:BasicState:|1,0>", b":PCVL:zip:")

    @pytest.fixture
    def format(self):
        return payload_format("photonic")


class _Photonic(BackendContract):
    text = ONES
    zeros = "|0,1>"
    impossible = NO_INPUT

    def are_zeros(self, result, shots):
        """Of a law the engine draws with each job's own seed."""
        return result.probabilities == {"|0,1>": 1.0} or super().are_zeros(result, shots)


class TestSlos(_Photonic):
    @pytest.fixture
    def backend(self):
        backend = PercevalBackend("perceval", {"executor": "serial"})
        yield backend
        backend.close()

    def test_each_item_gets_its_own_shots(self, backend):
        """Of a law each job draws its own."""


class TestClifford(_Photonic):
    @pytest.fixture
    def backend(self):
        settings = {"executor": "serial", "simulator": "CliffordClifford2017"}
        backend = PercevalBackend("perceval", settings)
        yield backend
        backend.close()


class TestCloud(_Photonic):
    @pytest.fixture
    def backend(self, service):
        self.settings = {"url": service.url, "platform": "sim:belenos", "max_shots": 10_000}
        backend = QuandelaBackend("cloud", self.settings)
        yield backend
        backend.close()

    def second(self, backend):
        return QuandelaBackend("cloud", self.settings)

    def _impossible(self):
        """A value for a parameter that the experiment has not: all items are points of one."""
        batch = self.batch({}, {})
        return replace(batch, items=[replace(item, parameters=(0.5,)) for item in batch.items])


def test_what_is_found_in_an_experiment():
    own = payload_format("photonic")
    payload = own.from_object(interferometer())
    assert payload.parameters == ("phi",)
    assert payload.info["num_modes"] == 2
    assert payload.info["num_photons"] == 2
    assert own.takes(pcvl.Processor("SLOS", plain()))
    assert own.takes(pcvl.Circuit(2))
    assert not own.takes("text")
    (again,) = own.read(payload.source.body, "x.pcvl")
    assert again.hash == payload.hash


@pytest.mark.parametrize("where", ["perceval", "cloud"])
def test_a_hong_ou_mandel_sweep_and_its_visibility(group, service, where):
    """P(1,1) = cos²(phi) at equal photons: full visibility of the coincidences."""
    phi = [math.pi * k / 20 for k in range(21)]
    group.add(interferometer(), parameters={"phi": phi}, shots=2000, backend=where)
    report = group.run(executor="serial")
    assert report.done == 21
    for result, angle in zip(group.results(), phi, strict=True):
        share = result.counts.get("|1,1>", 0) / sum(result.counts.values())
        wanted = math.cos(angle) ** 2
        assert abs(share - wanted) <= 5 * math.sqrt(max(wanted * (1 - wanted), 1e-4) / 2000)
    from qbatch.results.plot_data import PlotOptions

    (line,) = group.results().picture(PlotOptions(outcome="|1,1>", fit="cos")).lines
    found = {name: (value, error) for name, value, error in line.fit.parameters}
    assert found["visibility"][0] == pytest.approx(1, abs=0.03)
    if where == "cloud":
        assert service.requests.count("POST /api/job") == 1
        follow = [r for r in service.requests if "availability" not in r]
        assert len(follow) == 3  # the fewest: send, ask how it stands, fetch


def test_seeds_make_the_same_counts(group):
    for simulator in ("SLOS", "CliffordClifford2017"):
        for _ in range(2):
            group.add(interferometer(), parameters={"phi": 0.4}, shots=200, seed=5,
                      options={"simulator": simulator})  # fmt: skip
    group.run(executor="serial")
    one, two, three, four = (dict(result.counts) for result in group.results())
    assert one == two
    assert three == four


def test_what_is_asked_for_goes_before_what_the_experiment_says(group):
    """Input, filter, post-selection and noise, here and over the service: the same law."""
    asks = {"input": "|2,0>", "min_photons": 2, "postselect": "[0] < 2",
            "noise": {"transmittance": 0.5, "indistinguishability": 0.8}}  # fmt: skip
    for where in ("perceval", "cloud"):
        group.add(interferometer(), parameters={"phi": 0.9}, probabilities=True, asks=asks,
                  backend=where)  # fmt: skip
    assert group.run(executor="serial").done == 2
    here, there = (result.result.probabilities for result in group.results())
    assert here.keys() == there.keys() == {"|1,1>", "|0,2>"}
    assert here == pytest.approx(there)
    for place in (1, 2):
        performance = group.handle(place).attempts[0].info["global_perf"]
        assert 0 < performance < 0.25  # two photons of two come through in a quarter of cases


def test_probabilities_are_those_of_perceval(group):
    group.add(interferometer(), parameters={"phi": 0.7}, probabilities=True)
    group.run(executor="serial")
    (result,) = group.results()
    own = interferometer()
    own.get_circuit_parameters()["phi"].set_value(0.7)
    wanted = pcvl.Processor("SLOS", own).probs()["results"]
    assert result.result.probabilities == pytest.approx({str(s): p for s, p in wanted.items()})


def test_shots_that_are_limited_may_give_fewer_samples(group):
    group.add(interferometer(), parameters={"phi": 0.3}, shots=1000, options={"max_shots": 100},
              asks={"postselect": "[0] == 1"})  # fmt: skip
    group.run(executor="serial")
    (result,) = group.results()
    assert 0 < sum(result.counts.values()) <= 100


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"asks": {"input": "|1>"}}, "for 2 modes"),
        ({"asks": {"input": "1,0"}}, "no state"),
        ({"asks": {"postselect": "nonsense"}}, "post selection"),
        ({"asks": {"noise": {"colour": 1.0}}}, "colour"),
        ({"asks": {"speed": 1}}, "no request 'speed'"),
        ({"observables": "ZZ"}, "no observables"),
        ({"options": {"simulator": "abacus"}, "backend": "perceval"}, "no simulator"),
    ],
)
def test_what_cannot_be_is_refused_when_it_is_added(group, more, said):
    with pytest.raises(UsageError, match=said):
        group.add(interferometer(), parameters={"phi": 0.3}, shots=10, **more)
    with pytest.raises(UsageError, match="no photons come in"):
        group.add(pcvl.Circuit(2) // (0, pcvl.BS()), shots=10)


def test_a_point_that_cannot_run_costs_its_own_jobs(group, service):
    """On a platform of one set of commands, and with nobody to say how many shots."""
    group.add(interferometer(), parameters={"phi": [0.1, 0.2]}, shots=10, backend="cloud")
    service.execute = _fails_once(service.execute)
    report = group.run()
    assert (report.done, report.failed) == (1, 1)


def _fails_once(execute):
    def run(command, experiment, point):
        found = execute(command, experiment, point)
        if point["circuit_params"]["phi"] == 0.1:
            found["results"] = ":PCVL:BSCount:{|1,0,0>=3"
        return found

    return run


def test_nobody_says_how_many_shots(db, service, tmp_path):
    path = tmp_path / "own.toml"
    path.write_text(f'[backends.cloud]\ntype = "quandela"\nurl = "{service.url}"\n')
    with JobGroup("g", db=db, config=path) as group:
        group.add(plain((1, 0)), shots=10, backend="cloud")
        assert group.run().failed == 1
        assert "max_shots" in (group.jobs[0].error or "")
        assert "POST /api/job" not in service.requests


def test_a_platform_of_few_commands(db, service, tmp_path):
    path = tmp_path / "own.toml"
    path.write_text(
        f'[backends.cloud]\ntype = "quandela"\nurl = "{service.url}"\nmax_shots = 100\n'
        'platform = "sim:slos"\ncommands = ["probs"]\n'
    )
    with JobGroup("g", db=db, config=path) as group:
        group.add(interferometer(), parameters={"phi": 0.3}, shots=100, backend="cloud", seed=1)
        assert group.run().done == 1
        assert sum(next(iter(group.results())).counts.values()) == 100
        (job,) = service.jobs.values()
        assert job["body"]["payload"]["command"] == "probs"


def test_a_lost_answer_is_nobodys_guess(group, service):
    """The service lists no jobs: nothing is sent again, and the user is asked."""
    for fault in ("lose", "gateway", "busy"):
        service.faults.append(fault)
        group.add(plain((1, 0)), shots=10, backend="cloud", tags={"fault": fault})
        assert group.run().unknown == 1
    assert len(service.jobs) == 2


def test_other_faults(group, service):
    service.faults.append("fail")
    group.add(plain((1, 0)), shots=11, backend="cloud")
    assert group.run().failed == 1
    assert "the laser was off" in (group.jobs[0].error or "")
    service.faults.append("refuse")
    group.add(plain((1, 0)), shots=12, backend="cloud")
    assert group.run().failed == 1


def test_free_slots_are_the_services(group, service):
    service.slots, service.seconds = 2, 0.5
    for k in range(5):
        experiment = plain((1, 0))
        experiment.name = f"e{k}"  # another content: a batch of its own
        group.add(experiment, shots=10, backend="cloud")
    seen, taken = [], service.taken

    def counted(*args):
        seen.append(service.under_way())
        return taken(*args)

    service.taken = counted
    assert group.run().done == 5
    assert max(seen) < 2


def test_its_check_costs_nothing(group, service, monkeypatch):
    backend = QuandelaBackend("cloud", {"url": service.url, "platform": "sim:belenos"})
    assert "available" in backend.check()
    service.commands = ["probs"]
    assert "set commands" in backend.check()
    monkeypatch.setenv("PCVL_CLOUD_TOKEN", "wrong")
    other = QuandelaBackend("cloud", {"url": service.url, "platform": "sim:belenos"})
    with pytest.raises(AuthError):
        other.check()
    with pytest.raises(UsageError, match="names no platform"):
        QuandelaBackend("cloud", {"url": service.url}).check()
    assert service.jobs == {}


def test_looking_and_fetching_import_no_package(group, service, db, config):
    """A batch that an earlier process sent is followed and read without Perceval."""
    service.seconds = 1.0
    group.add(interferometer(), parameters={"phi": [0.1, 0.2]}, shots=100, backend="cloud")
    group.run(wait=False)
    time.sleep(1.1)
    for command in ("sync", "status"):
        without(["perceval", "qiskit"], db, config, command, "g")
    assert [result.job.status for result in group.results()] == ["done", "done"]


def test_samples_are_counted(group):
    group.add(interferometer(), parameters={"phi": 0.4}, shots=50, asks={"command": "samples"})
    group.run(executor="serial")
    assert sum(next(iter(group.results())).counts.values()) == 50


def test_perceval_draws_as_the_law_says(group):
    """Samples of the one simulator follow the other's probabilities."""
    shots = 20_000
    group.add(interferometer(), parameters={"phi": 0.4}, shots=shots, seed=3,
              options={"simulator": "CliffordClifford2017"})  # fmt: skip
    group.add(interferometer(), parameters={"phi": 0.4}, probabilities=True)
    group.run(executor="serial")
    counted, law = group.results()
    for state, share in law.result.probabilities.items():
        seen = counted.counts.get(state, 0)
        assert abs(seen - shots * share) <= 5 * math.sqrt(shots * share * (1 - share)) + 1


CNOTS = ("klm cnot", "postprocessed cnot")


def local(name):
    found = pcvl.Processor("SLOS", pcvl.catalog[name].build_experiment())
    found.min_detected_photons_filter(2)
    found.with_input(pcvl.BasicState([0, 1, 0, 1]))
    return found


def remote(name, service):
    own = local(name)
    found = pcvl.RemoteProcessor("sim:belenos", TOKEN, service.url)
    found.add(0, own)
    found.min_detected_photons_filter(2)
    found.with_input(pcvl.BasicState([0, 1, 0, 1]))
    return found


@pytest.fixture
def scripted(db, service, tmp_path, monkeypatch):
    """A group as a script of Perceval's has it, with the service in the configuration."""
    path = tmp_path / "quandela.toml"
    path.write_text(f'[backends.quandela]\ntype = "quandela"\nurl = "{service.url}"\n')
    with JobGroup("compare_knill_and_ralph_cnot", db=db, config=path) as group:
        yield group


@pytest.mark.parametrize("where", ["local", "remote"])
@pytest.mark.parametrize("way", ["run_parallel", "run_sequential"])
def test_perceval_s_own_script_of_two_cnots(scripted, service, where, way):
    for name in CNOTS:
        own = local(name) if where == "local" else remote(name, service)
        more = {} if where == "local" else {"max_shots_per_call": 10_000_000}
        scripted.add(Sampler(own, **more).sample_count, max_samples=10_000)
    assert len(scripted) == 2
    getattr(scripted, way)()
    knill, ralph = scripted.get_results()
    assert knill["global_perf"] == pytest.approx(2 / 27, abs=0.03)
    assert ralph["global_perf"] == pytest.approx(1 / 9, abs=0.01)
    for found in (knill, ralph):
        assert isinstance(found["results"], pcvl.BSCount)
        assert dict(found["results"]) == {pcvl.BasicState([0, 1, 1, 0]): 10_000}
    assert scripted.progress()["Finished"][1] == {"successful": 2, "unsuccessful": 0}
    assert [job.is_success for job in scripted.remote_jobs] == [True, True]


def test_failed_jobs_of_a_script_run_again(scripted, service):
    service.faults += ["fail", "fail"]
    for name in CNOTS:
        sampler = Sampler(remote(name, service), max_shots_per_call=10_000_000)
        scripted.add(sampler.sample_count, max_samples=1000)
    assert scripted.run_parallel().failed == 2
    assert scripted.get_results() == [None, None]
    assert len(scripted.list_unsuccessful_jobs()) == 2
    assert scripted.rerun_failed_parallel().done == 2
    assert len(scripted.list_successful_jobs()) == 2


def test_groups_are_deleted_by_name_date_and_all(db):
    from datetime import datetime, timedelta

    for name in ("a", "b", "c"):
        JobGroup(name, db=db).close()
    JobGroup.delete_job_group("a", db)
    assert JobGroup.list_locally_saved(db) == ["b", "c"]
    JobGroup.delete_job_groups_date(datetime.now() - timedelta(days=1), db)
    assert JobGroup.list_locally_saved(db) == ["b", "c"]
    JobGroup.delete_all_job_groups(db)
    assert JobGroup.list_locally_saved(db) == []


def test_iterations_of_a_job_are_jobs(group):
    sampler = Sampler(pcvl.Processor("SLOS", interferometer()))
    noise = pcvl.NoiseModel(transmittance=0.5)
    sampler.add_iteration_list([
        {"circuit_params": {"phi": 0.1}, "max_samples": 30},
        {"circuit_params": {"phi": 0.2}, "input_state": pcvl.BasicState([2, 0]), "noise": noise,
         "min_detected_photons": 1, "postselect": pcvl.PostSelect("[0]<2"), "max_samples": 20},
    ])  # fmt: skip
    group.add(sampler.sample_count)
    assert group.run(executor="serial").done == 2
    first, second = group.jobs
    assert (first.parameters, first.shots) == ({"phi": 0.1}, 30)
    assert second.request.options["noise"] == {"transmittance": 0.5}
    assert second.request.options["input"] == "|2,0>"
    assert all("|2,0>" not in result.counts for result in list(group.results())[1:])


def test_what_a_job_was_made_for_is_kept(group):
    clifford = Sampler(pcvl.Processor("CliffordClifford2017", plain((1, 0))), max_shots_per_call=7)
    group.add(clifford.samples, max_samples=5)
    slos = Sampler(pcvl.Processor("SLOS", plain((1, 0))))
    group.add(slos.probs)
    first, second = group.jobs
    assert dict(first.options) == {"simulator": "CliffordClifford2017", "max_shots": 7}
    assert first.request.options == {"command": "samples"}
    assert second.request.kind.value == "probabilities"
    assert group.run(executor="serial").done == 2
    assert set(group.get_results()[1]) >= {"results", "global_perf"}


def test_jobs_that_cannot_be_taken_over_are_refused(group):
    sampler = Sampler(pcvl.Processor("SLOS", plain((1, 0))))
    with pytest.raises(UsageError, match="how many samples"):
        group.add(sampler.sample_count)
    job = sampler.sample_count
    job.execute_sync(5)
    with pytest.raises(UsageError, match="was run already"):
        group.add(job, max_samples=5)
    with pytest.raises(UsageError, match="stands in the PUB or job already"):
        group.add(sampler.sample_count, max_samples=5, shots=6)


def test_the_example_runs_as_it_is(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("QBATCH_DB", str(tmp_path / "q.db"))
    runpy.run_path("examples/photonics/two_cnots.py", run_name="__main__")
    said = capsys.readouterr().out
    assert "Knill: 0.0" in said
    assert "Ralph: 0.1111" in said


def test_the_same_from_the_shell(tmp_path, monkeypatch):
    """As the documentation shows it."""
    env = {"QBATCH_DB": str(tmp_path / "q.db")}
    for name, file in zip(CNOTS, ("knill.pcvl", "ralph.pcvl"), strict=True):
        (tmp_path / file).write_text(serialize(local(name).experiment))

    def call(*words):
        done = subprocess.run(
            [sys.executable, "-m", "qbatch", *words], cwd=tmp_path, text=True, check=False,
            env={**os.environ, **env, "PYTHONPATH": str(Path.cwd())}, capture_output=True,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout

    call("add", "cnots", "knill.pcvl", "ralph.pcvl", "--shots", "10k")
    call("run", "cnots", "--sequential")
    assert "|0,1,1,0> 10000" in call("results", "cnots")
    assert "global_perf" in call("show", "cnots/1")
    call("delete", "cnots", "--yes")


def test_the_documented_sweep_has_the_visibility_of_its_noise(tmp_path):
    said = run_section("photons_pulses_codes.md", "A Hong-Ou-Mandel sweep", tmp_path)
    plots = [text for line, text in said.items() if line.startswith("qbatch plot")]
    visibilities = [float(re.search(r"visibility = ([\d.]+)", text)[1]) for text in plots]
    assert visibilities[0] == pytest.approx(1, abs=0.02)
    # Coincidences of partly distinguishable photons: (1 + cos² - sin² (1 - 2 I sin² cos²…)) shrink.
    assert visibilities[1] < 0.97
    assert (tmp_path / "hom.png").stat().st_size > 10_000


def test_the_documented_script_runs(tmp_path, monkeypatch, capsys):
    run_section("photons_pulses_codes.md", "Perceval's job groups", tmp_path)
    monkeypatch.setenv("QBATCH_DB", str(tmp_path / "script.db"))
    runpy.run_path(str(tmp_path / "two_cnots.py"))
    said = capsys.readouterr().out
    assert "Ralph 0.111" in said
    assert "|0,1,1,0>: 10000" in said


def test_in_worker_processes_too(group):
    for executor in ("serial", "local:2"):
        group.add(interferometer(), parameters={"phi": [0.4, 0.8]}, shots=50, seed=3,
                  options={"simulator": "CliffordClifford2017"})  # fmt: skip
        group.run(executor=executor)
    found = [dict(result.counts) for result in group.results()]
    assert found[:2] == found[2:]


@pytest.mark.parametrize("where", ["perceval", "cloud"])
def test_equal_jobs_that_share_samples_have_each_as_many_as_alone(group, where):
    """A limit of shots is of each job: together they have that of all."""
    options: dict[str, object] = {"max_shots": 100}
    if where == "perceval":
        options["simulator"] = "CliffordClifford2017"
    for repeat in range(4):
        group.add(interferometer(), parameters={"phi": math.pi / 4}, shots=1000, backend=where,
                  options=options, asks={"postselect": "[0] < 2"},
                  tags={"repeat": str(repeat)})  # fmt: skip
    assert group.run(executor="serial").done == 4
    totals = [sum(result.counts.values()) for result in group.results()]
    assert sum(totals) == pytest.approx(4 * 75, abs=60)


def test_an_iteration_without_noise_has_none(group):
    """It takes the place of the experiment's own, though a model of nothing says nothing."""
    noisy = interferometer()
    noisy.noise = pcvl.NoiseModel(indistinguishability=0.0)
    sampler = Sampler(pcvl.Processor("SLOS", noisy))
    sampler.add_iteration(circuit_params={"phi": 0.5}, noise=pcvl.NoiseModel())
    group.add(sampler.sample_count, max_samples=10_000)
    group.run(executor="serial")
    share = next(iter(group.results())).counts["|1,1>"] / 10_000
    assert share == pytest.approx(math.cos(0.5) ** 2, abs=0.02)


def test_parameters_that_have_a_value_keep_it(group):
    fixed = interferometer()
    fixed.get_circuit_parameters()["phi"].set_value(0.5)
    group.add(Sampler(pcvl.Processor("SLOS", fixed)).sample_count, max_samples=10)
    assert group.jobs[0].parameters == {"phi": 0.5}


def test_a_sampler_has_no_probabilities(group):
    sampler = Sampler(pcvl.Processor("CliffordClifford2017", plain((1, 0))))
    with pytest.raises(UsageError, match="it has no probabilities"):
        group.add(sampler.probs)


def test_where_nothing_passes_there_are_no_counts_and_no_law(group):
    asks = {"postselect": "[0] == 5"}
    group.add(interferometer(), parameters={"phi": 0.5}, shots=10, asks=asks)
    group.add(interferometer(), parameters={"phi": 0.5}, probabilities=True, asks=asks)
    report = group.run(executor="serial")
    assert (report.done, report.failed) == (1, 1)
    assert "no detection passes" in (group.jobs[1].error or "")
