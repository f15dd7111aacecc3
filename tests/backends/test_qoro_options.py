"""Options of the service's jobs: Maestro's, a device's, and a noise model from a file."""

import json

import pytest

from qbatch.backends.qoro.options import JobOptions
from qbatch.errors import UsageError


def simulator(**settings):
    return JobOptions("cloud", settings, on_device=False)


def test_words_travel_as_the_services_codes_and_a_job_goes_before_the_backend():
    options = simulator(
        maestro_config={"simulation_type": "MatrixProductState", "max_bond_dimension": 64}
    )
    assert options.body({}) == {"maestro_config": {"simulation_type": 1, "max_bond_dimension": 64}}
    assert options.body({"max_bond_dimension": 8})["maestro_config"]["max_bond_dimension"] == 8
    assert simulator().body({}) == {}


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"bond": 3}, "no option 'bond'"),
        ({"simulation_type": "magic"}, "simulation_type is 'magic'"),
        ({"simulation_type": 9}, "simulation_type is 9"),
        ({"simulation_type": True}, "simulation_type is True"),
    ],
)
def test_what_is_not_known_is_refused(options, said):
    with pytest.raises(UsageError, match=said):
        simulator().check(options)


def test_a_device_has_its_vendors_options_and_is_not_chosen_by_them():
    options = JobOptions("cloud", {"device_config": {"transpile_level": 3}}, on_device=True)
    assert options.body({"use_mitigation": True}) == {
        "device_config": {"TRANSPILE_LEVEL": 3, "USE_MITIGATION": True}
    }
    with pytest.raises(UsageError, match="IBM_DEVICE would choose the device"):
        options.check({"ibm_device": "x"})
    with pytest.raises(UsageError, match="maestro_config is for simulators"):
        JobOptions("cloud", {"maestro_config": {}}, on_device=True)
    with pytest.raises(UsageError, match="needs a qpu_system_name"):
        simulator(device_config={})
    with pytest.raises(UsageError, match="is no table"):
        simulator(maestro_config=3)


def test_a_noise_model_is_the_list_of_calls_that_make_it(tmp_path):
    path = tmp_path / "noise.json"
    path.write_text(json.dumps([{"method": "set_all_depolarizing", "args": [0.01]}]))
    found = simulator(noise_model=str(path)).body({})["maestro_config"]["noise_model"]
    assert found == [{"method": "set_all_depolarizing", "args": [0.01], "kwargs": {}}]


@pytest.mark.parametrize("text", ["{}", "[3]", '[{"method": "run"}]', "nonsense"])
def test_a_file_that_holds_something_else_is_refused(tmp_path, text):
    path = tmp_path / "noise.json"
    path.write_text(text)
    with pytest.raises(UsageError, match="noise_model"):
        simulator(noise_model=str(path))
