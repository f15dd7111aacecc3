"""Amazon Braket: its local simulator, and its devices as program sets.

Tried against the package's local simulator and a loopback server, never against the service.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from qbatch.errors import UsageError

if TYPE_CHECKING:
    from qbatch.backends.braket.local import LocalBraket
    from qbatch.backends.braket.service import BraketService


class _Factory:
    """Makes the backend that ``device`` of the settings names: ``local``, or an ARN."""

    run_settings = ("executor", "executors")
    may_cost = True

    def __call__(self, name: str, settings: Mapping[str, Any]) -> LocalBraket | BraketService:
        """The backend.

        Raises:
            UsageError: a setting makes no sense.
        """
        device = settings.get("device", "local")
        if not isinstance(device, str):
            raise UsageError(f"backend {name!r}: device is {device!r}, neither local nor an ARN")
        if device.partition(":")[0] == "local":
            from qbatch.backends.braket.local import LocalBraket

            return LocalBraket(name, settings)
        from qbatch.backends.braket.service import BraketService

        own = {k: v for k, v in settings.items() if k not in self.run_settings}
        return BraketService(name, own)


BraketBackend = _Factory()
