"""Qiskit's backends: those that simulate on this machine, and providers' services."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from qbatch.errors import UsageError

if TYPE_CHECKING:
    from qbatch.backends.qiskit.service import ServiceBackend
    from qbatch.backends.qiskit.simulators import SimulatorBackend

_HERE = "qbatch.backends.qiskit"
SERVICES: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "ibm": (f"{_HERE}.ibm:Ibm", {"token_env": "QISKIT_IBM_TOKEN"}),
    "aqt": (f"{_HERE}.aqt:Aqt", {"token_env": "AQT_TOKEN"}),
    "iqm": (f"{_HERE}.iqm:Iqm", {"token_env": "IQM_TOKEN"}),
    "ionq": (f"{_HERE}.ionq:Ionq", {"token_env": "IONQ_API_KEY"}),
}
"""Providers' services by the name that ``provider`` may have: a dialect, and usual settings."""
_ANY = f"{_HERE}.dialect:AnyProvider"


class _Factory:
    """Makes the backend that ``provider`` of the settings names.

    A known service, or ``package.module:callable`` with ``service = true``, is sent to; all
    else has to be known to simulate on this machine.
    """

    run_settings = ("executor",)

    def __call__(self, name: str, settings: Mapping[str, Any]) -> SimulatorBackend | ServiceBackend:
        """The backend.

        Raises:
            UsageError: a setting makes no sense.
        """
        if _is_service(name, settings):
            own = {k: v for k, v in settings.items() if k not in self.run_settings}
            return _service(name, own, *SERVICES.get(str(own.get("provider")), (_ANY, {})))
        from qbatch.backends.qiskit.simulators import SimulatorBackend

        return SimulatorBackend(name, {k: v for k, v in settings.items() if k != "service"})


def _is_service(name: str, settings: Mapping[str, Any]) -> bool:
    """Whether batches are sent away; a known service always is one.

    Raises:
        UsageError: the settings contradict that, or ``service`` is neither true nor false.
    """
    known = str(settings.get("provider")) in SERVICES
    said = settings.get("service", known)
    if type(said) is not bool or (known and not said):
        raise UsageError(f"backend {name!r}: service is {said!r}")
    return said


def _service(
    name: str, settings: Mapping[str, Any], place: str, usual: Mapping[str, str]
) -> ServiceBackend:
    """A service whose dialect is the class at a place."""
    from qbatch.backends.http import read_token
    from qbatch.backends.qiskit.service import ServiceBackend

    named = {"token_env", "token_file"} & settings.keys()
    secret: Mapping[str, Any] = settings if named else _only_if_set(usual)
    module, _, cls = place.partition(":")
    dialect = getattr(importlib.import_module(module), cls)
    return ServiceBackend(name, dialect(name, settings, lambda: read_token(secret)), settings)


def _only_if_set(usual: Mapping[str, str]) -> Mapping[str, str]:
    """The usual variable of a secret; without it the package finds its own way."""
    import os

    return usual if os.environ.get(usual.get("token_env", "")) else {}


QiskitBackend = _Factory()
