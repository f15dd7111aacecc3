"""What Perceval's users hand over: jobs of its samplers, as they would run them.

Perceval is never imported here: an object of a class of its own can only exist where its module
has been imported by somebody else. Its jobs tell what they are about in no public way, so that this
reads what version 1.3 keeps in them; what it does not find there it refuses.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from typing import Any

from qbatch.errors import UsageError
from qbatch.payloads.foreign import is_one

_ITERATED = {"circuit_params", "input_state", "max_samples", "max_shots", "min_detected_photons",
             "noise", "postselect"}  # fmt: skip
_NO_NOISE = {"transmittance": 1.0}  # said in full: it takes the place of the experiment's own
_Part = tuple[Any, dict[str, Any]]


def is_job(value: object) -> bool:
    """Whether it is a job of Perceval's."""
    return is_one(value, "perceval", "LocalJob", "RemoteJob")


def job_options(job: Any, max_samples: int | None) -> list[_Part]:
    """The experiment of a job, and what is asked of it; one for each of its iterations.

    Raises:
        UsageError: it was run already, or nobody says how many samples are wanted.
    """
    try:
        experiment, own, iterations = _remote(job) if _is_remote(job) else _local(job)
    except (AttributeError, KeyError, TypeError) as error:
        raise UsageError(
            f"this job of Perceval's cannot be read: {error!r}",
            hint="hand over its experiment, with shots=…",
        ) from None
    if max_samples is not None:
        own["shots"] = max_samples
    known = _known(experiment)
    return [(experiment, _finished(_iterated(own, more, known))) for more in iterations or [{}]]


def _is_remote(job: Any) -> bool:
    return hasattr(job, "was_sent")


def _local(job: Any) -> tuple[Any, dict[str, Any], list[Mapping[str, Any]]]:
    """A job that a sampler would run here."""
    if not job.status.waiting:
        raise UsageError("this job of Perceval's was run already: hand over a new one")
    function, converter = job._fn, job._result_mapping_function  # noqa: SLF001
    sampler = function.__self__
    processor = sampler._processor  # noqa: SLF001
    primitive = function.__name__.strip("_").partition("_")[0]
    command = primitive if converter is None else converter.__name__.partition("_to_")[2]
    if command == "probs" and primitive != "probs":
        raise UsageError(
            f"{processor.backend.name} samples: it has no probabilities",
            hint="ask for sample_count, or take SLOS",
        )
    own = _asks(command, _samples_of(job.delta_parameters))
    options = {"simulator": processor.backend.name}
    if (most := sampler._max_shots) is not None:  # noqa: SLF001
        options["max_shots"] = most
    own |= {"backend": "perceval", "options": options}
    return processor.experiment, own, list(sampler._iterator.iterations)  # noqa: SLF001


def _remote(job: Any) -> tuple[Any, dict[str, Any], list[Mapping[str, Any]]]:
    """A job that would be sent to Quandela Cloud."""
    if job.was_sent:
        raise UsageError("this job of Perceval's was sent already: hand over a new one")
    data = job._request_data  # noqa: SLF001
    payload = data["payload"]
    context = job._job_context or {}  # noqa: SLF001
    command = payload["command"]
    if mapping := context.get("result_mapping"):
        command = str(mapping[1]).partition("_to_")[2]
    own = _asks(command, _samples_of(job.delta_parameters))
    options = {"platform": data["platform_name"]}
    if payload.get("max_shots") is not None:
        options["max_shots"] = payload["max_shots"]
    own |= {"backend": "quandela", "options": options}
    experiment = payload["experiment"]
    if isinstance(experiment, str):
        experiment = sys.modules["perceval.serialization"].deserialize(experiment)
    return experiment, own, list(payload.get("iterator", []))


def _samples_of(delta: Mapping[str, Any]) -> int | None:
    for part in ("command", "mapping"):
        found = delta[part].get("max_samples")
        if found is not None:
            return int(found)
    return None


def _asks(command: str, shots: int | None) -> dict[str, Any]:
    if command == "probs":
        return {"probabilities": True}
    asks = {} if command == "sample_count" else {"asks": {"command": command}}
    return {**asks, "shots": shots}


def _known(experiment: Any) -> dict[str, float]:
    """Parameters of an experiment that have a value already."""
    found: Mapping[str, Any] = getattr(experiment, "get_circuit_parameters", dict)()
    return {name: float(own) for name, own in found.items() if own.defined}


def _iterated(
    own: Mapping[str, Any], more: Mapping[str, Any], known: Mapping[str, float]
) -> dict[str, Any]:
    """What one iteration asks for besides."""
    if unknown := sorted(more.keys() - _ITERATED):
        raise UsageError(f"an iteration with {unknown[0]!r}, which qbatch does not know")
    found = {**own, "asks": {**own.get("asks", {}), **_texts(more)}}
    if "max_samples" in more and "probabilities" not in own:
        found["shots"] = int(more["max_samples"])
    if "max_shots" in more:
        found["options"] = {**own["options"], "max_shots": int(more["max_shots"])}
    if values := {**known, **more.get("circuit_params", {})}:
        found["parameters"] = {name: [float(value)] for name, value in values.items()}
    return found


def _texts(more: Mapping[str, Any]) -> dict[str, Any]:
    """An iteration's objects, or their texts, as a request has them."""
    asks: dict[str, Any] = {}
    if "input_state" in more:
        asks["input"] = _bare(more["input_state"])
    if "min_detected_photons" in more:
        asks["min_photons"] = int(more["min_detected_photons"])
    if "postselect" in more:
        asks["postselect"] = _bare(more["postselect"])
    if "noise" in more:
        noise = more["noise"]
        found = json.loads(_bare(noise)) if isinstance(noise, str) else noise.__dict__()
        asks["noise"] = found or _NO_NOISE
    return asks


def _bare(value: Any) -> str:
    """A state or condition without the mark of Perceval's texts."""
    text = str(value)
    return text.split(":", 3)[3] if text.startswith(":PCVL:") else text


def _finished(own: dict[str, Any]) -> dict[str, Any]:
    if own.get("shots", 0) is None:
        raise UsageError(
            "nobody says how many samples this job of Perceval's is to take",
            hint="group.add(sampler.sample_count, max_samples=10_000)",
        )
    return {key: value for key, value in own.items() if value not in (None, {})}
