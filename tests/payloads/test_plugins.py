"""Entry points, looked up in two ways that must agree."""

import pytest

from qbatch.payloads import plugins


@pytest.mark.parametrize("group", [plugins.BACKENDS, plugins.EXECUTORS, plugins.PAYLOADS])
def test_a_tab_offers_what_is_installed(group):
    assert set(plugins.names(group)) == set(plugins.installed(group))


def test_what_cannot_be_read_is_left_out(tmp_path, monkeypatch):
    for name, text in (("a", b"[x.y]\none = a:B\n\n[z]\nnot = c:D\n"), ("b", b"\xff\xfe[x.y]\n")):
        (tmp_path / f"{name}.dist-info").mkdir()
        (tmp_path / f"{name}.dist-info" / "entry_points.txt").write_bytes(text)
    (tmp_path / "c.dist-info").mkdir()
    places = [str(tmp_path), "/nowhere", str(tmp_path)]
    monkeypatch.setattr("qbatch.payloads.plugins.sys.path", places)
    assert plugins.names("x.y") == ["one"]
    assert plugins.names("none") == []
