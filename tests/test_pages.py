"""Every block of code on the pages runs: here, or in the test that is named for it."""

import functools
import json
import os
import re
import shutil
import subprocess
import tomllib

import pytest

from qbatch import JobGroup, target_json
from qbatch.config import Config

from .blocks import TOP, programs

PAGES = sorted([TOP / "README.md", TOP / "CONTRIBUTING.md", *(TOP / "docs").glob("*.md")])
_FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
# Pages whose blocks have tests of their own.
ELSEWHERE = {
    "README.md": "test_recipes.py, and the gate runs its two commands",
    "gallery.md": "test_docs.py",
    "extending.md": "test_docs.py, and examples/plugin by test_plugin.py",
    "shots_and_budgets.md": "test_shots_doc.py",
    "photons_pulses_codes.md": "providers/test_quandela.py, test_pasqal.py, backends/stim",
}
# The commands of programs.md are run by test_recipes.py, its Python here.
RUN = ("guide.md", "compiling.md", "provenance.md", "programs.md", "providers.md")


def blocks(page, *languages):
    """The page's blocks of those languages."""
    found = _FENCE.findall((TOP / "docs" / page).read_text("utf-8"))
    return [body for language, body in found if not languages or language in languages]


def test_every_page_with_code_is_run_by_some_test():
    for page in PAGES:
        code = {language for language, _ in _FENCE.findall(page.read_text("utf-8"))} - {"text"}
        assert not code or page.name in (*ELSEWHERE, *RUN), page.name
    for tests in ELSEWHERE.values():
        for name in re.findall(r"[\w/]+\.py", tests):
            assert list((TOP / "tests").rglob(name)), name


@functools.cache
def files():
    """The files that tables of the configuration name."""
    from qiskit.providers.fake_provider import GenericBackendV2
    from qiskit_aer.noise import NoiseModel, depolarizing_error

    model = NoiseModel()
    model.add_all_qubit_quantum_error(depolarizing_error(0.01, 2), ["cx"])
    backend = GenericBackendV2(5, seed=7)
    noise = {"noise.json": model, "device-noise.json": NoiseModel.from_backend(backend)}
    return {
        **{name: json.dumps(own.to_dict(serializable=True)) for name, own in noise.items()},
        "device.json": target_json(backend),
    }


class Desk:
    """A directory with qbatch, the examples, and the files that the pages speak of."""

    def __init__(self, place):
        self.place = place
        self.programs = programs(place)
        shutil.copytree(TOP / "examples", place / "examples")
        for name, text in files().items():
            (place / name).write_text(text)

    def configure(self, text):
        (self.place / "config.toml").write_text(text)

    def run(self, line, code=0):
        done = subprocess.run(
            ["/bin/bash", "-c", line], cwd=self.place, text=True, check=False,
            capture_output=True, timeout=300, stdin=subprocess.DEVNULL,
            env={
                **os.environ, "PATH": f"{self.programs}:{os.environ['PATH']}",
                "HOME": str(self.place), "QBATCH_DB": str(self.place / "q.db"),
                "QBATCH_CONFIG": str(self.place / "config.toml"),
            },
        )  # fmt: skip
        assert done.returncode == code, (line, done.stdout, done.stderr)
        assert "Traceback" not in done.stderr, (line, done.stderr)
        return done.stdout


@pytest.fixture
def desk(tmp_path):
    return Desk(tmp_path)


def lines(body):
    """The commands of a block, whole where one goes on in the next line."""
    return [line for line in body.replace("\\\n", "").splitlines() if line.strip()]


TABLES = [(page, n) for page in RUN for n in range(len(blocks(page, "toml")))]


@pytest.mark.parametrize(("page", "number"), TABLES)
def test_a_table_of_the_configuration_is_understood(page, number, desk):
    text = blocks(page, "toml")[number]
    if text.startswith("compile"):  # a line of a backend's table
        text = f"[backends.device]\ntype = 'aer'\n{text}"
    desk.configure(text)
    config = Config.load(desk.place / "config.toml")
    listed = desk.run("qbatch backends list")
    for name in tomllib.loads(text).get("backends", {}):
        assert name in listed
        assert config.backends[name]


SWEEP = (
    "qbatch add scan examples/ansatz.qasm3 --param theta=0:pi:20 --param phi=0"
    " --shots 1000 --seed 1"
)


def device(page):
    """The first table of a page that names a device."""
    return next(body for body in blocks(page, "toml") if "[backends.device]" in body)


