"""Which of Qiskit's backends simulate on this machine, and how they are had."""

from __future__ import annotations

import functools
import importlib
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from qbatch.errors import NotInstalled, UsageError

if TYPE_CHECKING:
    from qiskit.providers import BackendV2


class Provider(NamedTuple):
    """A name for a provider's backends: what gives one, and what installs it."""

    gives: str
    package: str
    shots: int | None = None


_HERE = "qbatch.backends.qiskit.devices"
KNOWN = {
    "generic": Provider("qiskit.providers.fake_provider:GenericBackendV2", "qiskit"),
    "ibm-fake": Provider(f"{_HERE}:ibm_fake", "qiskit-ibm-runtime"),
    "aqt-offline": Provider(f"{_HERE}:aqt_offline", "qiskit-aqt-provider", 2_000),
    "iqm-fake": Provider(f"{_HERE}:iqm_fake", "iqm-client[qiskit]"),
}
"""Providers by the name that ``provider`` may have."""

_SIMULATES = {
    "qiskit.providers.fake_provider.generic_backend_v2:GenericBackendV2",
    "qiskit_aer.backends.aerbackend:AerBackend",
    "qiskit_aqt_provider._offline_sim.resource:OfflineSimulatorResource",
    "qiskit_ibm_runtime.fake_provider.fake_backend:FakeBackendV2",
    "iqm.qiskit_iqm.fake_backends.iqm_fake_backend:IQMFakeBackend",
    "qiskit.primitives.statevector_estimator:StatevectorEstimator",
    "qiskit.primitives.statevector_sampler:StatevectorSampler",
    "qiskit_aer.primitives.estimator_v2:EstimatorV2",
    "qiskit_aer.primitives.sampler_v2:SamplerV2",
}
_OVER_A_BACKEND = {
    "qiskit.primitives.backend_estimator_v2:BackendEstimatorV2",
    "qiskit.primitives.backend_sampler_v2:BackendSamplerV2",
}
"""Classes whose objects are known to simulate in the process that asks them."""


def most_shots(provider: str) -> int | None:
    """The most shots of a circuit that a known provider takes; None: no limit is known."""
    return KNOWN[provider].shots if provider in KNOWN else None


def device(provider: str, arguments: Mapping[str, Any]) -> BackendV2:
    """The backend that a provider gives for arguments, made once in a process.

    Raises:
        NotInstalled: its package is not here.
        UsageError: the arguments do not suit it, or it is none that simulates here.
    """
    return _made(provider, json.dumps(arguments, sort_keys=True))


@functools.lru_cache(maxsize=8)
def _made(provider: str, text: str) -> BackendV2:
    known = KNOWN.get(provider)
    gives = provider if known is None else known.gives
    module, colon, attribute = gives.partition(":")
    if not colon:
        raise UsageError(
            f"there is no provider {provider!r}",
            hint=f"there are: {', '.join(KNOWN)}; or write package.module:callable",
        )
    try:
        found = getattr(importlib.import_module(module), attribute)(**json.loads(text))
    except ImportError as error:
        package = "" if known is None else known.package
        hint = f"pip install {package} installs it" if package else None
        raise NotInstalled(f"provider {provider!r} cannot be loaded: {error}", hint=hint) from error
    except (AttributeError, TypeError, ValueError) as error:
        raise UsageError(f"provider {provider!r}: {type(error).__name__}: {error}") from error
    if simulates_here(found):
        return _as_device(found)
    cls = type(found)
    raise UsageError(
        f"provider {provider!r} gives a {cls.__module__}.{cls.__qualname__},"
        " which is not known to simulate on this machine",
        hint="service = true sends to it; else a batch that dies with qbatch would be sent to"
        " a service, and paid for, again",
    )


def _as_device(found: Any) -> BackendV2:
    """A backend as it is; a primitive in the clothes of one."""
    from qiskit.primitives import BaseEstimatorV2, BaseSamplerV2

    from qbatch.backends.qiskit.samplers import EstimatorDevice, SamplerDevice

    if isinstance(found, BaseSamplerV2):
        return cast("BackendV2", SamplerDevice(found))
    if isinstance(found, BaseEstimatorV2):
        return cast("BackendV2", EstimatorDevice(found))
    return cast("BackendV2", found)


def simulates_here(found: object) -> bool:
    """Whether an object is one of a class that is known to simulate in its own process."""
    names = {f"{cls.__module__}:{cls.__qualname__}" for cls in type(found).__mro__}
    if not _OVER_A_BACKEND.isdisjoint(names):
        return simulates_here(getattr(found, "backend", None))
    return not _SIMULATES.isdisjoint(names)


def ibm_fake(name: str = "FakeManilaV2") -> BackendV2:
    """A fake of a device of IBM's by its class's name; only that one is loaded."""
    module = importlib.import_module("qiskit_ibm_runtime.fake_provider")
    found: BackendV2 = getattr(module, name)()
    return found


def aqt_offline(noisy: bool = False) -> BackendV2:
    """AQT's simulator that needs no account: ideal, or with the noise of its devices."""
    offline = importlib.import_module("qiskit_aqt_provider").AQTProvider().offline
    found: BackendV2 = offline.noisy() if noisy else offline.ideal()
    return found


def iqm_fake(name: str = "IQMFakeApollo") -> BackendV2:
    """A fake of a device of IQM's by its class's name."""
    module = importlib.import_module("iqm.qiskit_iqm")
    found: BackendV2 = getattr(module, name)()
    return found
