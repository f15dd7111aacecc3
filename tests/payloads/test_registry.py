"""Payload formats by kind, and which of them a file's content has."""

from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any, ClassVar

import pytest

from qbatch.errors import NotInstalled
from qbatch.payloads import plugins, registry
from qbatch.payloads.circuit.format import CircuitFormat

from ..conftest import BELL


class Pulses(CircuitFormat):
    """A format that knows its files by their first bytes."""

    suffixes: ClassVar[Any] = (".pulse", ".qasm")

    def recognises(self, data: bytes, path: Path | None = None) -> bool:
        return data.startswith(b"PULSE")


@pytest.fixture
def installed(monkeypatch):
    """Circuits, pulses, and a format that cannot be loaded."""
    circuits = plugins.installed(plugins.PAYLOADS)["circuit"]
    points = {
        "apart": EntryPoint("apart", "no_such_package:Format", plugins.PAYLOADS),
        "circuit": circuits,
        "pulses": EntryPoint("pulses", f"{__name__}:Pulses", plugins.PAYLOADS),
    }
    monkeypatch.setattr(plugins, "installed", lambda _: points)
    registry.payload_format.cache_clear()
    yield
    registry.payload_format.cache_clear()


def test_a_format_is_made_once(installed):
    assert type(registry.payload_format("pulses")) is Pulses
    assert registry.payload_format("pulses") is registry.payload_format("pulses")


def test_a_kind_that_is_not_installed_or_cannot_be_loaded_says_so(installed):
    with pytest.raises(NotInstalled, match="'photons'") as missing:
        registry.payload_format("photons")
    assert missing.value.hint == "install the package that they were added with"
    with pytest.raises(NotInstalled, match=r"'apart' cannot be loaded: .*no_such_package"):
        registry.payload_format("apart")


def test_all_that_can_be_loaded_circuits_first(installed):
    assert [type(own) for own in registry.formats()] == [CircuitFormat, Pulses]
    endings = registry.suffixes()
    assert ".pulse" in endings
    assert endings.count(".qasm") == 1
    assert endings[-1] == ".pulse"


@pytest.mark.parametrize(
    ("data", "expected"),
    [(BELL.encode(), CircuitFormat), (b"PULSE 1", Pulses), (b"neither", CircuitFormat)],
)
def test_content_decides_and_circuits_get_what_nobody_knows(installed, data, expected):
    assert type(registry.format_of(data)) is expected
