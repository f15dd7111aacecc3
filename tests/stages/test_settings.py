"""What stands behind ``compile`` in a backend's configuration."""

import json

import pytest

from qbatch import target_json
from qbatch.domain.compilations import Readout
from qbatch.errors import NotInstalled, UsageError
from qbatch.seam import Target
from qbatch.stages.settings import make_stage
from qbatch.testing.compilers import LINE

PROVIDER = "qiskit.providers.fake_provider:GenericBackendV2"


def stage(own=None, *, local=True, **settings):
    return make_stage("device", settings, own, local=local)


def test_gates_and_couplings():
    found = stage(basis_gates=["cx", "rz", "sx"], coupling_map=[[0, 1]], level=3, seed=4)
    options = json.loads(found.options(Readout.ALL))
    assert options == {
        "approximation_degree": 1.0,
        "idle": "removed",
        "level": 3,
        "readout": "all",
        "seed": 4,
    }
    assert found.compiler.startswith("qiskit ")
    assert json.loads(found.target.body)["num_qubits"] == 2


def test_a_file_with_calibrations_that_count_or_not(tmp_path):
    from qiskit.providers.fake_provider import GenericBackendV2

    device = GenericBackendV2(3, seed=1)
    file = tmp_path / "device.json"
    file.write_text(target_json(device, calibration=True))
    assert stage(target=str(file)).target == Target(name="device", body=target_json(device))
    counting = stage(target=str(file), target_with="calibration").target
    assert counting.body == target_json(device, calibration=True)


def test_a_backend_of_a_package():
    found = stage(target=PROVIDER, target_arguments={"num_qubits": 3, "seed": 1})
    assert json.loads(found.target.body)["num_qubits"] == 3
    assert found.target.name.startswith("generic_backend")


def test_the_backends_own_target():
    assert stage(LINE, local=False).target == LINE
    assert json.loads(stage(LINE, local=False).options(Readout.NONE))["idle"] == "kept"
    assert stage(LINE, basis_gates=["cz", "u"]).target != LINE


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({}, "for which target"),
        ({"target": "x.json", "basis_gates": ["cx"]}, "give one of them"),
        ({"coupling_map": [[0, 1]]}, "needs basis_gates"),
        ({"basis_gates": "cx"}, "no list of names"),
        ({"basis_gates": []}, "no list of names"),
        ({"target": "missing.json"}, "missing.json"),
        ({"target": "nowhere.at.all:Device"}, "No module named"),
        ({"target": PROVIDER, "target_arguments": {"colour": "red"}}, "colour"),
        ({"target": PROVIDER, "target_arguments": []}, "no table"),
        ({"target": "json:loads", "target_arguments": {"s": "{}"}}, "AttributeError"),
        ({"basis_gates": ["cx"], "target_with": "luck"}, "target_with is 'luck'"),
        ({"basis_gates": ["cx"], "timeout": 0}, "timeout is 0"),
        ({"basis_gates": ["cx"], "workers": -1}, "workers is -1"),
        ({"basis_gates": ["cx"], "levle": 1}, "no option 'levle'"),
    ],
)
def test_what_cannot_be_understood(settings, said):
    with pytest.raises(UsageError, match=said) as raised:
        stage(**settings)
    assert "backend 'device'" in str(raised.value)


@pytest.mark.parametrize("name", ["nobody", "nowhere.at_all:Compiler", "qbatch:Nothing"])
def test_a_compiler_that_is_not_here(name):
    with pytest.raises(NotInstalled, match="compiler"):
        stage(basis_gates=["cx"], **{"with": name})
