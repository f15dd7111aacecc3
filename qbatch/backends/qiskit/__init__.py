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
    "ionq": (f"{_HERE}.ionq:Ionq", {"token_env": "IONQ_API_KEY"}),
    "aqt": (f"{_HERE}.aqt:Aqt", {"token_env": "AQT_TOKEN"}),
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
        provider = settings.get("provider")
        known = SERVICES.get(provider) if isinstance(provider, str) else None
        is_service = settings.get("service", known is not None)
        if type(is_service) is not bool or (known is not None and not is_service):
            raise UsageError(f"backend {name!r}: service is {is_service!r}")
        if not is_service:
            from qbatch.backends.qiskit.simulators import SimulatorBackend

            return SimulatorBackend(name, {k: v for k, v in settings.items() if k != "service"})
        from qbatch.backends.http import read_token
        from qbatch.backends.qiskit.service import ServiceBackend

        place, usual = known or (_ANY, {})
        own = {k: v for k, v in settings.items() if k not in self.run_settings}
        named = {"token_env", "token_file"} & own.keys()
        secret: Mapping[str, Any] = own if named else _only_if_set(usual)
        module, _, cls = place.partition(":")
        dialect = getattr(importlib.import_module(module), cls)
        made = dialect(name, own, lambda: read_token(secret))
        return ServiceBackend(name, made, own)


def _only_if_set(usual: Mapping[str, str]) -> Mapping[str, str]:
    """The usual variable of a secret; without it the package finds its own way."""
    import os

    return usual if os.environ.get(usual.get("token_env", "")) else {}


QiskitBackend = _Factory()
