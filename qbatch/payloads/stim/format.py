"""Stim's circuits as a payload format."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, cast

from qbatch.domain.payloads import Payload, Source
from qbatch.domain.requests import Expected, Request
from qbatch.domain.results import ResultKind
from qbatch.errors import InvalidCircuit, NotInstalled, UsageError
from qbatch.payloads.base import PayloadFormat
from qbatch.payloads.foreign import is_one
from qbatch.payloads.stim import INSTALL
from qbatch.payloads.stim import text as texts
from qbatch.payloads.stim.asking import Asked

if TYPE_CHECKING:
    import stim

_NUMBERS = ("num_qubits", "num_measurements", "num_detectors", "num_observables", "operations")
_WORD = re.compile(rb"\s*(?:#[^\n]*\n\s*)*([A-Z][A-Z0-9_]*)[\[( \t\r\n{]")


class StimFormat(PayloadFormat):
    """Circuits of Stim: what is kept is their text, without comments."""

    kind: ClassVar = "stim"
    noun: ClassVar = "Stim circuit"
    suffixes: ClassVar[tuple[str, ...]] = (".stim",)
    unit: ClassVar = "qubits"
    adapters: ClassVar[tuple[str, ...]] = ("stim",)

    def recognises(self, data: bytes, path: Path | None) -> bool:
        """By a file's ending, or a first word that is an instruction of Stim's."""
        if path is not None and path.suffix.lower() in self.suffixes:
            return True
        word = _WORD.match(data[:4096])
        return word is not None and word[1].decode() in texts.INSTRUCTIONS

    def read(self, data: bytes, origin: str, path: Path | None = None) -> list[Payload]:  # noqa: ARG002
        """The one circuit that a text holds.

        Raises:
            InvalidCircuit: Stim cannot read it.
            NotInstalled: Stim is not here.
        """
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise InvalidCircuit(f"{origin}: not a text: {error}") from None
        return [_payload(_parsed(text, origin), texts.plain(text), origin)]

    def takes(self, value: object) -> bool:
        """Whether it is a ``stim.Circuit``."""
        return is_one(value, "stim", "Circuit")

    def from_object(self, value: object) -> Payload:
        """A ``stim.Circuit`` as it will be stored: with every bit of its numbers.

        Raises:
            InvalidCircuit: no text means just this circuit.
        """
        circuit = cast("stim.Circuit", value)
        text = texts.exact(circuit)
        if _parsed(text, "circuit") != circuit:
            raise InvalidCircuit("no text means just the same as this Stim circuit")
        return _payload(circuit, text, "circuit")

    def expected(self, info: Mapping[str, Any], request: Request) -> Expected:
        """A bit for each measurement, detector or logical observable."""
        return Expected(kind=request.kind, num_bits=Asked.of(request.options).bits(info))

    def check(self, payload: Payload, request: Request, shots: int | None) -> None:  # noqa: ARG002
        """Make sure that there is something to sample.

        Raises:
            UsageError: there is not, or the request is none that Stim answers.
        """
        if request.kind is not ResultKind.COUNTS:
            raise UsageError(
                f"{payload.origin}: a Stim circuit is sampled: it has counts alone",
                hint="without --observable and --probabilities",
            )
        asked = Asked.of(request.options, payload.origin)
        if not asked.bits(payload.info):
            raise InvalidCircuit(
                f"{payload.origin}: no {asked.what}, so there is nothing to count",
                hint="--ask sample=measurements, detectors or observables; --ask"
                " decoder=pymatching counts logical errors",
            )
        if asked.decodes and not payload.info["num_detectors"]:
            raise InvalidCircuit(f"{payload.origin}: no detectors, so there is nothing to decode")

    def operations(self, info: Mapping[str, Any]) -> int:
        """Targets of all instructions, loops unrolled."""
        return int(info["operations"])

    def width(self, info: Mapping[str, Any]) -> int:
        """Its number of qubits."""
        return int(info["num_qubits"])

    def check_info(self, info: Mapping[str, Any]) -> None:
        """Make sure of every number."""
        if info.keys() != set(_NUMBERS):
            raise ValueError(f"a Stim circuit with {sorted(info)}")
        if any(type(n) is not int or not 0 <= n < 2**63 for n in info.values()):
            raise ValueError(f"a Stim circuit with {list(info.values())}")

    def facts(self, info: Mapping[str, Any]) -> str:
        """Its qubits, and its detectors where it has some."""
        said = f"{info['num_qubits']} qubits"
        return f"{said}, {info['num_detectors']} detectors" if info["num_detectors"] else said

    def why_not_exact(self, source: Source) -> str | None:  # noqa: ARG002
        """Stim samples."""
        return "Stim samples"


def _parsed(text: str, origin: str) -> stim.Circuit:
    try:
        import stim
    except ImportError:
        raise NotInstalled(f"{origin}: Stim is not installed", hint=INSTALL) from None
    try:
        return stim.Circuit(text)
    except (ValueError, IndexError) as error:
        raise InvalidCircuit(f"{origin}: {_first_line(error)}") from None


def _first_line(error: Exception) -> str:
    return next((line for line in str(error).splitlines() if line.strip()), "Stim cannot read it")


def _payload(circuit: stim.Circuit, text: str, origin: str) -> Payload:
    if circuit.num_sweep_bits:
        raise InvalidCircuit(f"{origin}: sweep bits have no values here", hint="write them into it")
    source = Source(kind=StimFormat.kind, format="stim", body=text.encode())
    return Payload(
        hash=StimFormat().hash(source),
        source=source,
        parameters=(),
        info={
            "num_qubits": circuit.num_qubits,
            "num_measurements": circuit.num_measurements,
            "num_detectors": circuit.num_detectors,
            "num_observables": circuit.num_observables,
            "operations": texts.operations(circuit),
        },
        name=Path(origin).stem,
        origin=origin,
    )
