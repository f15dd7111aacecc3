"""What tells two results of one job apart, beside shot noise: what was sent, by what, and where."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from qbatch.domain.provenance import Calibration, Provenance, Ran
from qbatch.results.samples import JobSample


class Differing(StrEnum):
    """What may differ between two runs of one job."""

    BACKEND = "backend"
    CALIBRATION = "calibration"
    CIRCUIT = "circuit"
    COMPILER = "compiler"
    DEVICE = "device"
    OPTIONS = "options"
    SETTINGS = "settings"
    TARGET = "target"
    UNKNOWN = "unknown"
    VERSIONS = "versions"


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """What differs, and a sentence that names both sides."""

    what: Differing
    said: str


def differences(first: JobSample, second: JobSample) -> list[Difference]:
    """What is known to differ in how two results came about; nothing: only noise is left."""
    if first.ran is None or second.ran is None:
        lacking = "neither" if first.ran is second.ran else "one"
        said = f"what it ran on is known of {lacking} of the two"
        if lacking == "one":
            said = "what it ran on is known of one of the two alone"
        return [Difference(what=Differing.UNKNOWN, said=said)]
    found = list(_sent(first.ran, second.ran))
    # Archives of before tell nothing of compiling: that one was compiled is no news then.
    is_known = None not in (first.ran.provenance, second.ran.provenance)
    if first.sent != second.sent and (is_known or None not in (first.sent, second.sent)):
        said = "another circuit was sent"
        if (first.sent is None) is not (second.sent is None):
            said += ": one was compiled"
        found.insert(0, Difference(what=Differing.CIRCUIT, said=said))
    return [*found, *_ran_on(first.ran.provenance, second.ran.provenance)]


def _sent(first: Ran, second: Ran) -> Iterator[Difference]:
    """How the circuit was compiled, and where it was sent."""
    if first.backend != second.backend:
        said = f"another backend: {first.backend}, {second.backend}"
        yield Difference(what=Differing.BACKEND, said=said)
    if first.settings != second.settings:
        said = f"other options: {first.settings or 'none'}, {second.settings or 'none'}"
        yield Difference(what=Differing.SETTINGS, said=said)
    if first.compiler is None or second.compiler is None:
        return
    if first.compiler != second.compiler:
        said = f"another compiler: {first.compiler}, {second.compiler}"
        yield Difference(what=Differing.COMPILER, said=said)
    if first.options != second.options:
        said = f"other options of compiling: {first.options}, {second.options}"
        yield Difference(what=Differing.OPTIONS, said=said)
    if first.target != second.target:
        yield Difference(what=Differing.TARGET, said="compiled for another target")


def _ran_on(first: Provenance | None, second: Provenance | None) -> Iterator[Difference]:
    if first is None or second is None:
        lacking = "versions and calibration are known of one of the two at most"
        yield Difference(what=Differing.UNKNOWN, said=lacking)
        return
    if first.device != second.device:
        devices = f"another device: {first.device or 'none'}, {second.device or 'none'}"
        yield Difference(what=Differing.DEVICE, said=devices)
    elif said := _calibrated(first.calibration, second.calibration):
        yield Difference(what=Differing.CALIBRATION, said=said)
    if named := _versions(first.settings, second.settings):
        said = f"other settings of the backend: {named}"
        yield Difference(what=Differing.SETTINGS, said=said)
    if told := _versions(first.versions, second.versions):
        yield Difference(what=Differing.VERSIONS, said=f"other versions: {told}")


def _calibrated(first: Calibration | None, second: Calibration | None) -> str | None:
    if first is None and second is None:
        return None
    if first is None or second is None:
        return "one has a noise model or a calibration, the other none"
    if first.digest == second.digest:
        return None
    if first.digest.startswith("noise-model"):
        return "another noise model"
    times = [one.at for one in (first, second) if one.at is not None]
    told = f": {', '.join(times)}" if len(times) == 2 else ""
    return f"the device was calibrated between{told}"


def _versions(first: Mapping[str, str], second: Mapping[str, str]) -> str:
    """Where two mappings differ, and how."""
    names = [name for name in sorted({*first, *second}) if first.get(name) != second.get(name)]
    return "; ".join(
        f"{name} {first.get(name, 'none')}, {second.get(name, 'none')}" for name in names
    )


def known(first: JobSample, second: JobSample) -> list[str]:
    """What is known to tell two results apart; nothing where nobody knows how they came about."""
    found = differences(first, second)
    known = [one.said for one in found if one.what is not Differing.UNKNOWN]
    return known if found else ["nothing that is known of the runs differs"]