def test_the_commands_of_the_guide(desk):
    desk.configure(device("guide.md"))
    jobs, resolve, compiling, completion = blocks("guide.md", "sh")
    desk.run(SWEEP)
    told = desk.run(jobs.strip()).splitlines()
    assert len(told) == 11  # a head, and those of theta above pi/2
    for line in lines(resolve):  # of a batch that is not here: what is said of it is understood
        desk.run(line, code=2)
    desk.run("qbatch run scan --backend device")
    compiled = "qbatch check scan --save base.json"
    for line in lines(compiling):
        if "check" in line:
            desk.run(compiled)
        said = desk.run(line)
        if "--columns" in line:
            assert "two_qubit" in said
    (desk.place / ".local/share/bash-completion/completions").mkdir(parents=True)
    for line in lines(completion):
        desk.run(line)
    assert (desk.place / ".local/share/bash-completion/completions/qbatch").stat().st_size > 100


def test_the_python_of_the_guide(desk, monkeypatch, capsys):
    from qiskit import QuantumCircuit
    from qiskit.circuit import Parameter
    from qiskit.quantum_info import SparsePauliOp

    monkeypatch.chdir(desk.place)
    monkeypatch.setenv("QBATCH_DB", str(desk.place / "q.db"))
    first, second = blocks("guide.md", "python")
    exec(first, {})
    assert capsys.readouterr().out.count("'theta'") == 3
    circuit = QuantumCircuit(2)
    circuit.rx(Parameter("theta"), [0, 1])
    measured = circuit.measure_all(inplace=False)
    with JobGroup("pubs") as group:
        pubs, *asked = second.splitlines()
        own = {"group": group, "SparsePauliOp": SparsePauliOp, "values": [0.1]}
        # One line shows both forms of a PUB: a sampler's is of a measured circuit.
        exec(pubs.replace("(circuit, values, 4000)", "(measured, values, 4000)"),
             {**own, "circuit": circuit, "measured": measured})  # fmt: skip
        assert group.status().total == 2
        for line in asked:
            exec(line, {**own, "circuit": measured})


def test_the_commands_of_provenance(desk):
    table = blocks("guide.md", "toml")[2]
    desk.configure(table[table.index("[backends.noisy]") : table.index("[backends.manila]")])
    two, copies, signed = blocks("provenance.md", "sh")
    desk.run(SWEEP)
    desk.run(SWEEP.replace(" scan ", " scan-later ").replace("--seed 1", "--seed 2"))
    desk.run("qbatch run scan scan-later")
    desk.run("qbatch check scan --save base.json")
    for line in lines(two):
        desk.run(line)
    for line in lines(copies):
        desk.run(line)
    assert (desk.place / "scan.png").stat().st_size > 5000
    if shutil.which("ssh-keygen") is None:
        pytest.skip("ssh-keygen signs")
    (desk.place / ".ssh").mkdir()
    key = desk.place / ".ssh" / "id_ed25519"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
    public = key.with_suffix(".pub").read_text()
    (desk.place / "allowed_signers").write_text(f"me@lab {public}")
    for line in lines(signed):
        desk.run(line)


def test_the_python_of_programs(desk, monkeypatch):
    from qiskit import QuantumCircuit
    from qiskit.circuit import Parameter
    from qiskit.quantum_info import SparsePauliOp

    monkeypatch.setenv("QBATCH_DB", str(desk.place / "q.db"))
    _, primitive = blocks("programs.md", "python")
    circuit = QuantumCircuit(2)
    circuit.rx(Parameter("theta"), [0, 1])
    own = {"circuit": circuit, "observables": SparsePauliOp("ZZ"), "values": [0.1]}
    exec(primitive, own)


TASKS = re.findall(r"^\| [^|]+ \| `([^`]+)` \|$", (TOP / "docs/tasks.md").read_text("utf-8"), re.M)


def test_the_tasks(desk):
    """Each of them, in the order of the page, on groups that have what they speak of."""
    desk.configure(
        "[backends.cloud]\ntype = 'aer'\nprice = { shot = 0.0001 }\nbudget = { month = 99 }\n"
    )
    shutil.copy(TOP / "examples" / "bell.qasm", desk.place / "bell.qasm")
    shutil.copy(TOP / "examples" / "ansatz.qasm3", desk.place / "whole.qasm3")
    text = (TOP / "examples" / "ansatz.qasm3").read_text().replace("input float phi;\n", "")
    (desk.place / "ansatz.qasm3").write_text(re.sub(r"rz\(phi\)[^;]*;\n", "", text))
    (desk.place / "circuits").mkdir()
    shutil.copy(desk.place / "bell.qasm", desk.place / "circuits" / "ghz.qasm")
    assert len(TASKS) == 35
    for name in ("ideal", "noisy", "monday", "tuesday", "nightly"):
        desk.run(f"qbatch add {name} bell.qasm --shots 100")
    desk.run("qbatch run ideal noisy monday tuesday nightly")
    for command in TASKS:
        line = command.replace("--delay 5", "--delay 0.05")  # thirteen times
        if "delete" in line or "--max-cost" in line:
            line += " --yes"
        codes = (0, 1) if line.startswith(("qbatch diff", "qbatch check")) else (0,)
        done = desk.run(line) if codes == (0,) else desk.run(f"{line} || [ $? = 1 ]")
        assert done is not None
