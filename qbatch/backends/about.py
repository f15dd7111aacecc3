"""What there is to say of each adapter: extra, licences, what it takes, how it was tried."""

from __future__ import annotations

import importlib.util
from typing import NamedTuple

from qbatch.backends import registry

_PERMISSIVE = "Apache-2.0, BSD, MIT; MPL-2.0 (certifi)"
_WITH_TQDM = "Apache-2.0, BSD, MIT; MPL-2.0 (certifi, tqdm)"
_LOOPBACK = "the provider's package against a loopback server"
_NEVER = "never the service"


class About(NamedTuple):
    """An adapter, or one of the providers behind it.

    Attributes:
        settings: what chooses it in the configuration.
        extra: of qbatch's that installs its package; empty where none is needed.
        module: that is there once it is.
        licence: of all that comes with it.
    """

    settings: str
    extra: str
    module: str
    licence: str
    takes: str
    tried: str

    @property
    def is_installed(self) -> bool:
        """Whether its package is here."""
        try:
            return importlib.util.find_spec(self.module) is not None
        except ModuleNotFoundError:
            return False


ADAPTERS = (
    About("type = aer", "", "qiskit_aer", _PERMISSIVE, "circuits; counts, values, probabilities",
          "here: it simulates"),
    About("type = qiskit", "", "qiskit", _PERMISSIVE, "compiled circuits; counts, values",
          "Qiskit's generic backend"),
    About("type = qiskit, provider = ibm", "ibm", "qiskit_ibm_runtime", _PERMISSIVE,
          "compiled circuits; counts, values by the Estimator", f"{_LOOPBACK}, {_NEVER}"),
    About("type = qiskit, provider = ibm-fake", "ibm", "qiskit_ibm_runtime", _PERMISSIVE,
          "compiled circuits; counts, values", "the package's fake devices"),
    About("type = qiskit, provider = ionq", "ionq", "qiskit_ionq", _PERMISSIVE,
          "compiled circuits; counts, values", f"{_LOOPBACK}, {_NEVER}"),
    About("type = qiskit, provider = aqt", "aqt", "qiskit_aqt_provider", _WITH_TQDM,
          "compiled circuits; counts, values", f"{_LOOPBACK}, {_NEVER}"),
    About("type = qiskit, provider = aqt-offline", "aqt", "qiskit_aqt_provider", _WITH_TQDM,
          "compiled circuits; counts, values", "the package's offline simulators"),
    About("type = qiskit, provider = iqm", "iqm", "iqm.qiskit_iqm", _WITH_TQDM,
          "compiled circuits; counts, values", f"{_LOOPBACK}, {_NEVER}"),
    About("type = qiskit, provider = iqm-fake", "iqm", "iqm.qiskit_iqm", _WITH_TQDM,
          "compiled circuits; counts, values", "the package's fake devices"),
    About("type = braket", "braket", "braket.aws", "Apache-2.0, BSD, MIT",
          "compiled circuits; counts, values",
          f"the local simulator; {_LOOPBACK}, {_NEVER}"),
    About("type = pasqal", "", "requests", _PERMISSIVE, "pulse sequences; counts",
          f"the dialect of Pasqal's own client; {_LOOPBACK}, {_NEVER}"),
    About("type = pulser", "pasqal", "pulser_simulation", _WITH_TQDM, "pulse sequences; counts",
          "here: it simulates"),
    About("type = perceval", "quandela", "perceval", "MIT; MPL-2.0 (certifi, tqdm)",
          "photonic experiments; counts, probabilities", "here: it simulates"),
    About("type = quandela", "", "requests", _PERMISSIVE,
          "photonic experiments; counts, probabilities",
          f"the dialect of Perceval's own client; {_LOOPBACK}, {_NEVER}"),
    About("type = stim", "stim", "stim", "Apache-2.0", "Stim circuits; counts, logical errors",
          "here: it simulates"),
    About("type = qoro", "", "requests", _PERMISSIVE, "circuits; counts, values",
          "its own client's dialect against a loopback server, never the service"),
)  # fmt: skip
"""Every adapter of qbatch's own, and the providers behind those that have several."""


def of_type(kind: str) -> list[About]:
    """What is said of a type of backends; nothing of those that others have written."""
    return [about for about in ADAPTERS if about.settings.split(",")[0] == f"type = {kind}"]


def foreign() -> list[str]:
    """The types of installed adapters that others have written."""
    return [kind for kind in registry.available() if not of_type(kind)]


def installs(kind: str, provider: object) -> str | None:
    """The command that installs what a backend of the configuration needs; None for nothing."""
    wanted = f"type = {kind}" if provider is None else f"type = {kind}, provider = {provider}"
    for about in ADAPTERS:
        if about.settings == wanted and about.extra and not about.is_installed:
            return f"pip install 'qbatch-quantum[{about.extra}]'"
    return None
