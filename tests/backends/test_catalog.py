"""The backends that a user can name."""

from qbatch.backends.catalog import Catalog
from qbatch.config import Config


def catalog(tmp_path, text=""):
    (tmp_path / "c.toml").write_text(text)
    return Catalog(Config.load(str(tmp_path / "c.toml")))


def test_formats_have_homes_unless_the_default_backend_runs_them(tmp_path):
    found = catalog(tmp_path)
    assert found.homes("aer")["stim"] == "stim"
    assert "circuit" not in found.homes("aer")
    assert found.homes("gone")["stim"] == "stim"


def test_a_default_backend_of_a_formats_type_is_its_home(tmp_path):
    found = catalog(tmp_path, '[backends.codes]\ntype = "stim"\n')
    assert "stim" not in found.homes("codes")
