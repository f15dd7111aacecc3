"""Pulser's sequences: its simulator here, and Pasqal Cloud's dialect over a stand-in."""

import importlib.util
import json
import math
import re
import subprocess
import sys
import warnings

import pytest

from qbatch import JobGroup
from qbatch.payloads.registry import payload_format
from qbatch.results.plot_data import PlotOptions
from qbatch.testing import BackendContract

if importlib.util.find_spec("pulser") is None:
    pytest.skip("Pulser is not installed here", allow_module_level=True)

from pulser import MockDevice, Pulse, Register, Sequence

from qbatch.backends.pasqal import PasqalBackend
from qbatch.backends.pulser import PulserBackend
from tests.blocks import run_section
from tests.providers.pasqal_service import TOKEN, PasqalService

pytestmark = pytest.mark.filterwarnings("ignore")

OMEGA = 2 * math.pi  # rad/µs
DURATION = 1000  # ns: at OMEGA one whole turn


def rabi(atoms=1, distance=100.0):
    """A square pulse of any amplitude and length on atoms in a row."""
    places = {f"q{n}": (n * distance, 0) for n in range(atoms)}
    found = Sequence(Register(places), MockDevice)
    found.declare_channel("ryd", "rydberg_global")
    amp = found.declare_variable("amp", dtype=float)
    length = found.declare_variable("length", dtype=int)
    found.add(Pulse.ConstantPulse(length, amp, 0, 0), "ryd")
    found.measure("ground-rydberg")
    return found


def idle(atoms=2):
    found = Sequence(Register({f"q{n}": (100.0 * n, 0) for n in range(atoms)}), MockDevice)
    found.declare_channel("ryd", "rydberg_global")
    found.delay(16, "ryd")
    found.measure("ground-rydberg")
    return found


@pytest.fixture
def service(monkeypatch):
    found = PasqalService()
    monkeypatch.setenv("PASQAL_TOKEN", TOKEN)
    monkeypatch.setenv("PASQAL_PROJECT_ID", "p")
    yield found
    found.close()


@pytest.fixture
def config(service, tmp_path):
    path = tmp_path / "config.toml"
    path.write_text(f'[backends.cloud]\ntype = "pasqal"\nurl = {json.dumps(service.url)}\n')
    return path


@pytest.fixture
def group(db, config):
    with JobGroup("g", db=db, config=config) as group:
        yield group


class _Sequences(BackendContract):
    text = idle().to_abstract_repr()
    zeros = "00"

    def _impossible(self):
        """A pulse of no length."""
        from dataclasses import replace

        text = rabi().to_abstract_repr()
        own = payload_format("pulser")
        (payload,) = own.read(text.encode(), "x")
        batch = super().batch({}, {})
        items = [
            replace(item, payload=payload.hash, info=payload.info, parameters=(1.0, 0.5))
            for item in batch.items
        ]
        return replace(batch, items=items, payloads={payload.hash: payload.source})


class TestSimulator(_Sequences):
    @pytest.fixture
    def backend(self):
        backend = PulserBackend("pulser", {"executor": "serial"})
        yield backend
        backend.close()


class TestCloud(_Sequences):
    @pytest.fixture
    def backend(self, service):
        self.settings = {"url": service.url}
        backend = PasqalBackend("cloud", self.settings)
        yield backend
        backend.close()

    def second(self, backend):
        return PasqalBackend("cloud", self.settings)


def test_an_object_and_its_text_are_one_payload():
    own = payload_format("pulser")
    sequence = rabi(3)
    assert own.takes(sequence)
    assert not own.takes(sequence.register)
    first = own.from_object(sequence)
    (second,) = own.read(sequence.to_abstract_repr().encode(), "sequence")
    assert first.hash == second.hash
    assert first.parameters == ("amp", "length")
    again = Sequence.from_abstract_repr(first.source.body.decode())
    assert again.to_abstract_repr() == sequence.to_abstract_repr()


@pytest.mark.parametrize("where", ["pulser", "cloud"])
def test_a_rabi_sweep(group, service, where):
    """P(1) = sin²(amp t / 2), fitted by its cosine."""
    amps = [OMEGA * k / 16 for k in range(1, 17)]
    group.add(rabi(), parameters={"amp": amps, "length": DURATION}, shots=1000,
              backend=where)  # fmt: skip
    report = group.run(executor="serial")
    assert report.done == 16
    for result, amp in zip(group.results(), amps, strict=True):
        wanted = math.sin(amp * DURATION / 2000) ** 2
        share = result.counts.get("1", 0) / 1000
        assert abs(share - wanted) <= 5 * math.sqrt(max(wanted * (1 - wanted), 1e-3) / 1000)
    (line,) = group.results().picture(PlotOptions(x="amp", outcome="1", fit="cos")).lines
    found = {name: (value, error) for name, value, error in line.fit.parameters}
    assert found["w"][0] == pytest.approx(DURATION / 1000, abs=5 * found["w"][1] + 0.01)
    if where == "cloud":
        assert report.submissions == 1
        asked = [line for line in service.requests if "devices" not in line]
        assert len(asked) == 3 + 2 * 16


