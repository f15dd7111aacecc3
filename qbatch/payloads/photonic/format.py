"""Perceval's experiments as a payload format."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any, ClassVar

from qbatch.domain.payloads import Payload, Source
from qbatch.domain.requests import Expected, Request
from qbatch.domain.results import ResultKind
from qbatch.errors import InvalidCircuit, NotInstalled, UsageError
from qbatch.payloads.base import PayloadFormat
from qbatch.payloads.foreign import is_one
from qbatch.payloads.photonic import INSTALL
from qbatch.payloads.photonic import text as texts
from qbatch.payloads.photonic.asking import Asked

_NUMBERS = ("num_modes", "num_outputs", "num_photons", "components")


class PhotonicFormat(PayloadFormat):
    """Experiments: a circuit with its input, heralds, filters, post-selection and noise.

    What is stored is Perceval's own text, which other places of it can be made of. A circuit alone
    is an experiment without an input.
    """

    kind: ClassVar = "photonic"
    noun: ClassVar = "experiment"
    suffixes: ClassVar[tuple[str, ...]] = (".pcvl",)
    unit: ClassVar = "modes"
    adapters: ClassVar[tuple[str, ...]] = ("perceval", "quandela")

    def recognises(self, data: bytes, path: Path | None) -> bool:
        """By a file's ending, or the mark of Perceval's texts."""
        if path is not None and path.suffix.lower() in self.suffixes:
            return True
        return data.lstrip().lstrip(b'"').startswith(texts.MARK.encode())

    def read(self, data: bytes, origin: str, path: Path | None = None) -> list[Payload]:  # noqa: ARG002
        """The experiment, or circuit, that a text holds.

        Raises:
            InvalidCircuit: it holds none.
            NotInstalled: Perceval is not here.
        """
        try:
            text = data.decode().strip().strip('"')
            plain = texts.plain(text)
        except ValueError as error:
            raise InvalidCircuit(f"{origin}: {error}") from None
        deserialize = _package(origin).serialization.deserialize
        try:
            value = deserialize(plain)
        except Exception as error:
            raise InvalidCircuit(f"{origin}: Perceval cannot read it: {error}") from None
        return [_payload(value, origin)]

    def takes(self, value: object) -> bool:
        """Whether it is an experiment, a local processor or a circuit of Perceval's."""
        return is_one(value, "perceval", "Experiment", "ACircuit", "Processor")

    def from_object(self, value: object) -> Payload:
        """An experiment, the experiment of a processor, or a circuit."""
        found = getattr(value, "experiment", value)
        return _payload(found, getattr(found, "name", None) or "experiment")

    def expected(self, info: Mapping[str, Any], request: Request) -> Expected:
        """Fock states of the modes that are not heralded; filters take shots away."""
        more = int(info["num_outputs"]) - 1
        form = rf"\|\d+(?:,\d+){{{more}}}>"
        return Expected(kind=request.kind, outcomes=form, losses=request.kind is ResultKind.COUNTS)

    def check(self, payload: Payload, request: Request, shots: int | None) -> None:  # noqa: ARG002
        """Make sure that the experiment can answer.

        Raises:
            UsageError: it has no input, or the request does not fit.
        """
        origin = payload.origin
        if request.kind is ResultKind.EXPECTATION_VALUES:
            raise UsageError(f"{origin}: an experiment has no observables: it counts photons")
        asked = Asked.of(request.options, origin)
        outputs = payload.info["num_outputs"]
        if asked.input is None and not payload.info["num_photons"]:
            raise InvalidCircuit(
                f"{origin}: no photons come in", hint="--ask input='|1,0,…>' says which"
            )
        if asked.input is not None and asked.modes() != outputs:
            raise UsageError(f"{origin}: input {asked.input} for {outputs} modes")
        _check_with_perceval(asked, origin)

    def operations(self, info: Mapping[str, Any]) -> int:
        """Components."""
        return int(info["components"])

    def width(self, info: Mapping[str, Any]) -> int:
        """Its number of modes."""
        return int(info["num_modes"])

    def hash(self, source: Source) -> str:
        """Over the text without its compression, which depends on a library's version."""
        plain = texts.plain(source.body.decode())
        return f"pcvl-sha256:{hashlib.sha256(plain.encode()).hexdigest()}"

    def check_info(self, info: Mapping[str, Any]) -> None:
        """Make sure of every number."""
        words = [info.get("perceval"), *info.get("parameters", [None])]
        if info.keys() != {*_NUMBERS, "parameters", "perceval"} or set(map(type, words)) != {str}:
            raise ValueError(f"an experiment with {sorted(info)}")
        if any(type(info[name]) is not int or not 0 <= info[name] < 2**63 for name in _NUMBERS):
            raise ValueError(f"an experiment with {list(info.values())}")

    def facts(self, info: Mapping[str, Any]) -> str:
        """Its modes and photons."""
        return f"{info['num_modes']} modes, {info['num_photons']} photons"

    def why_not_exact(self, source: Source) -> str | None:  # noqa: ARG002
        """There is one, which a strong simulator computes; qbatch does not."""
        return "Perceval knows it (--probabilities)"


def _package(origin: str) -> Any:
    try:
        import perceval
        import perceval.serialization
    except ImportError:
        raise NotInstalled(f"{origin}: Perceval is not installed", hint=INSTALL) from None
    return perceval


def _payload(value: Any, origin: str) -> Payload:
    perceval = _package(origin)
    if isinstance(value, perceval.ACircuit):
        value = perceval.Experiment(value)
    if not isinstance(value, perceval.Experiment):
        raise InvalidCircuit(f"{origin}: a {type(value).__name__}, and no experiment")
    try:
        body = perceval.serialization.serialize(value)
        info = _info(value)
    except Exception as error:  # a text may be read as something that is whole in no way
        raise InvalidCircuit(f"{origin}: no experiment that can be stored: {error}") from None
    source = Source(kind=PhotonicFormat.kind, format="pcvl", body=body.encode())
    return Payload(
        hash=PhotonicFormat().hash(source),
        source=source,
        parameters=tuple(info["parameters"]),
        info=info,
        name=Path(origin).stem,
        origin=origin,
    )


def _info(experiment: Any) -> dict[str, Any]:
    return {
        "num_modes": experiment.circuit_size,
        "num_outputs": experiment.m,
        "num_photons": 0 if experiment.input_state is None else experiment.input_state.n,
        "components": len(experiment.flatten()),
        "parameters": list(experiment.get_circuit_parameters()),
        "perceval": version("perceval-quandela"),
    }


def _check_with_perceval(asked: Asked, origin: str) -> None:
    perceval = _package(origin)
    try:
        if asked.postselect is not None:
            perceval.PostSelect(asked.postselect)
        perceval.NoiseModel(**asked.noise)
    except Exception as error:
        raise UsageError(f"{origin}: {error}") from None