@pytest.mark.parametrize("where", ["pulser", "cloud"])
def test_a_blockade_sweep(group, where):
    """Two near atoms are never both excited, and turn √2 times as fast; far ones as if alone."""
    amp = math.pi  # half a turn of one atom in a microsecond
    for distance in (4.0, 100.0):
        group.add(rabi(2, distance), parameters={"amp": amp, "length": DURATION}, shots=2000,
                  backend=where, tags={"d": str(distance)})  # fmt: skip
    assert group.run(executor="serial").done == 2
    near, far = (dict(result.counts) for result in group.results())
    assert near.get("11", 0) == 0
    one = math.sin(math.sqrt(2) * math.pi / 2) ** 2
    excited = near.get("01", 0) + near.get("10", 0)
    assert excited / 2000 == pytest.approx(one, abs=0.05)
    assert far["11"] / 2000 == pytest.approx(1, abs=0.01)


def test_arrays_and_whole_numbers(group):
    sequence = Sequence(Register({"q0": (0, 0)}), MockDevice)
    sequence.declare_channel("ryd", "rydberg_global")
    shape = sequence.declare_variable("shape", size=2, dtype=float)
    length = sequence.declare_variable("length", dtype=int)
    sequence.add(Pulse.ConstantPulse(length, shape[0], shape[1], 0), "ryd")
    group.add(sequence, parameters={"shape[0]": math.pi, "shape[1]": 0.0, "length": 1000.0},
              shots=50)  # fmt: skip
    group.run(executor="serial")
    assert dict(next(iter(group.results())).counts) == {"1": 50}


def test_seeds_make_the_same_counts_and_nobodys_random_numbers_move(group):
    import numpy as np

    np.random.seed(3)
    before = str(np.random.get_state())
    for seed in (7, 7, 8):
        group.add(rabi(), parameters={"amp": 1.5, "length": 1000}, shots=200, seed=seed)
    group.run(executor="serial")
    first, second, other = (dict(result.counts) for result in group.results())
    assert first == second != other
    assert str(np.random.get_state()) == before


def test_a_sequence_that_the_device_cannot_play_fails_alone(group):
    group.add(rabi(), parameters={"amp": [1.0, -1.0], "length": 1000}, shots=10)
    report = group.run(executor="serial")
    assert (report.done, report.failed) == (1, 1)


def test_pasqals_own_client_reads_what_was_sent(group, service):
    """The stand-in understands the package as it does qbatch, and finds its batch by the tag."""
    from pasqal_cloud.authentication import TokenProvider
    from pasqal_cloud.endpoints import Endpoints
    from pasqal_cloud.pasqal_cloud_client import PasqalCloudClient
    from pasqal_cloud.utils.filters import BatchFilters

    group.add(rabi(), parameters={"amp": [1.0, 2.0], "length": 400}, shots=30, backend="cloud")
    group.run()

    class Provider(TokenProvider):
        def get_token(self):
            return TOKEN

    endpoints = Endpoints(core=service.url, account=f"{service.root}/account")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        client = PasqalCloudClient(project_id="p", token_provider=Provider(), endpoints=endpoints)
        (sent,) = service.batches.values()
        (found,) = client.get_batches(BatchFilters(tag=sent["body"]["tags"][0])).results
        assert found.jobs_count == 2
        mine = client.create_batch(
            rabi().to_abstract_repr(),
            device_type="EMU_FREE",
            tags=["mine"],
            jobs=[{"runs": 5, "variables": {"amp": 0.0, "length": 16}}],
        )
    told = service.batches[mine.id]["body"]
    own = sent["body"]
    assert told["jobs"][0].keys() == own["jobs"][0].keys()
    assert told.keys() == own.keys()


def test_from_the_shell(tmp_path, monkeypatch, service, config):
    (tmp_path / "rabi.pulser").write_text(rabi().to_abstract_repr())
    monkeypatch.setenv("QBATCH_DB", str(tmp_path / "q.db"))

    def call(*words):
        done = subprocess.run(
            [sys.executable, "-m", "qbatch", "--config", str(config), *words],
            text=True, capture_output=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout

    file = str(tmp_path / "rabi.pulser")
    call("add", "rabi", file, "--param", "amp=0:2*pi:9", "--param", "length=1000", "--shots", "200")
    call("run", "rabi")
    assert "1 200 (100.0%)" in call("results", "rabi")
    said = call("plot", "rabi", "--x", "amp", "--outcome", "1", "--fit", "cos")
    assert "visibility" in said
    assert "1 atoms" in call("show", "rabi/1")


def test_the_documented_sweep_turns_as_it_should(tmp_path):
    said = run_section("photons_pulses_codes.md", "A Rabi sweep", tmp_path)
    (plotted,) = [text for line, text in said.items() if line.startswith("qbatch plot")]
    assert float(re.search(r"w = ([\d.]+)", plotted)[1]) == pytest.approx(1, abs=0.01)
    assert (tmp_path / "rabi.png").stat().st_size > 10_000


def test_in_worker_processes_too(group):
    for executor in ("serial", "local:2"):
        group.add(rabi(), parameters={"amp": [1.0, 2.0], "length": 1000}, shots=50, seed=3)
        group.run(executor=executor)
    found = [dict(result.counts) for result in group.results()]
    assert found[:2] == found[2:]
